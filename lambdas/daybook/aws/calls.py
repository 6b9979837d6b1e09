"""Single calls of AWS clients. Errors are sorted into transient ones, lasting ones and lost races."""

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.batches import TRANSIENT, Patience
from daybook.errors import Throttled

Action = dict[str, dict[str, Any]]
"""One action of a transaction, such as `{"Put": {"Item": …}}`. It names its table if that is not the transaction's."""

_CONDITION = "ConditionalCheckFailed"
STS_TRANSIENT = frozenset(
    {
        "InternalFailure",
        "RequestExpired",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""STS's errors that another try may overcome. They concern Daybook's own account, whosever role is assumed."""

_REFUSALS = {_CONDITION, "TransactionConflict"}


class Refused(Exception):  # noqa: N818  a fact, not a failure
    """A condition of a transaction does not hold, or another transaction was first. Its cause is DynamoDB's error."""

    is_conflict = False
    """Whether another write was first, and no condition failed. The same transaction may succeed now."""


def ask(call: Callable[..., Any], transient: Container[str] = TRANSIENT, /, **arguments: Any) -> Any:
    """Returns one call's answer. Raises `Throttled` for a transient error, botocore's `ClientError` for others.

    `transient`: the codes of the service's transient errors; by default DynamoDB's.
    """
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in transient:
            raise Throttled from None
        raise
    except BotoCoreError:
        raise Throttled from None


def ask_again(patience: Patience, usual: int, call: Callable[..., Any], **arguments: Any) -> Any:
    """Like `ask`, tried as often as `patience` allows."""
    for _ in patience.tries(usual):
        try:
            return ask(call, **arguments)
        except Throttled:
            continue
    raise Throttled


def page_of(query: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """The first page of a query that has items, or its last page.

    DynamoDB may answer pages without items that are not the end. Only `LastEvaluatedKey` tells the end.
    """
    page: dict[str, Any] = query(**arguments)
    while not page["Items"] and "LastEvaluatedKey" in page:
        page = query(**{**arguments, "ExclusiveStartKey": page["LastEvaluatedKey"]})
    return page


def rows(
    client: Any, table: str, partition: str, prefix: str = "", rows_a_page: int | None = None
) -> Iterator[dict[str, Any]]:
    """The items of a partition whose sort keys begin with `prefix`, in order, in consistent pages of at most 1 MB.

    Raises `Throttled`.
    """
    condition, values = "pk = :pk", {":pk": {"S": partition}}
    if prefix:  # DynamoDB refuses empty texts here
        condition, values = f"{condition} AND begins_with(sk, :prefix)", {**values, ":prefix": {"S": prefix}}
    start: dict[str, Any] = {} if rows_a_page is None else {"Limit": rows_a_page}
    while True:
        page = ask(
            client.query,
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            **start,
        )
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def get_item(client: Any, table: str, key: Mapping[str, str]) -> dict[str, Any] | None:
    """A consistent read. Raises `Throttled`."""
    answer = ask(
        client.get_item, TableName=table, Key={name: {"S": part} for name, part in key.items()}, ConsistentRead=True
    )
    item: dict[str, Any] | None = answer.get("Item")
    return item


def transact(client: Any, table: str, actions: list[Action]) -> None:
    """All or nothing, in `table` where an action names no other.

    Raises `Refused`, or `Throttled`: then the outcome is unknown.
    """
    items = [{kind: {"TableName": table, **what}} for action in actions for kind, what in action.items()]
    try:
        ask(client.transact_write_items, TransactItems=items)
    except ClientError as error:
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
        if reasons & _REFUSALS:
            refused = Refused()
            refused.is_conflict = _CONDITION not in reasons
            raise refused from error
        if reasons & TRANSIENT:
            raise Throttled from None
        raise
