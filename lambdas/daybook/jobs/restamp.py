"""Re-stamping: after a change of the retention or a legal hold, stored events get a new time of deletion.

This is what those who change these settings and the worker that writes the stamps have in common.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct, to_builtins

from daybook.clock import DAY, SECOND
from daybook.crypto.hkdf import hkdf
from daybook.crypto.keys import DeploymentKeys
from daybook.crypto.sealing import Place, open_sealed, seal
from daybook.jobs.job import RESTAMP, Job, JobQueue, JobStore, Status, new_job, submit
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings

REQUEST_SECONDS = 28
"""How long a request that changes a setting may last."""

DELAY_SECONDS = 90
"""A job begins so long after it was requested, which is before the setting is written. By then nobody uses the previous
setting any more: the request that writes the new one and a request that still stores events under the previous one last
28 s each, and a page of an earlier job, which read the previous one, is written within 42 s.
"""

_STALE_MS = DAY
"""A job that has not ended after so long may have lost its message. Another job does no harm."""

_KEY_BYTES = 64


class Ask(Struct):
    low_ms: int
    """Events that occurred earlier keep their stamps under this setting."""
    edge_ms: int
    """The retention's edge under the previous setting: events that occurred then were about to expire."""


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

    Where nothing changes, it requests a job only if the last one has failed and is to be completed.
    """
    newest = _newest(jobs, before.code)
    if same_retention(before, after) and not (newest and _may_have_failed(newest, now_ms)):
        return
    edge_ms = before.retention_edge(now_ms)
    # A hold leaves events before its edge alone, with and without a stamp. Lifting it has to look at all of them.
    low_ms = 0 if before.hold is not None else min(edge_ms, after.retention_edge(now_ms))
    ask = to_builtins(Ask(low_ms, edge_ms))
    # The clocks of two functions may differ. The later of two jobs still has to sort after the earlier one.
    asked_ms = now_ms if newest is None else max(now_ms, newest.created_ms + 1)
    job = new_job(tenant=before.code, kind=RESTAMP, ask=ask, now_ms=asked_ms, random_bytes=random_bytes)
    submit(job, jobs, queue, delay_seconds=DELAY_SECONDS)


def same_retention(one: TenantSettings, other: TenantSettings) -> bool:
    """Whether events expire at the same times under both."""
    held = [each.hold and each.hold.edge_ms for each in (one, other)]
    return one.retention_days == other.retention_days and held[0] == held[1]


def latest_restamp(jobs: JobStore, tenant: TenantCode) -> str | None:
    """The id of the newest job; None where it has succeeded or there is none."""
    newest = _newest(jobs, tenant)
    return None if newest is None or newest.status is Status.SUCCEEDED else newest.id


def can_be_put_back(jobs: JobStore, settings: TenantSettings, now_ms: int) -> bool:
    """Whether a lifted hold can be restored without loss: no job can have stamped an event since it was lifted, nor can
    one before the end of the request that asks.
    """
    lifted = settings.lifted
    if lifted is None or now_ms >= lifted.at_ms + (DELAY_SECONDS - REQUEST_SECONDS) * SECOND:
        return False
    known = jobs.jobs(settings.code, RESTAMP)
    return not any(job.status is Status.RUNNING or (job.finished_ms or 0) >= lifted.at_ms for job in known)


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
