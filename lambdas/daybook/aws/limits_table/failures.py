"""Failed credentials, counted by address and minute.

| pk | sk | holds |
|---|---|---|
| `failed#<network>` | `<minute>` | `count`, `expires_at` |

Each network is a partition of its own, so whoever fails often slows down nobody else.
"""

import hashlib
from typing import Any

from daybook.aws.calls import ask

LONGEST_NETWORK = 64
"""Characters. An address has at most 45."""

_KEPT_SECONDS = 3_600  # a count is read only during its own minute


class FailureTable:
    """Uses a low-level DynamoDB client. It must not try again by itself: an addition whose answer was lost would count
    twice. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB refuses escapes as botocore's
    ClientError.
    """

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def count_failure(self, network: str, minute: int) -> int:
        """Counts one failed credential. Returns the network's count in that minute since 1970, this one included."""
        answer = ask(
            self._client.update_item,
            TableName=self._table,
            Key={"pk": {"S": partition_of(network)}, "sk": {"S": str(minute)}},
            UpdateExpression="ADD #count :one SET expires_at = :then",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": {"N": "1"}, ":then": {"N": str(minute * 60 + _KEPT_SECONDS)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["count"]["N"])


def partition_of(network: str) -> str:
    """The partition of a network's counts. What is too long for one is hashed, as a key has 2,048 bytes."""
    if len(network) > LONGEST_NETWORK:
        network = f"~{hashlib.sha256(network.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return f"failed#{network}"
