"""The rows of destinations: one for each environment, in a partition of the tenant's that holds nothing else. So who
delivers may change these rows and none of the tenant's settings.

`destinations` changes what a stream is and the state of its live delivery, and `drains` changes who drains its backlog.
Both are in one row.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.batches import PATIENCE, Patience
from daybook.delivery.destination import Destination, StreamChoice
from daybook.errors import Throttled
from daybook.tenant import EnvironmentKey, TenantCode, code_of, environment_key

PARTITION = "#streams"
"""Ends the partition key of destinations: `<tenant's code>#streams`. The sort key is the environment's number."""

DRAINING = {"S": "draining"}
"""The partition key of the index `by_drain_due`, the same for every destination whose backlog wants a drain."""

_REFUSED_UNTRIED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
"""After these errors nothing has been changed, so that a change which adds to a number can be tried again."""
_MAX_TRIES = 8

_STRINGS = ("external_id", "profile", "subscription", "generation", "status", "last_error", "drain_claim")
_NUMBERS = {
    "last_delivered_at": "last_delivered_ms",
    "failing_since": "failing_since_ms",
    "backoff_step": "backoff_step",
    "drain_due": "drain_due_ms",
    "parkings": "parkings",
    "parked_since": "parked_since_ms",
    "broken_due": "broken_due_ms",
    "given_up": "given_up",
    "slow_since": "slow_since_ms",
    "quick_calls": "quick_calls",
}


def change(  # noqa: PLR0913  the parts of a call
    client: Any,
    table: str,
    environment: EnvironmentKey,
    expression: str,
    condition: str,
    *,
    values: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    returned: str = "ALL_NEW",
    patience: Patience = PATIENCE,
) -> dict[str, Any] | None:
    """Changes an environment's destination. Returns the asked attributes; None if the condition does not hold.

    It is tried again for at most 5 seconds where DynamoDB throttles the tenant's partition, or refuses a write while a
    drain's transaction is at work at the row. Raises `Throttled` afterwards.
    """
    for _ in patience.tries(_MAX_TRIES):
        try:
            answer = client.update_item(
                TableName=table,
                Key=key_of(environment),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues=returned,
                **({"ExpressionAttributeNames": names} if names else {}),
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                return None
            if code in _REFUSED_UNTRIED:
                continue
            raise
        attributes: dict[str, Any] = answer["Attributes"]
        return attributes
    raise Throttled


def key_of(environment: EnvironmentKey) -> dict[str, Any]:
    return {"pk": {"S": f"{code_of(environment)}{PARTITION}"}, "sk": {"S": number_of(environment)}}


def environment_of(item: Mapping[str, Mapping[str, Any]]) -> EnvironmentKey:
    return environment_key(TenantCode(item["pk"]["S"].removesuffix(PARTITION)), int(item["sk"]["S"]))


def number_of(environment: EnvironmentKey) -> str:
    return environment.partition("#")[2]


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def numbers(values: Iterable[int]) -> dict[str, Any]:
    return {"L": [number(value) for value in values]}


def item_of(destination: Destination) -> dict[str, Any]:
    """The row as it is written, without absent values and zeros."""
    chosen = destination.chosen
    item: dict[str, Any] = {
        **key_of(destination.environment),
        "stream_arn": {"S": chosen.stream_arn},
        "role_arn": {"S": chosen.role_arn},
        "format": {"S": chosen.format},
        "include_audit_log": {"BOOL": chosen.include_audit_log},
    }
    texts = ((name, getattr(destination, name)) for name in _STRINGS)
    counts = ((name, getattr(destination, field)) for name, field in _NUMBERS.items())
    item |= {name: {"S": value} for name, value in texts if value is not None}
    item |= {name: number(value) for name, value in counts if value}
    if destination.drain_due_ms is not None:
        item["draining"] = DRAINING
    if destination.drain_idle:
        item["drain_idle"] = {"BOOL": True}
    if destination.slow_calls:
        item["slow_calls"] = numbers(destination.slow_calls)
    return item


def destination_of(item: Mapping[str, Mapping[str, Any]]) -> Destination:
    chosen = StreamChoice(
        stream_arn=item["stream_arn"]["S"],
        role_arn=item["role_arn"]["S"],
        format=item["format"]["S"],
        include_audit_log=item["include_audit_log"]["BOOL"],
    )
    known = {name: item[name]["S"] for name in _STRINGS if name in item}
    known |= {field: int(item[name]["N"]) for name, field in _NUMBERS.items() if name in item}
    known["slow_calls"] = tuple(int(each["N"]) for each in item.get("slow_calls", {"L": ()})["L"])
    return Destination(environment=environment_of(item), chosen=chosen, drain_idle="drain_idle" in item, **known)
