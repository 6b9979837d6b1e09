"""Jobs in memory, and work that a test can watch and break off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from daybook.caller import Tenant
from daybook.jobs import ClaimLost, Job, JobBusy, Status, Step, TooManyJobs, UnknownJob


class MemoryJobs:
    """The store of jobs as an ordinary class; the contract tests hold it beside the table."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[Tenant, str], Job] = {}
        self._claims: dict[tuple[Tenant, str], tuple[str, int]] = {}

    def put(self, job: Job, most_active: int | None = None) -> None:
        active = [each for each in self.jobs(job.tenant, job.kind) if not each.status.has_ended]
        if most_active is not None and len(active) >= most_active:
            raise TooManyJobs(job.kind)
        self._jobs[job.tenant, job.id] = job

    def job(self, tenant: Tenant, job_id: str) -> Job:
        if (tenant, job_id) not in self._jobs:
            raise UnknownJob(job_id)
        return self._jobs[tenant, job_id]

    def jobs(self, tenant: Tenant, kind: str) -> Sequence[Job]:
        found = [job for job in self._jobs.values() if job.tenant == tenant and job.kind == kind]
        return sorted(found, key=lambda job: job.id, reverse=True)

    def later(self, job: Job) -> Sequence[Job]:
        return [each for each in self.jobs(job.tenant, job.kind) if each.id > job.id]

    def claim(self, tenant: Tenant, job_id: str, claim: str, now_ms: int, until_ms: int) -> Job:
        job = self.job(tenant, job_id)
        if job.status.has_ended:
            return job
        other, other_until_ms = self._claims.get((tenant, job_id), ("", 0))
        if other != claim and other_until_ms > now_ms:
            raise JobBusy(job_id)
        self._claims[tenant, job_id] = claim, until_ms
        self._jobs[tenant, job_id] = replace(job, status=Status.RUNNING, attempts=job.attempts + 1)
        return self._jobs[tenant, job_id]

    def save(self, job: Job, claim: str) -> None:
        key = job.tenant, job.id
        if self._jobs[key].status is not Status.RUNNING or self._claims[key][0] != claim:
            raise ClaimLost(job.id)
        self._jobs[key] = job

    def release(self, job: Job, claim: str) -> None:
        key = job.tenant, job.id
        if self._claims[key][0] == claim:
            self._claims[key] = claim, 0

    def cancel(self, tenant: Tenant, job_id: str, now_ms: int) -> Job:
        job = self.job(tenant, job_id)
        if not job.status.has_ended:
            self._jobs[tenant, job_id] = replace(job, status=Status.CANCELLED, sealed=None, finished_ms=now_ms)
        return self._jobs[tenant, job_id]


@dataclass
class MemoryQueue:
    sent: list[tuple[Job, int]] = field(default_factory=list)
    refusal: Exception | None = None
    """What it raises in place of sending."""

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.sent.append((job, delay_seconds))


@dataclass
class Counting:
    """Counts to `job.ask["to"]`, one a step. `before` is called ahead of each step: to kill, to cancel, to let time
    pass.
    """

    before: Callable[[Job], None] = lambda _: None
    tidied: list[str] = field(default_factory=list)
    hand_over: bool = False

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  the form of work
        self.before(job)
        count = (job.checkpoint or {"count": 0})["count"] + 1
        most = job.ask["to"]
        return Step({"count": count}, count, count / most, done=count == most, hand_over=self.hand_over)

    def tidy(self, job: Job) -> None:
        self.tidied.append(job.id)
