"""The entries of a log: 75 bytes that say which event was stored, when it was received, and what its bytes hash to.

    0x01 ‖ id (36 ASCII) ‖ received_at (6 bytes, milliseconds, big-endian) ‖ leaf (32)

The first byte is the kind. Other kinds of entry will have another one.
"""

from collections.abc import Iterator
from typing import NamedTuple

from daybook.errors import UnknownFormat

ENTRY_BYTES = 75

_KIND = b"\x01"
_ID_BYTES = 36
_TIME_BYTES = 6
_LEAF_BYTES = 32


class Entry(NamedTuple):
    """A storing of an event. Events are known by id and `received_ms`: one that expired may be stored again."""

    id: str
    received_ms: int
    leaf: bytes
    """SHA-256(0x00 ‖ canonical bytes), as ingestion answers it."""


def encode(entry: Entry) -> bytes:
    """75 bytes. Raises `ValueError` for an id, a time or a leaf that does not fit."""
    identifier, leaf = entry.id.encode("ascii"), entry.leaf
    if len(identifier) != _ID_BYTES or len(leaf) != _LEAF_BYTES or not 0 <= entry.received_ms < 1 << 8 * _TIME_BYTES:
        raise ValueError("no entry can hold this")
    return _KIND + identifier + entry.received_ms.to_bytes(_TIME_BYTES, "big") + leaf


def decode(data: bytes) -> Entry:
    """Raises `UnknownFormat` for another kind, another length, or an id that is not ASCII."""
    if len(data) != ENTRY_BYTES or data[:1] != _KIND:
        raise UnknownFormat("an entry of another kind")
    identifier = data[1 : 1 + _ID_BYTES]
    if not identifier.isascii():
        raise UnknownFormat("an entry whose id is not ASCII")
    received_ms = int.from_bytes(data[1 + _ID_BYTES : -_LEAF_BYTES], "big")
    return Entry(identifier.decode(), received_ms, data[-_LEAF_BYTES:])


def split(data: bytes) -> Iterator[Entry]:
    """The entries that stand one behind the other. Raises `UnknownFormat` as `decode` does."""
    for start in range(0, len(data), ENTRY_BYTES):
        yield decode(data[start : start + ENTRY_BYTES])
