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
KEPT_MS = 14 * DAY
"""How long an event waits for its stream before Daybook gives it up."""


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
    given_up: int = 0
    drain_due_ms: int | None = None
    """When the backlog is drained next. It exists while something may be parked, and during a drain it is its end."""
    drain_claim: str | None = None
    """The id of the drain that is at work."""
    drain_idle: bool = False
    """Nothing is parked but broken events. The drain is due to look at these, or to keep sight of a slow stream."""
    parkings: int = 0
    """How often something was parked. A drain that found everything empty compares it."""
    parked_since_ms: int | None = None
    """About when the oldest parked event came into the events table."""
    broken_due_ms: int | None = None
    """When to look again at events of which no record could be made. It exists while there may be any."""
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
    def is_drained(self) -> bool:
        """Whether a drain of parked events is due or at work."""
        return self.drain_due_ms is not None and not self.drain_idle

    @property
    def is_probed(self) -> bool:
        """Whether a drain will find out if the failing stream works again. A replay waits for it."""
        return self.is_failing and self.is_drained

    @property
    def parks(self) -> bool:
        """Whether new events are parked at once."""
        return self.is_failing or self.is_slow


def backoff_ms(step: int) -> int:
    """The wait after `step` + 1 drains of a failing stream: 5 s, doubled each time, at most 15 minutes."""
    return min(FIRST_BACKOFF_MS << min(step, 10), MAX_BACKOFF_MS)
