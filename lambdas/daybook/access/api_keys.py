"""API keys, `dbk_<id>_<secret>`: how they are made up, read, kept as a hash, and compared."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

OPERATIONS_PARTITION = "ops"
"""The control table's partition that the authorizer reads: it knows a key's id before it knows any tenant."""

ID = re.compile(r"[a-z0-9]{1,32}", re.ASCII)
_FORM = re.compile(r"dbk_([a-z0-9]{1,32})_([A-Za-z0-9]{32,})", re.ASCII)
_ID_ALPHABET = string.ascii_lowercase + string.digits
_SECRET_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 16  # 82 bits: ids are unique across all tenants without asking anyone
_SECRET_LENGTH = 43  # 256 bits: a plain SHA-256 is then as hard to turn round as the secret is to guess


class Key(NamedTuple):
    """A key in the clear. It lives from its making to the one answer that shows it, or for one request."""

    id: str
    secret: str

    def __repr__(self) -> str:  # the secret must not reach a log by way of a traceback
        return f"Key(id={self.id!r}, secret=…)"

    @property
    def credential(self) -> str:
        """What the caller sends after `Bearer `."""
        return f"dbk_{self.id}_{self.secret}"


@dataclass(frozen=True)
class IssuedKey:
    """What is known of a key once its secret has been shown."""

    id: str
    tenant: str
    """Empty for operations."""
    role: str
    environment: str
    """One name, or `*`."""
    label: str
    created_at: str
    """RFC 3339 in UTC with milliseconds."""


@dataclass(frozen=True)
class StoredKey:
    """What the authorizer holds a credential against."""

    issued: IssuedKey
    hash: str = field(repr=False)


def new_key(choice: Callable[[str], str] = secrets.choice) -> Key:
    """A key that nobody had before. `choice` draws one character of an alphabet, unpredictably."""
    return Key(
        id="".join(choice(_ID_ALPHABET) for _ in range(_ID_LENGTH)),
        secret="".join(choice(_SECRET_ALPHABET) for _ in range(_SECRET_LENGTH)),
    )


def parse(credential: str) -> Key | None:
    """The key that a credential spells, or None where it has not a key's form (a token has not)."""
    form = _FORM.fullmatch(credential)
    return Key(form[1], form[2]) if form else None


def hash_of(secret: str) -> str:
    """What is stored of a secret: SHA-256, hexadecimal. No salt and no stretching: it is random, not chosen."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret: str, stored_hash: str) -> bool:
    """Whether a secret is the one that was stored; takes the same time wherever they differ."""
    return hmac.compare_digest(hash_of(secret).encode(), stored_hash.encode())


def authorizer_row(  # noqa: PLR0913  the row's fields, all by name
    key: Key, *, tenant: str, role: str, environment: str, label: str, created_at: str
) -> dict[str, str]:
    """The row of the control table from which the authorizer knows a key.

    `tenant` is empty for operations, `environment` one name or `*`, `created_at` RFC 3339 in UTC with milliseconds.
    """
    return {
        **authorizer_row_name(key.id),
        "tenant": tenant,
        "role": role,
        "environment": environment,
        "hash": hash_of(key.secret),
        "label": label,
        "created_at": created_at,
    }


def authorizer_row_name(key_id: str) -> dict[str, str]:
    """The primary key of that row."""
    return {"pk": OPERATIONS_PARTITION, "sk": f"key#{key_id}"}
