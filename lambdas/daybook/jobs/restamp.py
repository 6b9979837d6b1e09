"""Re-stamping: after a change of the retention or a legal hold, stored events get a new time of deletion.

This is what those who change these settings and the worker that writes the stamps have in common.
"""

from collections.abc import Callable
from typing import NamedTuple

from daybook.clock import DAY
from daybook.crypto.hkdf import hkdf
from daybook.crypto.keys import DeploymentKeys
from daybook.crypto.sealing import Place, open_sealed, seal
from daybook.jobs.job import RESTAMP, Job, Status, new_job
from daybook.jobs.store import JobQueue, JobStore, submit
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings

DELAY_SECONDS = 90
"""A job begins so long after it was requested, which is before the setting is written. By then nobody uses the previous
setting any more: the request that writes the new one and a request that still stores events under the previous one last
28 s each, and a page of an earlier job, which read the previous one, is written within 42 s.
"""

_STALE_MS = DAY
"""A job that has not ended after so long may have lost its message. Another job does no harm."""

_KEY_BYTES = 64


class Restamp(NamedTuple):
    """An event's time of deletion before and after, in whole seconds; None where it is never deleted."""

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
    """Has to be called before the setting is written: an extra job is harmless, a missing one is not.

    Where nothing changes, it requests a job only if the last one has failed.
    """
    newest = _newest(jobs, before.code)
    if before.rule == after.rule and not (newest and _may_have_failed(newest, now_ms)):
        return
    # The clocks of two functions may differ. The later of two jobs still has to sort after the earlier one.
    asked_ms = now_ms if newest is None else max(now_ms, newest.created_ms + 1)
    job = new_job(tenant=before.code, kind=RESTAMP, ask={}, now_ms=asked_ms, random_bytes=random_bytes)
    submit(job, jobs, queue, delay_seconds=DELAY_SECONDS)


def latest_restamp(jobs: JobStore, tenant: TenantCode) -> str | None:
    """The id of the newest job; None where it has succeeded or there is none."""
    newest = _newest(jobs, tenant)
    return None if newest is None or newest.status is Status.SUCCEEDED else newest.id


def _may_have_failed(job: Job, now_ms: int) -> bool:
    if job.status.has_ended:
        return job.status is not Status.SUCCEEDED
    return now_ms >= job.created_ms + _STALE_MS


def _newest(jobs: JobStore, tenant: TenantCode) -> Job | None:
    return next(iter(jobs.jobs(tenant, RESTAMP, 1)), None)


def seal_reason(keys: DeploymentKeys, settings: TenantSettings, reason: str) -> str:
    """The reason of a hold may name people, and it is stored in a table that must not."""
    return seal([reason], _key(keys, settings), _place(settings))


def open_reason(keys: DeploymentKeys, settings: TenantSettings, sealed: str) -> str:
    (reason,) = open_sealed(sealed, _key(keys, settings), _place(settings))
    return str(reason)


def _key(keys: DeploymentKeys, settings: TenantSettings) -> bytes:
    return hkdf(keys.of(settings.code, settings.secret).hold, b"daybook 1 reason", _KEY_BYTES)


def _place(settings: TenantSettings) -> Place:
    return Place(settings.code, "", "legal hold", "")
