"""Which events a re-stamp covers, in what order, and which stamp each of them gets.

A job goes over all that is stored. That costs no more than to look for what the change concerns, because what has left
retention is deleted. Each partition is done oldest first, and the next page is always one of the partition that is
furthest behind in time. So events are done in the order in which they leave retention.
"""

from collections.abc import Sequence

from msgspec import Struct

from daybook.clock import SECOND
from daybook.events.item import partition
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job
from daybook.jobs.restamp import DELAY_SECONDS
from daybook.tenants.settings import MAX_AHEAD_MS, TenantSettings


class Checkpoint(Struct):
    """How far a re-stamp is."""

    left: dict[str, str]
    """The partitions that are not done yet, each with the id up to which it is done; "" where it has not begun."""
    first_ms: int | None = None
    """When the first event occurred."""
    processed: int = 0

    def next(self) -> tuple[str, str]:
        """The partition that is furthest behind, and the id up to which it is done."""
        return min(self.left.items(), key=lambda item: (item[1], item[0]))

    def page_done(self, lies_in: str, ids: Sequence[str], limit: int) -> None:
        self.processed += len(ids)
        if ids:
            begin_ms = occurred_ms(ids[0])
            self.first_ms = begin_ms if self.first_ms is None else min(self.first_ms, begin_ms)
        if len(ids) == limit:
            self.left[lies_in] = ids[-1]
        else:
            del self.left[lies_in]

    def progress(self, job: Job) -> float:
        _, last = self.next()
        if self.first_ms is None or not last:
            return 0.0
        return (occurred_ms(last) - self.first_ms) / (end_ms(job) + 1 - self.first_ms)


def first_checkpoint(settings: TenantSettings) -> Checkpoint:
    """The partitions that exist now. Those that are added later hold only events that were stored since."""
    shards = range(len(settings.shard_ranges()))
    return Checkpoint({partition(key, shard): "" for key in settings.environment_keys for shard in shards})


def end_ms(job: Job) -> int:
    """Later events were stored under the job's setting: events may be dated at most `MAX_AHEAD_MS` ahead."""
    return job.created_ms + DELAY_SECONDS * SECOND + MAX_AHEAD_MS


def last_id(job: Job) -> str:
    """The highest id that the job covers."""
    return neighbour(lowest_id(end_ms(job) + 1), -1)


def wanted_stamp(job: Job, settings: TenantSettings, identifier: str, seen: int | None) -> int | None:
    """When the event is to expire; the same at each attempt. `seen` is the stamp that it has.

    Under a hold, no event gets a time of deletion. Hidden ones keep theirs, unless an earlier setting gave it
    and it is too early for the last one. Without a hold it is never before the job, unless it has been so already:
    DynamoDB's TTL ignores items that expired more than five years ago
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html).
    """
    then = settings.expires_at(occurred_ms(identifier))
    if then is None:
        return None
    soonest = max(then, -(-job.created_ms // SECOND))
    if settings.hold is not None:
        return seen if seen is None or seen >= then else soonest
    return seen if seen is not None and then <= seen <= soonest else soonest
