"""Events as deliveries need them: from the table's stream, and by their keys."""

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from daybook.aws.batches import get_items
from daybook.aws.calls import ask, page_of
from daybook.delivery.records import InsertedEvent

_NEEDED = ("pk", "sk", "z", "by_actor", "by_target")


def from_stream(image: Mapping[str, Mapping[str, Any]]) -> InsertedEvent:
    """Reads the new image of a stream record, whose binaries Lambda passes in base64. Raises KeyError, ValueError."""
    return _inserted(image, base64.b64decode(image["z"]["B"]))


class InsertedEvents:
    """Over a low-level DynamoDB client."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def read(self, keys: Sequence[tuple[str, str]]) -> list[InsertedEvent]:
        """The events that exist, oldest first; strongly consistent. Raises `Throttled`."""
        asked = [{"pk": {"S": partition}, "sk": {"S": identifier}} for partition, identifier in keys]
        items = get_items(self._client, self._table, asked, _NEEDED)
        return sorted((_inserted(item, item["z"]["B"]) for item in items), key=lambda row: row.id)

    def between(self, partition: str, low: str, high: str, limit: int) -> list[InsertedEvent]:
        """The first events of a partition from id `low` to id `high`, oldest first; strongly consistent.

        Fewer than `limit` come only when 1 MB is full or the range ends, none only at its end. Raises `Throttled`.
        """
        answer = page_of(
            partial(ask, self._client.query),
            TableName=self._table,
            KeyConditionExpression="pk = :partition AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":partition": {"S": partition}, ":low": {"S": low}, ":high": {"S": high}},
            Limit=limit,
            ConsistentRead=True,
        )
        return [_inserted(item, item["z"]["B"]) for item in answer["Items"]]


def _inserted(item: Mapping[str, Mapping[str, Any]], packed: bytes) -> InsertedEvent:
    return InsertedEvent(
        partition=item["pk"]["S"],
        id=item["sk"]["S"],
        packed=packed,
        by_actor=item["by_actor"]["S"],
        by_target=item["by_target"]["S"] if "by_target" in item else None,
    )
