"""The sweep deletes rows that were written about a forgotten person while the person was being forgotten."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import convert

from daybook.crypto.keys import DeploymentKeys
from daybook.errors import Throttled
from daybook.jobs.job import Job, Step
from daybook.jobs.sweep import REQUEST_SECONDS, Ask, open_binders
from daybook.people.forgetter import ConcurrentChange, Forgetter, ForgettingStore, no_sweep
from daybook.tenants.reader import SettingsReader


@dataclass(frozen=True)
class SweepWork:
    """`pause` waits for a number of seconds."""

    settings: SettingsReader
    people: ForgettingStore
    keys: DeploymentKeys
    pause: Callable[[float], None]

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  part of the Work protocol
        ask = convert(job.ask, Ask)
        environment, mark = ask.environment, ask.mark
        settings = self.settings.settings_of(job.tenant)
        forgetter = Forgetter(self.people, self.keys.of(settings.code, settings.secret), no_sweep)
        if job.checkpoint is None:
            # Stored before anything is erased, because a second try needs it too.
            return Step({"never_begun": forgetter.forgetting_event(environment, mark.guid) is None}, 0, 0.0)
        try:
            found = forgetter.forget(environment, mark, known=open_binders(self.keys, job))
            if job.checkpoint["never_begun"]:
                # The request recorded the forgetting and stopped before it deleted anything.
                self.pause(REQUEST_SECONDS)
                forgetter.forget(environment, mark, known=found)
        except ConcurrentChange:
            raise Throttled from None
        return Step(job.checkpoint, 1, 1.0, done=True)

    def tidy(self, job: Job) -> None:
        """A sweep leaves nothing to clean up."""
