"""The work of a re-stamp: every stored event gets the time of deletion that the tenant's current settings give it.

A job begins some time after its setting was changed, when everything that was under way under the previous setting is
stored. `restamp.plan` says which events it covers. Each page reads the settings anew, and a stamp is written only where
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
from daybook.ids import lowest_id, neighbour, occurred_ms
from daybook.jobs.job import Job, JobFailed, JobSuperseded, Status, Step
from daybook.jobs.restamp import Restamp
from daybook.tenant import TenantCode
from daybook.tenants.reader import SettingsReader
from daybook.tenants.settings import TenantSettings
from restamp.plan import Checkpoint, end_ms, first_checkpoint, is_urgent, partitions, wanted_stamp

STEP_MS = 15 * SECOND
"""Where a worker is killed, the next one repeats at most so much; most of it is then only read."""

PAGE = 500
PAGE_MS = 1 * SECOND
"""Unless it is urgent, a partition's next page begins so long after one with changes. That leaves half of the
partition's write capacity to others.
"""

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
    def jobs(self, tenant: TenantCode, kind: str) -> Sequence[Job]:
        """Newest first."""

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
        checkpoint = self._checkpoint(job)
        busy_until: dict[str, int] = {}
        while True:
            self._check_is_latest(job)
            read_ms = self.clock()
            settings = self._settings(job.tenant)
            if not self._find_slice(job, checkpoint, partitions(settings)):
                return Step(msgspec.to_builtins(checkpoint), checkpoint.processed, 1.0, done=True)
            self._page(job, settings, checkpoint, busy_until, read_ms)
            if self.clock() >= until_ms:
                return Step(msgspec.to_builtins(checkpoint), checkpoint.processed, checkpoint.progress(job))

    def tidy(self, job: Job) -> None:
        """There is nothing to delete."""

    def _checkpoint(self, job: Job) -> Checkpoint:
        if job.checkpoint is not None:
            return msgspec.convert(job.checkpoint, Checkpoint)
        return first_checkpoint(job, self.jobs.jobs(job.tenant, job.kind), self._settings(job.tenant))

    def _check_is_latest(self, job: Job) -> None:
        """A later job that still waits does not count: else settings changed every minute would hold up all jobs."""
        if any(later.status in (Status.RUNNING, Status.SUCCEEDED) for later in self.jobs.later(job)):
            raise JobSuperseded("The setting was changed again, and a later job applies that change.")

    def _find_slice(self, job: Job, checkpoint: Checkpoint, all_partitions: Sequence[str]) -> bool:
        """Whether a slice is left. After an empty slice, the next one begins at the next event of any partition."""
        if not checkpoint.span_ms and checkpoint.low_ms <= end_ms(job):
            last, up_to = neighbour(lowest_id(checkpoint.low_ms), -1), neighbour(lowest_id(end_ms(job) + 1), -1)
            firsts = [self.stamps.page(each, last, 1, up_to) for each in all_partitions]
            moments = [occurred_ms(found[0][0]) for found in firsts if found]
            if not moments:
                return False
            checkpoint.jump_to(min(moments))
        return checkpoint.low_ms <= end_ms(job)

    def _page(
        self, job: Job, settings: TenantSettings, checkpoint: Checkpoint, busy_until: dict[str, int], read_ms: int
    ) -> None:
        """Stamps a page of the current partition. It is read again where another job changed one of its stamps."""
        all_partitions = partitions(settings)
        checkpoint.partition = checkpoint.partition or all_partitions[0]
        began_ms = self.clock()
        wait_ms = busy_until.get(checkpoint.partition, 0) - began_ms
        if wait_ms > 0 and not is_urgent(job, checkpoint, settings):
            self.pause(wait_ms / SECOND)
            began_ms += wait_ms
        found = self.stamps.page(checkpoint.partition, checkpoint.done_until(), self.page, checkpoint.slice_end(job))
        restamps = {
            identifier: Restamp(seen, then)
            for identifier, seen in found
            if (then := wanted_stamp(job, settings, identifier, seen)) != seen
        }
        if restamps:
            busy_until[checkpoint.partition] = began_ms + PAGE_MS
            seconds_left = lambda: (read_ms + WRITTEN_WITHIN_MS - self.clock()) / SECOND  # noqa: E731
            if not self.stamps.stamp(checkpoint.partition, restamps, seconds_left):
                return
        checkpoint.page_done([identifier for identifier, _ in found], all_partitions, self.page)

    def _settings(self, tenant: TenantCode) -> TenantSettings:
        try:
            return self.control.settings_of(tenant)
        except UnknownTenant:
            raise JobFailed("The tenant no longer exists.") from None
