"""When events expire, read and changed: of the events table this sees keys and `expires_at`, and nothing else."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.aws.batches import TRANSIENT, workers
from daybook.event_id import HIGHEST, neighbour
from daybook.storing import Throttled

_LOWEST = "0" * 36


class StampTable:
    """Over a low-level DynamoDB client. Raises `Throttled` where trying again will do."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def page(self, lies_in: str, last: str, limit: int, up_to: str = HIGHEST) -> list[tuple[str, int | None]]:
        """Ids behind `last`, up to that one, oldest first, with when they expire; consistent.

        Fewer than `limit` at the end only.
        """
        found: list[tuple[str, int | None]] = []
        ended = False
        while not ended and len(found) < limit:
            behind = found[-1][0] if found else last
            answer = self._call(
                "query",
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={
                    ":pk": {"S": lies_in},
                    ":low": {"S": neighbour(behind, 1) if behind else _LOWEST},
                    ":high": {"S": up_to},
                },
                ProjectionExpression="sk, expires_at",
                Select="SPECIFIC_ATTRIBUTES",
                ConsistentRead=True,
                Limit=limit - len(found),
            )
            found += [(item["sk"]["S"], _seconds(item)) for item in answer["Items"]]
            ended = "LastEvaluatedKey" not in answer
        return found

    def stamp(self, lies_in: str, expiries: Mapping[str, int | None]) -> None:
        """None: never. One write unit each, whatever the event's indexes. Nothing of an event that is gone meanwhile:
        without the condition it would come back, as a ghost of two keys and a time.
        """

        def one(item: tuple[str, int | None]) -> None:
            self._stamp(lies_in, *item)

        list(workers().map(one, expiries.items()))

    def _stamp(self, lies_in: str, identifier: str, expires_at: int | None) -> None:
        key = {"pk": {"S": lies_in}, "sk": {"S": identifier}}
        change: dict[str, Any] = {"UpdateExpression": "REMOVE expires_at"}
        if expires_at is not None:
            change = {
                "UpdateExpression": "SET expires_at = :then",
                "ExpressionAttributeValues": {":then": {"N": str(expires_at)}},
            }
        try:
            self._call("update_item", Key=key, ConditionExpression="attribute_exists(pk)", **change)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(TableName=self._table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in TRANSIENT:
                raise Throttled from None
            raise
        except BotoCoreError:
            raise Throttled from None
        return answer


def _seconds(item: Mapping[str, Any]) -> int | None:
    return int(item["expires_at"]["N"]) if "expires_at" in item else None
