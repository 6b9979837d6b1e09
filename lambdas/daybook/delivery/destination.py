"""A tenant's stream for one environment, and its states. Events go to an active stream as they arrive. They are parked
at once while the stream is failing, or active but slow.
"""

from dataclasses import dataclass
from typing import Final, Literal

from daybook.clock import DAY, MINUTE, SECOND
from daybook.tenant import EnvironmentKey

Format = Literal["symbee", "native", "ocsf", "cloudevents"]
Status = Literal["active", "failing", "off"]

ACTIVE: Final = "active"
FAILING: Final = "failing"
OFF: Final = "off"

FIRST_BACKOFF_MS = 5 * SECOND
MAX_BACKOFF_MS = 15 * MINUTE
PROBE_MS = 10 * SECOND
"""How long a probe may take before another probe may start."""
KEPT_MS = 14 * DAY
"""How long an event waits for its stream before Daybook gives it up."""
MAX_DELAY_SECONDS = 60
"""The longest delay before parked events see a change to their stream. The stream's row says when to probe."""


@dataclass(frozen=True)
class StreamChoice:
    """What the tenant's admin chose."""

    stream_arn: str
    role_arn: str
    format: Format
    include_audit_log: bool


@dataclass(frozen=True)
class Destination:
    environment: EnvironmentKey
    """It has at most one destination."""
    chosen: StreamChoice
    external_id: str
    profile: str
    """The tenant's profile, which never changes. It gives the names under which the product itself acts."""
    subscription: str
    """An id made when the destination is created and kept by later changes. Events that were parked for another
    subscription are dropped.
    """
    generation: str
    """An id made anew whenever the stream or the role changes, so that a result of the old stream is not noted for
    the new one.
    """
    status: Status = ACTIVE
    last_delivered_ms: int | None = None
    failing_since_ms: int | None = None
    last_error: str | None = None
    backoff_step: int = 0
    next_probe_ms: int = 0
    probing_until_ms: int = 0
    given_up: int = 0
    slow_since_ms: int | None = None
    slow_calls: tuple[int, ...] = ()
    """The moments of the slow calls of the last minute, of a stream that is not slow yet. See `slowness.py`."""
    quick_calls: int = 0
    """How many calls in a row were quick, of a slow stream."""

    @property
    def is_failing(self) -> bool:
        return self.status == FAILING

    @property
    def is_slow(self) -> bool:
        return self.slow_since_ms is not None

    @property
    def parks(self) -> bool:
        """Whether new events are parked at once."""
        return self.is_failing or self.is_slow


def backoff_ms(step: int) -> int:
    """The wait before the next probe after `step` failed ones: 5 s, doubled each time, at most 15 minutes."""
    return min(FIRST_BACKOFF_MS << min(step, 10), MAX_BACKOFF_MS)


def delay_seconds(destination: Destination, now_ms: int, chance: float) -> int:
    """How long parked events wait before the next look. `chance`, from 0 to 1, spreads the waits over three seconds.

    The wait ends shortly after the next probe may start, and lasts a minute at most. While a probe is running, it ends
    when that probe should be over.
    """
    if not destination.is_failing:
        return 0
    until = destination.next_probe_ms
    if destination.probing_until_ms > now_ms:
        until = now_ms + 2 * SECOND
    wait = -(-max(0, until - now_ms) // SECOND) + int(3 * chance)
    return min(wait, MAX_DELAY_SECONDS)
