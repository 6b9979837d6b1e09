"""The rows of jobs.

They have a partition of their own, `<tenant>#jobs`, so that IAM can limit a function that only works on jobs, or only
asks for them, to these rows:

- `<kind>#<id>` is a job. Beside the job's own fields it holds `claim` and `claimed_until`: who works on it, and until
  when at most; and `message`: the id of the message that was claimed last.
- `active#<kind>` bounds the number of active jobs: `active` holds the ids of those that had not ended when the last
  one was put.
- `refused#<kind>#<id>` says that a job whose message was sent will never be put.
- `reserved#<what>` lets jobs use something one at a time: `job` is the id of the one that may, until `reserved_until`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from daybook.clock import SECOND
from daybook.jobs.job import KEPT_MS, PARTITION, Job, JobKey, Status
from daybook.tenant import TenantCode

NEVER_CHANGED = frozenset({"kind", "ask", "sealed", "created_at", "lane"})
"""The attributes that no step changes."""


def names_of(key: JobKey) -> dict[str, str]:
    return {"pk": f"{key.tenant}{PARTITION}", "sk": f"{key.kind}#{key.id}"}


def active_names(tenant: TenantCode, kind: str) -> dict[str, str]:
    return {"pk": f"{tenant}{PARTITION}", "sk": f"active#{kind}"}


def reserved_names(tenant: TenantCode, what: str) -> dict[str, str]:
    return {"pk": f"{tenant}{PARTITION}", "sk": f"reserved#{what}"}


def refused_names(key: JobKey) -> dict[str, str]:
    return {"pk": f"{key.tenant}{PARTITION}", "sk": f"refused#{key.kind}#{key.id}"}


def typed(names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"S": part} for name, part in names.items()}


def key_of(key: JobKey) -> dict[str, dict[str, str]]:
    return typed(names_of(key))


def expires(now_ms: int) -> dict[str, str]:
    return number((now_ms + KEPT_MS) // SECOND)


def item_of(job: Job) -> dict[str, dict[str, Any]]:
    item: dict[str, dict[str, Any]] = {
        "kind": {"S": job.kind},
        "ask": _json(job.ask),
        "created_at": number(job.created_ms),
        "status": {"S": job.status},
        "processed": number(job.processed),
        "progress": number(job.progress),
        "attempts": number(job.attempts),
        "lane": number(job.lane),
    }
    if job.sealed is not None:
        item["sealed"] = {"S": job.sealed}
    if job.checkpoint is not None:
        item["checkpoint"] = _json(job.checkpoint)
    if job.error is not None:
        item["error"] = {"S": job.error}
    if job.finished_ms is not None:
        item["finished_at"] = number(job.finished_ms)
    if job.withdrawn_ms is not None:
        item["withdrawn_at"] = number(job.withdrawn_ms)
    if job.throttled_ms is not None:
        item["throttled_since"] = number(job.throttled_ms)
    return item


def job_of(item: Mapping[str, Any]) -> Job:
    return Job(
        tenant=TenantCode(item["pk"]["S"].removesuffix(PARTITION)),
        id=item["sk"]["S"].rpartition("#")[2],
        kind=item["kind"]["S"],
        ask=msgspec.json.decode(item["ask"]["S"]),
        created_ms=int(item["created_at"]["N"]),
        sealed=item["sealed"]["S"] if "sealed" in item else None,
        status=Status(item["status"]["S"]),
        checkpoint=msgspec.json.decode(item["checkpoint"]["S"]) if "checkpoint" in item else None,
        processed=int(item["processed"]["N"]),
        progress=float(item["progress"]["N"]),
        error=item["error"]["S"] if "error" in item else None,
        attempts=int(item["attempts"]["N"]),
        finished_ms=int(item["finished_at"]["N"]) if "finished_at" in item else None,
        lane=int(item["lane"]["N"]),
        withdrawn_ms=int(item["withdrawn_at"]["N"]) if "withdrawn_at" in item else None,
        turn=int(item["turn"]["N"]) if "turn" in item else 0,
        receipt=item["receipt"]["S"] if "receipt" in item else None,
        claimed_until_ms=int(item["claimed_until"]["N"]) if "claimed_until" in item else None,
        throttled_ms=int(item["throttled_since"]["N"]) if "throttled_since" in item else None,
    )


def _json(value: Any) -> dict[str, str]:
    return {"S": msgspec.json.encode(value).decode()}


def number(value: float) -> dict[str, str]:
    return {"N": str(value)}
