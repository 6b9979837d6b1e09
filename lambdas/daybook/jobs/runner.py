"""Runs a job: claims it, does step after step with a checkpoint after each, hands over before the invocation ends."""

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
"""A job fails after so many failed attempts in a row without a checkpoint between them."""

HAND_OVER_SECONDS = 60.0
"""A worker with less time left begins no further step: a step may take half of it."""

ROW_WITHIN_MS = 30 * SECOND
"""A job's row is put after its message is sent, by a request that lasts 28 s at most."""

_ROW_EVERY_SECONDS = 0.5
_SAVE_SECONDS = 15.0  # with less time left, even a throttled save is given up
_FIRST_WAIT_SECONDS = 1.0
_MAX_WAIT_SECONDS = 30.0

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Runner:
    """Runs jobs of one kind."""

    store: JobStore
    queue: JobQueue
    work: Work
    clock: Clock
    new_claim: Callable[[], str] = lambda: uuid.uuid4().hex
    """Makes an id for this worker's claim."""
    pause: Callable[[float], None] = time.sleep
    max_attempts: int = MAX_ATTEMPTS

    def run(self, key: JobKey, remaining_seconds: Callable[[], float]) -> Job:
        """Gives the job as it is afterwards: ended, or handed over to the next worker.

        Raises `UnknownJob`, `JobBusy`, and what a step raised. After these two the message has to come again.
        """
        claim = self.new_claim()
        job = self._claim(key, claim, remaining_seconds)
        if job.status.has_ended:
            if job.status is not Status.SUCCEEDED:
                self.work.tidy(job)
            return job
        if job.attempts > self.max_attempts:
            # Its workers were killed each time, before they could mark it as failed.
            return self._end(job, claim, Status.FAILED, self._gave_up)
        try:
            return self._run_steps(job, claim, remaining_seconds)
        except ClaimLost:
            return self._leave(job)
        except JobFailed as failed:
            return self._end(job, claim, Status.FAILED, str(failed))
        except JobSuperseded as superseded:
            return self._end(job, claim, Status.CANCELLED, str(superseded))
        except Exception:
            if self.store.job(key).attempts >= self.max_attempts:
                self._end(job, claim, Status.FAILED, self._gave_up)
            else:
                self.store.release(job, claim)
            raise

    def _claim(self, key: JobKey, claim: str, remaining_seconds: Callable[[], float]) -> Job:
        """Waits for the row of a job whose message came first. Raises `UnknownJob`, `JobBusy`."""
        while True:
            now_ms = self.clock()
            # A worker can't outlive its invocation, so its claim need not either.
            until_ms = now_ms + int(remaining_seconds() * SECOND)
            try:
                return self.store.claim(key, claim, now_ms, until_ms)
            except UnknownJob:
                if now_ms >= occurred_ms(key.id) + ROW_WITHIN_MS:
                    raise
            self.pause(_ROW_EVERY_SECONDS)

    def _run_steps(self, job: Job, claim: str, remaining_seconds: Callable[[], float]) -> Job:
        while True:
            try:
                step = self._step(job, remaining_seconds)
            except Throttled:
                # This does not count as an attempt.
                job = replace(job, attempts=max(0, job.attempts - 1))
                self._save(job, claim, remaining_seconds)
                return self._hand_over(job, claim)
            job = _after(job, step, self.clock())
            self._save(job, claim, remaining_seconds)
            if step.done:
                return job
            if step.hand_over or step.wait_seconds or remaining_seconds() < HAND_OVER_SECONDS:
                return self._hand_over(job, claim)

    def _hand_over(self, job: Job, claim: str) -> Job:
        self.store.release(job, claim)
        self.queue.send(job)
        return job

    def _step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        return self._retry(lambda: self.work.step(job, remaining_seconds), remaining_seconds, HAND_OVER_SECONDS)

    def _save(self, job: Job, claim: str, remaining_seconds: Callable[[], float]) -> None:
        self._retry(lambda: self.store.save(job, claim, self.clock()), remaining_seconds, _SAVE_SECONDS)

    def _retry(
        self, call: Callable[[], _Result], remaining_seconds: Callable[[], float], min_seconds: float
    ) -> _Result:
        """Retries a throttled call while at least `min_seconds` are left: a new message would take minutes."""
        wait = _FIRST_WAIT_SECONDS
        while True:
            try:
                return call()
            except Throttled:
                if remaining_seconds() < min_seconds + wait:
                    raise
            self.pause(wait)
            wait = min(2 * wait, _MAX_WAIT_SECONDS)

    def _end(self, job: Job, claim: str, status: Status, error: str) -> Job:
        # `job` is from before the steps: the store has the last checkpoint.
        now = self.store.job(job.key)
        ended = replace(now, status=status, sealed=None, error=error, finished_ms=self.clock())
        try:
            self.store.save(ended, claim, self.clock())
        except ClaimLost:
            return self._leave(job)
        self.work.tidy(ended)
        return ended

    @property
    def _gave_up(self) -> str:
        return f"The service failed at all {self.max_attempts} attempts."

    def _leave(self, job: Job) -> Job:
        """The claim is lost: only tidies up after a job that was cancelled or has failed."""
        now = self.store.job(job.key)
        if now.status.has_ended and now.status is not Status.SUCCEEDED:
            self.work.tidy(now)
        return now


def _after(job: Job, step: Step, now_ms: int) -> Job:
    ended: dict[str, Any] = {"status": Status.SUCCEEDED, "finished_ms": now_ms, "sealed": None} if step.done else {}
    progress = 1.0 if step.done else max(job.progress, min(step.progress, 1.0))
    return replace(job, checkpoint=step.checkpoint, processed=step.processed, progress=progress, attempts=0, **ended)
