"""Jobs: work too long for a call, done in steps by whoever takes it up, and resumed where the last one stopped.

A job is a message that says that it wants a worker, and a row. A worker claims the job until its own end, does step
after step, and saves a checkpoint behind each; near its end it sends the message anew. Of a worker that is killed the
message comes back by itself, when its claim is over too, and the next worker goes on from the last checkpoint. So each
kind of job needs its steps to be idempotent from a checkpoint on, and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from daybook.clock import DAY
from daybook.ids import FORM, IDENTITY_BYTES, event_id
from daybook.tenant import Tenant

EXPORT, REPLAY, RESTAMP, SWEEP = KINDS = ("export", "replay", "restamp", "sweep")

PARTITION = "#jobs"
"""Where they lie: what the partition key of a tenant's jobs ends in, and no other of that table."""

KEPT_MS = 30 * DAY
"""How long a job is remembered, from its last checkpoint on."""


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


class JobKey(NamedTuple):
    """What tells a job from all others."""

    tenant: Tenant
    kind: str
    id: str


@dataclass(frozen=True)
class Job:
    tenant: Tenant
    id: str
    """Sorts by the moment when it was asked for."""
    kind: str
    ask: Mapping[str, Any]
    """What is to be done, in the kind's own form; JSON. Nobody's name stands in it."""
    created_ms: int
    sealed: str | None = None
    """What of the ask must not stand in the clear, sealed by who asked; gone when the job has ended."""
    status: Status = Status.QUEUED
    checkpoint: Mapping[str, Any] | None = None
    """How far it is, in the kind's own form; JSON. None: not begun."""
    processed: int = 0
    progress: float = 0.0
    """0 to 1."""
    error: str | None = None
    """Why it failed, or needed not be done, for whoever asked for it: no internals."""
    attempts: int = 0
    """Workers that took it up since the last checkpoint."""
    finished_ms: int | None = None
    lane: int = 0
    """Of the jobs of one tenant and lane one runs at a time, where the queue has lanes."""
    withdrawn_ms: int | None = None
    """When what it had made was taken away again."""

    @property
    def key(self) -> JobKey:
        return JobKey(self.tenant, self.kind, self.id)


def new_job(  # noqa: PLR0913  a job's fields, all by name
    *,
    tenant: Tenant,
    kind: str,
    ask: Mapping[str, Any],
    now_ms: int,
    random_bytes: Callable[[int], bytes],
    lane: int = 0,
) -> Job:
    return Job(tenant, event_id(now_ms, random_bytes(IDENTITY_BYTES)), kind, ask, now_ms, lane=lane)


def is_job_id(text: str) -> bool:
    return FORM.fullmatch(text) is not None


class Step(NamedTuple):
    """What one step has reached."""

    checkpoint: Mapping[str, Any]
    processed: int
    progress: float
    done: bool = False
    hand_over: bool = False
    """The next step wants a whole invocation to itself."""


class JobFailed(Exception):  # noqa: N818  an outcome
    """The job can't be done, however often it is tried; the text says why, for whoever asked for it."""


class JobSuperseded(Exception):  # noqa: N818  an outcome
    """A later job does what this one was to do; the text says so, for whoever asked for it."""


class UnknownJob(LookupError):  # noqa: N818  a fact, not a failure
    """The tenant has no such job, or no longer."""


class TooManyJobs(Exception):  # noqa: N818  a fact, not a failure
    """As many jobs of this kind wait and run already as the tenant may have."""


class JobBusy(Exception):  # noqa: N818  a fact, not a failure
    """Another worker holds the job; its message has to come again."""


class ClaimLost(Exception):  # noqa: N818  a fact, not a failure
    """The job was cancelled, or somebody else has taken it up meanwhile: nothing more may be done for it."""


class Work(Protocol):
    """One kind of job."""

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        """Goes on from `job.checkpoint`, for at most about 30 seconds. Raises `JobFailed`, `JobSuperseded`.

        May be done again from the same checkpoint, wholly or in part, by another worker: the outcome must be the same.
        """

    def tidy(self, job: Job) -> None:
        """Takes away what a job that was cancelled or has failed leaves lying about. May be called again."""


class JobStore(Protocol):
    """Where jobs lie. Every read is consistent; every call raises `Throttled` where trying again will do."""

    def put(self, job: Job, max_active: int | None = None) -> None:
        """A new job. Raises `TooManyJobs` where the tenant has `max_active` of its kind queued and running.

        One is counted that was put with such a bound itself.
        """

    def active(self, tenant: Tenant, kind: str) -> Sequence[Job]:
        """Those queued and running, of the ones that were put with a bound; in the order asked for."""

    def job(self, key: JobKey) -> Job:
        """Raises `UnknownJob`."""

    def find(self, tenant: Tenant, job_id: str) -> Job:
        """Of whatever kind. Raises `UnknownJob`."""

    def jobs(self, tenant: Tenant, kind: str, most: int | None = None) -> Sequence[Job]:
        """Newest first, and no more than so many."""

    def later(self, job: Job) -> Sequence[Job]:
        """Of its kind and tenant, asked for after it; newest first."""

    def claim(self, key: JobKey, claim: str, now_ms: int, until_ms: int) -> Job:
        """Takes the job up until then, and counts the attempt. Raises `UnknownJob`, `JobBusy`.

        A job that has ended is given as it is, and not claimed.
        """

    def save(self, job: Job, claim: str, now_ms: int) -> None:
        """What a step has reached. The same once more is no failure. Raises `ClaimLost`."""

    def release(self, job: Job, claim: str) -> None:
        """Anyone may claim the job at once; nothing where the claim is lost."""

    def cancel(self, key: JobKey, now_ms: int) -> Job:
        """Cancels what has not ended, and gives what is then stored. Raises `UnknownJob`."""

    def withdraw(self, key: JobKey, now_ms: int) -> None:
        """What the job had made is no longer there; nothing of one that has not succeeded."""


class JobQueue(Protocol):
    def send(self, job: Job, delay_seconds: int = 0) -> None:
        """Says that the job wants a worker. Raises where that can't be said."""

    def postpone(self, receipt: str, seconds: int) -> None:
        """A message that was received comes again in so many seconds."""


def submit(
    job: Job, store: JobStore, queue: JobQueue, *, max_active: int | None = None, delay_seconds: int = 0
) -> None:
    """Raises `TooManyJobs`, and what the queue raises: then there is no job.

    The message first: to a row without one no worker would ever come, and it would count among the active for ever.
    A worker that comes before the row waits for it, and drops the message of a job that never came to be.
    """
    queue.send(job, delay_seconds)
    store.put(job, max_active)
