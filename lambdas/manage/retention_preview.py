"""How many events another retention would hide: what a dry run answers, before anything is done.

Counts know whole hours. The edges of the old and the new retention lie within hours, so the events between an edge and
the next whole hour are read, as a search reads them and within the same bounds.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from msgspec import Struct

from daybook.clock import HOUR, Clock, Time, format_time
from daybook.errors import Contended
from daybook.events.item import partition
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.ids import lowest_id, neighbour
from daybook.ledger.log import Appends
from daybook.ledger.logs import Logs, current, visibility_of
from daybook.ledger.questions import Question, plan
from daybook.ledger.statistics import Asked, CountReader, NotCountedYet, Statistics, TooMuchToCount
from daybook.search.merge import Bound, Bounds, EventIndex, Merge
from daybook.search.planner import TIMELINE, Source
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings

_EVERYTHING = plan(Question((), {}, {}), {})
_FETCH = 1_000


class RetentionPreview(Struct):
    """What the retention would do to the events that the caller may read, in all environments."""

    hides: int | None
    """How many events that are shown now would be hidden. Null: too many to count, or the counts are behind."""
    exact: bool
    """False: there are so many events in the hour around an edge that they were not read. `hides` has none of them.
    Or earlier counts were deleted under a shorter retention.
    """
    oldest_after: Time | None
    """The moment before which nothing would be shown. Null: everything is kept."""


class Stores(Protocol):
    """One tenant's events and their counts."""

    @property
    def logs(self) -> Logs: ...
    @property
    def appends(self) -> Appends: ...
    @property
    def counts(self) -> CountReader: ...
    @property
    def indexes(self) -> EventIndex: ...
    @property
    def search_bounds(self) -> Bounds: ...


class _Span(NamedTuple):
    from_ms: int
    """Inclusive."""
    to_ms: int
    """Exclusive."""


class Previews:
    def __init__(self, stores_of: Callable[[TenantCode], Stores], clock: Clock) -> None:
        self._stores_of = stores_of
        self._clock = clock

    def of(self, before: TenantSettings, after: TenantSettings, now_ms: int, role: str) -> RetentionPreview:
        """`role`: what only operations may read is counted for operations alone. Raises `Throttled`."""
        low_ms, high_ms = before.retention_edge(now_ms), after.retention_edge(now_ms)
        oldest = format_time(high_ms) if high_ms else None
        if high_ms <= low_ms:
            return RetentionPreview(0, exact=True, oldest_after=oldest)
        stores = self._stores_of(before.code)
        whole = _Span(-(-low_ms // HOUR) * HOUR, high_ms // HOUR * HOUR)  # retentions differ by a day at least
        ends = [_Span(low_ms, whole.from_ms), _Span(whole.to_ms, high_ms)]
        try:
            counted, is_whole = _counted(stores, before.code, role, whole)
        except (TooMuchToCount, NotCountedYet, Contended):
            return RetentionPreview(None, exact=False, oldest_after=oldest)
        bound = Bound(self._clock, stores.search_bounds)
        read = [_read(stores.indexes, before, role, end, bound) for end in ends if end.from_ms < end.to_ms]
        known = [each for each in read if each is not None]
        return RetentionPreview(counted + sum(known), exact=is_whole and len(known) == len(read), oldest_after=oldest)


def _counted(stores: Stores, code: TenantCode, role: str, whole: _Span) -> tuple[int, bool]:
    """The events of these whole hours, and whether their counts are all there."""
    logs = [log for log in current(stores.logs.of(code)) if log.key.visibility in {"all", role}]
    sums = Statistics(stores.appends, stores.counts).sums(logs, Asked(_EVERYTHING, None, *whole))
    return sums.numbers.total(), sums.from_ms == whole.from_ms


def _read(index: EventIndex, settings: TenantSettings, role: str, span: _Span, bound: Bound) -> int | None:
    """How many events there are in a part of an hour. None: too many to read."""
    if bound.reached:
        return None
    last = neighbour(lowest_id(span.to_ms), -1)
    sources = [
        Source(TIMELINE, partition(key, shard), lowest_id(max(span.from_ms, since_ms)), last)
        for key in settings.environment_keys
        for shard, since_ms in enumerate(settings.shard_ranges())
        if since_ms < span.to_ms
    ]
    merge = Merge(index, sources, bound, newest_first=False, wanted=_FETCH)
    number = 0
    for row in merge:
        encoded = unpack(row.packed)
        bound.count(len(encoded))
        number += visibility_of(content_in(encoded)) in {"all", role}
    return number if merge.complete else None
