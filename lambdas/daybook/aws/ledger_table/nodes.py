"""The roots of complete tiles in the ledger table: `node#<level>#<index, 16 digits>`, with `hash`, their 32 bytes.

The root of a tile is the hash of this index in the tiles of the level above. A row is written once.
"""

from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Any

from daybook.aws.batches import PATIENCE, STATEMENTS_A_CALL, Patience, insert, insert_text
from daybook.aws.calls import ask
from daybook.errors import Throttled
from daybook.events.store import Append as Inserted
from daybook.ledger.logs import Log
from daybook.ledger.tiles import Tile

_TRIES = 6


class NodeTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled`."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def read(self, log: Log, level: int, first: int, count: int) -> Sequence[bytes]:
        """At most 256 rows of some 130 bytes: one call."""
        answer = ask(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": log.partition},
                ":first": {"S": _sort_key(level, first)},
                ":last": {"S": _sort_key(level, first + count - 1)},
            },
            ConsistentRead=True,
        )
        return [bytes(item["hash"]["B"]) for item in answer["Items"]]

    def put(self, log: Log, roots: Mapping[Tile, bytes]) -> None:
        left = [self._statement(log, tile, root) for tile, root in roots.items()]
        for _ in self._patience.tries(_TRIES):
            outcomes = [outcome for some in batched(left, STATEMENTS_A_CALL) for outcome in self._insert(some)]
            left = [each for each, outcome in zip(left, outcomes, strict=True) if outcome is Inserted.THROTTLED]
            if not left:
                return
        raise Throttled

    def _insert(self, statements: Sequence[dict[str, Any]]) -> list[Inserted]:
        return insert(self._client, [*statements])

    def _statement(self, log: Log, tile: Tile, root: bytes) -> dict[str, Any]:
        item = {
            "pk": {"S": log.partition},
            "sk": {"S": _sort_key(tile.level, tile.index)},
            "hash": {"B": root},
        }
        return {"Statement": insert_text(self._table, tuple(item)), "Parameters": list(item.values())}


def _sort_key(level: int, index: int) -> str:
    return f"node#{level}#{index:016}"
