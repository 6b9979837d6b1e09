"""Sends events again, in the order in which they occurred in each shard of the log, and makes way for live traffic.

A step is one page of one shard: its records are those of the first time, and the checkpoint is the last id. Done again
from the same checkpoint it sends that page again, which is a double like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from daybook.caller import Tenant
from daybook.clock import Clock
from daybook.event_id import lowest_id, neighbour, occurred_ms
from daybook.jobs import Job, JobFailed, Step
from daybook.publishing.courier import Courier
from daybook.publishing.destination import Destination, Place
from daybook.publishing.records import Inserted, Record, Records
from daybook.stored import partition
from daybook.storing import Throttled
from daybook.tenants import TenantSettings, UnknownTenant

EVENTS_A_PAGE = 250
PAGE_SECONDS = 0.5
"""A page takes as long at least: half of the 1,000 records a second that one of Kinesis's shards takes is left free."""
LONGEST_STEP_SECONDS = 25.0
_WAIT_SECONDS = 5.0
_WAITED_FOR = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException", "LimitExceededException"})


class Settings(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class Destinations(Protocol):
    def one(self, place: Place) -> Destination | None: ...


class Events(Protocol):
    def between(self, partition: str, low: str, high: str, limit: int) -> Sequence[Inserted]:
        """Oldest first. Raises `Throttled`."""


@dataclass(frozen=True)
class Replay:
    settings: Settings
    destinations: Destinations
    events: Events
    records: Records
    courier: Courier
    clock: Clock
    monotonic: Callable[[], float]
    pause: Callable[[float], None]

    def step(self, job: Job, _remaining_seconds: Callable[[], float]) -> Step:
        place = Place(job.tenant, job.ask["environment"])
        destination = self.destinations.one(place)
        if destination is None:
            raise JobFailed("There is no stream any more.")
        try:
            settings = self.settings.settings(job.tenant)
        except UnknownTenant:
            raise JobFailed("There is no such tenant any more.") from None
        shards = settings.layouts[-1].shards
        at: Mapping[str, Any] = job.checkpoint or {"shard": 0, "after": None}
        # What is past retention is shown to nobody any more, and sent to nobody.
        first_ms = max(job.ask["from"], settings.retention_edge(self.clock()))
        low = lowest_id(first_ms) if at["after"] is None else neighbour(at["after"], 1)
        high = neighbour(lowest_id(job.ask["to"]), -1)
        rows: Sequence[Inserted] = ()
        if low <= high:
            rows = self.events.between(partition(*place, at["shard"]), low, high, EVENTS_A_PAGE)
        sent = self._send(destination, rows) if rows else 0
        if rows:
            moment = occurred_ms(rows[-1].id)
            done_of_shard = (moment - first_ms) / max(1, job.ask["to"] - first_ms)
            progress = (at["shard"] + min(max(done_of_shard, 0.0), 1.0)) / shards
            return Step({"shard": at["shard"], "after": rows[-1].id}, job.processed + sent, progress)
        following = at["shard"] + 1
        after = {"shard": following, "after": None}
        return Step(after, job.processed, following / shards, done=following >= shards)

    def tidy(self, job: Job) -> None:
        """Nothing lies about."""

    def _send(self, destination: Destination, rows: Sequence[Inserted]) -> int:
        """How many records the stream took. What it throttles waits: whoever writes there now goes first.

        Raises `JobFailed` with AWS's name of an error that waiting does not cure, `Throttled` after too long a wait.
        """
        started = self.monotonic()
        records: Sequence[Record] = self.records.of(destination, rows).records
        taken = 0
        while records:
            sent = self.courier.send(destination, records, lambda: LONGEST_STEP_SECONDS - (self.monotonic() - started))
            taken += len(records) - len(sent.left) - len(sent.refused)
            records = [records[place] for place in sent.left]
            if not records:
                break
            if sent.error is not None and sent.error not in _WAITED_FOR:
                raise JobFailed(f"The stream refuses: {sent.error}.")
            if self.monotonic() - started > LONGEST_STEP_SECONDS - _WAIT_SECONDS:
                raise Throttled
            self.pause(_WAIT_SECONDS)
        self.pause(max(0.0, PAGE_SECONDS - (self.monotonic() - started)))
        return taken
