"""Which events a re-stamp goes over, in what order, and what it wants of each.

**The range.** Above: what occurred later than `end_ms` can only have been stored under the setting that the job is for.
Below, by what the settings before have left, if their jobs succeeded: with that many days, all before their edge has a
stamp that is over, and the rest has its own; after a hold or for ever, what they showed has none. So before the smaller
of the two edges nothing needs a stamp, but where a hold is lifted: what lay before its edge was left alone, stamped or
not. Then the range begins with the log, which costs little, as only what was left lies there. Under a hold it begins
at the hold's edge. A job that broke off, or was superseded, adds its own range to that of the next one.

**The order.** Slices of time, the oldest first, each through all partitions before the next one, so that no partition
is ahead of another by more than a slice: a week at most, and less where a week is more than a page. What a longer
retention or a hold has to save expires in this very order. The first of it is urgent, and not paced: from the new edge,
behind which lies what a shorter retention has stamped already, to a week beyond the old one.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile

from msgspec import Struct, convert

from daybook.clock import DAY, MINUTE, SECOND
from daybook.events.item import partition
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job, Status
from daybook.jobs.restamp import DELAY_SECONDS, Ask
from daybook.tenants.settings import MAX_AHEAD_MS, TenantSettings

URGENT_MS = 7 * DAY

_FIRST_SLICE_MS = DAY
_MAX_SLICE_MS = 7 * DAY
_SHORTEST_SLICE_MS = MINUTE


class Reached(Struct):
    """A checkpoint: as small for a large tenant as for a small one."""

    low_ms: int
    """Where the slice in hand begins."""
    edge_ms: int
    """Where events were about to expire under the settings before: the latest of their edges."""
    span_ms: int = 0
    """How long the slice is. 0: it has yet to be found where events lie."""
    place: str = ""
    """The partition in hand; empty: the first one."""
    last: str = ""
    """The last event of it that is done with."""
    most: int = 0
    """Events in the fullest page of the slice so far."""
    first_ms: int | None = None
    processed: int = 0

    def behind(self) -> str:
        """The id behind which the slice's part of a partition has still to be done."""
        return self.last or neighbour(lowest_id(self.low_ms), -1)

    def up_to(self, job: Job) -> str:
        return neighbour(lowest_id(min(self.low_ms + self.span_ms, end_ms(job) + 1)), -1)

    def found_at(self, moment_ms: int) -> None:
        """The next slice begins there: in between lies nothing."""
        self.low_ms, self.span_ms = moment_ms, _FIRST_SLICE_MS
        self.first_ms = moment_ms if self.first_ms is None else self.first_ms

    def page_done(self, ids: Sequence[str], places: Iterable[str], limit: int) -> None:
        self.processed += len(ids)
        self.most = max(self.most, len(ids))
        if len(ids) == limit:
            self.last = ids[-1]
            return
        self.last = ""
        self.place = min((place for place in places if place > self.place), default="")
        if not self.place:
            self._slice_done(limit)

    def _slice_done(self, limit: int) -> None:
        self.low_ms += self.span_ms
        if not self.most:
            self.span_ms = 0
        elif self.most == limit:
            self.span_ms = max(self.span_ms // 2, _SHORTEST_SLICE_MS)
        elif self.most < limit // 2:
            self.span_ms = min(self.span_ms * 2, _MAX_SLICE_MS)
        self.most = 0

    def progress(self, job: Job) -> float:
        if self.first_ms is None:
            return 0.0
        at_ms = min(occurred_ms(self.last) if self.last else self.low_ms, end_ms(job) + 1)
        return (at_ms - self.first_ms) / (end_ms(job) + 1 - self.first_ms)


def beginning(job: Job, jobs: Sequence[Job], settings: TenantSettings) -> Reached:
    """`jobs`: all of the tenant's re-stamps, newest first."""
    earlier = [each for each in jobs if each.id < job.id]
    broke_off = takewhile(lambda each: each.status is not Status.SUCCEEDED, earlier)
    asks = [convert(each.ask, Ask) for each in (job, *broke_off)]
    low_ms = min(ask.low_ms for ask in asks)
    if settings.hold is not None:
        low_ms = settings.hold.edge_ms
    return Reached(low_ms, max(ask.edge_ms for ask in asks))


def end_ms(job: Job) -> int:
    """What occurred later was stored under the job's setting: an event may lie that far ahead, and no more."""
    return job.created_ms + DELAY_SECONDS * SECOND + MAX_AHEAD_MS


def is_urgent(job: Job, reached: Reached, settings: TenantSettings) -> bool:
    """Whether the slice holds what a setting before lets expire within a week, and this one keeps."""
    keeps = settings.hold is not None or settings.retention_edge(job.created_ms) < reached.edge_ms
    return keeps and reached.low_ms < reached.edge_ms + URGENT_MS


def wanted(job: Job, settings: TenantSettings, identifier: str, seen: int | None) -> int | None:
    """When the event is to expire. The same for each try.

    What reads show expires as the settings say, and never under a hold. What they don't show is left alone under a
    hold, or where it has expired already; else it gets the job's own time, as DynamoDB's TTL lets be what expired more
    than five years ago.
    """
    moment_ms = occurred_ms(identifier)
    if moment_ms >= settings.retention_edge(job.created_ms):
        return settings.expires_at(moment_ms)
    now = -(-job.created_ms // SECOND)
    is_over = seen is not None and seen <= now
    return seen if settings.hold is not None or is_over else now


def partitions(settings: TenantSettings) -> list[str]:
    """Of all of them, those since the setting too, which hold nothing for the job: sorted, each keeps its turn."""
    shards = range(len(settings.shard_ranges()))
    return sorted(
        partition(settings.tenant, environment, shard) for environment in settings.environments for shard in shards
    )
