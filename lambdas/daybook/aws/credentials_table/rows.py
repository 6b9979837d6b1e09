"""The rows of the credentials table.

| pk | sk | holds |
|---|---|---|
| `key#<id>` | `key` | a key's tenant, role, environment, label, `hash`, and `valid_until` where it ends |
| `failed#<address>` | `<minute>` | `count`, `expires_at` |

Each key and each address is a partition of its own. However many unknown callers fail, they slow down no key's read.

A key's row names the tenant by its slug, because the authorizer gives the slug to the functions and reads one row only.
To rename a tenant means to rewrite the rows of its keys.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from daybook.access.api_keys import IssuedKey, Key, StoredKey, hash_of

LONGEST_ADDRESS = 64
"""Characters. An IPv6 address has at most 45, and may be followed by the name of an interface."""

VALID_UNTIL = "valid_until"
"""No TTL: DynamoDB would delete an expired key some day, and the list would not show it any more."""

_MADE_UNTIL = "made_until"
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
    ends = {VALID_UNTIL: issued.valid_until, _MADE_UNTIL: issued.made_until}
    return {**said, **{name: end for name, end in ends.items() if end is not None}}


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
    )


def is_key(row: Mapping[str, Any]) -> bool:
    """Whether a row in DynamoDB's form is a key's, and not a count of failures."""
    return str(row["pk"]["S"]).startswith(_KEY)


def stored_key(row: Mapping[str, Any]) -> StoredKey:
    """From a key's row in DynamoDB's form."""
    issued = issued_key(row["pk"]["S"].removeprefix(_KEY), row["tenant"]["S"], row)
    return StoredKey(issued, row["hash"]["S"])


def failures_name(address: str, minute: int) -> dict[str, str]:
    """The primary key of an address's count. What is too long for an address is hashed, as a key has 2,048 bytes."""
    if len(address) > LONGEST_ADDRESS:
        address = f"~{hashlib.sha256(address.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return {"pk": f"failed#{address}", "sk": str(minute)}


def strings(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """In DynamoDB's form."""
    return {name: {"S": value} for name, value in values.items()}
