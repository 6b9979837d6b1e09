"""The credentials table for the authorizer: it reads keys and counts failures."""

from typing import Any

from daybook.access.api_keys import StoredKey
from daybook.aws.calls import ask, get_item
from daybook.aws.credentials_table.rows import failures_name, key_name, stored_key, strings

_KEPT_SECONDS = 3_600  # a count is read only during its own minute


class CredentialTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB
    refuses escapes as botocore's ClientError.
    """

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def credential(self, key_id: str) -> StoredKey | None:
        """The key with this id, of any tenant; None when there is none. The read is consistent."""
        row = get_item(self._client, self._table, key_name(key_id))
        return stored_key(row) if row else None

    def count_failure(self, address: str, minute: int) -> int:
        """Counts one failed credential. Returns the address's count in that minute since 1970, this one included."""
        answer = ask(
            self._client.update_item,
            TableName=self._table,
            Key=strings(failures_name(address, minute)),
            UpdateExpression="ADD #count :one SET expires_at = :then",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": {"N": "1"}, ":then": {"N": str(minute * 60 + _KEPT_SECONDS)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["count"]["N"])
