"""Issues, lists, limits and revokes keys. A key has two rows, which one transaction writes or deletes.

The authorizer's row is in the credentials table, by the key's id. The owner's list is in the control table: a list must
be read by its owner, and nobody but the authorizer reads the credentials table.

| pk | sk | holds |
|---|---|---|
| tenant's code | `key#<id>` | a tenant's key for the list, without its hash |
| `operators` | `key#<id>` | the same of an operators' key |
"""

from collections.abc import Mapping
from typing import Any

from daybook.access.api_keys import IssuedKey, Key, KeyOwner
from daybook.aws.calls import Action, Refused, get_item, rows, transact
from daybook.aws.credentials_table.rows import (
    REPLACED_BY,
    VALID_UNTIL,
    description,
    issued_key,
    key_name,
    key_row,
    strings,
)
from daybook.errors import Contended, KeyReplaced, UnknownKey

_LISTED = "key#"
_EXISTS = "attribute_exists(pk)"


class KeyTable:
    """Uses a low-level DynamoDB client. Calls raise `Throttled` when it is throttled or does not answer. What DynamoDB
    refuses escapes as botocore's ClientError.
    """

    def __init__(self, client: Any, credentials_table: str, control_table: str) -> None:
        self._client = client
        self._credentials = credentials_table
        self._control = control_table

    def put_key(self, owner: KeyOwner, key: Key, issued: IssuedKey) -> None:
        """Stores a new key. It is valid from the next call on. Raises `Refused` if its id is taken."""
        self._transact(*self._put(owner, key, issued))

    def rotate_key(self, owner: KeyOwner, key: Key, issued: IssuedKey, replaced: IssuedKey, valid_until: str) -> None:
        """Stores a new key, and limits the one that it replaces.

        Raises as `limit_key` does, and `KeyReplaced` if another rotation came first.
        """
        actions = [*self._limit(owner, replaced, valid_until, issued.id), *self._put(owner, key, issued)]
        self._change(owner, replaced, *actions)

    def limit_key(self, owner: KeyOwner, issued: IssuedKey, valid_until: str) -> None:
        """The key is invalid from that moment on.

        Raises `UnknownKey` if it has been revoked, `Contended` if its end was changed since `issued` was read.
        """
        self._change(owner, issued, *self._limit(owner, issued, valid_until))

    def keys_of(self, owner: KeyOwner) -> list[IssuedKey]:
        """The owner's keys, oldest first, those that have expired included."""
        listed = [_issued(owner, row) for row in rows(self._client, self._control, owner.partition, _LISTED)]
        return sorted(listed, key=lambda key: (key.created_at, key.id))

    def key_of(self, owner: KeyOwner, key_id: str) -> IssuedKey:
        """Raises `UnknownKey`."""
        row = get_item(self._client, self._control, _listed_name(owner, key_id))
        if row is None:
            raise UnknownKey(key_id)
        return _issued(owner, row)

    def revoke_key(self, owner: KeyOwner, key_id: str) -> None:
        """The key is invalid from the next call on. Raises `UnknownKey`."""
        listed = {"Key": strings(_listed_name(owner, key_id)), "ConditionExpression": _EXISTS}
        try:
            self._transact(
                {"Delete": listed},
                {"Delete": {"TableName": self._credentials, "Key": strings(key_name(key_id))}},
            )
        except Refused:
            raise UnknownKey(key_id) from None

    def _put(self, owner: KeyOwner, key: Key, issued: IssuedKey) -> list[Action]:
        return [
            {
                "Put": {
                    "TableName": self._credentials,
                    "Item": strings(key_row(key, issued)),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
            {"Put": {"Item": strings({**_listed_name(owner, issued.id), **description(issued)})}},
        ]

    def _limit(
        self, owner: KeyOwner, issued: IssuedKey, valid_until: str, replaced_by: str | None = None
    ) -> list[Action]:
        seen = {} if issued.valid_until is None else {":seen": issued.valid_until}
        unchanged = f"{VALID_UNTIL} = :seen" if seen else f"attribute_not_exists({VALID_UNTIL})"
        by = {} if replaced_by is None else {":by": replaced_by}
        if by:  # of its own: the end stays the same where it comes before that of the overlap
            unchanged = f"{unchanged} AND attribute_not_exists({REPLACED_BY})"
        update = {
            "UpdateExpression": f"SET {VALID_UNTIL} = :until" + (f", {REPLACED_BY} = :by" if by else ""),
            "ConditionExpression": f"{_EXISTS} AND {unchanged}",
            "ExpressionAttributeValues": strings({":until": valid_until, **seen, **by}),
        }
        names = [(self._control, _listed_name(owner, issued.id)), (self._credentials, key_name(issued.id))]
        return [{"Update": {"TableName": table, "Key": strings(name), **update}} for table, name in names]

    def _change(self, owner: KeyOwner, seen: IssuedKey, *actions: Action) -> None:
        try:
            self._transact(*actions)
        except Refused:
            now = self.key_of(owner, seen.id)
            raise (Contended if now.replaced_by == seen.replaced_by else KeyReplaced)(seen.id) from None

    def _transact(self, *actions: Action) -> None:
        transact(self._client, self._control, list(actions))


def _listed_name(owner: KeyOwner, key_id: str) -> dict[str, str]:
    return {"pk": owner.partition, "sk": f"{_LISTED}{key_id}"}


def _issued(owner: KeyOwner, row: Mapping[str, Any]) -> IssuedKey:
    return issued_key(row["sk"]["S"].removeprefix(_LISTED), owner.tenant, row)
