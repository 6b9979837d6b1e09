"""A worker at a job: claims it, does step after step, saves behind each, and hands over near its end."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from daybook.clock import SECOND, Clock
from daybook.errors import Throttled
from daybook.ids import occurred_ms
from daybook.jobs.job import (
    ClaimLost,
    Job,
    JobFailed,
    JobKey,
    JobQueue,
    JobStore,
    JobSuperseded,
    Status,
    Step,
    UnknownJob,
    Work,
)

MAX_ATTEMPTS = 5
"""Failures in a row, without a checkpoint between them, after which a job has failed."""

HAND_OVER_SECONDS = 60.0
"""A worker with less than this left begins no further step: a step may take half of it."""

ROW_WITHIN_MS = 30 * SECOND
"""A job's row follows its message; whoever asks for it lives no longer than 28 s."""

_ROW_EVERY_SECONDS = 0.5
_SAVED_SECONDS = 15.0  # what is left of an invocation when even a throttled save is given up
_FIRST_WAIT_SECONDS = 1.0
_MAX_WAIT_SECONDS = 30.0

_Done = TypeVar("_Done")


@dataclass(frozen=True)
class Runner:
    """Does the work of one kind, a message at a time."""

    store: JobStore
    queue: JobQueue
    work: Work
    clock: Clock
    new_claim: Callable[[], str] = lambda: uuid.uuid4().hex
    """Makes up what tells this worker's claim from all others'."""
    pause: Callable[[float], None] = time.sleep
    max_attempts: int = MAX_ATTEMPTS

    def run(self, key: JobKey, remaining_seconds: Callable[[], float]) -> Job:
        """Gives the job as it then is: ended, or handed over to the next worker.

        Raises `UnknownJob`; `JobBusy`, or whatever a step raised: the message is then to come again.
        """
        claim = self.new_claim()
        job = self._claimed(key, claim, remaining_seconds)
        if job.status.has_ended:
            if job.status is not Status.SUCCEEDED:
                self.work.tidy(job)
            return job
        if job.attempts > self.max_attempts:
            # Killed each time, its workers could not say so themselves.
            return self._end(job, claim, Status.FAILED, self._tried)
        try:
            return self._steps(job, claim, remaining_seconds)
        except ClaimLost:
            return self._lost(job)
        except JobFailed as failed:
            return self._end(job, claim, Status.FAILED, str(failed))
        except JobSuperseded as superseded:
            return self._end(job, claim, Status.CANCELLED, str(superseded))
        except Exception:
            if self.store.job(key).attempts >= self.max_attempts:
                self._end(job, claim, Status.FAILED, self._tried)
            else:
                self.store.release(job, claim)
            raise

    def _claimed(self, key: JobKey, claim: str, remaining_seconds: Callable[[], float]) -> Job:
        while True:
            now_ms = self.clock()
            # A worker can't outlive its invocation, so neither need its claim.
            until_ms = now_ms + int(remaining_seconds() * SECOND)
            try:
                return self.store.claim(key, claim, now_ms, until_ms)
            except UnknownJob:
                if now_ms >= occurred_ms(key.id) + ROW_WITHIN_MS:
                    raise
            self.pause(_ROW_EVERY_SECONDS)

    def _steps(self, job: Job, claim: str, remaining_seconds: Callable[[], float]) -> Job:
        while True:
            try:
                step = self._step(job, remaining_seconds)
            except Throttled:
                # No failure of the job's: the next worker tries as if this one had not.
                job = replace(job, attempts=max(0, job.attempts - 1))
                self._save(job, claim, remaining_seconds)
                return self._handed_over(job, claim)
            job = _after(job, step, self.clock())
            self._save(job, claim, remaining_seconds)
            if step.done:
                return job
            if step.hand_over or remaining_seconds() < HAND_OVER_SECONDS:
                return self._handed_over(job, claim)

    def _handed_over(self, job: Job, claim: str) -> Job:
        self.store.release(job, claim)
        self.queue.send(job)
        return job

    def _step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        return self._patiently(lambda: self.work.step(job, remaining_seconds), remaining_seconds, HAND_OVER_SECONDS)

    def _save(self, job: Job, claim: str, remaining_seconds: Callable[[], float]) -> None:
        self._patiently(lambda: self.store.save(job, claim, self.clock()), remaining_seconds, _SAVED_SECONDS)

    def _patiently(self, do: Callable[[], _Done], remaining_seconds: Callable[[], float], least: float) -> _Done:
        """A throttled store is waited for until so much is left: the message would come back only after minutes."""
        wait = _FIRST_WAIT_SECONDS
        while True:
            try:
                return do()
            except Throttled:
                if remaining_seconds() < least + wait:
                    raise
            self.pause(wait)
            wait = min(2 * wait, _MAX_WAIT_SECONDS)

    def _end(self, job: Job, claim: str, status: Status, error: str) -> Job:
        # What was saved since stands in the store alone.
        now = self.store.job(job.key)
        ended = replace(now, status=status, sealed=None, error=error, finished_ms=self.clock())
        try:
            self.store.save(ended, claim, self.clock())
        except ClaimLost:
            return self._lost(job)
        self.work.tidy(ended)
        return ended

    @property
    def _tried(self) -> str:
        return f"It was tried {self.max_attempts} times, and the service failed each time."

    def _lost(self, job: Job) -> Job:
        now = self.store.job(job.key)
        if now.status.has_ended and now.status is not Status.SUCCEEDED:
            self.work.tidy(now)
        return now


def _after(job: Job, step: Step, now_ms: int) -> Job:
    ended: dict[str, Any] = {"status": Status.SUCCEEDED, "finished_ms": now_ms, "sealed": None} if step.done else {}
    progress = 1.0 if step.done else max(job.progress, min(step.progress, 1.0))
    return replace(job, checkpoint=step.checkpoint, processed=step.processed, progress=progress, attempts=0, **ended)
