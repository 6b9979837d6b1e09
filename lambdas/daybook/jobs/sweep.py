"""Sweeps: a while after a person was forgotten, a job deletes what concurrent requests have written about them since.

Ingest writes people in several calls and holds no lock. So a request that has read a person may still bind a name or an
id to them after they were forgotten. It can't outlive its function's timeout, and it writes the rows that lead to a
binder before the binder. So one look after that time finds everything: by the GUID, and by the texts that were found
when the person was forgotten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from msgspec import Struct, to_builtins

from daybook.clock import Clock
from daybook.crypto.keys import DeploymentKeys
from daybook.jobs.job import SWEEP, Job, new_job
from daybook.jobs.sealed import open_sealed_part, seal_for
from daybook.jobs.store import JobQueue, JobStore, submit
from daybook.people.forgetter import Mark
from daybook.tenant import EnvironmentKey, code_of

REQUEST_SECONDS = 28
"""How long a request that writes people may last."""

DELAY_SECONDS = 90
"""A job begins so long after it was requested: the request that forgets deletes within 28 s, and a request that has
read the person just before that may write for another 28 s.
"""

BINDERS_A_JOB = 200
"""Keeps a job's row below DynamoDB's limit of 400 KB: a binder takes up to 516 bytes, and a third more when sealed."""


class Ask(Struct):
    environment: EnvironmentKey
    actor_id: str
    event_id: str
    lasts: int | None

    @property
    def mark(self) -> Mark:
        return Mark(self.actor_id, self.event_id, self.lasts)


@dataclass(frozen=True)
class Sweeps:
    jobs: JobStore
    queue: JobQueue
    keys: DeploymentKeys
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def ask_for(self, environment: EnvironmentKey, mark: Mark, binders: Sequence[str]) -> None:
        """Requests a job for each `BINDERS_A_JOB` binders, at least one. Raises what the queue and the table raise."""
        ask = to_builtins(Ask(environment, mark.guid, mark.event_id, mark.lasts))
        for start in range(0, len(binders) or 1, BINDERS_A_JOB):
            job = new_job(
                tenant=code_of(environment),
                kind=SWEEP,
                ask=ask,
                now_ms=self.clock(),
                random_bytes=self.random_bytes,
            )
            sealed = seal_for(job, [list(binders[start : start + BINDERS_A_JOB])], self.keys, job.created_ms)
            submit(replace(job, sealed=sealed), self.jobs, self.queue, delay_seconds=DELAY_SECONDS)


def open_binders(keys: DeploymentKeys, job: Job) -> list[str]:
    """They are deleted when the job ends: see `Job.sealed`."""
    (binders,) = open_sealed_part(job, keys) or [[]]
    return list(binders)
