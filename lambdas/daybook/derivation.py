"""Keys derived from keys: HKDF-SHA256 (RFC 5869), and the deployment's own keys.

Written on `hmac` since `cryptography`'s HKDF object costs several times as much for each of an event's people;
the tests hold the two against each other.
"""

import hmac
from dataclasses import dataclass, field

_HASH_BYTES = 32
_NO_SALT = bytes(_HASH_BYTES)


def hkdf(key: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes, at most 8,160, derived from `key` for the purpose `info`, without a salt."""
    extracted = hmac.digest(_NO_SALT, key, "sha256")
    block = b""
    derived = b""
    for counter in range(1, -(-length // _HASH_BYTES) + 1):
        block = hmac.digest(extracted, block + info + bytes((counter,)), "sha256")
        derived += block
    return derived[:length]


def length_prefixed(*parts: str) -> bytes:
    """The parts' UTF-8, each behind its length in four bytes: no two lists of parts give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


@dataclass(frozen=True)
class DeploymentKeys:
    """What the deployment's secret is for, one key each. The secret is never rotated: ids would change."""

    event_id: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    index: bytes = field(repr=False)
    address: bytes = field(repr=False)
    cursor: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "DeploymentKeys":
        """Raises ValueError for a secret of fewer than 32 bytes."""
        if len(secret) < 32:
            raise ValueError("the deployment's secret has fewer than 32 bytes")

        def key(purpose: str) -> bytes:
            return hkdf(secret, f"daybook 1 {purpose}".encode(), 32)

        return cls(key("event id"), key("fingerprint"), key("index"), key("address"), key("cursor"))


def tag(key: bytes, message: bytes) -> bytes:
    """16 bytes of HMAC-SHA256."""
    return hmac.digest(key, message, "sha256")[:16]
