"""Sends events again, in the order in which they occurred in each shard of the log. Live traffic goes first.

A step sends one page of one shard, or as much of it as time allows. Its records equal those of the first delivery. The
checkpoint is the last id before the first event that is not in the stream. A step that is repeated from the same
checkpoint sends its events again; the consumer handles them like any other duplicate.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from daybook.clock import Clock
from daybook.delivery.destination import Destination
from daybook.delivery.records import InsertedEvent, Record, Records
from daybook.delivery.sender import RecordSender
from daybook.errors import Throttled, UnknownTenant
from daybook.events.item import partition
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job, JobFailed, Step
from daybook.tenant import EnvironmentKey, environment_key
from daybook.tenants.reader import SettingsReader

EVENTS_A_PAGE = 250
BYTES_A_SLICE = 512 * 1024
SLICE_SECONDS = 0.5
BYTES_A_SECOND = 512 * 1024
"""A slice takes at least this long. So a replay uses half of what one Kinesis shard accepts in a second, which is 1,000
records and 1 MiB.
"""
MAX_STEP_SECONDS = 25.0
_WAIT_SECONDS = 5.0


class Destinations(Protocol):
    def one(self, environment: EnvironmentKey) -> Destination | None: ...


class Events(Protocol):
    def between(self, partition: str, low: str, high: str, limit: int) -> Sequence[InsertedEvent]:
        """Returns the events, oldest first. Raises `Throttled`."""


@dataclass(frozen=True)
class Replay:
    settings: SettingsReader
    destinations: Destinations
    events: Events
    records: Records
    sender: RecordSender
    clock: Clock
    monotonic: Callable[[], float]
    pause: Callable[[float], None]

    def step(self, job: Job, _remaining_seconds: Callable[[], float]) -> Step:
        environment = environment_key(job.tenant, job.ask["environment"])
        destination = self.destinations.one(environment)
        if destination is None:
            raise JobFailed("The stream no longer exists.")
        try:
            settings = self.settings.settings_of(job.tenant)
        except UnknownTenant:
            raise JobFailed("The tenant no longer exists.") from None
        shards = settings.layouts[-1].shards
        at: Mapping[str, Any] = job.checkpoint or {"shard": 0, "after": None}
        if destination.is_probed:
            self.pause(MAX_STEP_SECONDS)
            return Step(at, job.processed, job.progress)
        # Events past retention are no longer shown to anyone, so they are not sent either.
        first_ms = max(job.ask["from"], settings.retention_edge(self.clock()))
        low = lowest_id(first_ms) if at["after"] is None else neighbour(at["after"], 1)
        high = neighbour(lowest_id(job.ask["to"]), -1)
        rows: Sequence[InsertedEvent] = ()
        if low <= high:
            rows = self.events.between(partition(environment, at["shard"]), low, high, EVENTS_A_PAGE)
        if rows:
            reached, taken = self._send(destination, rows)
            last = rows[reached - 1].id
            done_of_shard = (occurred_ms(last) - first_ms) / max(1, job.ask["to"] - first_ms)
            progress = (at["shard"] + min(max(done_of_shard, 0.0), 1.0)) / shards
            return Step({"shard": at["shard"], "after": last}, job.processed + taken, progress)
        following = at["shard"] + 1
        after = {"shard": following, "after": None}
        return Step(after, job.processed, following / shards, done=following >= shards)

    def tidy(self, job: Job) -> None:
        """A replay leaves nothing to clean up."""

    def _send(self, destination: Destination, rows: Sequence[InsertedEvent]) -> tuple[int, int]:
        """Returns how many rows are done, at least one and in their order, and how many records the stream accepted.

        Raises `JobFailed` with AWS's error code if waiting would not help, and `Throttled` if the first record had to
        wait too long.
        """
        until = self.monotonic() + MAX_STEP_SECONDS
        written = self.records.of(destination, rows)
        taken = 0
        for part in _slices(written.records):
            began = self.monotonic()
            now = self.destinations.one(destination.environment) if part[0] else destination
            held = now is None or now.is_probed
            left, count = (part, 0) if held else self._put(destination, written.records, part, until)
            taken += count
            if left:
                reached = rows.index(written.rows[left[0]])
                if not reached:
                    raise Throttled
                return reached, taken
            least = max(SLICE_SECONDS, sum(written.records[place].size for place in part) / BYTES_A_SECOND)
            self.pause(max(0.0, least - (self.monotonic() - began)))
        return len(rows), taken

    def _put(
        self, destination: Destination, records: Sequence[Record], part: Sequence[int], until: float
    ) -> tuple[Sequence[int], int]:
        """Returns the indexes of a slice that are left when time is up, and how many records the stream accepted.

        Throttled records wait, so that live traffic goes first.
        """
        left, taken = part, 0
        while True:
            sent = self.sender.send(destination, [records[place] for place in left], lambda: until - self.monotonic())
            taken += len(left) - len(sent.left) - len(sent.refused)
            left = [left[place] for place in sent.left]
            if sent.error is not None and not sent.transient:
                raise JobFailed(f"The stream refused the records: {sent.error}.")
            if not left or self.monotonic() > until - _WAIT_SECONDS:
                return left, taken
            self.pause(_WAIT_SECONDS)


def _slices(records: Sequence[Record]) -> Iterator[list[int]]:
    """The indexes of the records of each slice. A record larger than a slice gets its own."""
    part: list[int] = []
    size = 0
    for place, record in enumerate(records):
        if part and size + record.size > BYTES_A_SLICE:
            yield part
            part, size = [], 0
        part.append(place)
        size += record.size
    if part:
        yield part
