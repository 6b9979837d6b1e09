"""Single calls of AWS's clients, whose errors are told apart: for now, for good, or another's turn."""

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.batches import TRANSIENT, Patience
from daybook.errors import Throttled

Action = dict[str, dict[str, Any]]
"""One of a transaction: `{"Put": {"Item": …}}`, without its table's name."""

_REFUSALS = {"ConditionalCheckFailed", "TransactionConflict"}


class Refused(Exception):  # noqa: N818  a fact, not a failure
    """A condition of a transaction does not hold, or another transaction was first; its cause is DynamoDB's error."""


def ask(call: Callable[..., Any], for_now: Container[str] = TRANSIENT, /, **arguments: Any) -> Any:
    """One call's answer. Raises `Throttled` where there is none for now, botocore's `ClientError` for a refusal.

    `for_now`: the errors of the service, where it is another than DynamoDB, that pass by themselves.
    """
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in for_now:
            raise Throttled from None
        raise
    except BotoCoreError:
        raise Throttled from None


def ask_again(patience: Patience, usual: int, call: Callable[..., Any], **arguments: Any) -> Any:
    """Like `ask`, tried as often as `patience` has it."""
    for _ in patience.tries(usual):
        try:
            return ask(call, **arguments)
        except Throttled:
            continue
    raise Throttled


def rows(client: Any, table: str, partition: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Every item of a partition whose sort key begins so, in its order, consistent, a page of at most 1 MB at a time.

    Raises `Throttled`.
    """
    start: dict[str, Any] = {}
    while True:
        page = ask(
            client.query,
            TableName=table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
            **start,
        )
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def get_item(client: Any, table: str, key: Mapping[str, str]) -> dict[str, Any] | None:
    """Consistent. Raises `Throttled`."""
    answer = ask(
        client.get_item, TableName=table, Key={name: {"S": part} for name, part in key.items()}, ConsistentRead=True
    )
    item: dict[str, Any] | None = answer.get("Item")
    return item


def transact(client: Any, table: str, actions: list[Action]) -> None:
    """All of it or nothing, within one table. Raises `Refused`, or `Throttled`: then it is not known what happened."""
    items = [{kind: {"TableName": table, **what}} for action in actions for kind, what in action.items()]
    try:
        ask(client.transact_write_items, TransactItems=items)
    except ClientError as error:
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
        if reasons & _REFUSALS:
            raise Refused from error
        if reasons & TRANSIENT:
            raise Throttled from None
        raise
