"""Issues, lists and revokes the keys of tenants. A key has two rows, which one transaction writes or deletes.

The authorizer's row is in the credentials table, by the key's id. The tenant's list is in the control table, in the
tenant's own partition: a list must be read by the tenant, and nobody but the authorizer reads the credentials table.

| pk | sk | holds |
|---|---|---|
| tenant's code | `key#<id>` | a key for the list, without its hash |
"""

from collections.abc import Mapping
from typing import Any

from daybook.access.api_keys import IssuedKey, Key
from daybook.aws.calls import Action, Refused, get_item, rows, transact
from daybook.aws.credentials_table.rows import description, issued_key, key_name, key_row, strings
from daybook.errors import UnknownKey
from daybook.tenant import TenantCode
from daybook.tenants.settings import TenantSettings

_LISTED = "key#"


class KeyTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB
    refuses escapes as botocore's ClientError.
    """

    def __init__(self, client: Any, credentials_table: str, control_table: str) -> None:
        self._client = client
        self._credentials = credentials_table
        self._control = control_table

    def put_key(self, code: TenantCode, key: Key, issued: IssuedKey) -> None:
        """Stores a new key of a tenant. It is valid from the next call on. Raises `Refused` if its id is taken."""
        listed = {**_listed_name(code, issued.id), **description(issued)}
        self._transact(
            {
                "Put": {
                    "TableName": self._credentials,
                    "Item": strings(key_row(key, issued)),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
            {"Put": {"Item": strings(listed)}},
        )

    def keys_of(self, settings: TenantSettings) -> list[IssuedKey]:
        """The tenant's keys, oldest first."""
        listed = [_issued(settings, row) for row in rows(self._client, self._control, settings.code, _LISTED)]
        return sorted(listed, key=lambda key: (key.created_at, key.id))

    def key_of(self, settings: TenantSettings, key_id: str) -> IssuedKey:
        """Raises `UnknownKey`."""
        row = get_item(self._client, self._control, _listed_name(settings.code, key_id))
        if row is None:
            raise UnknownKey(key_id)
        return _issued(settings, row)

    def revoke_key(self, code: TenantCode, key_id: str) -> None:
        """The key is invalid from the next call on. Raises `UnknownKey`."""
        listed = {"Key": strings(_listed_name(code, key_id)), "ConditionExpression": "attribute_exists(pk)"}
        try:
            self._transact(
                {"Delete": listed},
                {"Delete": {"TableName": self._credentials, "Key": strings(key_name(key_id))}},
            )
        except Refused:
            raise UnknownKey(key_id) from None

    def _transact(self, *actions: Action) -> None:
        transact(self._client, self._control, list(actions))


def _listed_name(code: TenantCode, key_id: str) -> dict[str, str]:
    return {"pk": code, "sk": f"{_LISTED}{key_id}"}


def _issued(settings: TenantSettings, row: Mapping[str, Any]) -> IssuedKey:
    return issued_key(row["sk"]["S"].removeprefix(_LISTED), settings.tenant, row)
