"""Sends events again, in the order in which they occurred in each shard of the log. Live traffic goes first.

A step sends one page of one shard, or as much of it as time allows. Its records equal those of the first delivery. The
checkpoint is the last id before the first event that is not in the stream. A step that is repeated from the same
checkpoint sends its events again; the consumer handles them like any other duplicate.

A replay that has to wait, for the stream or for another replay into it, does so in the queue and not in a worker. So
broken streams keep no worker from the others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec
from msgspec import Struct

from daybook.clock import MINUTE, SECOND, Clock
from daybook.delivery.destination import KEPT_MS, Destination
from daybook.delivery.records import InsertedEvent, Record, Records
from daybook.delivery.sender import RecordSender
from daybook.errors import UnknownTenant
from daybook.events.item import partition
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job, JobFailed, Step
from daybook.tenant import EnvironmentKey, environment_key
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from streams.replay_ask import ReplayAsk

EVENTS_A_PAGE = 250
BYTES_A_SLICE = 512 * 1024
SLICE_SECONDS = 0.5
BYTES_A_SECOND = 512 * 1024
"""A slice takes at least this long. So a replay uses half of what one Kinesis shard accepts in a second, which is 1,000
records and 1 MiB.
"""
MAX_STEP_SECONDS = 25.0
MAX_SEND_SECONDS = 5.0
"""A slice is not tried again after so long. A stream that does not answer keeps a worker for hardly longer."""
IN_TURN_SECONDS = 30
"""How often a replay looks whether another one into the same stream is over."""
RESERVED_MS = 20 * MINUTE
"""How long a replay keeps its stream after its last step: the longest wait, and five minutes in the queue."""
_FIRST_WAIT_SECONDS = 5
_MAX_WAIT_SECONDS = 900


class Destinations(Protocol):
    def one(self, environment: EnvironmentKey) -> Destination | None: ...


class Events(Protocol):
    def between(self, partition: str, low: str, high: str, limit: int) -> Sequence[InsertedEvent]:
        """Returns the events, oldest first. Raises `Throttled`."""


class Reservations(Protocol):
    def reserve(self, job: Job, what: str, now_ms: int, until_ms: int) -> bool: ...

    def free(self, job: Job, what: str) -> None: ...


class Checkpoint(Struct, frozen=True):
    shard: int = 0
    after: str | None = None
    """The id of the last event of the shard that is done."""
    held_ms: int | None = None
    """Since when the stream took nothing."""

    def waits(self, job: Job, seconds: int) -> Step:
        return Step(msgspec.to_builtins(self), job.processed, job.progress, wait_seconds=seconds)


@dataclass(frozen=True)
class Replay:
    settings: SettingsReader
    destinations: Destinations
    reservations: Reservations
    events: Events
    records: Records
    sender: RecordSender
    clock: Clock
    monotonic: Callable[[], float]
    pause: Callable[[float], None]

    def step(self, job: Job, _remaining_seconds: Callable[[], float]) -> Step:
        ask = msgspec.convert(job.ask, ReplayAsk)
        at = msgspec.convert(job.checkpoint or {}, Checkpoint)
        destination = self._destination(job, ask)
        settings = self._settings(job)
        now_ms = self.clock()
        if not self.reservations.reserve(job, ask.reserved, now_ms, now_ms + RESERVED_MS):
            return at.waits(job, IN_TURN_SECONDS)
        if destination.is_probed:
            return self._hold(job, at, ((destination.drain_due_ms or now_ms) - now_ms) // SECOND)
        # Events past retention are no longer shown to anyone, so they are not sent either.
        first_ms = max(ask.from_ms, settings.retention_edge(now_ms))
        rows = self._page(partition(destination.environment, at.shard), at, first_ms, ask.to_ms)
        shards = settings.layouts[-1].shards
        if not rows:
            return self._next_shard(job, ask, at.shard + 1, shards)
        reached, taken, is_stopped = self._send(job, ask, destination, rows)
        if not reached:
            return self._hold(job, at)
        last = rows[reached - 1].id
        done_of_shard = (occurred_ms(last) - first_ms) / max(1, ask.to_ms - first_ms)
        return Step(
            msgspec.to_builtins(Checkpoint(at.shard, last)),
            job.processed + taken,
            (at.shard + min(max(done_of_shard, 0.0), 1.0)) / shards,
            wait_seconds=_FIRST_WAIT_SECONDS if is_stopped else 0,
        )

    def tidy(self, job: Job) -> None:
        self.reservations.free(job, msgspec.convert(job.ask, ReplayAsk).reserved)

    def _destination(self, job: Job, ask: ReplayAsk) -> Destination:
        """The destination as it is now, with what the replay was asked for."""
        destination = self.destinations.one(environment_key(job.tenant, ask.environment))
        if destination is None:
            raise JobFailed("The stream no longer exists. Set it up and ask for a new replay.")
        if (destination.subscription, destination.chosen.stream_arn) != (ask.subscription, ask.stream_arn):
            raise JobFailed(
                "The stream was changed after the replay was asked for. Ask for a new replay to send the events to the "
                "new stream."
            )
        chosen = replace(destination.chosen, format=ask.format, include_audit_log=ask.include_audit_log)
        return replace(destination, chosen=chosen)

    def _settings(self, job: Job) -> TenantSettings:
        try:
            return self.settings.settings_of(job.tenant)
        except UnknownTenant:
            raise JobFailed("The tenant no longer exists.") from None

    def _hold(self, job: Job, at: Checkpoint, seconds: int = 0) -> Step:
        """Waits at least so long: 5 seconds at first, then as long again as it has waited. Raises `JobFailed`."""
        now_ms = self.clock()
        held_ms = now_ms if at.held_ms is None else at.held_ms
        if now_ms - held_ms >= KEPT_MS:
            raise JobFailed("The stream took nothing for 14 days. Mend it and ask for a new replay.")
        seconds = max(seconds, _FIRST_WAIT_SECONDS, (now_ms - held_ms) // SECOND)
        return msgspec.structs.replace(at, held_ms=held_ms).waits(job, min(seconds, _MAX_WAIT_SECONDS))

    def _page(self, lies_in: str, at: Checkpoint, first_ms: int, to_ms: int) -> Sequence[InsertedEvent]:
        low = lowest_id(first_ms) if at.after is None else neighbour(at.after, 1)
        high = neighbour(lowest_id(to_ms), -1)
        return self.events.between(lies_in, low, high, EVENTS_A_PAGE) if low <= high else ()

    def _next_shard(self, job: Job, ask: ReplayAsk, shard: int, shards: int) -> Step:
        is_done = shard >= shards
        if is_done:
            self.reservations.free(job, ask.reserved)
        return Step(msgspec.to_builtins(Checkpoint(shard)), job.processed, shard / shards, done=is_done)

    def _send(
        self, job: Job, ask: ReplayAsk, destination: Destination, rows: Sequence[InsertedEvent]
    ) -> tuple[int, int, bool]:
        """Returns how many rows are done, in their order, how many of their records the stream accepted, and whether
        the stream has to be left alone for a while.

        Raises `JobFailed` with AWS's error code if waiting would not help.
        """
        until = self.monotonic() + MAX_STEP_SECONDS
        written = self.records.of(destination, rows)
        taken = 0
        for part in _slices(written.records):
            began = self.monotonic()
            if part[0]:
                destination = self._destination(job, ask)
                if began >= until or destination.is_probed:
                    return rows.index(written.rows[part[0]]), taken, began < until
            left, accepted = self._put(destination, [written.records[place] for place in part])
            taken += accepted
            if left is not None:
                return rows.index(written.rows[part[left]]), taken, True
            least = max(SLICE_SECONDS, sum(written.records[place].size for place in part) / BYTES_A_SECOND)
            self.pause(max(0.0, least - (self.monotonic() - began)))
        return len(rows), taken, False

    def _put(self, destination: Destination, records: Sequence[Record]) -> tuple[int | None, int]:
        """Returns the index of the first record that is left, and how many before it the stream accepted."""
        until = self.monotonic() + MAX_SEND_SECONDS
        sent = self.sender.send(destination, records, lambda: until - self.monotonic())
        if sent.error is not None and not sent.transient:
            raise JobFailed(f"The stream refused the records: {sent.error}.")
        done = min(sent.left, default=len(records))
        return (done if sent.left else None), done - sum(place < done for place in sent.refused)


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
