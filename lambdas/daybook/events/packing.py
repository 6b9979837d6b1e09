"""The stored form of canonical bytes: raw deflate with a preset dictionary."""

import zlib
from functools import cache
from pathlib import Path
from typing import Any

from daybook.errors import UnknownFormat

# Append-only: the first byte of a stored event names its dictionary for ever.
DICTIONARIES = ("1.txt",)
_NEWEST = len(DICTIONARIES)

# The default window and memory level take five times as long to set up. An event is smaller than this window.
_WINDOW_BITS = -12
_MEMORY_LEVEL = 4


def pack(encoded: bytes) -> bytes:
    """The stored form: one byte that names the dictionary, then raw deflate with that preset dictionary."""
    compressor = _compressor(_NEWEST).copy()
    packed: bytes = compressor.compress(encoded) + compressor.flush()
    return bytes((_NEWEST,)) + packed


def unpack(stored: bytes) -> bytes:
    """The canonical bytes. Raises `UnknownFormat` for a first byte that names no dictionary of this release."""
    if not stored or not 1 <= stored[0] <= len(DICTIONARIES):
        raise UnknownFormat
    return zlib.decompressobj(_WINDOW_BITS, _dictionary(stored[0])).decompress(stored[1:])


@cache
def _compressor(number: int) -> Any:
    """A compressor that has read the dictionary, so that its copies need not read it."""
    return zlib.compressobj(
        zlib.Z_DEFAULT_COMPRESSION,
        zlib.DEFLATED,
        _WINDOW_BITS,
        _MEMORY_LEVEL,
        zlib.Z_DEFAULT_STRATEGY,
        _dictionary(number),
    )


@cache
def _dictionary(number: int) -> bytes:
    """At most 4,000 bytes. The most common texts come last, where references to them are shortest."""
    return (Path(__file__).parent / "dictionaries" / DICTIONARIES[number - 1]).read_bytes()
