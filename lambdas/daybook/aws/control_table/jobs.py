"""Jobs in the control table.

They have a partition of their own, `<tenant>#jobs`, so that IAM can limit a function that only works on jobs, or only
asks for them, to these rows: `<kind>#<id>`, and `active#<kind>`, which bounds the number of active jobs.

Beside the job's own fields its row holds `claim` and `claimed_until`: who works on it, and until when at most. The row
of a kind holds in `active` the ids of the jobs that had not ended when the last one was put.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from daybook.aws.batches import PATIENCE, Patience, get_items
from daybook.aws.calls import Refused, ask, get_item, transact
from daybook.clock import SECOND
from daybook.errors import Contended
from daybook.ids import HIGHEST_ID, neighbour
from daybook.jobs.job import KEPT_MS, KINDS, PARTITION, ClaimLost, Job, JobBusy, JobKey, Status, TooManyJobs, UnknownJob
from daybook.tenant import TenantCode

_MAX_TRIES = 8


class JobTable:
    """Uses a low-level DynamoDB client. Every call raises `Throttled` when another try may succeed."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def put(self, job: Job, max_active: int | None = None) -> None:
        """Raises `TooManyJobs`, or `Contended` when concurrent requests won every try."""
        item = {**_key(job.key), **_item(job), "expires_at": _expires(job.created_ms)}
        if max_active is None:
            ask(self._client.put_item, TableName=self._table, Item=item)
            return
        for _ in self._patience.tries(_MAX_TRIES):
            noted = self._noted(job.tenant, job.kind)
            active = self._active(job.tenant, job.kind, noted)
            if len(active) >= max_active:
                raise TooManyJobs(job.kind)
            if self._put_beside(job, item, noted, [*(each.id for each in active), job.id]):
                return
        raise Contended(job.tenant)

    def active(self, tenant: TenantCode, kind: str) -> list[Job]:
        return self._active(tenant, kind, self._noted(tenant, kind))

    def job(self, key: JobKey) -> Job:
        item = get_item(self._client, self._table, _names(key))
        if item is None:
            raise UnknownJob(key.id)
        return _job(item)

    def find(self, tenant: TenantCode, job_id: str) -> Job:
        found = self._those(JobKey(tenant, kind, job_id) for kind in KINDS)
        if not found:
            raise UnknownJob(job_id)
        return found[0]

    def jobs(self, tenant: TenantCode, kind: str, most: int | None = None) -> list[Job]:
        return self._from(tenant, kind, "", most)

    def later(self, job: Job) -> list[Job]:
        return self._from(job.tenant, job.kind, neighbour(job.id, 1))

    def _from(self, tenant: TenantCode, kind: str, first: str, most: int | None = None) -> list[Job]:
        return list(islice(map(_job, self._items(tenant, kind, first, most)), most))

    def _items(self, tenant: TenantCode, kind: str, first: str, most: int | None) -> Iterable[dict[str, Any]]:
        more: dict[str, Any] = {} if most is None else {"Limit": most}
        while True:
            page = ask(
                self._client.query,
                TableName=self._table,
                KeyConditionExpression="pk = :jobs AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={
                    ":jobs": {"S": f"{tenant}{PARTITION}"},
                    ":low": {"S": f"{kind}#{first}"},
                    ":high": {"S": f"{kind}#{HIGHEST_ID}"},
                },
                ConsistentRead=True,
                ScanIndexForward=False,
                **more,
            )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            more["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def claim(self, key: JobKey, claim: str, now_ms: int, until_ms: int) -> Job:
        # A claim of its own counts as free: the answer to an earlier try may have been lost.
        free = "(attribute_not_exists(claimed_until) OR claimed_until <= :now OR claim = :claim)"
        taken = self._change(
            key,
            "SET #status = :running, claim = :claim, claimed_until = :until ADD attempts :one",
            f"#status IN (:queued, :running) AND {free}",
            {
                ":queued": {"S": Status.QUEUED},
                ":running": {"S": Status.RUNNING},
                ":claim": {"S": claim},
                ":until": _number(until_ms),
                ":now": _number(now_ms),
                ":one": _number(1),
            },
        )
        job = taken or self.job(key)
        if taken is None and not job.status.has_ended:
            raise JobBusy(key.id)
        return job

    def save(self, job: Job, claim: str, now_ms: int) -> None:
        values = {name: value for name, value in _item(job).items() if name not in _NEVER_CHANGED}
        values["expires_at"] = _expires(now_ms)
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        saved = self._change(
            job.key,
            f"SET {sets}" + (" REMOVE sealed" if job.status.has_ended else ""),
            # The new status is allowed too: the answer to an earlier try may have been lost.
            "claim = :its_claim AND #status IN (:running, :status)",
            {
                **{f":{name}": value for name, value in values.items()},
                ":its_claim": {"S": claim},
                ":running": {"S": Status.RUNNING},
            },
            values,
        )
        if saved is None:
            raise ClaimLost(job.id)

    def release(self, job: Job, claim: str) -> None:
        self._change(job.key, "REMOVE claimed_until", "claim = :claim", {":claim": {"S": claim}}, ())

    def cancel(self, key: JobKey, now_ms: int) -> Job:
        cancelled = self._change(
            key,
            "SET #status = :cancelled, finished_at = :now REMOVE sealed",
            "#status IN (:queued, :running)",
            {
                ":queued": {"S": Status.QUEUED},
                ":running": {"S": Status.RUNNING},
                ":cancelled": {"S": Status.CANCELLED},
                ":now": _number(now_ms),
            },
        )
        return cancelled or self.job(key)

    def withdraw(self, key: JobKey, now_ms: int) -> None:
        values = {":succeeded": {"S": Status.SUCCEEDED}, ":now": _number(now_ms)}
        self._change(
            key, "SET withdrawn_at = :now", "#status = :succeeded AND attribute_not_exists(withdrawn_at)", values
        )

    def _change(
        self,
        key: JobKey,
        expression: str,
        condition: str,
        values: Mapping[str, Any],
        names: Iterable[str] = ("status",),
    ) -> Job | None:
        """The changed job; None when the condition does not hold."""
        named = {f"#{name}": name for name in names}
        try:
            answer = ask(
                self._client.update_item,
                TableName=self._table,
                Key=_key(key),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                **({"ExpressionAttributeNames": named} if named else {}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        return _job(answer["Attributes"])

    def _noted(self, tenant: TenantCode, kind: str) -> list[str]:
        """The ids of the jobs that had not ended when the last one was put."""
        item = get_item(self._client, self._table, _active_names(tenant, kind))
        return [] if item is None else item["active"]["SS"]

    def _active(self, tenant: TenantCode, kind: str, noted: Iterable[str]) -> list[Job]:
        found = self._those(JobKey(tenant, kind, job_id) for job_id in noted)
        return sorted((job for job in found if not job.status.has_ended), key=lambda job: job.id)

    def _those(self, keys: Iterable[JobKey]) -> list[Job]:
        return [_job(item) for item in get_items(self._client, self._table, [_key(key) for key in keys])]

    def _put_beside(self, job: Job, item: Mapping[str, Any], noted: list[str], active: list[str]) -> bool:
        """Whether nobody else has put a job since `noted` was read."""
        counted = {
            "Key": _typed(_active_names(job.tenant, job.kind)),
            "UpdateExpression": "SET active = :active",
            "ConditionExpression": "active = :noted" if noted else "attribute_not_exists(pk)",
            "ExpressionAttributeValues": {":active": {"SS": active}} | ({":noted": {"SS": noted}} if noted else {}),
        }
        try:
            transact(self._client, self._table, [{"Put": {"Item": dict(item)}}, {"Update": counted}])
        except Refused:
            return False
        return True


_NEVER_CHANGED = frozenset({"kind", "ask", "sealed", "created_at", "lane"})


def _names(key: JobKey) -> dict[str, str]:
    return {"pk": f"{key.tenant}{PARTITION}", "sk": f"{key.kind}#{key.id}"}


def _active_names(tenant: TenantCode, kind: str) -> dict[str, str]:
    return {"pk": f"{tenant}{PARTITION}", "sk": f"active#{kind}"}


def _typed(names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"S": part} for name, part in names.items()}


def _key(key: JobKey) -> dict[str, dict[str, str]]:
    return _typed(_names(key))


def _expires(now_ms: int) -> dict[str, str]:
    return _number((now_ms + KEPT_MS) // SECOND)


def _item(job: Job) -> dict[str, dict[str, Any]]:
    item: dict[str, dict[str, Any]] = {
        "kind": {"S": job.kind},
        "ask": _json(job.ask),
        "created_at": _number(job.created_ms),
        "status": {"S": job.status},
        "processed": _number(job.processed),
        "progress": _number(job.progress),
        "attempts": _number(job.attempts),
        "lane": _number(job.lane),
    }
    if job.sealed is not None:
        item["sealed"] = {"S": job.sealed}
    if job.checkpoint is not None:
        item["checkpoint"] = _json(job.checkpoint)
    if job.error is not None:
        item["error"] = {"S": job.error}
    if job.finished_ms is not None:
        item["finished_at"] = _number(job.finished_ms)
    if job.withdrawn_ms is not None:
        item["withdrawn_at"] = _number(job.withdrawn_ms)
    return item


def _job(item: Mapping[str, Any]) -> Job:
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
    )


def _json(value: Any) -> dict[str, str]:
    return {"S": msgspec.json.encode(value).decode()}


def _number(value: float) -> dict[str, str]:
    return {"N": str(value)}
