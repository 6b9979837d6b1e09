"""What a tenant may use in a span of time. Operators change it; whoever is past a limit waits for the span's end."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from daybook.clock import DAY, MINUTE


@dataclass(frozen=True)
class Limits:
    """A tenant's own limits. None: the default, so that a release that changes a default reaches the tenant."""

    calls_a_minute: int | None = None
    events_a_second: int | None = None
    events_a_day: int | None = None
    read_units_a_minute: int | None = None

    def of(self, name: str) -> int:
        own: int | None = getattr(self, name)
        return DEFAULTS[name] if own is None else own

    def all(self) -> dict[str, int]:
        """Every limit by its name, defaults included."""
        return {name: self.of(name) for name in asdict(self)}


DEFAULT = Limits()

DEFAULTS: Mapping[str, int] = {
    "calls_a_minute": 12_000,  # 200 a second, of 5,000 that the stage takes of all tenants by one method
    "events_a_second": 1_000,  # what one shard takes
    "events_a_day": 10_000_000,  # 115 a second, all day
    "read_units_a_minute": 120_000,  # two thirds of what one shard gives
}
"""Generous: a product in trouble must not lose evidence. They bound what one tenant can take from the others."""


class Resource(NamedTuple):
    """What is counted, and within which span. A limit a second is counted over a minute: a burst is no trouble."""

    limit: str
    """The name of the limit."""
    span_ms: int
    times: int = 1
    """How often the limit's own unit fits into the span."""

    def budget(self, limits: Limits) -> int:
        """How much of it fits into a span."""
        return limits.of(self.limit) * self.times


CALLS = Resource("calls_a_minute", MINUTE)
EVENTS = Resource("events_a_second", MINUTE, times=60)
EVENTS_A_DAY = Resource("events_a_day", DAY)
READ_UNITS = Resource("read_units_a_minute", MINUTE)
