"""An event's canonical bytes (RFC 8785), their leaf, and the compressed form that is stored.

RFC 8785 asks for more than `msgspec`'s sorted encoder gives in general; for what an event's content may hold (ASCII
keys, strings, booleans, null, integers below 2^53, lists) the bytes are the same, and the tests hold the two against
each other. This format can never change: every leaf and every proof rests on it.
"""

import hashlib
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder()


def canonical(content: Any) -> bytes:
    """The RFC 8785 bytes of a value made of the types above. Raises UnicodeEncodeError for a lone surrogate."""
    return _encoder.encode(content)


def decode(encoded: bytes) -> Any:
    return _decoder.decode(encoded)


def leaf(encoded: bytes) -> bytes:
    """RFC 6962's leaf hash, 32 bytes."""
    return hashlib.sha256(b"\x00" + encoded).digest()
