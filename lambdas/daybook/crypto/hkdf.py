"""HKDF-SHA256 (RFC 5869) and keyed tags."""

from functools import lru_cache
from hashlib import sha256
from typing import Any

_HASH_BYTES = 32


_BLOCK_BYTES = 64


_NO_SALT = bytes(_HASH_BYTES)


_INNER = bytes(byte ^ 0x36 for byte in range(256))


_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def hkdf(key: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes, at most 8,160, derived from `key` for the purpose `info`, without a salt."""
    return expanded(extracted(key), info, length)


Pads = tuple[Any, Any]
"""SHA-256 objects that have read a key with the inner and with the outer padding. As secret as the key is."""


def extracted(key: bytes) -> Pads:
    """HKDF's first half: what all that is derived from one key has in common."""
    return _pads(_hmac(_kept_pads(_NO_SALT), key))


def expanded(extracted_key: Pads, info: bytes, length: int) -> bytes:
    """HKDF's second half."""
    block = b""
    derived = b""
    for counter in range(1, -(-length // _HASH_BYTES) + 1):
        block = _hmac(extracted_key, block + info + bytes((counter,)))
        derived += block
    return derived[:length]


def length_prefixed(*parts: str) -> bytes:
    """The parts' UTF-8, each behind its length in four bytes: no two lists of parts give the same bytes."""
    joined = b""
    for part in parts:
        encoded = part.encode()
        joined += len(encoded).to_bytes(4, "big") + encoded
    return joined


def tag(key: bytes, message: bytes) -> bytes:
    """16 bytes of HMAC-SHA256 under one of the deployment's keys."""
    return _hmac(_kept_pads(key), message)[:16]


def _hmac(pads: Pads, message: bytes) -> bytes:
    inner, outer = pads[0].copy(), pads[1].copy()
    inner.update(message)
    outer.update(inner.digest())
    digest: bytes = outer.digest()
    return digest


def _pads(key: bytes) -> Pads:
    """Of a key of at most 64 bytes."""
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    return sha256(padded.translate(_INNER)), sha256(padded.translate(_OUTER))


# The deployment's few keys; never a person's, which must not outlive its request.
_kept_pads = lru_cache(16)(_pads)
