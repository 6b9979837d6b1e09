"""A tenant's stream for one environment, and its life: active, failing, active again."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from daybook.clock import DAY, MINUTE, SECOND
from daybook.tenant import Tenant

Format = Literal["symbee", "native", "ocsf", "cloudevents"]
Status = Literal["active", "failing", "off"]

ACTIVE: Final = "active"
FAILING: Final = "failing"
OFF: Final = "off"

FIRST_BACKOFF_MS = 5 * SECOND
MAX_BACKOFF_MS = 15 * MINUTE
PROBE_MS = 10 * SECOND
"""How long a probe may take before another one may try."""
KEPT_MS = 14 * DAY
"""How long an event waits for its stream before it is given up."""
MAX_DELAY_SECONDS = 60
"""So soon what is parked hears of a change to its stream; when to probe is said by the stream's row."""


class Place(NamedTuple):
    """A tenant's environment: it has one destination or none."""

    tenant: Tenant
    environment: str


@dataclass(frozen=True)
class Chosen:
    """What the tenant's admin chose."""

    stream_arn: str
    role_arn: str
    format: Format
    include_audit_log: bool


@dataclass(frozen=True)
class Destination:
    place: Place
    chosen: Chosen
    external_id: str
    profile: str
    """The tenant's, which never changes: it names who acts as the product does."""
    subscription: str
    """Made when there was no destination before, kept by later changes: what was parked for another is dropped."""
    generation: str
    """Made anew whenever stream or role change: what is learnt of the former is not said of the latter."""
    status: Status = ACTIVE
    last_delivered_ms: int | None = None
    failing_since_ms: int | None = None
    last_error: str | None = None
    backoff_step: int = 0
    next_probe_ms: int = 0
    probing_until_ms: int = 0
    given_up: int = 0

    @property
    def is_failing(self) -> bool:
        return self.status == FAILING


def backoff_ms(step: int) -> int:
    """The wait before the probe that follows `step` failed ones: 5 s, doubling up to 15 minutes."""
    return min(FIRST_BACKOFF_MS << min(step, 10), MAX_BACKOFF_MS)


def delay_seconds(destination: Destination, now_ms: int, chance: float) -> int:
    """How long what is parked waits before it is looked at again; `chance` in 0..1 spreads it over three seconds.

    Until shortly after the next probe may be made, or for a minute; while one is being made, until that will be over.
    """
    if not destination.is_failing:
        return 0
    until = destination.next_probe_ms
    if destination.probing_until_ms > now_ms:
        until = now_ms + 2 * SECOND
    wait = -(-max(0, until - now_ms) // SECOND) + int(3 * chance)
    return min(wait, MAX_DELAY_SECONDS)
