"""Reads and changes when events expire. It sees only the keys and `expires_at` of the events table."""

from collections.abc import Callable, Mapping
from concurrent.futures import wait
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.batches import workers
from daybook.aws.calls import ask, page_of
from daybook.errors import Throttled
from daybook.ids import HIGHEST_ID, neighbour
from daybook.jobs.restamp import Restamp

_LOWEST = "0" * 36


class StampTable:
    """Uses a low-level DynamoDB client. Raises `Throttled` when another try may succeed."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def page(self, lies_in: str, last: str, limit: int, up_to: str = HIGHEST_ID) -> list[tuple[str, int | None]]:
        """Ids after `last` up to `up_to`, oldest first, each with its expiry in seconds; consistent.

        Fewer than `limit` come only at the end. DynamoDB reads whole events, so a page costs their read units.
        """
        found: list[tuple[str, int | None]] = []
        ended = False
        while not ended and len(found) < limit:
            after = found[-1][0] if found else last
            low = neighbour(after, 1) if after else _LOWEST
            if low > up_to:
                break
            answer = page_of(
                partial(ask, self._client.query),
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={":pk": {"S": lies_in}, ":low": {"S": low}, ":high": {"S": up_to}},
                ProjectionExpression="sk, expires_at",
                Select="SPECIFIC_ATTRIBUTES",
                ConsistentRead=True,
                Limit=limit - len(found),
            )
            found += [(item["sk"]["S"], _seconds(item)) for item in answer["Items"]]
            ended = "LastEvaluatedKey" not in answer
        return found

    def stamp(self, lies_in: str, restamps: Mapping[str, Restamp], seconds_left: Callable[[], float]) -> bool:
        """Returns whether every event still had the expiry that was seen. A change costs 1 write unit.

        An event with another expiry stays as it is. A deleted event stays deleted; without the condition an update
        would recreate it with two keys and a time. When time is up, nothing more is written and `Throttled` is raised.
        No write of this call is under way when it returns or raises.
        """

        def one(item: tuple[str, Restamp]) -> bool:
            if seconds_left() <= 0:
                raise Throttled
            return self._stamp(lies_in, *item)

        writes = [workers().submit(one, item) for item in restamps.items()]
        wait(writes)
        outcomes = [write.result() for write in writes]
        return all(outcomes)

    def _stamp(self, lies_in: str, identifier: str, restamp: Restamp) -> bool:
        values: dict[str, Any] = {}
        condition, change = "attribute_exists(pk) AND attribute_not_exists(expires_at)", "REMOVE expires_at"
        if restamp.seen is not None:
            condition, values[":seen"] = "expires_at = :seen", {"N": str(restamp.seen)}
        if restamp.then is not None:
            change, values[":then"] = "SET expires_at = :then", {"N": str(restamp.then)}
        try:
            ask(
                self._client.update_item,
                TableName=self._table,
                Key={"pk": {"S": lies_in}, "sk": {"S": identifier}},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _seconds(item: Mapping[str, Any]) -> int | None:
    return int(item["expires_at"]["N"]) if "expires_at" in item else None
