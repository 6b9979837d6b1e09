"""What jobs need of the world: work to do, a store for their rows, a queue for their messages."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from daybook.errors import Contended, Throttled
from daybook.jobs.job import Job, JobKey, Status, Step, TooManyJobs
from daybook.jobs.message import Received
from daybook.tenant import TenantCode


class Work(Protocol):
    """What a kind of job has to provide."""

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        """Goes on from `job.checkpoint`, for about 30 seconds at most.

        Another worker may repeat all or part of it from the same checkpoint; the outcome must be the same. Raises
        `JobFailed`, `JobSuperseded`, and `Throttled` where another try will succeed.
        """

    def tidy(self, job: Job) -> None:
        """Deletes what a cancelled or failed job has left behind. May be called again."""


class JobStore(Protocol):
    """Every read is strongly consistent. Every call raises `Throttled` where another try will succeed."""

    def put(self, job: Job, max_active: int | None = None) -> None:
        """Adds a job. Raises `TooManyJobs` where the tenant already has `max_active` of its kind queued or running.

        Only jobs that were put with a `max_active` count.
        """

    def refuse(self, job: Job) -> None:
        """Notes that there will be no such job, though its message was sent. A claim of it is `StaleMessage`."""

    def active(self, tenant: TenantCode, kind: str) -> Sequence[Job]:
        """Queued and running jobs that were put with a `max_active`, oldest first."""

    def job(self, key: JobKey) -> Job:
        """Raises `UnknownJob`."""

    def find(self, tenant: TenantCode, job_id: str) -> Job:
        """A job of any kind. Raises `UnknownJob`."""

    def jobs(self, tenant: TenantCode, kind: str, most: int | None = None) -> Sequence[Job]:
        """The newest `most` jobs of a kind, or all, newest first."""

    def later(self, job: Job) -> Sequence[Job]:
        """The tenant's jobs of the same kind that were requested after it, newest first."""

    def claim(self, received: Received, claim: str, now_ms: int, until_ms: int) -> Job:
        """Claims the message's job until `until_ms`, and counts the attempt.

        A job that has ended is returned without a claim. Raises `UnknownJob`, `StaleMessage`, `JobBusy`.
        """

    def save(self, job: Job, claim: str, now_ms: int) -> None:
        """Saves what a step has reached. May be called again with the same job. Raises `ClaimLost`."""

    def release(self, job: Job, claim: str) -> None:
        """Ends the claim, so that another worker need not wait. Does nothing where the claim is lost."""

    def cancel(self, key: JobKey, now_ms: int) -> Job:
        """Cancels the job unless it has ended, and returns it as it is then. Raises `UnknownJob`."""

    def withdraw(self, key: JobKey, now_ms: int) -> None:
        """Notes that the job's result was deleted. Does nothing where the job has not succeeded."""

    def reserve(self, job: Job, what: str, now_ms: int, until_ms: int) -> bool:
        """Whether the job may use `what` until `until_ms`. Meanwhile no other job of the tenant may."""

    def free(self, job: Job, what: str) -> None:
        """Ends the reservation. Does nothing where it is another job's."""


class JobQueue(Protocol):
    @property
    def can_delay(self) -> bool:
        """Whether a message can be sent with a delay. SQS can't delay a single message of a FIFO queue."""

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        """Sends the job's next message. Raises where it may not have been sent."""

    def postpone(self, receipt: str, seconds: int) -> None:
        """Has a received message delivered again after so many seconds.

        Does nothing where the message was received again since, or was deleted.
        """


def submit(
    job: Job, store: JobStore, queue: JobQueue, *, max_active: int | None = None, delay_seconds: int = 0
) -> None:
    """Sends a job's message, then puts its row. Raises `TooManyJobs` and what the queue raises; then there is no job.

    A row without a message would never be worked on, and would count as active for ever. A message without a row does
    no harm: the worker waits a while for the row, then drops the message. It need not wait for a job that was refused,
    behind which the others of its lane would stand.
    """
    queue.send(job, delay_seconds)
    try:
        store.put(job, max_active)
    except (TooManyJobs, Contended):
        with suppress(Throttled):
            store.refuse(job)
        raise


def cancel(key: JobKey, store: JobStore, queue: JobQueue, now_ms: int) -> Job:
    """Cancels the job unless it has ended, and returns it as it is then. Raises `UnknownJob`.

    Its message comes at once, even while a worker has it or had it when it was killed: until it is deleted, no other
    job of its lane can run. The next worker tidies up and drops it. A worker that still has it stops at its next save.
    """
    job = store.cancel(key, now_ms)
    if job.status is Status.CANCELLED and job.receipt is not None:
        with suppress(Throttled):  # then the visibility timeout decides when it comes
            queue.postpone(job.receipt, 0)
    return job
