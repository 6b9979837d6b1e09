"""Deltas in the ledger table: `delta#<start, 16 digits>#<nonce>`, with `d`, what the entries of an append count as.

Of several for one start, that of the append's own nonce counts. It expires 40 days after it was written. That is long
after it was folded, and spares the write that would set the time then.
"""

from typing import Any

from daybook.aws.calls import ask, get_item
from daybook.clock import DAY, SECOND
from daybook.ledger.log import Append

KEPT_MS = 40 * DAY

_PREFIX = "delta#"


def key(partition: str, append: Append) -> dict[str, str]:
    return {"pk": partition, "sk": f"{_PREFIX}{append.start:016}#{append.nonce}"}


def item(partition: str, append: Append, delta: bytes) -> dict[str, Any]:
    return {
        **{name: {"S": part} for name, part in key(partition, append).items()},
        "d": {"B": delta},
        "expires_at": {"N": str((append.at_ms + KEPT_MS) // SECOND)},
    }


def read(client: Any, table: str, partition: str, append: Append) -> bytes | None:
    """A consistent read. Raises `Throttled`."""
    found = get_item(client, table, key(partition, append))
    return None if found is None else found["d"]["B"]


def between(client: Any, table: str, partition: str, start: int, stop: int) -> dict[tuple[int, str], bytes]:
    """All deltas of appends that begin from `start` to before `stop`, by start and nonce. A consistent read.

    Raises `Throttled`.
    """
    found: dict[tuple[int, str], bytes] = {}
    more: dict[str, Any] = {}
    while True:
        answer = ask(
            client.query,
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": partition},
                ":first": {"S": f"{_PREFIX}{start:016}"},
                ":last": {"S": f"{_PREFIX}{stop:016}"},  # no delta's key is as short as this
            },
            ConsistentRead=True,
            **more,
        )
        for row in answer["Items"]:
            number, _, nonce = row["sk"]["S"].removeprefix(_PREFIX).partition("#")
            found[int(number), nonce] = row["d"]["B"]
        if "LastEvaluatedKey" not in answer:
            return found
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
