"""A tenant's settings, read with each request, and the shards that its events lie in."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from daybook.clock import DAY, MINUTE
from daybook.tenant import Tenant

MAX_AHEAD_MS = 5 * MINUTE


LAYOUT_NOTICE_MS = 10 * MINUTE
"""How far ahead a new layout begins: further than any event may lie ahead, and than any request lasts."""


class Layout(NamedTuple):
    """From this moment on a tenant's events are spread over `shards` partitions an environment."""

    from_ms: int
    shards: int


@dataclass(frozen=True)
class Hold:
    """A legal hold: while it is on, nothing expires, and reads start where they did."""

    since_ms: int
    edge_ms: int
    """The retention's edge then; further back where a longer retention was set meanwhile. It does not move with time:
    what was stored before it had expired already, is shown to nobody, and may go.
    """
    sealed_reason: str


@dataclass(frozen=True)
class Lifted:
    """The last legal hold that was lifted: until a job has stamped what it held, it can be put back."""

    hold: Hold
    at_ms: int


@dataclass(frozen=True)
class TenantSettings:
    tenant: Tenant
    name: str
    profile: str
    environments: tuple[str, ...]
    created_at: int
    audit_since: int | None
    """Milliseconds: nothing that occurred before is accepted. None: no limit."""
    retention_days: int | None
    """None: kept for ever."""
    layouts: tuple[Layout, ...]
    """Append-only, by rising `from_ms`, the first from 0, shards never fewer than before."""
    mode: Literal["open", "strict"] = "open"
    catalogue_version: int = 0
    """Rises with every change of the tenant's own activities; 0: it never had any."""
    hold: Hold | None = None
    lifted: Lifted | None = None

    def shards_at(self, occurred_ms: int) -> int:
        """How many shards the layout in force at that moment has: the same for every try of one event."""
        for layout in reversed(self.layouts):
            if layout.from_ms <= occurred_ms:
                return layout.shards
        raise ValueError("the first layout begins at 0")

    def shard_ranges(self) -> tuple[int, ...]:
        """For each shard there is, by number, the moment from which it may hold events."""
        most = self.layouts[-1].shards
        return tuple(next(layout.from_ms for layout in self.layouts if layout.shards > shard) for shard in range(most))

    def retention_edge(self, now_ms: int) -> int:
        """The moment before which events are past retention: 0 where they are kept for ever."""
        if self.hold is not None:
            return self.hold.edge_ms
        return self._edge(now_ms, self.retention_days)

    def oldest_accepted(self, now_ms: int, longest_days: int | None) -> int:
        """How far back an event that arrives now may lie; `longest_days`: the longest that the profile allows.

        A hold keeps what is stored. It accepts nothing that no retention would: tombstones of forgotten people last as
        long as the longest one, and no longer.
        """
        edge_ms = self.retention_edge(now_ms)
        return edge_ms if self.hold is None else max(edge_ms, self._edge(now_ms, longest_days))

    def keeping(self, days: int | None, now_ms: int) -> "TenantSettings":
        """With that retention. Under a hold a longer one shows at once, and as long as the hold lasts, what is left."""
        hold = self.hold and replace(self.hold, edge_ms=min(self.hold.edge_ms, self._edge(now_ms, days)))
        return replace(self, retention_days=days, hold=hold)

    def held(self, sealed_reason: str, now_ms: int, *, again: bool) -> "TenantSettings":
        """Under a hold: the one that is on, with this reason; else a new one, `again`: that holds what the last did."""
        hold = self.hold
        if hold is None:
            edge_ms = self.retention_edge(now_ms)
            if again and self.lifted is not None:
                edge_ms = min(edge_ms, self.lifted.hold.edge_ms)
            hold = Hold(now_ms, edge_ms, sealed_reason)
        return replace(self, hold=replace(hold, sealed_reason=sealed_reason), lifted=None)

    def released(self, now_ms: int) -> "TenantSettings":
        return self if self.hold is None else replace(self, hold=None, lifted=Lifted(self.hold, now_ms))

    @staticmethod
    def _edge(now_ms: int, days: int | None) -> int:
        return 0 if days is None else max(0, now_ms - days * DAY)

    def expires_at(self, occurred_ms: int) -> int | None:
        """When an event of that moment may be deleted, in whole seconds for DynamoDB's TTL, never too early."""
        if self.retention_days is None or self.hold is not None:
            return None
        return -(-(occurred_ms + self.retention_days * DAY) // 1_000)
