"""Merges sorted sources lazily, within the bounds of one request."""

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from daybook.clock import SECOND, Clock
from daybook.events.reader import Row
from daybook.ids import neighbour
from daybook.search.planner import Source

LARGEST_FETCH = 1_000


class Page(NamedTuple):
    """Rows of one source, in order. `ended`: the source has no further rows. A page without rows has always ended."""

    rows: Sequence[Row]
    ended: bool


class EventIndex(Protocol):
    def pages(self, sources: Sequence[Source], limit: int, *, newest_first: bool) -> Sequence[Page]:
        """One page of each source, at most `limit` rows each, in the order of the sources. Raises `Throttled`."""


class Bounds(NamedTuple):
    """How much one request may read, how long, and how much it may return."""

    read_bytes: int = 10 * 1000 * 1000
    milliseconds: int = 3 * SECOND
    answer_bytes: int = 3 * 1024 * 1024
    sorted_events: int = 10_000
    """How many events may match if they are not ordered by time."""


BOUNDS = Bounds()


class Bound:
    """How much of its bounds one request has used. Its reader counts each row by the size of its unpacked content."""

    def __init__(self, clock: Clock, bounds: Bounds) -> None:
        self._clock = clock
        self._max_bytes = bounds.read_bytes
        self._deadline_ms = clock() + bounds.milliseconds
        self._bytes = 0

    def count(self, unpacked_bytes: int) -> None:
        self._bytes += unpacked_bytes

    @property
    def is_late(self) -> bool:
        return self._clock() >= self._deadline_ms

    @property
    def reached(self) -> bool:
        """Whether no further row may be read, even one that is there already."""
        return self._bytes >= self._max_bytes or self.is_late


class _Stream:
    """One source, as far as it has been read."""

    def __init__(self, source: Source, fetch: int) -> None:
        self.source = source
        self.fetch = fetch
        self.rows: Sequence[Row] = ()
        self.at = 0
        self.ended = False

    def take(self, page: Page, *, newest_first: bool) -> None:
        self.rows, self.at, self.ended = page.rows, 0, page.ended
        self.fetch = min(2 * self.fetch, LARGEST_FETCH)
        if page.rows:
            last = page.rows[-1].id
            self.source = (
                self.source._replace(high=neighbour(last, -1))
                if newest_first
                else self.source._replace(low=neighbour(last, 1))
            )


class Merge:
    """The rows of all sources, newest or oldest first, each id once.

    It ends with its sources, or before another row or fetch when the bound is reached; `complete` tells which. The
    first fetch of each source is made, and the first row is given, whatever the bound, so that every read makes
    progress.
    """

    def __init__(
        self, index: EventIndex, sources: Sequence[Source], bound: Bound, *, newest_first: bool, wanted: int
    ) -> None:
        self.bound = bound
        self._index = index
        self._newest_first = newest_first
        # One row more than the page, over all sources: it shows whether there is another page.
        self._first_fetch = min(-(-(wanted + 1) // max(1, len(sources))), LARGEST_FETCH)
        self._streams = [_Stream(source, self._first_fetch) for source in sources]
        self.complete = False

    def __iter__(self) -> Iterator[Row]:
        self._fill(self._streams, self._first_fetch)
        heads = [self._head(number) for number, stream in enumerate(self._streams) if stream.rows]
        heapq.heapify(heads)
        last = ""
        while heads:
            if last and self.bound.reached:
                return
            _, number = heads[0]
            stream = self._streams[number]
            row = stream.rows[stream.at]
            if row.id != last:
                last = row.id
                yield row
            stream.at += 1
            if stream.at == len(stream.rows) and not stream.ended:
                if self.bound.reached:
                    return
                self._fill([stream], stream.fetch)
            if stream.at < len(stream.rows):
                heapq.heapreplace(heads, self._head(number))
            else:
                heapq.heappop(heads)
        self.complete = True

    def _head(self, number: int) -> tuple["_Key", int]:
        stream = self._streams[number]
        return _Key(stream.rows[stream.at].id, self._newest_first), number

    def _fill(self, streams: Sequence[_Stream], fetch: int) -> None:
        pages = self._index.pages([stream.source for stream in streams], fetch, newest_first=self._newest_first)
        for stream, page in zip(streams, pages, strict=True):
            stream.take(page, newest_first=self._newest_first)


class _Key:
    """An id that sorts in the direction of the read."""

    __slots__ = ("_backwards", "id")

    def __init__(self, identifier: str, backwards: bool) -> None:
        self.id = identifier
        self._backwards = backwards

    def __lt__(self, other: "_Key") -> bool:
        return self.id > other.id if self._backwards else self.id < other.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)
