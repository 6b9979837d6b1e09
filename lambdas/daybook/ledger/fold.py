"""Folds a log: writes the roots of its complete tiles, and adds up what its entries count as.

The fold runs behind appends. What it has not reached yet is read from the deltas, so statistics are exact at every
moment, and a fold that is late only makes them slower. Roots are written first: a tile has one root, whoever writes it.
Then one transaction adds counts and moves `folded`. Of two folds that begin at the same entry one has to begin anew, so
each entry is counted once. A fold may stop anywhere, also within an append.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, Protocol

from daybook.clock import HOUR, SECOND, Clock
from daybook.errors import Contended
from daybook.ledger import counts, delta
from daybook.ledger.counts import Addition, CountRow, RowKey, RowName
from daybook.ledger.delta import Counted
from daybook.ledger.entries import ENTRY_BYTES
from daybook.ledger.log import Append, Appends, Head
from daybook.ledger.logs import Log
from daybook.ledger.merkle import leaf_hash, tree_root
from daybook.ledger.tiles import WIDTH, Tile, completed
from daybook.ledger.tree import TileRoots

DUE_ENTRIES = 1_000
DUE_MS = HOUR
"""A fold writes every row of the current hour and day, however few entries it adds. With 1,000 people that is 40 write
units. Each minute it would cost a log of 11,000 events a day five units an event, each hour a tenth of one.
"""

_AT_ONCE = 5_000
"""Entries that are read at once."""
_WITH_AN_APPEND = 20_000
"""The most entries that are folded behind an append: it has its own time to keep. The next one goes on."""
_MAX_LOST = 50
"""How often another fold may be first."""


class Folded(NamedTuple):
    """How far a log is folded."""

    size: int
    """Entries below it are counted."""
    at_ms: int
    """When the last of them was appended."""
    rows: frozenset[RowName]
    """What the last fold wrote."""
    counted_from_ms: int
    """Counts of earlier times may have been deleted."""


NOT_FOLDED = Folded(0, 0, frozenset(), 0)


class DeltaMissing(Exception):  # noqa: N818  a fact about the log
    """What entries count as is not known any more: their delta expired before it was folded, or was deleted."""


class Counts(Protocol):
    """Reads are strongly consistent; everything raises `Throttled`."""

    def folded(self, log: Log) -> Folded: ...

    def rows(self, log: Log, keys: Sequence[RowKey]) -> Mapping[RowKey, CountRow]:
        """Those that exist."""

    def move(self, log: Log, before: Folded, size: int, at_ms: int, addition: Addition) -> bool:
        """Adds counts and moves `folded`, both or neither. False: another fold was there first."""


@dataclass(frozen=True)
class Fold:
    appends: Appends
    counts: Counts
    roots: TileRoots
    clock: Clock
    behind: Callable[[int], None]
    """Told how many seconds the fold is behind, where it fails."""

    def folded(self, log: Log) -> int:
        """The size up to which roots and counts are written."""
        return self.counts.folded(log).size

    def run_if_due(self, log: Log, head: Head) -> None:
        """Folds where the log is `DUE_ENTRIES` or `DUE_MS` ahead, up to 20,000 entries. Raises as `run` does."""
        folded = self.counts.folded(log)
        if head.size - folded.size >= DUE_ENTRIES or (head.size > folded.size and head.at_ms - folded.at_ms >= DUE_MS):
            self._run(log, min(head.size, folded.size + _WITH_AN_APPEND))

    def run(self, log: Log) -> None:
        """Folds up to the head as it is now.

        Raises `Throttled`, `Contended`; `DeltaMissing` and `UnknownFormat` until somebody has mended the log. What was
        done until then stays done.
        """
        self._run(log, self.appends.head(log).size)

    def _run(self, log: Log, size: int) -> None:
        try:
            self._fold(log, size)
        except Exception:
            folded = self.counts.folded(log)
            for append in self.appends.appends(log, folded.size, folded.size + 1):
                self.behind((self.clock() - append.at_ms) // SECOND)
            raise

    def _fold(self, log: Log, size: int) -> None:
        lost = 0
        while (folded := self.counts.folded(log)).size < size:
            if not self._some(log, folded, min(size, folded.size + _AT_ONCE)):
                lost += 1
                if lost > _MAX_LOST:
                    raise Contended(log.partition)

    def _some(self, log: Log, folded: Folded, stop: int) -> bool:
        """Folds up to `stop`. False where another fold was first."""
        entries = _Entries(self.appends, log, folded.size, stop)
        self._write_roots(log, entries, folded.size, stop)
        counted = entries.counted()
        while counted:
            number, addition = self._next(log, counted)
            size = folded.size + number
            if not self.counts.move(log, folded, size, entries.at_ms(size - 1), addition):
                return False
            folded = folded._replace(size=size)
            counted = counted[number:]
        return True

    def _next(self, log: Log, counted: Sequence[Counted]) -> tuple[int, Addition]:
        """How many of these are folded in one transaction, and what it writes."""
        number = counts.fitting(counted)
        keys = dict.fromkeys(key for each in counted[:number] for key in counts.keys_of(each))
        rows = self.counts.rows(log, list(keys))
        while not (addition := counts.add(counted[:number], rows)).fits and number > 1:
            number //= 2
        return number, addition

    def _write_roots(self, log: Log, entries: "_Entries", start: int, stop: int) -> None:
        for level, tiles in groupby(completed(start, stop), key=lambda tile: tile.level):
            roots: dict[Tile, bytes] = {}
            for tile in tiles:
                hashes = entries.hashes(tile) if level == 0 else self.roots.read(log, level - 1, tile.first, WIDTH)
                if len(hashes) != WIDTH:
                    raise ValueError("a complete tile has 256 hashes")
                roots[tile] = tree_root(hashes)
            self.roots.put(log, roots)


class _Entries:
    """The entries from `start` to before `stop`, and those before them in the same tile."""

    def __init__(self, appends: Appends, log: Log, start: int, stop: int) -> None:
        self._log = log
        self._start = start
        self._stop = stop
        self._appends = list(appends.appends(log, start - start % WIDTH, stop))
        self._first = self._appends[0].start
        self._bytes = b"".join(append.entries for append in self._appends)
        counted = [append for append in self._appends if append.stop > start]
        self._deltas = appends.deltas(log, counted[0].start, stop)
        self._counted = counted

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of a tile of level 0."""
        first = (tile.first - self._first) * ENTRY_BYTES
        starts = range(first, first + WIDTH * ENTRY_BYTES, ENTRY_BYTES)
        return [leaf_hash(self._bytes[at : at + ENTRY_BYTES]) for at in starts]

    def counted(self) -> list[Counted]:
        """Raises `DeltaMissing`, `UnknownFormat`."""
        return list(unfolded(self._log, self._counted, self._deltas, self._start, self._stop))

    def at_ms(self, index: int) -> int:
        """When the entry was appended."""
        return next(append.at_ms for append in self._counted if append.stop > index)


def unfolded(
    log: Log, appends: Sequence[Append], deltas: Mapping[tuple[int, str], bytes], start: int, stop: int
) -> Iterator[Counted]:
    """What the entries from `start` to before `stop` count as. Raises `DeltaMissing`, `UnknownFormat`."""
    for append in appends:
        data = deltas.get((append.start, append.nonce))
        if data is None:
            raise DeltaMissing(f"{log.partition}, append {append.start}")
        yield from delta.read(data)[max(start - append.start, 0) : max(stop - append.start, 0)]
