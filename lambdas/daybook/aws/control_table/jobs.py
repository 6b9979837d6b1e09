"""Jobs in the control table: adding and finding them. `job_rows` says how they lie there."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from daybook.aws.batches import PATIENCE, Patience, get_items
from daybook.aws.calls import Refused, ask, get_item, transact
from daybook.aws.control_table.job_claims import ClaimTable
from daybook.aws.control_table.job_rows import (
    active_names,
    expires,
    item_of,
    job_of,
    key_of,
    names_of,
    refused_names,
    typed,
)
from daybook.errors import Contended
from daybook.ids import HIGHEST_ID, neighbour
from daybook.jobs.job import KINDS, PARTITION, Job, JobKey, TooManyJobs, UnknownJob
from daybook.tenant import TenantCode

_MAX_TRIES = 8


class JobTable(ClaimTable):
    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        super().__init__(client, table_name)
        self._patience = patience

    def put(self, job: Job, max_active: int | None = None) -> None:
        """Raises `TooManyJobs`, or `Contended` when concurrent requests won every try."""
        item = {**key_of(job.key), **item_of(job), "expires_at": expires(job.created_ms)}
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

    def refuse(self, job: Job) -> None:
        item = {**typed(refused_names(job.key)), "expires_at": expires(job.created_ms)}
        ask(self._client.put_item, TableName=self._table, Item=item)

    def active(self, tenant: TenantCode, kind: str) -> list[Job]:
        return self._active(tenant, kind, self._noted(tenant, kind))

    def job(self, key: JobKey) -> Job:
        item = get_item(self._client, self._table, names_of(key))
        if item is None:
            raise UnknownJob(key.id)
        return job_of(item)

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
        return list(islice(map(job_of, self._items(tenant, kind, first, most)), most))

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

    def _noted(self, tenant: TenantCode, kind: str) -> list[str]:
        """The ids of the jobs that had not ended when the last one was put."""
        item = get_item(self._client, self._table, active_names(tenant, kind))
        return [] if item is None else item["active"]["SS"]

    def _active(self, tenant: TenantCode, kind: str, noted: Iterable[str]) -> list[Job]:
        found = self._those(JobKey(tenant, kind, job_id) for job_id in noted)
        return sorted((job for job in found if not job.status.has_ended), key=lambda job: job.id)

    def _those(self, keys: Iterable[JobKey]) -> list[Job]:
        return [job_of(item) for item in get_items(self._client, self._table, [key_of(key) for key in keys])]

    def _put_beside(self, job: Job, item: Mapping[str, Any], noted: list[str], active: list[str]) -> bool:
        """Whether nobody else has put a job since `noted` was read."""
        counted = {
            "Key": typed(active_names(job.tenant, job.kind)),
            "UpdateExpression": "SET active = :active",
            "ConditionExpression": "active = :noted" if noted else "attribute_not_exists(pk)",
            "ExpressionAttributeValues": {":active": {"SS": active}} | ({":noted": {"SS": noted}} if noted else {}),
        }
        try:
            transact(self._client, self._table, [{"Put": {"Item": dict(item)}}, {"Update": counted}])
        except Refused:
            return False
        return True
