"""Which events a night's sweep covers: those of the last two days, and a thirtieth of all older ones that are retained.

A day of the log belongs to one night in thirty, by its number since 1970. So each day is swept once in thirty nights,
however the retention's edge moves meanwhile.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from daybook.clock import DAY, HOUR, SECOND
from daybook.events.item import partition
from daybook.jobs.job import Job
from daybook.tenants.settings import MAX_AHEAD_MS, TenantSettings

RECENT_MS = 2 * DAY
"""The stream forgets after a day. So one night may be left out."""

NIGHTS = 30

ON_ITS_WAY_MS = HOUR
"""What was received so shortly before the sweep is left to the stream."""


class Span(NamedTuple):
    """From `from_ms` on, up to but not including `to_ms`: when events occurred."""

    from_ms: int
    to_ms: int


class Checkpoint(Struct):
    """How far a sweep is."""

    left: list[str]
    """The partitions that are not done yet."""
    after: str | None = None
    """The id up to which the first of them is done. None: it has not begun."""
    processed: int = 0
    partitions: int = 0
    """How many there were at first."""

    @property
    def progress(self) -> float:
        return 1.0 - len(self.left) / max(1, self.partitions)


def first_checkpoint(settings: TenantSettings) -> Checkpoint:
    shards = range(len(settings.shard_ranges()))
    left = [partition(key, shard) for key in settings.environment_keys for shard in shards]
    return Checkpoint(left, partitions=len(left))


def spans(job: Job, first_ms: int) -> Iterator[Span]:
    """What this night's sweep reads of events from `first_ms` on, oldest first."""
    night, recent_ms = job.created_ms // DAY, job.created_ms - RECENT_MS
    day = first_ms // DAY
    day += (night - day) % NIGHTS
    while day * DAY < recent_ms:
        span = Span(max(day * DAY, first_ms), min((day + 1) * DAY, recent_ms))
        if span.from_ms < span.to_ms:
            yield span
        day += NIGHTS
    yield Span(max(recent_ms, first_ms), last_ms(job))


def last_ms(job: Job) -> int:
    """Later events were stored after the sweep was asked for: events may be dated at most `MAX_AHEAD_MS` ahead."""
    return job.created_ms + MAX_AHEAD_MS


def next_span(job: Job, first_ms: int) -> Span | None:
    """The span that is next from this moment on, cut where the moment lies within it. None: nothing is left."""
    return next((span for span in spans(job, first_ms) if span.from_ms < span.to_ms), None)


def deletable_before(settings: TenantSettings, now_ms: int) -> int:
    """The moment before which every event is due for deletion: it moves as retentions and holds let it. 0: none is."""
    now_s = now_ms // SECOND

    def is_due(moment_ms: int) -> bool:
        due_s = settings.expires_at(moment_ms)
        return due_s is not None and due_s <= now_s

    low, high = 0, settings.retention_edge(now_ms)  # what is due is hidden, and older events are due earlier
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_due(middle - 1) else (low, middle - 1)
    return low
