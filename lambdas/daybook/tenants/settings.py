"""A tenant's settings, which each request reads, and the shards of its events."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from daybook.clock import DAY, MINUTE, SECOND
from daybook.tenant import EnvironmentKey, Tenant, TenantCode, environment_key
from daybook.tenants.limits import DEFAULT, Limits

MAX_AHEAD_MS = 5 * MINUTE
"""How far in the future an event may have occurred."""

LAYOUT_NOTICE_MS = 10 * MINUTE
"""How far in the future a new layout begins: longer than `MAX_AHEAD_MS`, and than any request lasts."""

SLACK_MS = DAY
"""An event may be deleted so long after it has left retention, by its age or by a change of the settings. Reads hide it
at once. So a change that shows it again finds it, and the job that keeps it need not hurry.
"""

RESTORABLE_MS = DAY // 2
"""So long after a hold was lifted, a new hold keeps what it held. Its job takes off the stamps that the other job has
set, in the same order and at the same pace, so before the first of them is due.
"""

NEVER_MS = 1 << 62

MAX_HISTORY = 500
"""How many earlier rules are kept. Each request reads the settings, and 500 take 16 KB of their row."""

SETTLED_MS = 2 * DAY
"""Rules that were replaced so long ago may be merged: what they had hidden for good was due for deletion since then.
Longer than `SLACK_MS` and `RESTORABLE_MS` together.
"""


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


class Rule(NamedTuple):
    """What decides when events leave retention."""

    days: int | None
    held_ms: int | None
    """The edge of the legal hold; None where there is none."""

    def leaves_at(self, occurred_ms: int, since_ms: int) -> int:
        """The last moment at which an event of that time is shown, where this rule is in force from `since_ms` on."""
        if self.held_ms is not None:
            return NEVER_MS if occurred_ms >= self.held_ms else since_ms
        return NEVER_MS if self.days is None else max(since_ms, occurred_ms + self.days * DAY)

    def merged_with(self, other: "Rule") -> "Rule":
        """One rule that hides whatever either hides. A hold's edge lies before the edge of the retention around it."""
        days = min((each for each in (self.days, other.days) if each is not None), default=None)
        if self.held_ms is None or other.held_ms is None:
            return Rule(days, None)
        return Rule(days, max(self.held_ms, other.held_ms))


class Replaced(NamedTuple):
    """A rule that was in force until this moment."""

    until_ms: int
    rule: Rule


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
    history: tuple[Replaced, ...] = ()
    """Earlier retentions and legal holds, oldest first: what may be gone when is judged by them."""
    limits: Limits = DEFAULT
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
        return self._changed(now_ms, retention_days=days, hold=hold)

    def with_hold(self, sealed_reason: str, now_ms: int) -> "TenantSettings":
        """The settings under a hold. One that is on gets this reason; otherwise a new one begins.

        A new one also keeps what was held within the last `RESTORABLE_MS`.
        """
        hold = self.hold
        if hold is None:
            lifted = [rule.held_ms for until_ms, rule in self.history if now_ms < until_ms + RESTORABLE_MS]
            edges = [self.retention_edge(now_ms), *(edge_ms for edge_ms in lifted if edge_ms is not None)]
            hold = Hold(now_ms, min(edges), sealed_reason)
        return self._changed(now_ms, hold=replace(hold, sealed_reason=sealed_reason))

    def without_hold(self, now_ms: int) -> "TenantSettings":
        return self._changed(now_ms, hold=None)

    @property
    def rule(self) -> Rule:
        return Rule(self.retention_days, None if self.hold is None else self.hold.edge_ms)

    def _changed(self, now_ms: int, **changed: Any) -> "TenantSettings":
        after = replace(self, **changed)
        if after.rule == self.rule:
            return after
        until_ms = max(now_ms, self.history[-1].until_ms) if self.history else now_ms
        return replace(after, history=_merged([*self.history, Replaced(until_ms, self.rule)], now_ms))

    @staticmethod
    def _edge(now_ms: int, days: int | None) -> int:
        return 0 if days is None else max(0, now_ms - days * DAY)

    def expires_at(self, occurred_ms: int) -> int | None:
        """When an event of that moment may be deleted, in seconds for DynamoDB's TTL, rounded up: `SLACK_MS` after it
        left or leaves retention. None: never.
        """
        if self.hold is None and self.retention_days is not None:
            left_ms = occurred_ms + self.retention_days * DAY
            if not self.history or left_ms > self.history[-1].until_ms:  # ordinary events: the history does not matter
                return _seconds(left_ms + SLACK_MS)
        absences = self._absences(occurred_ms)
        return _seconds(absences[-1].from_ms + SLACK_MS) if absences and absences[-1].until_ms == NEVER_MS else None

    def earliest_expiry(self, occurred_ms: int, since_ms: int) -> int | None:
        """The earliest `expires_at` that a rule in force after `since_ms` gave an event of that moment. None: none did.

        One pass over the history, because a re-stamp asks for each event.
        """
        earliest, since, gone_from = NEVER_MS, 0, NEVER_MS
        for until, rule in (*self.history, Replaced(NEVER_MS, self.rule)):
            leaves = rule.leaves_at(occurred_ms, since)
            # An event that was hidden before, and is hidden at once, has been gone since then.
            gone = gone_from if leaves == since and gone_from != NEVER_MS else leaves
            if until > since_ms:
                earliest = min(earliest, gone)
            if since < until:
                gone_from = gone if leaves < until else NEVER_MS
            since = until
        return None if earliest == NEVER_MS else _seconds(earliest + SLACK_MS)

    def may_be_gone_from(self, occurred_ms: int, stored_ms: int) -> int | None:
        """The earliest moment at which an event of that time, stored at `stored_ms`, may have been deleted under any
        setting since. None: it must still be there, however long these settings stay.
        """
        for absence in self._absences(occurred_ms):
            due_ms = max(absence.from_ms + SLACK_MS, stored_ms)
            # Where it was shown again, the job that took its stamp off may have come half a day later.
            if stored_ms < absence.until_ms and due_ms < absence.until_ms + RESTORABLE_MS:
                return due_ms
        return None

    def _absences(self, occurred_ms: int) -> list["_Absence"]:
        """When an event of that time is not shown, oldest first."""
        found: list[_Absence] = []
        since_ms = 0
        for until_ms, rule in (*self.history, Replaced(NEVER_MS, self.rule)):
            from_ms = rule.leaves_at(occurred_ms, since_ms)
            if from_ms < until_ms:
                goes_on = from_ms == since_ms and bool(found) and found[-1].until_ms == since_ms
                found.append(_Absence(found.pop().from_ms if goes_on else from_ms, until_ms))
            since_ms = until_ms
        return found


class _Absence(NamedTuple):
    from_ms: int
    until_ms: int


def _merged(history: list[Replaced], now_ms: int) -> tuple[Replaced, ...]:
    """At most `MAX_HISTORY`, if enough of them are settled. The oldest give way, and what either of two hid counts as
    hidden by both: an event may count as possibly deleted though it was not, but never the other way round.
    """
    while len(history) > MAX_HISTORY and history[1].until_ms + SETTLED_MS <= now_ms:
        oldest, second = history[:2]
        history[:2] = [Replaced(second.until_ms, oldest.rule.merged_with(second.rule))]
    return tuple(history)


def _seconds(milliseconds: int) -> int:
    return -(-milliseconds // SECOND)
