"""Runs a job: claims it, does step after step with a checkpoint after each, hands over at the end of its turn."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from daybook import observability
from daybook.clock import DAY, SECOND, Clock
from daybook.errors import Throttled
from daybook.jobs.claiming import MAX_WAIT_SECONDS, claimed_job, seconds_until
from daybook.jobs.job import ClaimLost, Job, JobFailed, JobSuperseded, Status, Step
from daybook.jobs.message import Postponed, Received
from daybook.jobs.store import JobQueue, JobStore, Work

MAX_ATTEMPTS = 5
"""A job fails after so many failed attempts in a row without a checkpoint between them."""

HAND_OVER_SECONDS = 60.0
"""A worker with less time left begins no further step: a step may take half of it."""

TURN_SECONDS = 30.0
"""A job of a standard queue goes to the end of the queue after so long. So the jobs of all tenants take turns.

Not on a FIFO queue: there, it would go behind the other jobs of its lane.
"""

TIDY_LANE = -1
"""A job that is cancelled while a worker has it is tidied up twice: at once, and after that worker's claim. The message
for the second time has a lane of its own, so no job waits behind it.
"""

THROTTLED_MS = DAY
"""A job fails after it was throttled at every step for so long."""

UNENDING_MS = 2 * DAY
"""After so long, operators are told that a job is still handed over. An export of a billion events takes a day."""

_STEP_PAUSES = (1.0, 2.0, 4.0)
_SAVE_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # longer: what is not saved has to be done again
_SAVE_SECONDS = 15.0  # with less time left, even a throttled save is given up
_FIRST_WAIT_SECONDS = 15

_Result = TypeVar("_Result")


def throttled_seconds(throttled_ms: int, now_ms: int) -> int:
    """The wait of a job that is throttled since `throttled_ms`: 15 s, doubled each time, at most 15 minutes."""
    return min(max((now_ms - throttled_ms) // SECOND, _FIRST_WAIT_SECONDS), MAX_WAIT_SECONDS)


def _count(metric: str) -> None:
    observability.count(metric, 1)


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
    count: Callable[[str], None] = _count

    def run(self, received: Received, remaining_seconds: Callable[[], float]) -> Job:
        """Gives the job as it is afterwards: ended, or handed over to the next worker.

        Raises `Postponed`, `UnknownJob`, `StaleMessage`, and what a step raised: then the message has to come again.
        """
        claim = self.new_claim()
        job = self._claim(received, claim, remaining_seconds)
        if job.status.has_ended:
            return self._ended(job, received.message.turn)
        if job.attempts > self.max_attempts:
            # Its workers were killed each time, before they could mark it as failed.
            return self._give_up(job, claim, self._failed_each_time)
        try:
            return self._run_steps(job, claim, remaining_seconds)
        except ClaimLost:
            return self._leave(job)
        except JobFailed as failed:
            return self._end(job, claim, Status.FAILED, str(failed), observability.JOBS_FAILED)
        except JobSuperseded as superseded:
            return self._end(job, claim, Status.CANCELLED, str(superseded))
        except Postponed:
            raise
        except Exception:
            now = self._leave(job)
            if now.attempts >= self.max_attempts:
                self._give_up(job, claim, self._failed_each_time)
            else:
                self.store.release(job, claim)
            raise

    def _claim(self, received: Received, claim: str, remaining_seconds: Callable[[], float]) -> Job:
        try:
            return claimed_job(self.store, received, claim, remaining_seconds, clock=self.clock, pause=self.pause)
        except Postponed:
            self.count(observability.JOBS_POSTPONED)
            raise

    def _ended(self, job: Job, turn: int) -> Job:
        """Tidies up after a job that was cancelled or has failed.

        A worker may still be at a cancelled one, and may be killed after it has written more.
        """
        if job.status is Status.SUCCEEDED:
            return job
        seconds = seconds_until(job.claimed_until_ms, self.clock()) if job.status is Status.CANCELLED else 0
        if seconds and turn > job.turn:
            self.count(observability.JOBS_POSTPONED)
            raise Postponed(seconds)
        self.work.tidy(job)
        if seconds:
            self.queue.send(replace(job, lane=TIDY_LANE), min(seconds, MAX_WAIT_SECONDS) if self.queue.can_delay else 0)
        return job

    def _run_steps(self, job: Job, claim: str, remaining_seconds: Callable[[], float]) -> Job:
        first, began = job, remaining_seconds()
        while True:
            try:
                step = self._step(job, remaining_seconds)
            except Throttled:
                return self._throttled(job, claim, remaining_seconds, went_on=job is not first)
            job = _after(job, step, self.clock())
            self._save(job, claim, remaining_seconds)
            if step.done:
                return job
            if step.wait_seconds:
                return self._wait(job, claim, step.wait_seconds)
            left = remaining_seconds()
            is_turn_over = self.queue.can_delay and began - left >= TURN_SECONDS
            if step.hand_over or is_turn_over or left < HAND_OVER_SECONDS:
                return self._hand_over(job, claim)

    def _throttled(self, job: Job, claim: str, remaining_seconds: Callable[[], float], *, went_on: bool) -> Job:
        """Has the job wait without a worker, unless it has waited for too long. It does not count as an attempt."""
        now_ms = self.clock()
        since_ms = now_ms if job.throttled_ms is None else job.throttled_ms
        if now_ms - since_ms >= THROTTLED_MS:
            return self._give_up(job, claim, "The service was too busy for a day. Ask for it again.")
        job = replace(job, attempts=max(0, job.attempts - 1), throttled_ms=since_ms)
        self._save(job, claim, remaining_seconds)
        if went_on and not self.queue.can_delay:
            # A message can be postponed only so often, a new one as often again.
            return self._hand_over(job, claim)
        return self._wait(job, claim, throttled_seconds(since_ms, now_ms))

    def _wait(self, job: Job, claim: str, seconds: int) -> Job:
        """On a FIFO queue, whose messages can't be delayed, the received message comes again instead of a new one."""
        self.count(observability.JOBS_WAITING)
        if self.queue.can_delay:
            return self._hand_over(job, claim, seconds)
        self.store.release(job, claim)
        raise Postponed(seconds)

    def _hand_over(self, job: Job, claim: str, seconds: int = 0) -> Job:
        if self.clock() - job.created_ms >= UNENDING_MS:
            self.count(observability.JOBS_UNENDING)
        self.store.release(job, claim)
        self.queue.send(job, seconds)
        return job

    def _step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        return self._retry(
            lambda: self.work.step(job, remaining_seconds), _STEP_PAUSES, remaining_seconds, HAND_OVER_SECONDS
        )

    def _save(self, job: Job, claim: str, remaining_seconds: Callable[[], float]) -> None:
        self._retry(lambda: self.store.save(job, claim, self.clock()), _SAVE_PAUSES, remaining_seconds, _SAVE_SECONDS)

    def _retry(
        self,
        call: Callable[[], _Result],
        pauses: Sequence[float],
        remaining_seconds: Callable[[], float],
        min_seconds: float,
    ) -> _Result:
        """Retries a throttled call after each of the pauses, while at least `min_seconds` are left."""
        for pause in pauses:
            try:
                return call()
            except Throttled:
                if remaining_seconds() < min_seconds + pause:
                    raise
            self.pause(pause)
        return call()

    def _give_up(self, job: Job, claim: str, error: str) -> Job:
        return self._end(job, claim, Status.FAILED, error, observability.JOBS_GIVEN_UP)

    def _end(self, job: Job, claim: str, status: Status, error: str, metric: str | None = None) -> Job:
        # `job` is from before the steps: the store has the last checkpoint.
        now = self.store.job(job.key)
        ended = replace(now, status=status, sealed=None, error=error, finished_ms=self.clock())
        try:
            self.store.save(ended, claim, self.clock())
        except ClaimLost:
            return self._leave(job)
        if metric is not None:
            self.count(metric)
        self.work.tidy(ended)
        return ended

    @property
    def _failed_each_time(self) -> str:
        return f"The service failed at all {self.max_attempts} attempts."

    def _leave(self, job: Job) -> Job:
        """The job as it is now. Tidies up after it where it was cancelled or has failed."""
        now = self.store.job(job.key)
        if now.status.has_ended and now.status is not Status.SUCCEEDED:
            self.work.tidy(now)
        return now


def _after(job: Job, step: Step, now_ms: int) -> Job:
    ended: dict[str, Any] = {"status": Status.SUCCEEDED, "finished_ms": now_ms, "sealed": None} if step.done else {}
    return replace(
        job,
        checkpoint=step.checkpoint,
        processed=step.processed,
        progress=1.0 if step.done else max(job.progress, min(step.progress, 1.0)),
        attempts=0,
        throttled_ms=None,
        **ended,
    )
