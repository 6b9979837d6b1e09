"""Signed checkpoints in the ledger table.

Under the log's partition, `checkpoint#<size, 16 digits>`: `note`, `edge` (the tree's right edge at this size) and
`at`, the milliseconds of its cosignature. A row is written once and never expires.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from daybook.aws.batches import insert, insert_statement
from daybook.aws.calls import ask, page_of
from daybook.errors import Throttled
from daybook.events.store import Append as Inserted
from daybook.ledger.logs import Log
from daybook.ledger.merkle import Edge
from daybook.ledger.signing import SignedCheckpoint

_PREFIX = "checkpoint#"
_LARGEST = 10**16 - 1


class CheckpointTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled`."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def newest(self, log: Log) -> SignedCheckpoint | None:
        return self._up_to(log, _LARGEST)

    def covering(self, log: Log, index: int) -> SignedCheckpoint | None:
        newest = self.newest(log)
        return newest if newest is not None and newest.size > index else None

    def at(self, log: Log, size: int) -> SignedCheckpoint | None:
        return self._up_to(log, size, size)  # a session of one tenant may query, and get no single item

    def before(self, log: Log, at_ms: int) -> SignedCheckpoint | None:
        """Halves the sizes in question with each read: rows are sorted by size, and times never go back with it."""
        newest = self.newest(log)
        if newest is None or newest.at_ms <= at_ms:
            return newest
        found, low, high = None, 0, newest.size
        while low < high:
            middle = (low + high) // 2
            checkpoint = self._up_to(log, middle, low)
            if checkpoint is not None and checkpoint.at_ms > at_ms:
                high = checkpoint.size
            else:
                found, low = checkpoint or found, middle + 1
        return found

    def keep(self, log: Log, checkpoint: SignedCheckpoint) -> None:
        item = {
            "pk": {"S": log.partition},
            "sk": {"S": _sort_key(checkpoint.size)},
            "note": {"S": checkpoint.note},
            "edge": {"B": checkpoint.edge.to_bytes()},
            "at": {"N": str(checkpoint.at_ms)},
        }
        (outcome,) = insert(self._client, [insert_statement(self._table, item)])
        if outcome is Inserted.THROTTLED:
            raise Throttled

    def _up_to(self, log: Log, size: int, least: int = 0) -> SignedCheckpoint | None:
        """The largest of the sizes from `least` to `size`."""
        page = page_of(
            partial(ask, self._client.query),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :least AND :most",
            ExpressionAttributeValues={
                ":pk": {"S": log.partition},
                ":least": {"S": _sort_key(least)},
                ":most": {"S": _sort_key(size)},
            },
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=1,
        )
        return next(map(_checkpoint, page["Items"]), None)


def _sort_key(size: int) -> str:
    return f"{_PREFIX}{size:016}"


def _checkpoint(item: Mapping[str, Any]) -> SignedCheckpoint:
    size = int(item["sk"]["S"].removeprefix(_PREFIX))
    edge = Edge.from_bytes(size, item["edge"]["B"])
    return SignedCheckpoint(size, item["note"]["S"], edge, int(item["at"]["N"]))
