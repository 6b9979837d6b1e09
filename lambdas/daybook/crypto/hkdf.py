"""HKDF-SHA256 (RFC 5869) without a salt, and keyed tags.

`cryptography`'s HKDF costs several times as much for each person of an event. The tests hold this one against it.
"""

import hmac

_HASH_BYTES = 32
_NO_SALT = bytes(_HASH_BYTES)


def hkdf(key: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes, at most 8,160, derived from `key` for the purpose `info`."""
    return expand(extract(key), info, length)


def extract(key: bytes) -> bytes:
    """HKDF-Extract: the part that everything derived from one key shares. It is as secret as the key."""
    return hmac.digest(_NO_SALT, key, "sha256")


def expand(extracted_key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand."""
    block = b""
    derived = b""
    for counter in range(1, -(-length // _HASH_BYTES) + 1):
        block = hmac.digest(extracted_key, block + info + bytes((counter,)), "sha256")
        derived += block
    return derived[:length]


def length_prefixed(*parts: str) -> bytes:
    """The parts in UTF-8, each after its length in four bytes. Different lists of parts never give the same bytes."""
    joined = b""
    for part in parts:
        encoded = part.encode()
        joined += len(encoded).to_bytes(4, "big") + encoded
    return joined


def tag(key: bytes, message: bytes) -> bytes:
    """The first 16 bytes of HMAC-SHA256 under one of the deployment's keys."""
    return hmac.digest(key, message, "sha256")[:16]
