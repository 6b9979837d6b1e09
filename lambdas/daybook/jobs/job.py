"""Jobs: work that takes longer than a request, done in steps by one worker after another.

A job is a row and a message in a queue. The worker that receives the message claims the job until the end of its
invocation. It does step after step and saves a checkpoint after each; at the end of its turn it sends the next message.
Where a worker is killed, the queue delivers its message again when its claim has ended, too, and the next worker goes
on from the last checkpoint. So a kind of job has to provide one thing: steps that may be repeated from a checkpoint on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from daybook.clock import DAY, Time, format_time
from daybook.ids import FORM, IDENTITY_BYTES, event_id
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings

EXPORT, LEDGER_SWEEP, REPLAY, RESTAMP, SWEEP = KINDS = ("export", "ledger-sweep", "replay", "restamp", "sweep")

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
    turn: int = 0
    """The turn of the message that was claimed last."""
    receipt: str | None = None
    """The handle of that message. By it the message can be made to come at once."""
    claimed_until_ms: int | None = None
    """Until when its worker may be at work. None where the worker has ended its claim."""
    throttled_ms: int | None = None
    """Since when every step was throttled. None where the last step was not."""

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
    environment: str | None
    """Null: the job is for all of the tenant's."""
    processed: int
    """Events that are done."""
    progress: Progress
    """Mostly the share of the time span that is done, not of the events."""
    created_at: Time
    finished_at: Time | None
    error: str | None
    """The reason for a failure."""


def environment_of(job: Job, settings: TenantSettings) -> str | None:
    """The environment that the job is for; None: all. An export has its name, a replay its number, a sweep its key."""
    asked = job.ask.get("environment")
    if isinstance(asked, int):
        return settings.environments[asked]
    keys: Mapping[str, str] = dict(zip(settings.environment_keys, settings.environments, strict=True))
    return keys.get(asked, asked) if isinstance(asked, str) else None


def describe(job: Job, settings: TenantSettings) -> JobDescription:
    return JobDescription(
        id=job.id,
        kind=job.kind,
        status=job.status,
        environment=environment_of(job, settings),
        processed=job.processed,
        progress=job.progress,
        created_at=format_time(job.created_ms),
        finished_at=None if job.finished_ms is None else format_time(job.finished_ms),
        error=job.error,
    )


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
    """The next step must wait so long, 900 s at most. Meanwhile the job has no worker."""


class JobFailed(Exception):  # noqa: N818  an outcome
    """The job can't be done, however often it is tried. The text tells the user why."""


class JobSuperseded(Exception):  # noqa: N818  an outcome
    """A later job makes this one superfluous. The text tells the user so."""


class UnknownJob(LookupError):  # noqa: N818  a fact, not a failure
    """The tenant has no such job, or its row has expired."""


class TooManyJobs(Exception):  # noqa: N818  a fact, not a failure
    """The tenant already has as many waiting and running jobs of this kind as it may have."""


class JobBusy(Exception):  # noqa: N818  a fact, not a failure
    """Another worker has claimed the job, until `until_ms` at most."""

    def __init__(self, job_id: str, until_ms: int) -> None:
        super().__init__(job_id)
        self.until_ms = until_ms


class ClaimLost(Exception):  # noqa: N818  a fact, not a failure
    """The job was cancelled, or another worker has claimed it. This worker must stop."""
