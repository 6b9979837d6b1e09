"""Retention and the legal hold, as those who set them and those who re-stamp events know them."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct, to_builtins

from daybook.clock import DAY, SECOND
from daybook.crypto.hkdf import hkdf
from daybook.crypto.keys import DeploymentKeys
from daybook.crypto.sealing import Place, open_sealed, seal
from daybook.jobs.job import RESTAMP, Job, JobQueue, JobStore, Status, new_job, submit
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings

REQUEST_SECONDS = 28
"""How long a request may last that writes a setting."""

DELAY_SECONDS = 90
"""From before a setting is written to its job: a request that writes it and one that still stores events under the
setting before last 28 s each; and a page of an earlier job, which read the setting before, writes for 42 s at the most.
"""

_STALE_MS = DAY
"""What has not ended after so long may have lost its message: another job does no harm."""

_KEY_BYTES = 64


class Ask(Struct):
    low_ms: int
    """Of what occurred before, nothing needs another stamp by this setting."""
    edge_ms: int
    """Where reads began under the setting before, and events were about to expire."""


class Restamp(NamedTuple):
    """Whole seconds; None: never."""

    seen: int | None
    then: int | None


def ask_for_restamp(  # noqa: PLR0913  the settings on both sides, and what makes a job
    jobs: JobStore,
    queue: JobQueue,
    *,
    before: TenantSettings,
    after: TenantSettings,
    now_ms: int,
    random_bytes: Callable[[int], bytes],
) -> None:
    """To be called before the setting is changed: a job too many changes nothing, one too few would.

    Nothing is asked for where the setting stays, unless the last job broke off: then another one completes it.
    """
    newest = _newest(jobs, before.tenant)
    if same_retention(before, after) and not (newest and _may_have_broken_off(newest, now_ms)):
        return
    edge_ms = before.retention_edge(now_ms)
    # Below a hold's edge lies what was left alone while it was on, stamped or not.
    low_ms = 0 if before.hold is not None else min(edge_ms, after.retention_edge(now_ms))
    ask = to_builtins(Ask(low_ms, edge_ms))
    # Two functions' clocks differ: the later of two jobs must sort behind the earlier one all the same.
    asked_ms = now_ms if newest is None else max(now_ms, newest.created_ms + 1)
    job = new_job(tenant=before.tenant, kind=RESTAMP, ask=ask, now_ms=asked_ms, random_bytes=random_bytes)
    submit(job, jobs, queue, delay_seconds=DELAY_SECONDS)


def same_retention(one: TenantSettings, other: TenantSettings) -> bool:
    """Whether events expire at the same time by both."""
    held = [each.hold and each.hold.edge_ms for each in (one, other)]
    return one.retention_days == other.retention_days and held[0] == held[1]


def latest_restamp(jobs: JobStore, tenant: Tenant) -> str | None:
    """The id of the job that has the last word, until it has succeeded."""
    newest = _newest(jobs, tenant)
    return None if newest is None or newest.status is Status.SUCCEEDED else newest.id


def can_be_put_back(jobs: JobStore, settings: TenantSettings, now_ms: int) -> bool:
    """Whether no job can have stamped anything between the last hold's end and that of the request that asks."""
    lifted = settings.lifted
    if lifted is None or now_ms >= lifted.at_ms + (DELAY_SECONDS - REQUEST_SECONDS) * SECOND:
        return False
    known = jobs.jobs(settings.tenant, RESTAMP)
    return not any(job.status is Status.RUNNING or (job.finished_ms or 0) >= lifted.at_ms for job in known)


def _may_have_broken_off(job: Job, now_ms: int) -> bool:
    if job.status.has_ended:
        return job.status is not Status.SUCCEEDED
    return now_ms >= job.created_ms + _STALE_MS


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
