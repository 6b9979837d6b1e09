"""The roots of complete tiles in the ledger table: `node#<level>#<index, 16 digits>`, with `h`, the root.

The root of tile N of level L is hash N of level L + 1. So a tile above level 0 is 256 rows, one behind the other. Rows
are inserted and never changed: a tile has one root.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from daybook.aws.batches import PATIENCE, Patience, insert_all
from daybook.aws.calls import ask
from daybook.ledger.logs import Log
from daybook.ledger.tiles import Tile


class NodeTable:
    """Uses a low-level DynamoDB client. Raises `Throttled`."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def put(self, log: Log, roots: Mapping[Tile, bytes]) -> None:
        """Durable on return."""
        items = [
            {"pk": {"S": log.partition}, "sk": {"S": _sort_key(tile.level, tile.index)}, "h": {"B": root}}
            for tile, root in roots.items()
        ]
        insert_all(self._client, self._table, items, self._patience)

    def read(self, log: Log, level: int, first: int, count: int) -> Sequence[bytes]:
        """The roots of `count` tiles of a level, from the tile `first` on: fewer where they are not written yet.

        Consistent. 256 of them are one call.
        """
        page = ask(
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
        return [item["h"]["B"] for item in page["Items"]]


def _sort_key(level: int, index: int) -> str:
    return f"node#{level}#{index:016}"
