"""Asks for a sweep of each tenant, once a night."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from daybook.clock import Clock
from daybook.jobs.job import LEDGER_SWEEP, TooManyJobs, new_job
from daybook.jobs.store import JobQueue, JobStore, submit
from daybook.observability import logger
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings

AT_ONCE = 16


class Tenants(Protocol):
    def tenants(self) -> Sequence[TenantSettings]: ...


@dataclass(frozen=True)
class SweepStart:
    control: Tenants
    jobs: JobStore
    queue: JobQueue
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def ask_for_all(self) -> int:
        """Returns how many sweeps it asked for. A tenant whose last one goes on gets none. One that can't be asked for
        keeps no other tenant's from being asked for: the next night's covers the same days.
        """
        with ThreadPoolExecutor(AT_ONCE, "sweep") as threads:
            asked = threads.map(self._ask_for, [settings.code for settings in self.control.tenants()])
            return sum(asked)

    def _ask_for(self, tenant: TenantCode) -> bool:
        job = new_job(tenant=tenant, kind=LEDGER_SWEEP, ask={}, now_ms=self.clock(), random_bytes=self.random_bytes)
        try:
            submit(job, self.jobs, self.queue, max_active=1)
        except TooManyJobs:
            return False
        except Exception:
            logger.exception("no sweep was asked for", extra={"code": tenant})
            return False
        return True
