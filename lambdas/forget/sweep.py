"""The sweep deletes rows that were written about a forgotten person while the person was being forgotten."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import convert

from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Throttled
from daybook.jobs.job import Job, Step
from daybook.jobs.sweep import REQUEST_SECONDS, Ask, open_binders
from daybook.people.forgetter import ConcurrentChange, Forgetter


@dataclass(frozen=True)
class SweepWork:
    """`pause` waits for a number of seconds."""

    forgetter: Forgetter
    keys: DeploymentKeys
    pause: Callable[[float], None]

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  part of the Work protocol
        mark = convert(job.ask, Ask).mark
        if job.checkpoint is None:
            # Stored before anything is erased, because a second try needs it too.
            return Step({"never_begun": self.forgetter.forgetting_event(job.tenant, mark.guid) is None}, 0, 0.0)
        try:
            found = self.forgetter.forget(job.tenant, mark, known=open_binders(self.keys, job))
            if job.checkpoint["never_begun"]:
                # The request recorded the forgetting and stopped before it deleted anything.
                self.pause(REQUEST_SECONDS)
                self.forgetter.forget(job.tenant, mark, known=found)
        except ConcurrentChange:
            raise Throttled from None
        return Step(job.checkpoint, 1, 1.0, done=True)

    def tidy(self, job: Job) -> None:
        """A sweep leaves nothing to clean up."""
