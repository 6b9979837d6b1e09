"""The roots of complete tiles in the ledger table: `node#<level>#<index, 16 digits>`, with `hash`, their 32 bytes.

The root of a tile is the hash of this index in the tiles of the level above. A row is written once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.batches import PATIENCE, Patience, insert_all
from daybook.aws.calls import ask
from daybook.ledger.logs import Log
from daybook.ledger.tiles import Tile


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
        items = [
            {
                "pk": {"S": log.partition},
                "sk": {"S": _sort_key(tile.level, tile.index)},
                "hash": {"B": root},
            }
            for tile, root in roots.items()
        ]
        insert_all(self._client, self._table, items, self._patience)


def _sort_key(level: int, index: int) -> str:
    return f"node#{level}#{index:016}"
