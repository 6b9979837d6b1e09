"""What a job's steps read counts for its tenant, but takes no more than half of its minute, and never fails the job."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from daybook.clock import MINUTE
from daybook.errors import Throttled
from daybook.jobs.charged_work import ChargedWork
from daybook.jobs.job import Job, Step, new_job
from daybook.observability import LIMITS_UNAVAILABLE
from daybook.tenant import TenantCode
from daybook.tenants.limits import Limits
from tests.support.usage import MemoryUsage

ACME = TenantCode("aaaaaa")
JOB = new_job(tenant=ACME, kind="export", ask={}, now_ms=0, random_bytes=bytes)


@dataclass
class Reading:
    """Each step reads so many units."""

    units: float
    limits: Limits | None = field(default_factory=lambda: Limits(read_units_a_minute=1_000))
    failure: Exception | None = None
    usage: MemoryUsage = field(default_factory=MemoryUsage)
    counted: list[tuple[str, int]] = field(default_factory=list)
    read: float = 77.0
    """By what the worker did before."""

    def worker(self) -> ChargedWork:
        return ChargedWork(
            self,
            self.usage,
            lambda _: self.limits,
            self.taken,
            lambda: 5 * MINUTE,
            lambda *what: self.counted.append(what),
        )

    def taken(self) -> float:
        units, self.read = self.read, 0.0
        return units

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:  # noqa: ARG002  the form of work
        self.read += self.units
        if self.failure:
            raise self.failure
        return Step({}, 1, 1.0, done=True)

    def tidy(self, job: Job) -> None:
        raise NotImplementedError

    @property
    def sum(self) -> int:
        return self.usage.sums[ACME, "read_units_a_minute", 5]


def test_all_workers_of_a_tenant_together_take_half_of_its_minute() -> None:
    """The other half is left for the tenant's own calls, however much its jobs read."""
    reading = Reading(199.5)
    found = []
    for worker in (reading.worker(), reading.worker(), reading.worker(), reading.worker()):
        assert worker.step(JOB, lambda: 60.0).done
        found.append(reading.sum)
    assert found == [200, 400, 500, 500]


def test_a_tenant_that_has_used_more_itself_is_charged_nothing() -> None:
    reading = Reading(199.5)
    reading.usage.sums[ACME, "read_units_a_minute", 5] = 700
    reading.worker().step(JOB, lambda: 60.0)
    assert reading.sum == 700


def test_a_step_that_fails_has_read_too() -> None:
    reading = Reading(10, failure=Throttled("events"))
    with pytest.raises(Throttled):
        reading.worker().step(JOB, lambda: 60.0)
    assert reading.sum == 10


def test_a_job_that_can_not_be_counted_goes_on() -> None:
    """With the metric that shows it. A tenant that was deleted has no limits."""
    reading = Reading(10)
    reading.usage.broken = True
    assert reading.worker().step(JOB, lambda: 60.0).done
    assert reading.counted == [(LIMITS_UNAVAILABLE, 1)]
    reading.usage.broken, reading.limits = False, None
    assert reading.worker().step(JOB, lambda: 60.0).done
    assert reading.sum == 0
