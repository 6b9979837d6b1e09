"""The work of a re-stamp: every stored event gets the time of deletion that the tenant's settings give it now.

It begins a while after the setting that it is for, when whatever was under way under the setting before is stored.
It goes twice through all partitions: first what is about to expire under the setting before, a week of it, so that a
hold or a longer retention comes in time in each of them; then everything, at a pace that leaves room for who writes.
Each page reads the settings anew, and a job behind which another one waits ends: so of two settings the last one wins,
whatever was running. An event that bears the right time already is only read; one that has expired meanwhile stays
gone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from msgspec import Struct

from daybook.caller import Tenant
from daybook.clock import DAY, SECOND, Clock
from daybook.event_id import HIGHEST, lowest_id, neighbour, occurred_ms
from daybook.jobs import Job, JobFailed, Step
from daybook.retention import Ask
from daybook.stored import partition
from daybook.tenants import TenantSettings, UnknownTenant

STEP_MS = 15 * SECOND
"""Short of the time that passes between a setting and its job: no step outlasts it under the setting before."""

PAGE = 500
PAGE_MS = 1 * SECOND
"""What a page with changes takes at least, but for what is urgent: half of what a partition can write in a second."""

URGENT_MS = 7 * DAY


class Stamps(Protocol):
    def page(self, lies_in: str, last: str, limit: int, up_to: str) -> Sequence[tuple[str, int | None]]:
        """Ids behind `last` with when they expire, in whole seconds; fewer than `limit` at the end only."""

    def stamp(self, lies_in: str, expiries: Mapping[str, int | None]) -> None:
        """Of events that are there; of others nothing. Raises `Throttled`."""


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class Later(Protocol):
    def later(self, job: Job) -> Sequence[Job]:
        """Of its kind and tenant, asked for after it."""


class Reached(Struct):
    places: list[str] = []
    """The tenant's partitions as the job began: what lies in later ones was stored under the setting."""
    window: int = 0
    """Which of the spans of time in which events are stamped first; behind the last one: everything."""
    place: int = 0
    last: str = ""
    first_ms: int = 0
    processed: int = 0


@dataclass(frozen=True)
class Restamping:
    control: Control
    jobs: Later
    stamps: Stamps
    clock: Clock
    pause: Callable[[float], None]
    page: int = PAGE
    step_ms: int = STEP_MS

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  the form of work
        reached = msgspec.convert(job.checkpoint or {}, Reached)
        windows = [_urgent(edge_ms) for edge_ms in msgspec.convert(job.ask, Ask).edges_ms if edge_ms]
        until_ms = self.clock() + self.step_ms
        while True:
            settings = self._settings(job.tenant)
            reached.places = reached.places or _partitions(settings)
            if self._is_superseded(job) or reached.place >= len(reached.places):
                return Step(msgspec.to_builtins(reached), reached.processed, 1.0, done=True)
            if reached.window < len(windows):
                self._page(job, settings, reached, *windows[reached.window])
            else:
                self._paced(job, settings, reached)
            if reached.place == len(reached.places) and reached.window < len(windows):
                reached.window, reached.place = reached.window + 1, 0
            if self.clock() >= until_ms:
                progress = self._progress(reached) if reached.window == len(windows) else 0.0
                return Step(msgspec.to_builtins(reached), reached.processed, progress)

    def tidy(self, job: Job) -> None:
        """It leaves nothing but what it was to do."""

    def _is_superseded(self, job: Job) -> bool:
        """Whether another one has still to run: it will see to all that this one could."""
        return any(not other.status.has_ended for other in self.jobs.later(job))

    def _paced(self, job: Job, settings: TenantSettings, reached: Reached) -> None:
        began_ms = self.clock()
        found, changed = self._page(job, settings, reached)
        reached.processed += found
        left_ms = began_ms + PAGE_MS - self.clock()
        if changed and left_ms > 0:
            self.pause(left_ms / SECOND)

    def _page(
        self, job: Job, settings: TenantSettings, reached: Reached, low: str = "", high: str = HIGHEST
    ) -> tuple[int, int]:
        """How many events there were, and of how many the time was changed."""
        lies_in = reached.places[reached.place]
        found = self.stamps.page(lies_in, reached.last or low, self.page, high)
        wanted = {identifier: _expires_at(job, settings, identifier) for identifier, _ in found}
        changed = {identifier: wanted[identifier] for identifier, now in found if now != wanted[identifier]}
        if changed:
            self.stamps.stamp(lies_in, changed)
        if not reached.last and found:
            reached.first_ms = occurred_ms(found[0][0])
        if len(found) < self.page:
            reached.place, reached.last, reached.first_ms = reached.place + 1, "", 0
        else:
            reached.last = found[-1][0]
        return len(found), len(changed)

    def _settings(self, tenant: Tenant) -> TenantSettings:
        try:
            return self.control.settings(tenant)
        except UnknownTenant:
            raise JobFailed("The tenant is no more.") from None

    def _progress(self, reached: Reached) -> float:
        span_ms = self.clock() - reached.first_ms
        share = (occurred_ms(reached.last) - reached.first_ms) / span_ms if reached.last and span_ms > 0 else 0.0
        return (reached.place + min(1.0, share)) / len(reached.places)


def _expires_at(job: Job, settings: TenantSettings, identifier: str) -> int | None:
    """Never before the job: DynamoDB's TTL lets be what expired more than five years ago. The same for each try."""
    then = settings.expires_at(occurred_ms(identifier))
    return None if then is None else max(then, job.created_ms // SECOND)


def _urgent(edge_ms: int) -> tuple[str, str]:
    """The ids behind which, and up to which, what expires soon lies."""
    return neighbour(lowest_id(edge_ms), -1), lowest_id(edge_ms + URGENT_MS)


def _partitions(settings: TenantSettings) -> list[str]:
    shards = len(settings.shard_ranges())
    return [
        partition(settings.tenant, environment, shard)
        for shard in range(shards)
        for environment in settings.environments
    ]
