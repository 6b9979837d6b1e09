"""Which events a re-stamp covers, in what order, and which stamp each of them gets.

**The range.** It ends at `end_ms`: later events can only have been stored under the new setting. Where it begins
depends on the previous settings, whose jobs have succeeded. Under a retention of so many days, all events before its
edge have stamps that are over, and all others have their own. Under a hold or an unlimited retention, events after the
edge have none. So before the smaller of the previous and the new edge no event needs a new stamp, with one exception:
when a hold is lifted, events before its edge may have stamps or not, since the hold left them alone. The range then
begins at the beginning of the log. That costs little, since only those events are left there. Under a hold, the range
begins at the hold's edge. A job that failed or was superseded adds its range to that of the next one.

**The order.** Time is cut into slices, oldest first, and each slice is done in all partitions before the next one
begins. So no partition is ahead of another by more than a slice, which is a week at most, and shorter where a week of
events is more than a page. Events expire in this same order, and a longer retention or a hold has to reach them first.
The events about to expire are urgent, and are not paced: those from the new edge on, after which a shorter
retention may have set stamps already, to a week after the previous edge.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile

from msgspec import Struct, convert, field

from daybook.clock import DAY, MINUTE, SECOND
from daybook.events.item import partition
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job, Status
from daybook.jobs.restamp import DELAY_SECONDS, Ask
from daybook.tenants.settings import MAX_AHEAD_MS, TenantSettings

URGENT_MS = 7 * DAY

_FIRST_SLICE_MS = DAY
_MAX_SLICE_MS = 7 * DAY
_MIN_SLICE_MS = MINUTE


class Checkpoint(Struct):
    """How far a re-stamp is. As small for a large tenant as for a small one.

    Some fields have another name where they are stored. It must stay: a job may be under way while it is deployed.
    """

    low_ms: int
    """Where the current slice begins."""
    edge_ms: int
    """The latest edge of the previous settings: events that occurred then were about to expire."""
    span_ms: int = 0
    """How long the slice is; 0 where the next event has to be found first."""
    partition: str = field(default="", name="place")
    """The current partition; "" for the first one."""
    last: str = ""
    """The id of its last event that is done; "" where none of the slice is."""
    fullest_page: int = field(default=0, name="most")
    """How many events the slice's fullest page had so far."""
    first_ms: int | None = None
    """When the first event occurred."""
    processed: int = 0

    def done_until(self) -> str:
        """The id up to which the current partition is done."""
        return self.last or neighbour(lowest_id(self.low_ms), -1)

    def slice_end(self, job: Job) -> str:
        """The highest id of the slice."""
        return neighbour(lowest_id(min(self.low_ms + self.span_ms, end_ms(job) + 1)), -1)

    def jump_to(self, moment_ms: int) -> None:
        """Begins the next slice at the next event there is."""
        self.low_ms, self.span_ms = moment_ms, _FIRST_SLICE_MS
        self.first_ms = moment_ms if self.first_ms is None else self.first_ms

    def page_done(self, ids: Sequence[str], all_partitions: Iterable[str], limit: int) -> None:
        """Goes on with the partition, with the next one, or with the next slice."""
        self.processed += len(ids)
        self.fullest_page = max(self.fullest_page, len(ids))
        if len(ids) == limit:
            self.last = ids[-1]
            return
        self.last = ""
        self.partition = min((each for each in all_partitions if each > self.partition), default="")
        if not self.partition:
            self._slice_done(limit)

    def _slice_done(self, limit: int) -> None:
        """The next slice gets the length with which its pages are about full."""
        self.low_ms += self.span_ms
        if not self.fullest_page:
            self.span_ms = 0
        elif self.fullest_page == limit:
            self.span_ms = max(self.span_ms // 2, _MIN_SLICE_MS)
        elif self.fullest_page < limit // 2:
            self.span_ms = min(self.span_ms * 2, _MAX_SLICE_MS)
        self.fullest_page = 0

    def progress(self, job: Job) -> float:
        if self.first_ms is None:
            return 0.0
        at_ms = min(occurred_ms(self.last) if self.last else self.low_ms, end_ms(job) + 1)
        return (at_ms - self.first_ms) / (end_ms(job) + 1 - self.first_ms)


def first_checkpoint(job: Job, jobs: Sequence[Job], settings: TenantSettings) -> Checkpoint:
    """`jobs`: all of the tenant's re-stamps, newest first."""
    earlier = [each for each in jobs if each.id < job.id]
    incomplete = takewhile(lambda each: each.status is not Status.SUCCEEDED, earlier)
    asks = [convert(each.ask, Ask) for each in (job, *incomplete)]
    low_ms = min(ask.low_ms for ask in asks)
    if settings.hold is not None:
        low_ms = settings.hold.edge_ms
    return Checkpoint(low_ms, max(ask.edge_ms for ask in asks))


def end_ms(job: Job) -> int:
    """Later events were stored under the job's setting: events may be dated at most `MAX_AHEAD_MS` ahead."""
    return job.created_ms + DELAY_SECONDS * SECOND + MAX_AHEAD_MS


def is_urgent(job: Job, checkpoint: Checkpoint, settings: TenantSettings) -> bool:
    """Whether events of the slice expire within a week under a previous setting, and are kept under this one."""
    keeps = settings.hold is not None or settings.retention_edge(job.created_ms) < checkpoint.edge_ms
    return keeps and checkpoint.low_ms < checkpoint.edge_ms + URGENT_MS


def wanted_stamp(job: Job, settings: TenantSettings, identifier: str, seen: int | None) -> int | None:
    """When the event is to expire; the same at each attempt. `seen` is the stamp that it has.

    An event that reads show expires as the settings say, and never under a hold. A hidden event keeps its stamp under a
    hold, or where the stamp is over. Otherwise it gets the moment of the job: DynamoDB's TTL does not delete items that
    expired more than five years ago.
    """
    moment_ms = occurred_ms(identifier)
    if moment_ms >= settings.retention_edge(job.created_ms):
        return settings.expires_at(moment_ms)
    now = -(-job.created_ms // SECOND)
    is_over = seen is not None and seen <= now
    return seen if settings.hold is not None or is_over else now


def partitions(settings: TenantSettings) -> list[str]:
    """All partitions in order, also those that were added since the setting and hold no event of the job's range."""
    shards = range(len(settings.shard_ranges()))
    return sorted(partition(environment, shard) for environment in settings.environment_keys for shard in shards)
