"""The work of a re-stamp: every stored event gets the time of deletion that the tenant's current settings give it.

A job begins some time after its setting was changed, when everything that was under way under the previous setting is
stored. `restamp.plan` says in which order it goes. Each page reads the settings anew, and a stamp is written only where
the event still has the stamp that was read. So the last of two settings wins, whatever is running:

- A page of an earlier job that comes late finds other stamps than it has read, and leaves them.
- Where that page was first, the later job finds other stamps, and reads the page again.
- Where the later job found a stamp right, it left no trace. So no page is written for longer than a job waits after its
  setting.

An event that has expired meanwhile stays deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from daybook.clock import SECOND, Clock
from daybook.errors import UnknownTenant
from daybook.jobs.job import Job, JobFailed, JobSuperseded, Status, Step
from daybook.jobs.restamp import Restamp
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from restamp.plan import Checkpoint, first_checkpoint, last_id, wanted_stamp

STEP_MS = 15 * SECOND
"""Where a worker is killed, the next one repeats at most so much; most of it is then only read."""

PAGE = 500
PAGE_MS = 1 * SECOND
"""A partition's next page begins so long after one with changes. That leaves half of its write capacity to others."""

WRITTEN_WITHIN_MS = 30 * SECOND
"""A page begins its last write within this time after it has read the settings, and the client gives up 12.5 s later.
So all its writes are over when the job of a setting begins that was changed in between.
"""


class Stamps(Protocol):
    def page(self, lies_in: str, last: str, limit: int, up_to: str) -> Sequence[tuple[str, int | None]]:
        """Ids after `last` up to `up_to`, with their stamps in whole seconds. Fewer than `limit` only at the end."""

    def stamp(self, lies_in: str, restamps: Mapping[str, Restamp], seconds_left: Callable[[], float]) -> bool:
        """Stamps the events that have the stamp that was seen. Whether all had it.

        Raises `Throttled`, also where no time is left.
        """


class Jobs(Protocol):
    def later(self, job: Job) -> Sequence[Job]:
        """The tenant's re-stamps that were requested after it."""


@dataclass(frozen=True)
class RestampWork:
    """The `Work` of jobs of kind `restamp`."""

    control: SettingsReader
    jobs: Jobs
    stamps: Stamps
    clock: Clock
    pause: Callable[[float], None]
    page: int = PAGE
    step_ms: int = STEP_MS

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  of the protocol
        until_ms = self.clock() + self.step_ms
        checkpoint: Checkpoint | None = None
        if job.checkpoint is not None:
            checkpoint = msgspec.convert(job.checkpoint, Checkpoint)
        busy_until: dict[str, int] = {}
        while True:
            self._check_is_latest(job)
            read_ms = self.clock()
            settings = self._settings(job.tenant)
            checkpoint = checkpoint or first_checkpoint(settings)
            self._page(job, settings, checkpoint, busy_until, read_ms)
            if not checkpoint.left:
                return Step(msgspec.to_builtins(checkpoint), checkpoint.processed, 1.0, done=True)
            if self.clock() >= until_ms:
                return Step(msgspec.to_builtins(checkpoint), checkpoint.processed, checkpoint.progress(job))

    def tidy(self, job: Job) -> None:
        """There is nothing to delete."""

    def _check_is_latest(self, job: Job) -> None:
        """A later job that still waits does not count: else settings changed every minute would hold up all jobs."""
        if any(later.status in (Status.RUNNING, Status.SUCCEEDED) for later in self.jobs.later(job)):
            raise JobSuperseded("The setting was changed again, and a later job applies that change.")

    def _page(
        self, job: Job, settings: TenantSettings, checkpoint: Checkpoint, busy_until: dict[str, int], read_ms: int
    ) -> None:
        """Stamps a page. It is read again where another job changed one of its stamps."""
        lies_in, last = checkpoint.next()
        began_ms = self.clock()
        wait_ms = busy_until.get(lies_in, 0) - began_ms
        if wait_ms > 0:
            self.pause(wait_ms / SECOND)
            began_ms += wait_ms
        found = self.stamps.page(lies_in, last, self.page, last_id(job))
        restamps = {
            identifier: Restamp(seen, then)
            for identifier, seen in found
            if (then := wanted_stamp(job, settings, identifier, seen)) != seen
        }
        if restamps:
            busy_until[lies_in] = began_ms + PAGE_MS
            seconds_left = lambda: (read_ms + WRITTEN_WITHIN_MS - self.clock()) / SECOND  # noqa: E731
            if not self.stamps.stamp(lies_in, restamps, seconds_left):
                return
        checkpoint.page_done(lies_in, [identifier for identifier, _ in found], self.page)

    def _settings(self, tenant: TenantCode) -> TenantSettings:
        try:
            return self.control.settings_of(tenant)
        except UnknownTenant:
            raise JobFailed("The tenant no longer exists.") from None
