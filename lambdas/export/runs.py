"""Sorting what does not fit in memory: sorted runs, written beside the file, then merged.

A record of a run: the lengths of value and line in four bytes each, the value, the event's id, the line.
"""

import heapq
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from daybook.event_id import ALPHABET
from daybook.jobs import JobFailed
from export.growing import GONE

_LENGTHS = struct.Struct(">II")
_ID = 36
_MERGED_BYTES = 64 * 1024 * 1024
"""What a merge holds of all runs together."""
_LEAST_READ = 64 * 1024

_BACKWARDS = bytes.maketrans(ALPHABET.encode(), ALPHABET[::-1].encode())

Read = Callable[[int, int, int], bytes]
"""Of a run, from there on, so many bytes at most."""


class Line(NamedTuple):
    """One line with what it is sorted by."""

    value: bytes
    id: bytes
    line: bytes


def order(*, descending: bool) -> Callable[[Line], tuple[bytes, bytes]]:
    """The key by which `sorted(…, reverse=descending)` gives the order asked for, ties newest first."""
    if descending:
        return lambda each: (each.value, each.id)
    return lambda each: (each.value, each.id.translate(_BACKWARDS))


def packed(lines: Sequence[Line]) -> bytes:
    return b"".join(
        part
        for value, identifier, line in lines
        for part in (_LENGTHS.pack(len(value), len(line)), value, identifier, line)
    )


class Merged(NamedTuple):
    run: int
    end: int
    """Where in the run the next record begins."""
    line: bytes


def merged(read: Read, sizes: Sequence[int], starts: Sequence[int], *, descending: bool) -> Iterator[Merged]:
    """The lines of all runs in order, each run from its start on. Raises `JobFailed` where a run is there no more."""
    at_once = max(_LEAST_READ, _MERGED_BYTES // max(1, len(sizes)))
    key = order(descending=descending)
    streams = [
        _records(read, run, start, size, at_once) for run, (start, size) in enumerate(zip(starts, sizes, strict=True))
    ]
    for line, run, end in heapq.merge(*streams, key=lambda each: key(each[0]), reverse=descending):
        yield Merged(run, end, line.line)


def _records(read: Read, run: int, start: int, size: int, at_once: int) -> Iterator[tuple[Line, int, int]]:
    held = b""
    at = 0
    position = start
    while position < size:
        if len(held) - at < _LENGTHS.size or len(held) - at < _length(held, at):
            needed = _LENGTHS.size if len(held) - at < _LENGTHS.size else _length(held, at)
            fresh = read(run, position + len(held) - at, max(at_once, needed))
            if not fresh:
                raise JobFailed(GONE)
            held, at = held[at:] + fresh, 0
            continue
        of_value, of_line = _LENGTHS.unpack_from(held, at)
        value = at + _LENGTHS.size
        identifier = value + of_value
        line = identifier + _ID
        end = line + of_line
        position += end - at
        at = end
        yield Line(held[value:identifier], held[identifier:line], held[line:end]), run, position


def _length(held: bytes, at: int) -> int:
    of_value: int
    of_line: int
    of_value, of_line = _LENGTHS.unpack_from(held, at)
    return _LENGTHS.size + of_value + _ID + of_line
