"""Jobs: work that takes longer than a request, done in steps by one worker after another.

A job is a row and a message in a queue. The worker that receives the message claims the job until the end of its
invocation. It does step after step and saves a checkpoint after each; near its end it sends the message again. Where a
worker is killed, the queue delivers its message again when its claim has ended, too, and the next worker goes on from
the last checkpoint. So a kind of job has to provide one thing: steps that may be repeated from a checkpoint on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Protocol

from msgspec import Meta, Struct

from daybook.clock import DAY
from daybook.ids import FORM, IDENTITY_BYTES, event_id
from daybook.tenant import TenantCode

EXPORT, REPLAY, RESTAMP, SWEEP = KINDS = ("export", "replay", "restamp", "sweep")

PARTITION = "#jobs"
"""The partition keys of jobs end in this, and no other partition keys of their table do."""

KEPT_MS = 30 * DAY
"""A job's row expires so long after its last checkpoint."""


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


Progress = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 1})]


class JobKey(NamedTuple):
    """Identifies a job."""

    tenant: TenantCode
    kind: str
    id: str


@dataclass(frozen=True)
class Job:
    tenant: TenantCode
    id: str
    """Ids sort by the moment of the request."""
    kind: str
    ask: Mapping[str, Any]
    """What is to be done: JSON in a form that each kind defines. It must not hold names of people."""
    created_ms: int
    sealed: str | None = None
    """The encrypted part of `ask`, which may name people. It is deleted when the job ends."""
    status: Status = Status.QUEUED
    checkpoint: Mapping[str, Any] | None = None
    """How far it is: JSON in a form that each kind defines. None where no step was saved."""
    processed: int = 0
    progress: float = 0.0
    """0 to 1."""
    error: str | None = None
    """Why it failed or was cancelled, in words for the user who requested it: no internals."""
    attempts: int = 0
    """How many workers claimed it since the last checkpoint."""
    finished_ms: int | None = None
    lane: int = 0
    """A FIFO queue runs one job of each tenant and lane at a time."""
    withdrawn_ms: int | None = None
    """When its result was deleted."""

    @property
    def key(self) -> JobKey:
        return JobKey(self.tenant, self.kind, self.id)


def new_job(  # noqa: PLR0913  a job's fields, all by name
    *,
    tenant: TenantCode,
    kind: str,
    ask: Mapping[str, Any],
    now_ms: int,
    random_bytes: Callable[[int], bytes],
    lane: int = 0,
) -> Job:
    return Job(tenant, event_id(now_ms, random_bytes(IDENTITY_BYTES)), kind, ask, now_ms, lane=lane)


class JobDescription(Struct):
    """A job as the API shows it."""

    id: str
    kind: Annotated[str, Meta(extra_json_schema={"enum": list(KINDS)})]
    status: Status
    processed: int
    """Events that are done."""
    progress: Progress
    error: str | None
    """The reason for a failure."""


def describe(job: Job) -> JobDescription:
    return JobDescription(job.id, job.kind, job.status, job.processed, job.progress, job.error)


def is_job_id(text: str) -> bool:
    return FORM.fullmatch(text) is not None


class Step(NamedTuple):
    """The result of one step."""

    checkpoint: Mapping[str, Any]
    processed: int
    progress: float
    done: bool = False
    hand_over: bool = False
    """The next step needs an invocation of its own."""
    wait_seconds: int = 0
    """The next step must wait so long, 900 s at most."""


class JobFailed(Exception):  # noqa: N818  an outcome
    """The job can't be done, however often it is tried. The text tells the user why."""


class JobSuperseded(Exception):  # noqa: N818  an outcome
    """A later job makes this one superfluous. The text tells the user so."""


class UnknownJob(LookupError):  # noqa: N818  a fact, not a failure
    """The tenant has no such job, or its row has expired."""


class TooManyJobs(Exception):  # noqa: N818  a fact, not a failure
    """The tenant already has as many waiting and running jobs of this kind as it may have."""


class JobBusy(Exception):  # noqa: N818  a fact, not a failure
    """Another worker has claimed the job. The message has to be delivered again."""


class ClaimLost(Exception):  # noqa: N818  a fact, not a failure
    """The job was cancelled, or another worker has claimed it. This worker must stop."""


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

    def claim(self, key: JobKey, claim: str, now_ms: int, until_ms: int) -> Job:
        """Claims the job until `until_ms`, and counts the attempt. Raises `UnknownJob`, `JobBusy`.

        A job that has ended is returned without a claim.
        """

    def save(self, job: Job, claim: str, now_ms: int) -> None:
        """Saves what a step has reached. May be called again with the same job. Raises `ClaimLost`."""

    def release(self, job: Job, claim: str) -> None:
        """Ends the claim, so that another worker need not wait. Does nothing where the claim is lost."""

    def cancel(self, key: JobKey, now_ms: int) -> Job:
        """Cancels the job unless it has ended, and returns it as it is then. Raises `UnknownJob`."""

    def withdraw(self, key: JobKey, now_ms: int) -> None:
        """Notes that the job's result was deleted. Does nothing where the job has not succeeded."""


class JobQueue(Protocol):
    def send(self, job: Job, delay_seconds: int = 0) -> None:
        """Sends the job's message. Raises where it may not have been sent."""

    def postpone(self, receipt: str, seconds: int) -> None:
        """Has a received message delivered again after so many seconds."""


def submit(
    job: Job, store: JobStore, queue: JobQueue, *, max_active: int | None = None, delay_seconds: int = 0
) -> None:
    """Sends a job's message, then puts its row. Raises `TooManyJobs` and what the queue raises; then there is no job.

    A row without a message would never be worked on, and would count as active for ever. A message without a row does
    no harm: the worker waits a while for the row, then drops the message.
    """
    queue.send(job, delay_seconds)
    store.put(job, max_active)
