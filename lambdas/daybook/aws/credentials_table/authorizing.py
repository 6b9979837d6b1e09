"""The credentials table for the authorizer, which only reads it."""

from typing import Any

from daybook.access.api_keys import StoredKey
from daybook.aws.calls import get_item
from daybook.aws.credentials_table.rows import key_name, stored_key


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
