"""Sorted runs, and merging them: how an export sorts more than fits in memory.

Once there are `MAX_MERGED` runs of one level, they are merged into one run of the next level. So no merge reads more
runs than it can read in large pieces, and a checkpoint names few runs, however much is sorted.

A run is a sequence of records: the length of the value and of the line, in four bytes each; the value; the event's id;
the line.
"""

import heapq
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from daybook.ids import ALPHABET
from daybook.jobs.job import JobFailed
from exports.multipart import GONE

MAX_MERGED = 64
"""How many runs of one level become one: with runs of 4 MiB, a run of level 1 has 256 MiB, one of level 2 16 GiB."""

MERGED_BYTES = 4 * 1024 * 1024
"""How much of all its runs together a merge holds in memory."""

_LENGTHS = struct.Struct(">II")
_ID_BYTES = 36
_MIN_READ = 64 * 1024

_REVERSED_ALPHABET = bytes.maketrans(ALPHABET.encode(), ALPHABET[::-1].encode())

ReadRun = Callable[[int, int, int], bytes]
"""Takes the number of a run, a start and a length, and gives at most so many bytes."""


class Run(Struct, array_like=True):
    """Part of checkpoints, as an array of these fields in this order."""

    number: int
    bytes: int
    level: int = 0
    """How many merges it has been through."""
    merged: int = 0
    """How many of its bytes the merge under way is done with."""


class Line(NamedTuple):
    value: bytes
    """What it is sorted by."""
    id: bytes
    line: bytes


def sort_key(*, descending: bool) -> Callable[[Line], tuple[bytes, bytes]]:
    """The key for `sorted(…, key=…, reverse=descending)`. Lines of equal values come newest first in both orders."""
    if descending:
        return lambda each: (each.value, each.id)
    return lambda each: (each.value, each.id.translate(_REVERSED_ALPHABET))


def packed(lines: Sequence[Line]) -> bytes:
    return b"".join(
        part
        for value, identifier, line in lines
        for part in (_LENGTHS.pack(len(value), len(line)), value, identifier, line)
    )


def full_level(runs: Sequence[Run], max_merged: int = MAX_MERGED) -> Sequence[Run]:
    """The runs to merge into one before any other is written; none where no level is full."""
    last = runs[-max_merged:]
    return last if len(last) == max_merged and len({run.level for run in last}) == 1 else ()


class MergedLine(NamedTuple):
    run: Run
    end: int
    """Where the next record of its run begins."""
    line: Line


def merged(read: ReadRun, runs: Sequence[Run], *, descending: bool) -> Iterator[MergedLine]:
    """The lines of all runs in order, of each run from `Run.merged` on. Raises `JobFailed` where a run is missing."""
    read_bytes = max(_MIN_READ, MERGED_BYTES // max(1, len(runs)))
    key = sort_key(descending=descending)
    streams = [_lines(read, run, read_bytes) for run in runs]
    return heapq.merge(*streams, key=lambda each: key(each.line), reverse=descending)


def _lines(read: ReadRun, run: Run, read_bytes: int) -> Iterator[MergedLine]:
    held = b""
    at = 0
    position = run.merged
    while position < run.bytes:
        available = len(held) - at
        needed = _LENGTHS.size if available < _LENGTHS.size else _record_bytes(held, at)
        if available < needed:
            fresh = read(run.number, position + available, max(read_bytes, needed))
            if not fresh:
                raise JobFailed(GONE)
            held, at = held[at:] + fresh, 0
            continue
        value_bytes, line_bytes = _LENGTHS.unpack_from(held, at)
        value = at + _LENGTHS.size
        identifier = value + value_bytes
        line = identifier + _ID_BYTES
        end = line + line_bytes
        position += end - at
        at = end
        yield MergedLine(run, position, Line(held[value:identifier], held[identifier:line], held[line:end]))


def _record_bytes(held: bytes, at: int) -> int:
    value_bytes: int
    line_bytes: int
    value_bytes, line_bytes = _LENGTHS.unpack_from(held, at)
    return _LENGTHS.size + value_bytes + _ID_BYTES + line_bytes
