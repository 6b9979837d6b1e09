"""A tenant's settings, which each request reads, and the shards of its events."""

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from daybook.clock import DAY, MINUTE
from daybook.tenant import EnvironmentKey, Tenant, TenantCode, environment_key

LIST_PARTITION = "tenants"
"""The partition of the control table that lists all tenants. No tenant can have this slug."""

MAX_AHEAD_MS = 5 * MINUTE
"""How far in the future an event may have occurred."""

LAYOUT_NOTICE_MS = 10 * MINUTE
"""How far in the future a new layout begins: longer than `MAX_AHEAD_MS`, and than any request lasts."""


class Layout(NamedTuple):
    """From this moment on, the events of each environment are spread over `shards` partitions."""

    from_ms: int
    shards: int


@dataclass(frozen=True)
class Hold:
    """A legal hold. While it is on, no event expires, and reads keep their earliest moment."""

    since_ms: int
    edge_ms: int
    """The retention's edge when the hold began, moved back when a longer retention is set. It does not move with time.
    Events before it had expired already: they are not shown and may be deleted.
    """
    sealed_reason: str


@dataclass(frozen=True)
class Lifted:
    """The last legal hold that was lifted. It can be restored until a job has stamped the events that it held."""

    hold: Hold
    at_ms: int


@dataclass(frozen=True)
class TenantSettings:
    code: TenantCode
    tenant: Tenant
    name: str
    profile: str
    environments: tuple[str, ...]
    """Append-only, since an environment's number is its place in this list. The first is the default of calls."""
    created_at: int
    audit_since: int | None
    """Milliseconds. Events that occurred before are not accepted. None: no limit."""
    retention_days: int | None
    """None: events are kept for ever."""
    layouts: tuple[Layout, ...]
    """Append-only. `from_ms` rises and begins at 0; the number of shards never falls."""
    mode: Literal["open", "strict"] = "open"
    catalogue_version: int = 0
    """Rises with every change of the tenant's own activities. 0: there never were any."""
    hold: Hold | None = None
    lifted: Lifted | None = None
    secret: bytes | None = field(default=None, repr=False)
    """The secret of the tenant's permanent keys, if it came from another deployment. None: this deployment's."""

    def environment_key(self, environment: str) -> EnvironmentKey:
        """Raises ValueError for an environment that the tenant does not have."""
        return environment_key(self.code, self.environments.index(environment))

    @property
    def environment_keys(self) -> tuple[EnvironmentKey, ...]:
        return tuple(environment_key(self.code, number) for number in range(len(self.environments)))

    def shards_at(self, occurred_ms: int) -> int:
        """The number of shards at that moment. It is the same for every try of one event."""
        for layout in reversed(self.layouts):
            if layout.from_ms <= occurred_ms:
                return layout.shards
        raise ValueError("the first layout begins at 0")

    def shard_ranges(self) -> tuple[int, ...]:
        """For each shard, by its number, the moment from which it may hold events."""
        most = self.layouts[-1].shards
        return tuple(next(layout.from_ms for layout in self.layouts if layout.shards > shard) for shard in range(most))

    def retention_edge(self, now_ms: int) -> int:
        """The moment before which events are past retention; 0 if they are kept for ever."""
        if self.hold is not None:
            return self.hold.edge_ms
        return self._edge(now_ms, self.retention_days)

    def oldest_accepted(self, now_ms: int, longest_days: int | None) -> int:
        """The earliest moment of an event that may arrive now. `longest_days`: the profile's longest retention.

        A hold keeps stored events, but accepts none older than the longest retention: tombstones last no longer.
        """
        edge_ms = self.retention_edge(now_ms)
        return edge_ms if self.hold is None else max(edge_ms, self._edge(now_ms, longest_days))

    def with_retention(self, days: int | None, now_ms: int) -> "TenantSettings":
        """The settings with that retention. Under a hold, a longer one shows older events that are still stored."""
        hold = self.hold and replace(self.hold, edge_ms=min(self.hold.edge_ms, self._edge(now_ms, days)))
        return replace(self, retention_days=days, hold=hold)

    def with_hold(self, sealed_reason: str, now_ms: int, *, again: bool) -> "TenantSettings":
        """The settings under a hold. One that is on gets this reason; otherwise a new one begins.

        `again`: the new hold also keeps what the last one held.
        """
        hold = self.hold
        if hold is None:
            edge_ms = self.retention_edge(now_ms)
            if again and self.lifted is not None:
                edge_ms = min(edge_ms, self.lifted.hold.edge_ms)
            hold = Hold(now_ms, edge_ms, sealed_reason)
        return replace(self, hold=replace(hold, sealed_reason=sealed_reason), lifted=None)

    def without_hold(self, now_ms: int) -> "TenantSettings":
        return self if self.hold is None else replace(self, hold=None, lifted=Lifted(self.hold, now_ms))

    @staticmethod
    def _edge(now_ms: int, days: int | None) -> int:
        return 0 if days is None else max(0, now_ms - days * DAY)

    def expires_at(self, occurred_ms: int) -> int | None:
        """When an event of that moment may be deleted, in seconds for DynamoDB's TTL, rounded up."""
        if self.retention_days is None or self.hold is not None:
            return None
        return -(-(occurred_ms + self.retention_days * DAY) // 1_000)
