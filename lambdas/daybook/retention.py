"""Retention and the legal hold, as those who set them and those who re-stamp events know them."""

from collections.abc import Callable

from msgspec import Struct, convert

from daybook.caller import Tenant
from daybook.clock import HOUR
from daybook.derivation import DeploymentKeys, hkdf
from daybook.jobs import RESTAMP, Job, JobQueue, JobStore, Status, ask_for, new_job
from daybook.sealing import Place, open_sealed, seal
from daybook.tenants import TenantSettings

DELAY_SECONDS = 90
"""From before a setting is written to its job: a request that writes it and one that still stores events under the
setting before last 28 s each, and then a minute has passed since the setting too."""

_MOST_EDGES = 5
_KEY_BYTES = 64


class Ask(Struct):
    edges_ms: list[int] = []
    """Where events were about to expire under the settings before, latest last: what lies there is stamped first."""


def ask_for_restamp(
    jobs: JobStore, queue: JobQueue, settings: TenantSettings, now_ms: int, random_bytes: Callable[[int], bytes]
) -> Job:
    """To be called before the setting is changed: a job too many changes nothing, one too few would.

    `settings`: before the change.
    """
    before = _newest(jobs, settings.tenant)
    # Events still bear the stamps from before a job that has not ended, too.
    edges_ms = [] if before is None or before.status is Status.SUCCEEDED else convert(before.ask, Ask).edges_ms
    edge_ms = settings.retention_edge(now_ms)
    edges_ms = [each for each in edges_ms if abs(each - edge_ms) > HOUR] + [edge_ms]
    job = new_job(
        tenant=settings.tenant,
        kind=RESTAMP,
        ask={"edges_ms": edges_ms[-_MOST_EDGES:]},
        now_ms=now_ms,
        random_bytes=random_bytes,
    )
    ask_for(job, jobs, queue, delay_seconds=DELAY_SECONDS)
    return job


def latest_restamp(jobs: JobStore, tenant: Tenant) -> str | None:
    """The id of the job that has the last word, until it has succeeded."""
    newest = _newest(jobs, tenant)
    return None if newest is None or newest.status is Status.SUCCEEDED else newest.id


def _newest(jobs: JobStore, tenant: Tenant) -> Job | None:
    return next(iter(jobs.jobs(tenant, RESTAMP, 1)), None)


def seal_reason(keys: DeploymentKeys, tenant: Tenant, reason: str) -> str:
    """A reason may name people, and stands in a table that names none."""
    return seal([reason], _key(keys), _place(tenant))


def open_reason(keys: DeploymentKeys, tenant: Tenant, sealed: str) -> str:
    (reason,) = open_sealed(sealed, _key(keys), _place(tenant))
    return str(reason)


def _key(keys: DeploymentKeys) -> bytes:
    return hkdf(keys.jobs, b"daybook 1 legal hold", _KEY_BYTES)


def _place(tenant: Tenant) -> Place:
    return Place(tenant, "", "legal hold", "")
