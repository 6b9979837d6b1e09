"""The work of a re-stamp: every stored event gets the time of deletion that the tenant's settings give it now.

It begins a while after the setting that it is for, when whatever was under way under the setting before is stored, and
goes over what `restamp.reach` says. Each page reads the settings anew, and each stamp is written only where the event
still bears the one that was read. So of two settings the last one wins, whatever was running: an earlier job's page
that comes late finds other stamps than it has read, and leaves them; where it was first, the later job reads again. A
stamp that was right already is no trace that a later job has gone by, so no page writes on for longer than a job waits
after its setting. An event that has expired meanwhile stays gone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from daybook.clock import SECOND, Clock
from daybook.errors import UnknownTenant
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job, JobFailed, JobSuperseded, Status, Step
from daybook.jobs.restamp import Restamp
from daybook.tenant import Tenant
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from restamp.plan import Reached, beginning, end_ms, is_urgent, partitions, wanted

STEP_MS = 15 * SECOND
"""As much is done again by the next worker where this one is killed; most of it is only read then."""

PAGE = 500
PAGE_MS = 1 * SECOND
"""What a page with changes takes its partition at least, where it is not urgent: half of what can be written there."""

WRITTEN_WITHIN_MS = 30 * SECOND
"""Of the settings being read a page begins its last write; the client gives up 12.5 s later. It is in the past, then,
when the job of a setting that came in between begins."""


class Stamps(Protocol):
    def page(self, lies_in: str, last: str, limit: int, up_to: str) -> Sequence[tuple[str, int | None]]:
        """Ids behind `last` with when they expire, in whole seconds; fewer than `limit` at the end only."""

    def stamp(self, lies_in: str, restamps: Mapping[str, Restamp], seconds_left: Callable[[], float]) -> bool:
        """Those that bear what was seen; whether all did. Raises `Throttled`, also where time is up."""


class Jobs(Protocol):
    def jobs(self, tenant: Tenant, kind: str) -> Sequence[Job]:
        """Newest first."""

    def later(self, job: Job) -> Sequence[Job]:
        """Of its kind and tenant, asked for after it."""


@dataclass(frozen=True)
class Restamping:
    control: SettingsReader
    jobs: Jobs
    stamps: Stamps
    clock: Clock
    pause: Callable[[float], None]
    page: int = PAGE
    step_ms: int = STEP_MS

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  the form of work
        until_ms = self.clock() + self.step_ms
        reached = self._reached(job)
        busy_until: dict[str, int] = {}
        while True:
            self._check_is_latest(job)
            read_ms = self.clock()
            settings = self._settings(job.tenant)
            if not self._finds_slice(job, reached, partitions(settings)):
                return Step(msgspec.to_builtins(reached), reached.processed, 1.0, done=True)
            self._page(job, settings, reached, busy_until, read_ms)
            if self.clock() >= until_ms:
                return Step(msgspec.to_builtins(reached), reached.processed, reached.progress(job))

    def tidy(self, job: Job) -> None:
        """It leaves nothing but what it was to do."""

    def _reached(self, job: Job) -> Reached:
        if job.checkpoint is not None:
            return msgspec.convert(job.checkpoint, Reached)
        return beginning(job, self.jobs.jobs(job.tenant, job.kind), self._settings(job.tenant))

    def _check_is_latest(self, job: Job) -> None:
        """One that merely waits supersedes nothing: whoever sets something each minute would hold all up for ever."""
        if any(later.status in (Status.RUNNING, Status.SUCCEEDED) for later in self.jobs.later(job)):
            raise JobSuperseded("A later setting has a job of its own.")

    def _finds_slice(self, job: Job, reached: Reached, places: Sequence[str]) -> bool:
        """Whether there is one: behind an empty slice, where the next event of any partition lies."""
        if not reached.span_ms and reached.low_ms <= end_ms(job):
            behind, up_to = neighbour(lowest_id(reached.low_ms), -1), neighbour(lowest_id(end_ms(job) + 1), -1)
            firsts = [self.stamps.page(place, behind, 1, up_to) for place in places]
            moments = [occurred_ms(found[0][0]) for found in firsts if found]
            if not moments:
                return False
            reached.found_at(min(moments))
        return reached.low_ms <= end_ms(job)

    def _page(
        self, job: Job, settings: TenantSettings, reached: Reached, busy_until: dict[str, int], read_ms: int
    ) -> None:
        """The next page of the partition in hand, or the same one again where others have changed anything of it."""
        places = partitions(settings)
        reached.place = reached.place or places[0]
        began_ms = self.clock()
        wait_ms = busy_until.get(reached.place, 0) - began_ms
        if wait_ms > 0 and not is_urgent(job, reached, settings):
            self.pause(wait_ms / SECOND)
            began_ms += wait_ms
        found = self.stamps.page(reached.place, reached.behind(), self.page, reached.up_to(job))
        restamps = {
            identifier: Restamp(seen, then)
            for identifier, seen in found
            if (then := wanted(job, settings, identifier, seen)) != seen
        }
        if restamps:
            busy_until[reached.place] = began_ms + PAGE_MS
            left = lambda: (read_ms + WRITTEN_WITHIN_MS - self.clock()) / SECOND  # noqa: E731
            if not self.stamps.stamp(reached.place, restamps, left):
                return
        reached.page_done([identifier for identifier, _ in found], places, self.page)

    def _settings(self, tenant: Tenant) -> TenantSettings:
        try:
            return self.control.settings(tenant)
        except UnknownTenant:
            raise JobFailed("The tenant is no more.") from None
