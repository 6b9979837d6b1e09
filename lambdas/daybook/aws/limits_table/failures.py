"""Failed credentials, counted by address and minute.

| pk | sk | holds |
|---|---|---|
| `failed#<address>` | `<minute>` | `count`, `expires_at` |

Each address is a partition of its own, so whoever fails often slows down nobody else.
"""

import hashlib
from typing import Any

from daybook.aws.calls import ask

LONGEST_ADDRESS = 64
"""Characters. An IPv6 address has at most 45, and may be followed by the name of an interface."""

_KEPT_SECONDS = 3_600  # a count is read only during its own minute


class FailureTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB
    refuses escapes as botocore's ClientError.
    """

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def count_failure(self, address: str, minute: int) -> int:
        """Counts one failed credential. Returns the address's count in that minute since 1970, this one included."""
        answer = ask(
            self._client.update_item,
            TableName=self._table,
            Key={"pk": {"S": partition_of(address)}, "sk": {"S": str(minute)}},
            UpdateExpression="ADD #count :one SET expires_at = :then",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": {"N": "1"}, ":then": {"N": str(minute * 60 + _KEPT_SECONDS)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["count"]["N"])


def partition_of(address: str) -> str:
    """The partition of an address's counts. What is too long for an address is hashed, as a key has 2,048 bytes."""
    if len(address) > LONGEST_ADDRESS:
        address = f"~{hashlib.sha256(address.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return f"failed#{address}"
