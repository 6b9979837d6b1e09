"""An event's canonical bytes (RFC 8785) and their leaf hash.

`msgspec`'s sorted encoder does not implement all of RFC 8785. Its bytes are the same for what an event's content may
hold (ASCII keys, strings, booleans, null, integers below 2^53, lists); the tests compare the two. This format can never
change, because every leaf and every proof depends on it.
"""

import hashlib
from typing import Any

import msgspec

FORMAT = 1
"""The content's `v`. It rises where an old reader would show something false; then readers are released first."""

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder()


def canonical(content: Any) -> bytes:
    """The RFC 8785 bytes of a value of the types above. Raises UnicodeEncodeError for a lone surrogate."""
    return _encoder.encode(content)


def decode(encoded: bytes) -> Any:
    return _decoder.decode(encoded)


def leaf(encoded: bytes) -> bytes:
    """RFC 6962's leaf hash, 32 bytes."""
    return hashlib.sha256(b"\x00" + encoded).digest()
