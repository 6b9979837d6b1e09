"""The lines of an export's evidence, version 1: docs/reference/evidence.md.

Compact JSON, one object a line. Bytes are base64 with padding (RFC 4648).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from daybook.events.packing import unpack
from daybook.ledger.entries import Entry, encode
from daybook.ledger.merkle import Edge
from exports.proven_rows import ProvenRow

VERSION = 1

ENTRIES_A_LINE = 1_000

_encode = msgspec.json.encode  # bytes become base64


class SealedEvent(NamedTuple):
    """An event of Daybook's own that the evidence shows. Whom it names stays sealed: no key is given."""

    entry: int
    """The index of its entry."""
    packed: bytes


def head_line(  # the first one, all by name
    *, manifest: bytes, completion: SealedEvent, checkpoint: str, since: str | None, edge: Edge
) -> bytes:
    return _line(
        {
            "daybook": "evidence",
            "v": VERSION,
            "manifest": manifest,
            "completion": _shown(completion),
            "checkpoint": checkpoint,
            "since": since,
            "edge": {"size": edge.size, "hashes": edge.hashes},
        }
    )


def row_line(index: int, row: ProvenRow) -> bytes:
    people = [{"id": guid, "key": key} for guid, key in row.people]
    return _line({"index": index, "canonical": unpack(row.packed), "people": people})


def disclosed_line(events: Sequence[SealedEvent]) -> bytes:
    return _line({"disclosed": [_shown(event) for event in events]})


def entries_lines(entries: Iterable[Entry]) -> Iterator[tuple[bytes, int]]:
    """Each line, and how many entries are in it."""
    held = bytearray()
    count = 0
    for entry in entries:
        held += encode(entry)
        count += 1
        if count == ENTRIES_A_LINE:
            yield _line({"entries": bytes(held)}), count
            held.clear()
            count = 0
    if count:
        yield _line({"entries": bytes(held)}), count


def end_line(rows: int, entries: int) -> bytes:
    return _line({"end": {"rows": rows, "entries": entries}})


def _shown(event: SealedEvent) -> dict[str, Any]:
    return {"index": event.entry, "canonical": unpack(event.packed)}


def _line(content: dict[str, Any]) -> bytes:
    return _encode(content) + b"\n"
