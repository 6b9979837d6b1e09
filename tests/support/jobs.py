"""Jobs in memory, and work that a test can watch and interrupt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from daybook.jobs.job import ClaimLost, Job, JobBusy, JobKey, Status, Step, TooManyJobs, UnknownJob
from daybook.jobs.message import Message, Received, StaleMessage
from daybook.tenant import TenantCode


class MemoryJobs:
    """The store of jobs in memory. The contract tests compare it with the table."""

    def __init__(self) -> None:
        self._jobs: dict[JobKey, Job] = {}
        self._claims: dict[JobKey, tuple[str, int]] = {}
        self._messages: dict[JobKey, str] = {}
        self._reserved: dict[tuple[TenantCode, str], tuple[str, int]] = {}
        self._bounded: set[JobKey] = set()
        self._refused: set[JobKey] = set()

    def put(self, job: Job, max_active: int | None = None) -> None:
        if max_active is not None:
            if len(self.active(job.tenant, job.kind)) >= max_active:
                raise TooManyJobs(job.kind)
            self._bounded.add(job.key)
        self._jobs[job.key] = job

    def refuse(self, job: Job) -> None:
        self._refused.add(job.key)

    def active(self, tenant: TenantCode, kind: str) -> Sequence[Job]:
        found = [job for job in self.jobs(tenant, kind) if job.key in self._bounded and not job.status.has_ended]
        return found[::-1]

    def job(self, key: JobKey) -> Job:
        if key not in self._jobs:
            raise UnknownJob(key.id)
        return self._jobs[key]

    def find(self, tenant: TenantCode, job_id: str) -> Job:
        for key, job in self._jobs.items():
            if (key.tenant, key.id) == (tenant, job_id):
                return job
        raise UnknownJob(job_id)

    def jobs(self, tenant: TenantCode, kind: str, most: int | None = None) -> Sequence[Job]:
        found = [job for key, job in self._jobs.items() if key[:2] == (tenant, kind)]
        return sorted(found, key=lambda job: job.id, reverse=True)[:most]

    def later(self, job: Job) -> Sequence[Job]:
        return [each for each in self.jobs(job.tenant, job.kind) if each.id > job.id]

    def claim(self, received: Received, claim: str, now_ms: int, until_ms: int) -> Job:
        message, key = received.message, received.message.key
        if key in self._refused:
            raise StaleMessage(key.id)
        job = self.job(key)
        if job.status.has_ended:
            return job
        if job.turn >= message.turn and self._messages.get(key, message.id) != message.id:
            raise StaleMessage(key.id)
        other, other_until_ms = self._claims.get(key, ("", 0))
        if other != claim and other_until_ms > now_ms:
            raise JobBusy(key.id, other_until_ms)
        self._claims[key], self._messages[key] = (claim, until_ms), message.id
        self._jobs[key] = replace(
            job,
            status=Status.RUNNING,
            attempts=job.attempts + 1,
            turn=message.turn,
            receipt=received.receipt,
            claimed_until_ms=until_ms,
        )
        return self._jobs[key]

    def save(self, job: Job, claim: str, now_ms: int) -> None:
        assert now_ms
        if self._jobs[job.key].status not in (Status.RUNNING, job.status) or self._claims[job.key][0] != claim:
            raise ClaimLost(job.id)
        self._jobs[job.key] = job

    def release(self, job: Job, claim: str) -> None:
        if self._claims[job.key][0] == claim:
            self._claims[job.key] = claim, 0
            self._jobs[job.key] = replace(self._jobs[job.key], claimed_until_ms=None)

    def cancel(self, key: JobKey, now_ms: int) -> Job:
        job = self.job(key)
        if not job.status.has_ended:
            self._jobs[key] = replace(job, status=Status.CANCELLED, sealed=None, finished_ms=now_ms)
        return self._jobs[key]

    def withdraw(self, key: JobKey, now_ms: int) -> None:
        job = self.job(key)
        if job.status is Status.SUCCEEDED and job.withdrawn_ms is None:
            self._jobs[key] = replace(job, withdrawn_ms=now_ms)

    def reserve(self, job: Job, what: str, now_ms: int, until_ms: int) -> bool:
        other, other_until_ms = self._reserved.get((job.tenant, what), ("", 0))
        if other not in ("", job.id) and other_until_ms > now_ms:
            return False
        self._reserved[job.tenant, what] = job.id, until_ms
        return True

    def free(self, job: Job, what: str) -> None:
        if self._reserved.get((job.tenant, what), ("", 0))[0] == job.id:
            del self._reserved[job.tenant, what]


def received(job: Job, receives: int = 1, copy: str = "") -> Received:
    """The message that was sent for the job as it is. A `copy` has another id."""
    turn = job.turn + 1
    message = Message(job.tenant, job.kind, job.id, turn, f"message-{turn}{copy}")
    return Received(message, f"receipt-{turn}-{receives}", receives)


@dataclass
class MemoryQueue:
    sent: list[tuple[Job, int]] = field(default_factory=list)
    postponed: list[tuple[str, int]] = field(default_factory=list)
    refusal: Exception | None = None
    """The exception that it raises instead of sending."""
    can_delay: bool = True

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.sent.append((job, delay_seconds))

    def postpone(self, receipt: str, seconds: int) -> None:
        self.postponed.append((receipt, seconds))


@dataclass
class Counting:
    """Counts to `job.ask["to"]`, one number for each step. `before` is called before each step: it may kill, cancel or
    let time pass.
    """

    before: Callable[[Job], None] = lambda _: None
    tidied: list[str] = field(default_factory=list)
    hand_over: bool = False
    wait_seconds: int = 0

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  the form of work
        self.before(job)
        count = (job.checkpoint or {"count": 0})["count"] + 1
        most = job.ask["to"]
        return Step(
            {"count": count},
            count,
            count / most,
            done=count == most,
            hand_over=self.hand_over,
            wait_seconds=self.wait_seconds,
        )

    def tidy(self, job: Job) -> None:
        self.tidied.append(job.id)
