"""Who works on a job, and what has become of it. Each change is one conditional update."""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.calls import ask, get_item
from daybook.aws.control_table.job_rows import (
    NEVER_CHANGED,
    expires,
    item_of,
    job_of,
    key_of,
    number,
    refused_names,
    reserved_names,
    typed,
)
from daybook.jobs.job import ClaimLost, Job, JobBusy, JobKey, Status, UnknownJob
from daybook.jobs.message import Received, StaleMessage

_ACTIVE = {":queued": {"S": Status.QUEUED}, ":running": {"S": Status.RUNNING}}
_IS_ACTIVE = "#status IN (:queued, :running)"


class ConditionFailed(Exception):  # noqa: N818  a fact, not a failure
    """The update's condition does not hold for this row; None where there is no row."""

    def __init__(self, row: Mapping[str, Any] | None) -> None:
        super().__init__()
        self.row = row


class ClaimTable:
    """Uses a low-level DynamoDB client. Every call raises `Throttled` when another try may succeed."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def claim(self, received: Received, claim: str, now_ms: int, until_ms: int) -> Job:
        message = received.message
        # The same message may come again, after its worker was killed. Another one of its turn is a copy.
        is_next = "(attribute_not_exists(turn) OR turn <= :earlier OR message = :message)"
        # A claim of its own counts as free: the answer to an earlier try may have been lost.
        is_free = "(attribute_not_exists(claimed_until) OR claimed_until <= :now OR claim = :claim)"
        try:
            return self._change(
                message.key,
                "SET #status = :running, claim = :claim, claimed_until = :until, "
                "turn = :turn, message = :message, receipt = :receipt ADD attempts :one",
                f"{_IS_ACTIVE} AND {is_next} AND {is_free}",
                {
                    **_ACTIVE,
                    ":claim": {"S": claim},
                    ":until": number(until_ms),
                    ":now": number(now_ms),
                    ":turn": number(message.turn),
                    ":earlier": number(message.turn - 1),
                    ":message": {"S": message.id},
                    ":receipt": {"S": received.receipt},
                    ":one": number(1),
                },
            )
        except ConditionFailed as failed:
            if not failed.row and get_item(self._client, self._table, refused_names(message.key)):
                raise StaleMessage(message.job) from None
            row = _existing(failed, message.key)
        job = job_of(row)
        if job.status.has_ended:
            return job
        if "turn" in row and job.turn >= message.turn and row["message"]["S"] != message.id:
            raise StaleMessage(job.id)
        raise JobBusy(job.id, int(row["claimed_until"]["N"]))

    def save(self, job: Job, claim: str, now_ms: int) -> None:
        values = {name: value for name, value in item_of(job).items() if name not in NEVER_CHANGED}
        values["expires_at"] = expires(now_ms)
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        gone = ["sealed"] * job.status.has_ended + ["throttled_since"] * (job.throttled_ms is None)
        try:
            self._change(
                job.key,
                f"SET {sets}" + (f" REMOVE {', '.join(gone)}" if gone else ""),
                # The new status is allowed too: the answer to an earlier try may have been lost.
                "claim = :its_claim AND #status IN (:running, :status)",
                {
                    **{f":{name}": value for name, value in values.items()},
                    ":its_claim": {"S": claim},
                    ":running": {"S": Status.RUNNING},
                },
                values,
            )
        except ConditionFailed:
            raise ClaimLost(job.id) from None

    def release(self, job: Job, claim: str) -> None:
        try:
            self._change(job.key, "REMOVE claimed_until", "claim = :claim", {":claim": {"S": claim}}, ())
        except ConditionFailed:
            return

    def cancel(self, key: JobKey, now_ms: int) -> Job:
        try:
            return self._change(
                key,
                "SET #status = :cancelled, finished_at = :now REMOVE sealed",
                _IS_ACTIVE,
                {**_ACTIVE, ":cancelled": {"S": Status.CANCELLED}, ":now": number(now_ms)},
            )
        except ConditionFailed as failed:
            return job_of(_existing(failed, key))

    def withdraw(self, key: JobKey, now_ms: int) -> None:
        values = {":succeeded": {"S": Status.SUCCEEDED}, ":now": number(now_ms)}
        condition = "#status = :succeeded AND attribute_not_exists(withdrawn_at)"
        try:
            self._change(key, "SET withdrawn_at = :now", condition, values)
        except ConditionFailed:
            return

    def reserve(self, job: Job, what: str, now_ms: int, until_ms: int) -> bool:
        try:
            self._update(
                typed(reserved_names(job.tenant, what)),
                "SET job = :job, reserved_until = :until, expires_at = :expires",
                "attribute_not_exists(job) OR job = :job OR reserved_until <= :now",
                {
                    ":job": {"S": job.id},
                    ":until": number(until_ms),
                    ":now": number(now_ms),
                    ":expires": expires(until_ms),
                },
            )
        except ConditionFailed:
            return False
        return True

    def free(self, job: Job, what: str) -> None:
        try:
            self._update(typed(reserved_names(job.tenant, what)), "REMOVE job", "job = :job", {":job": {"S": job.id}})
        except ConditionFailed:
            return

    def _change(
        self,
        key: JobKey,
        expression: str,
        condition: str,
        values: Mapping[str, Any],
        names: Iterable[str] = ("status",),
    ) -> Job:
        """The changed job. Raises `ConditionFailed`."""
        return job_of(self._update(key_of(key), expression, condition, values, names))

    def _update(
        self,
        key: Mapping[str, Any],
        expression: str,
        condition: str,
        values: Mapping[str, Any],
        names: Iterable[str] = (),
    ) -> Mapping[str, Any]:
        """The changed row. Raises `ConditionFailed`, with the row that the condition was held against."""
        named = {f"#{name}": name for name in names}
        try:
            answer: dict[str, Any] = ask(
                self._client.update_item,
                TableName=self._table,
                Key=key,
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                # A read after the refusal may find another row than the refused update did.
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **({"ExpressionAttributeNames": named} if named else {}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise ConditionFailed(error.response.get("Item")) from None
        attributes: Mapping[str, Any] = answer["Attributes"]
        return attributes


def _existing(failed: ConditionFailed, key: JobKey) -> Mapping[str, Any]:
    if not failed.row:
        raise UnknownJob(key.id) from None
    return failed.row
