"""The rows of the credentials table.

| pk | sk | holds |
|---|---|---|
| `key#<id>` | `key` | a key's tenant, role, environment, label, `hash`; if any its ends, what replaced it, `first` |

A key's row names the tenant by its slug, because the authorizer gives the slug to the functions and reads one row only.
To rename a tenant means to rewrite the rows of its keys.
"""

from collections.abc import Mapping
from typing import Any

from daybook.access.api_keys import IssuedKey, Key, StoredKey, hash_of

VALID_UNTIL = "valid_until"
"""No TTL: DynamoDB would delete an expired key some day, and the list would not show it any more."""

REPLACED_BY = "replaced_by"
_MADE_UNTIL = "made_until"
_FIRST = "first"
_NONE: Mapping[str, Any] = {"S": None}
_KEY = "key#"


def key_name(key_id: str) -> dict[str, str]:
    """The primary key of a key's row."""
    return {"pk": f"{_KEY}{key_id}", "sk": "key"}


def key_row(key: Key, issued: IssuedKey) -> dict[str, str]:
    """The row in which the authorizer finds a key."""
    return {**key_name(key.id), "tenant": issued.tenant, "hash": hash_of(key.secret), **description(issued)}


def description(issued: IssuedKey) -> dict[str, str]:
    """What the authorizer's row and the tenant's list both say about a key."""
    said = {
        "role": issued.role,
        "environment": issued.environment,
        "label": issued.label,
        "created_at": issued.created_at,
    }
    others = {VALID_UNTIL: issued.valid_until, _MADE_UNTIL: issued.made_until, _FIRST: issued.first}
    return {**said, **{name: value for name, value in others.items() if value is not None}}


def issued_key(key_id: str, tenant: str, row: Mapping[str, Any]) -> IssuedKey:
    """From a row in DynamoDB's form that holds a `description`."""
    return IssuedKey(
        id=key_id,
        tenant=tenant,
        role=row["role"]["S"],
        environment=row["environment"]["S"],
        label=row["label"]["S"],
        created_at=row["created_at"]["S"],
        valid_until=row.get(VALID_UNTIL, _NONE)["S"],
        made_until=row.get(_MADE_UNTIL, _NONE)["S"],
        replaced_by=row.get(REPLACED_BY, _NONE)["S"],
        first=row.get(_FIRST, _NONE)["S"],
    )


def stored_key(row: Mapping[str, Any]) -> StoredKey:
    """From a key's row in DynamoDB's form."""
    issued = issued_key(row["pk"]["S"].removeprefix(_KEY), row["tenant"]["S"], row)
    return StoredKey(issued, row["hash"]["S"])


def strings(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """In DynamoDB's form."""
    return {name: {"S": value} for name, value in values.items()}
