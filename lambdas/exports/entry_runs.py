"""Finds the index of each row of a file in the log: a merge of the log's entries, sorted by id, with the rows.

A log has no index by id. A search for each row would cost reads by the row. So the entries are read once, in order, and
sorted in runs like those of a sorted export; the rows are in the order of their ids already.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from daybook.ledger.entries import Entry
from exports.proven_rows import ReadRow
from exports.sorted_runs import Line, MergedLine

_PLACE = struct.Struct(">QQ")


class IndexedRow(NamedTuple):
    read: ReadRow
    entry: int | None
    """The index of its entry; None where there is none."""


def run_line(index: int, entry: Entry) -> Line:
    identifier = entry.id.encode()
    return Line(identifier, identifier, _PLACE.pack(entry.received_ms, index))


def indexed(rows: Iterable[ReadRow], merged: Iterator[MergedLine], *, descending: bool) -> Iterator[IndexedRow]:
    """Gives each row its index. Both come in the order of ids.

    Counts in each run's `merged` the entries that no later row needs.
    """
    waiting: MergedLine | None = next(merged, None)
    for read in rows:
        identifier = read.row.id.encode()
        found = None
        while waiting is not None and not _is_beyond(waiting.line.id, identifier, descending=descending):
            received_ms, index = _PLACE.unpack(waiting.line.line)
            if (waiting.line.id, received_ms) == (identifier, read.row.received_ms):
                found = index
            waiting.run.merged = waiting.end
            waiting = next(merged, None)
        yield IndexedRow(read, found)


def _is_beyond(entry: bytes, row: bytes, *, descending: bool) -> bool:
    return entry < row if descending else entry > row
