"""Jobs in the control table (`job#<kind>#<id>`, and `jobs#<kind>` for the bound on their number), and SQS.

Beside a job's own fields its row holds `claim` and `claimed_until`: who works on it, and until when at most. The row
of a kind holds, in `active`, the ids of those that had not ended when the last one was put.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.batches import get_items
from daybook.caller import Tenant
from daybook.clock import SECOND
from daybook.event_id import HIGHEST, neighbour
from daybook.jobs import KEPT_MS, KINDS, ClaimLost, Job, JobBusy, JobKey, Status, TooManyJobs, UnknownJob
from daybook.storing import Throttled
from daybook.tenants import Contended

_MOST_TRIES = 8
_FIFO = ".fifo"
_FOR_NOW = frozenset(
    {"InternalError", "InternalFailure", "RequestThrottled", "ServiceUnavailable", "ThrottlingException"}
)
"""What SQS refuses for the moment."""


class JobTable:
    """Over a low-level DynamoDB client."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def put(self, job: Job, most_active: int | None = None) -> None:
        """Raises `TooManyJobs`; `Contended` where others asked at the same time so often that it had no turn."""
        item = {**_key(job.key), **_item(job), "expires_at": _number((job.created_ms + KEPT_MS) // SECOND)}
        if most_active is None:
            self._client.put_item(TableName=self._table, Item=item)
            return
        for _ in range(_MOST_TRIES):
            noted = self._noted(job.tenant, job.kind)
            active = self._active(job.tenant, job.kind, noted)
            if len(active) >= most_active:
                raise TooManyJobs(job.kind)
            if self._put_beside(job, item, noted, [*(each.id for each in active), job.id]):
                return
        raise Contended(job.tenant)

    def active(self, tenant: Tenant, kind: str) -> list[Job]:
        return self._active(tenant, kind, self._noted(tenant, kind))

    def job(self, key: JobKey) -> Job:
        answer = self._client.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        if "Item" not in answer:
            raise UnknownJob(key.id)
        return _job(answer["Item"])

    def find(self, tenant: Tenant, job_id: str) -> Job:
        found = self._those(JobKey(tenant, kind, job_id) for kind in KINDS)
        if not found:
            raise UnknownJob(job_id)
        return found[0]

    def jobs(self, tenant: Tenant, kind: str, most: int | None = None) -> list[Job]:
        return self._from(tenant, kind, "", most)

    def later(self, job: Job) -> list[Job]:
        return self._from(job.tenant, job.kind, neighbour(job.id, 1))

    def _from(self, tenant: Tenant, kind: str, first: str, most: int | None = None) -> list[Job]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :tenant AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":tenant": {"S": tenant},
                ":low": {"S": _sort_key(kind, first)},
                ":high": {"S": _sort_key(kind, HIGHEST)},
            },
            ConsistentRead=True,
            ScanIndexForward=False,
        )
        return list(islice((_job(item) for page in pages for item in page["Items"]), most))

    def claim(self, key: JobKey, claim: str, now_ms: int, until_ms: int) -> Job:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(key),
                UpdateExpression="SET #status = :running, claim = :claim, claimed_until = :until ADD attempts :one",
                ConditionExpression="#status IN (:queued, :running)"
                # Its own: the answer to a first try was lost.
                " AND (attribute_not_exists(claimed_until) OR claimed_until <= :now OR claim = :claim)",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":queued": {"S": Status.QUEUED},
                    ":running": {"S": Status.RUNNING},
                    ":claim": {"S": claim},
                    ":until": _number(until_ms),
                    ":now": _number(now_ms),
                    ":one": _number(1),
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            _only_conditions(error)
            job = self.job(key)
            if job.status.has_ended:
                return job
            raise JobBusy(key.id) from None
        return _job(answer["Attributes"])

    def save(self, job: Job, claim: str) -> None:
        values = {name: value for name, value in _item(job).items() if name not in _NEVER_CHANGED}
        names = {f"#{name}": name for name in values}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(job.key),
                UpdateExpression="SET "
                + ", ".join(f"#{name} = :{name}" for name in values)
                + (" REMOVE sealed" if job.status.has_ended else ""),
                ConditionExpression="claim = :its_claim AND #status = :its_status",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in values.items()},
                    ":its_claim": {"S": claim},
                    ":its_status": {"S": Status.RUNNING},
                },
            )
        except ClientError as error:
            _only_conditions(error)
            raise ClaimLost(job.id) from None

    def release(self, job: Job, claim: str) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(job.key),
                UpdateExpression="REMOVE claimed_until",
                ConditionExpression="claim = :claim",
                ExpressionAttributeValues={":claim": {"S": claim}},
            )
        except ClientError as error:
            _only_conditions(error)

    def cancel(self, key: JobKey, now_ms: int) -> Job:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(key),
                UpdateExpression="SET #status = :cancelled, finished_at = :now REMOVE sealed",
                ConditionExpression="#status IN (:queued, :running)",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":queued": {"S": Status.QUEUED},
                    ":running": {"S": Status.RUNNING},
                    ":cancelled": {"S": Status.CANCELLED},
                    ":now": _number(now_ms),
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            _only_conditions(error)
            return self.job(key)
        return _job(answer["Attributes"])

    def _noted(self, tenant: Tenant, kind: str) -> list[str]:
        """The ids of those that had not ended when the last one was put."""
        answer = self._client.get_item(TableName=self._table, Key=_active_key(tenant, kind), ConsistentRead=True)
        return answer["Item"]["active"]["SS"] if "Item" in answer else []

    def _active(self, tenant: Tenant, kind: str, noted: Iterable[str]) -> list[Job]:
        found = self._those(JobKey(tenant, kind, job_id) for job_id in noted)
        return sorted((job for job in found if not job.status.has_ended), key=lambda job: job.id)

    def _those(self, keys: Iterable[JobKey]) -> list[Job]:
        return [_job(item) for item in get_items(self._client, self._table, [_key(key) for key in keys])]

    def _put_beside(self, job: Job, item: Mapping[str, Any], noted: list[str], active: list[str]) -> bool:
        """Whether nobody else has put one since those were noted."""
        counted = {
            "TableName": self._table,
            "Key": _active_key(job.tenant, job.kind),
            "UpdateExpression": "SET active = :active",
            "ConditionExpression": "active = :noted" if noted else "attribute_not_exists(pk)",
            "ExpressionAttributeValues": {":active": {"SS": active}} | ({":noted": {"SS": noted}} if noted else {}),
        }
        try:
            self._client.transact_write_items(
                TransactItems=[{"Put": {"TableName": self._table, "Item": item}}, {"Update": counted}]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            return False
        return True


class SqsJobQueue:
    """Messages of a job's key alone. Over a low-level SQS client.

    A FIFO queue runs one job of each tenant and lane at a time, in the order asked for, and serves tenants side by
    side; only a standard one can delay.
    """

    def __init__(self, client: Any, url: str, new_id: Callable[[], str] = lambda: uuid.uuid4().hex) -> None:
        self._client = client
        self._url = url
        self._new_id = new_id

    def send(self, job: Job, delay_seconds: int = 0) -> None:
        how: dict[str, Any] = {"DelaySeconds": delay_seconds} if delay_seconds else {}
        if self._url.endswith(_FIFO):
            # Every send is a message of its own: one too many does no harm, one taken for another loses the job.
            how |= {"MessageGroupId": f"{job.tenant}-{job.lane}", "MessageDeduplicationId": self._new_id()}
        body = msgspec.json.encode({"tenant": job.tenant, "kind": job.kind, "job": job.id}).decode()
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body, **how)
        except ClientError as error:
            if error.response["Error"]["Code"] in _FOR_NOW:
                raise Throttled from None
            raise
        except BotoCoreError:
            raise Throttled from None


_NEVER_CHANGED = frozenset({"kind", "ask", "sealed", "created_at", "lane"})


def _sort_key(kind: str, job_id: str) -> str:
    return f"job#{kind}#{job_id}"


def _key(key: JobKey) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key.tenant}, "sk": {"S": _sort_key(key.kind, key.id)}}


def _active_key(tenant: Tenant, kind: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": tenant}, "sk": {"S": f"jobs#{kind}"}}


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
    return item


def _job(item: Mapping[str, Any]) -> Job:
    return Job(
        tenant=Tenant(item["pk"]["S"]),
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
    )


def _json(value: Any) -> dict[str, str]:
    return {"S": msgspec.json.encode(value).decode()}


def _number(value: float) -> dict[str, str]:
    return {"N": str(value)}


def _only_conditions(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
