"""The work of a re-stamp: every stored event gets the time of deletion that the tenant's settings give it now.

It begins a while after the setting that it is for, when whatever was under way under the setting before is stored.
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
from daybook.clock import SECOND, Clock
from daybook.event_id import occurred_ms
from daybook.jobs import Job, JobFailed, Step
from daybook.retention import KIND
from daybook.stored import partition
from daybook.tenants import TenantSettings, UnknownTenant

STEP_MS = 15 * SECOND
"""Short of the time that passes between a setting and its job: no step outlasts it under the setting before."""

PAGE = 500


class Stamps(Protocol):
    def page(self, lies_in: str, last: str, limit: int) -> Sequence[tuple[str, int | None]]:
        """Ids behind `last` with when they expire, in whole seconds; fewer than `limit` at the end only."""

    def stamp(self, lies_in: str, expiries: Mapping[str, int | None]) -> None:
        """Of events that are there; of others nothing. Raises `Throttled`."""


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class Newest(Protocol):
    def jobs(self, tenant: Tenant, kind: str) -> Sequence[Job]:
        """Newest first."""


class Reached(Struct):
    places: list[str] = []
    """The tenant's partitions as the job began: what lies in later ones was stored under the setting."""
    place: int = 0
    last: str = ""
    first_ms: int = 0
    processed: int = 0


@dataclass(frozen=True)
class Restamping:
    control: Control
    jobs: Newest
    stamps: Stamps
    clock: Clock
    page: int = PAGE
    step_ms: int = STEP_MS

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  the form of work
        reached = msgspec.convert(job.checkpoint or {}, Reached)
        until_ms = self.clock() + self.step_ms
        while True:
            settings = self._settings(job.tenant)
            reached.places = reached.places or _partitions(settings)
            if self._is_superseded(job) or reached.place >= len(reached.places):
                return Step(msgspec.to_builtins(reached), reached.processed, 1.0, done=True)
            self._page(job, settings, reached.places[reached.place], reached)
            if self.clock() >= until_ms:
                return Step(msgspec.to_builtins(reached), reached.processed, self._progress(reached))

    def tidy(self, job: Job) -> None:
        """It leaves nothing but what it was to do."""

    def _is_superseded(self, job: Job) -> bool:
        """Whether another one has still to run: it will see to all that this one could."""
        return any(other.id > job.id and not other.status.has_ended for other in self.jobs.jobs(job.tenant, KIND))

    def _page(self, job: Job, settings: TenantSettings, lies_in: str, reached: Reached) -> None:
        found = self.stamps.page(lies_in, reached.last, self.page)
        wanted = {identifier: _expires_at(job, settings, identifier) for identifier, _ in found}
        changed = {identifier: wanted[identifier] for identifier, now in found if now != wanted[identifier]}
        if changed:
            self.stamps.stamp(lies_in, changed)
        reached.processed += len(found)
        if not reached.last and found:
            reached.first_ms = occurred_ms(found[0][0])
        if len(found) < self.page:
            reached.place, reached.last, reached.first_ms = reached.place + 1, "", 0
        else:
            reached.last = found[-1][0]

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


def _partitions(settings: TenantSettings) -> list[str]:
    shards = len(settings.shard_ranges())
    return [
        partition(settings.tenant, environment, shard)
        for shard in range(shards)
        for environment in settings.environments
    ]
