"""Counts what jobs read towards their tenants' read units.

A job is never refused or slowed: its tenant waits for it, and the number of a tenant's jobs is bounded. But while it
reads, its tenant may read less by other calls. It may always read half: jobs are counted only until the tenant has used
half of its minute, or an export that an auditor asked for would lock its tenant out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from daybook.clock import Clock
from daybook.jobs.job import Job, Step
from daybook.jobs.store import Work
from daybook.limits.allowance import UsageStore
from daybook.observability import LIMITS_UNAVAILABLE, logger
from daybook.tenant import TenantCode
from daybook.tenants.limits import READ_UNITS, Limits


@dataclass(frozen=True)
class ChargedWork:
    """Work whose steps are counted when they end. A worker does one step at a time."""

    work: Work
    usage: UsageStore
    limits_of: Callable[[TenantCode], Limits | None]
    """As last read. None: they never were, so the job has read nothing of the tenant's."""
    read_units: Callable[[], float]
    """What this instance's reads have consumed since it was last asked."""
    clock: Clock
    count: Callable[[str, int], None]

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        self.read_units()
        try:
            return self.work.step(job, remaining_seconds)
        finally:
            self._charge(job.tenant, ceil(self.read_units()))

    def tidy(self, job: Job) -> None:
        self.work.tidy(job)

    def _charge(self, tenant: TenantCode, units: int) -> None:
        limits = self.limits_of(tenant)
        if limits is None or not units:
            return
        span = self.clock() // READ_UNITS.span_ms
        try:
            used = self.usage.add(tenant, READ_UNITS, span, 0)
            counted = min(units, READ_UNITS.budget(limits) // 2 - used)
            if counted > 0:
                self.usage.add(tenant, READ_UNITS, span, counted)
        except Exception:  # whatever it is, no job fails because it can't be counted
            logger.exception("limits")
            self.count(LIMITS_UNAVAILABLE, 1)
