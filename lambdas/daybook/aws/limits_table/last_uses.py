"""When keys were last used, to the hour.

| pk | sk | holds |
|---|---|---|
| `used#<key's id>` | `hour` | `hour`, since 1970 |

The rows have no `expires_at`: a key may lie unused for years, and the list must not say then that it never was used.
A revoked key's row stays, because after a leak its last use matters most.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.batches import get_items
from daybook.aws.calls import ask
from daybook.clock import HOUR, format_time

PARTITION = "used#"
_PLACE = "hour"


class LastUseTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB
    refuses escapes as botocore's ClientError.
    """

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def note_use(self, key_id: str, hour: int) -> None:
        """Notes the hour since 1970 in which a key was used. Writes nothing if this hour or a later one is noted."""
        try:
            ask(
                self._client.update_item,
                TableName=self._table,
                Key=_name(key_id),
                UpdateExpression="SET #hour = :hour",
                ConditionExpression="attribute_not_exists(#hour) OR #hour <= :before",
                ExpressionAttributeNames={"#hour": "hour"},
                ExpressionAttributeValues={":hour": {"N": str(hour)}, ":before": {"N": str(hour - 1)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def last_used(self, key_ids: Sequence[str]) -> Mapping[str, str]:
        """The hour in which each key was last used, as a time; without those that never were."""
        rows = get_items(self._client, self._table, [_name(key_id) for key_id in key_ids])
        return {row["pk"]["S"].removeprefix(PARTITION): format_time(int(row["hour"]["N"]) * HOUR) for row in rows}


def _name(key_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"{PARTITION}{key_id}"}, "sk": {"S": _PLACE}}
