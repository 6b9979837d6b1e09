"""The work of a sweep: what has been written of a person who is forgotten is deleted, as the forgetting would have."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import convert

from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Throttled
from daybook.jobs.job import Job, Step
from daybook.jobs.sweep import REQUEST_SECONDS, Ask, open_binders
from daybook.people.forgetter import ConcurrentChange, Forgetter


@dataclass(frozen=True)
class Sweeping:
    """`pause` waits for so many seconds."""

    forgetter: Forgetter
    keys: DeploymentKeys
    pause: Callable[[float], None]

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  the form of work
        mark = convert(job.ask, Ask).mark
        if job.checkpoint is None:
            # Kept before anything is erased: a second try must know it, too.
            return Step({"never_begun": self.forgetter.forgetting_event(job.tenant, mark.guid) is None}, 0, 0.0)
        try:
            found = self.forgetter.forget(job.tenant, mark, known=open_binders(self.keys, job))
            if job.checkpoint["never_begun"]:
                # Whoever asked for it recorded the forgetting, and was killed before it deleted anything.
                self.pause(REQUEST_SECONDS)
                self.forgetter.forget(job.tenant, mark, known=found)
        except ConcurrentChange:
            raise Throttled from None
        return Step(job.checkpoint, 1, 1.0, done=True)

    def tidy(self, job: Job) -> None:
        """It leaves nothing but what it was to do."""
