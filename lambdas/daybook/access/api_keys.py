"""API keys, `dbk_<id>_<secret>`: made, parsed, stored as a hash, and compared."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from daybook.clock import parse_time
from daybook.errors import TooManyKeys

MAX_KEYS = 1_000
"""Of one owner, expired ones included. The list is one answer, and Lambda's answers have at most 6 MB."""

ID = re.compile(r"[a-z0-9]{1,32}", re.ASCII)
_FORM = re.compile(r"dbk_([a-z0-9]{1,32})_([A-Za-z0-9]{32,})", re.ASCII)
_ID_ALPHABET = string.ascii_lowercase + string.digits
_SECRET_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 16  # 82 bits: unique across all tenants without a check
_SECRET_LENGTH = 43  # 256 bits: inverting a plain SHA-256 is then as hard as guessing the secret


class Key(NamedTuple):
    """A key in the clear. It exists until the one answer that shows it, or during one request."""

    id: str
    secret: str

    def __repr__(self) -> str:  # a traceback must not write the secret to a log
        return f"Key(id={self.id!r}, secret=…)"

    @property
    def credential(self) -> str:
        """What a caller sends after `Bearer `."""
        return f"dbk_{self.id}_{self.secret}"


@dataclass(frozen=True)
class IssuedKey:
    """What Daybook knows of a key after its secret was shown."""

    id: str
    tenant: str
    """Empty for operations."""
    role: str
    environment: str
    """One name, or `*`."""
    label: str
    created_at: str
    """RFC 3339 in UTC with milliseconds."""
    valid_until: str | None = None
    """The first moment at which it is not valid any more, written like `created_at`. None: until it is revoked."""
    made_until: str | None = None
    """What `valid_until` was at first. A rotation gives the new key as much time as the old one had."""
    replaced_by: str | None = None
    """The id of the key that took its place in a rotation. A key is rotated once."""
    first: str | None = None
    """The id of the key with which a chain of rotations began: it owns what belongs to each of them. None: this one."""

    def is_valid_at(self, now_ms: int) -> bool:
        return self.valid_until is None or now_ms < parse_time(self.valid_until)


class KeyOwner(NamedTuple):
    """Whose keys: a tenant's, or the operators'."""

    partition: str
    """Of the control table, where the list of them is: a tenant's code."""
    tenant: str
    """The tenant's slug; empty for operators."""


OPERATORS = KeyOwner("operators", "")
"""Not the partition of the tenant `daybook`: whoever is an admin there must not rotate the operators' keys."""


@dataclass(frozen=True)
class StoredKey:
    """A key as the authorizer reads it, to compare a credential with."""

    issued: IssuedKey
    hash: str = field(repr=False)


def check_room(keys: Sequence[IssuedKey]) -> None:
    """Whether their owner may have one more. Calls at the same time may all find the last place.

    Raises `TooManyKeys`.
    """
    if len(keys) >= MAX_KEYS:
        raise TooManyKeys


def new_key(choice: Callable[[str], str] = secrets.choice) -> Key:
    """A new key. `choice` returns one unpredictable character of an alphabet."""
    return Key(
        id="".join(choice(_ID_ALPHABET) for _ in range(_ID_LENGTH)),
        secret="".join(choice(_SECRET_ALPHABET) for _ in range(_SECRET_LENGTH)),
    )


def parse(credential: str) -> Key | None:
    """The key in a credential; None when it has another form, as a token does."""
    form = _FORM.fullmatch(credential)
    return Key(form[1], form[2]) if form else None


def hash_of(secret: str) -> str:
    """The stored form of a secret: SHA-256 in hexadecimal. A random secret needs neither salt nor stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret: str, stored_hash: str) -> bool:
    """Whether the secret has this hash. The time taken does not depend on where they differ."""
    return hmac.compare_digest(hash_of(secret).encode(), stored_hash.encode())
