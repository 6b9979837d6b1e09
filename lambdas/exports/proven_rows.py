"""What evidence says about each row of an export's file, gathered beside it while the file is written.

A row's people are opened in the file and in its evidence alike: both name whoever is forgotten later, and neither
whoever was forgotten before. So the keys are kept with the rows, in a file of their own until the export ends.

The file is a sequence of records: the length in four bytes, then MessagePack.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from daybook.clock import parse_time
from daybook.crypto.sealing import Place, event_key
from daybook.events.reader import people_of
from daybook.jobs.export import MEDIA_TYPES, NDJSON, Places
from daybook.jobs.job import JobFailed
from exports.multipart import GONE, UploadTarget

READ_BYTES = 4 * 1024 * 1024

_LENGTH = struct.Struct(">I")


class ProvenRow(Struct, array_like=True):
    """Stored as an array of these fields in this order."""

    id: str
    received_ms: int
    packed: bytes
    """The event as it is stored."""
    people: list[tuple[str, bytes]]
    """GUIDs, each with the key that opens the person's fields in this event alone."""


class ReadRow(NamedTuple):
    row: ProvenRow
    end: int
    """Where the next record begins."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ProvenRow).decode


def proven_row(content: Mapping[str, Any], packed: bytes, keys: Mapping[str, bytes]) -> ProvenRow:
    """`keys`: of those people who are not forgotten."""
    tenant, environment, identifier = content["tenant"], content["environment"], content["id"]
    people = [
        (guid, event_key(keys[guid], Place(tenant, environment, identifier, guid)))
        for guid in people_of(content)
        if guid in keys
    ]
    return ProvenRow(identifier, parse_time(content["received_at"]), packed, people)


def records(rows: Iterable[ProvenRow]) -> bytes:
    return b"".join(part for row in map(_encode, rows) for part in (_LENGTH.pack(len(row)), row))


def read_rows(read: Callable[[int, int], bytes], start: int, size: int) -> Iterator[ReadRow]:
    """The rows of a file of `size` bytes from `start` on. `read` takes a start and a length. Raises `JobFailed`."""
    held, at, position = b"", 0, start
    while position < size:
        available = len(held) - at
        needed = _LENGTH.size
        if available >= needed:
            needed += _LENGTH.unpack_from(held, at)[0]
        if available < needed:
            fresh = read(position + available, max(READ_BYTES, needed))
            if not fresh:
                raise JobFailed(GONE)
            held, at = held[at:] + fresh, 0
            continue
        row = _decode(held[at + _LENGTH.size : at + needed])
        at += needed
        position += needed
        yield ReadRow(row, position)


def rows_target(places: Places) -> UploadTarget:
    return UploadTarget(places.part("rows"), places.part("rows-piece-"))


def evidence_target(places: Places, filename: str) -> UploadTarget:
    name = f"{filename}.evidence.ndjson"
    return UploadTarget(places.evidence, places.part("evidence-piece-"), MEDIA_TYPES[NDJSON], name)
