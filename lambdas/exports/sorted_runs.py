"""Sorting what does not fit in memory: sorted runs, written beside the file, then merged.

Whenever there are `MAX_MERGED` runs of one level they are merged into one of the next, so that no merge reads more
runs than it can read in large pieces, and a checkpoint names few, however much is sorted.

A record of a run: the lengths of value and line in four bytes each, the value, the event's id, the line.
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
"""Runs of one level that are merged into one: of 4 MiB, those of level 1 are 256 MiB, those of level 2 16 GiB."""

MERGED_BYTES = 4 * 1024 * 1024
"""What a merge holds of all runs together."""

_LENGTHS = struct.Struct(">II")
_ID = 36
_LEAST_READ = 64 * 1024

_BACKWARDS = bytes.maketrans(ALPHABET.encode(), ALPHABET[::-1].encode())

Read = Callable[[int, int, int], bytes]
"""Of the run of a number, from there on, so many bytes at most."""


class Run(Struct, array_like=True):
    """A sorted run: where it lies, how long it is, how many merges stand behind it, and how far its own one is."""

    number: int
    bytes: int
    level: int = 0
    at: int = 0


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


def full_level(runs: Sequence[Run], max_merged: int = MAX_MERGED) -> Sequence[Run]:
    """Those that are to be merged into one before there are more; none where no level is full."""
    last = runs[-max_merged:]
    return last if len(last) == max_merged and len({run.level for run in last}) == 1 else ()


class Merged(NamedTuple):
    run: Run
    end: int
    """Where in the run the next record begins."""
    line: Line


def merged(read: Read, runs: Sequence[Run], *, descending: bool) -> Iterator[Merged]:
    """The lines of all runs in order, each run from where it is on. Raises `JobFailed` where a run is there no more."""
    at_once = max(_LEAST_READ, MERGED_BYTES // max(1, len(runs)))
    key = order(descending=descending)
    streams = [_records(read, run, at_once) for run in runs]
    return heapq.merge(*streams, key=lambda each: key(each.line), reverse=descending)


def _records(read: Read, run: Run, at_once: int) -> Iterator[Merged]:
    held = b""
    at = 0
    position = run.at
    while position < run.bytes:
        if len(held) - at < _LENGTHS.size or len(held) - at < _length(held, at):
            needed = _LENGTHS.size if len(held) - at < _LENGTHS.size else _length(held, at)
            fresh = read(run.number, position + len(held) - at, max(at_once, needed))
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
        yield Merged(run, position, Line(held[value:identifier], held[identifier:line], held[line:end]))


def _length(held: bytes, at: int) -> int:
    of_value: int
    of_line: int
    of_value, of_line = _LENGTHS.unpack_from(held, at)
    return _LENGTHS.size + of_value + _ID + of_line
