"""When events expire, read and changed: of the events table this sees keys and `expires_at`, and nothing else."""

from collections.abc import Callable, Mapping
from concurrent.futures import wait
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.batches import workers
from daybook.aws.calls import ask
from daybook.errors import Throttled
from daybook.ids import HIGHEST_ID, neighbour
from daybook.jobs.restamp import Restamp

_LOWEST = "0" * 36


class StampTable:
    """Over a low-level DynamoDB client. Raises `Throttled` where trying again will do."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def page(self, lies_in: str, last: str, limit: int, up_to: str = HIGHEST_ID) -> list[tuple[str, int | None]]:
        """Ids behind `last`, up to that one, oldest first, with when they expire; consistent.

        Fewer than `limit` at the end only. It costs the read units of whole events, since they are read whole.
        """
        found: list[tuple[str, int | None]] = []
        ended = False
        while not ended and len(found) < limit:
            behind = found[-1][0] if found else last
            low = neighbour(behind, 1) if behind else _LOWEST
            if low > up_to:
                break
            answer = ask(
                self._client.query,
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
        """One write unit each, whatever the event's indexes. Whether each event still bore the stamp that was seen.

        What bears another one by now is left as it is, and so is what is gone: without the condition it would come
        back, as a ghost of two keys and a time. When time is up nothing more is written, and `Throttled` raised. No
        write of this call is under way when it returns or raises.
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
