"""Folds a log: writes the roots of its complete tiles, and adds up what its entries count as.

The fold runs behind appends. What it has not reached yet is read from the deltas, so statistics are exact at every
moment, and a fold that is late only makes them slower. Roots are written first: a tile has one root, whoever writes it.
Then transactions add counts and move `folded`. Of two folds that begin at the same entry one has to begin anew, so each
entry is counted once. A fold may stop anywhere, also within an append.

A step counts up to 10,000 entries in the order of the hours in which they occurred, so that it writes each row about
once, also where events of a year arrive in any order. `folded` says how much of a step is done.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice
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

STEP_ENTRIES = 10_000
"""The most entries of a step, and the most that a fold waits for."""

_ENTRIES_A_ROW = 5
"""A fold that wrote many rows, because its events occurred in many hours, waits for so many entries a row."""

_APPEND_MS = SECOND
"""How long a fold goes on behind an append: it has its own time to keep. The next one goes on."""
_SIGNING_MS = 100 * SECOND
"""How long a fold goes on before a log is signed: the signer has 180 s."""
_MAX_LOST = 50
"""How often another fold may be first."""


class Folded(NamedTuple):
    """How far a log is folded."""

    size: int
    """Entries below it are counted."""
    at_ms: int
    """When the last of them was appended."""
    stop: int = 0
    """Where `done` is not 0: the step counts the entries from `size` to before it."""
    done: int = 0
    """How many of them are counted already, in the order of `in_order`."""
    written: int = 0
    """How many rows the step wrote so far; where `done` is 0, the step before."""
    rows: frozenset[RowName] = frozenset()
    """What the last transaction wrote."""
    counted_from_ms: int = 0
    """Counts of earlier times may have been deleted."""

    @property
    def counted(self) -> int:
        """How many entries are counted. It rises with each transaction."""
        return self.size + self.done

    @property
    def due_entries(self) -> int:
        """How far the log is ahead when a fold is worth its rows."""
        return min(max(DUE_ENTRIES, _ENTRIES_A_ROW * self.written), STEP_ENTRIES)


NOT_FOLDED = Folded(0, 0)


class DeltaMissing(Exception):  # noqa: N818  a fact about the log
    """What entries count as is not known any more: their delta expired before it was folded, or was deleted."""


class Counts(Protocol):
    """Reads are strongly consistent; everything raises `Throttled`."""

    def folded(self, log: Log) -> Folded: ...

    def rows(self, log: Log, keys: Sequence[RowKey]) -> Mapping[RowKey, CountRow]:
        """Those that exist."""

    def move(self, log: Log, before: Folded, after: Folded, addition: Addition) -> bool:
        """Adds counts and moves `folded`, both or neither. False: another fold was there first."""


@dataclass(frozen=True)
class Fold:
    appends: Appends
    counts: Counts
    roots: TileRoots
    clock: Clock
    behind: Callable[[int], None]
    """Told how many seconds ago the first entry was appended that is not counted, where a fold leaves any."""

    def folded(self, log: Log) -> int:
        """How many entries are counted."""
        return self.counts.folded(log).counted

    def run_if_due(self, log: Log, head: Head) -> None:
        """Folds for a second where the log is far enough ahead, or a step is not finished. Raises as `run` does."""
        folded = self.counts.folded(log)
        ahead = head.size - folded.counted
        if folded.done or ahead >= folded.due_entries or (ahead > 0 and head.at_ms - folded.at_ms >= DUE_MS):
            self._run(log, head.size, _APPEND_MS)

    def run(self, log: Log) -> None:
        """Writes all roots up to the head as it is now, and counts for 100 s at most.

        Raises `Throttled`, `Contended`; `DeltaMissing` and `UnknownFormat` until somebody has mended the log. What was
        done until then stays done.
        """
        size = self.appends.head(log).size
        start = self._run(log, size, _SIGNING_MS)
        while start < size:  # no proof waits for counts
            stop = min(size, start + STEP_ENTRIES)
            self._write_roots(log, _Entries(self.appends, log, start, stop), start, stop)
            start = stop

    def _run(self, log: Log, size: int, milliseconds: int) -> int:
        """Returns the size below which roots and counts are written."""
        try:
            folded = self._fold(log, size, self.clock() + milliseconds)
        except Exception:
            self._tell(log, self.counts.folded(log))
            raise
        if folded.counted < size:
            self._tell(log, folded)
        return folded.size

    def _tell(self, log: Log, folded: Folded) -> None:
        for append in self.appends.appends(log, folded.size, folded.size + 1):
            self.behind((self.clock() - append.at_ms) // SECOND)

    def _fold(self, log: Log, size: int, until_ms: int) -> Folded:
        lost = 0
        while (folded := self.counts.folded(log)).counted < size:
            stop = folded.stop if folded.done else min(size, folded.size + STEP_ENTRIES)
            after = self._step(log, folded, stop, until_ms)
            if after is None:
                lost += 1
                if lost > _MAX_LOST:
                    raise Contended(log.partition)
            if self.clock() >= until_ms:
                return after or self.counts.folded(log)
        return folded

    def _step(self, log: Log, folded: Folded, stop: int, until_ms: int) -> Folded | None:
        """Counts up to `stop`, or until the time is over. None where another fold was first."""
        entries = _Entries(self.appends, log, folded.size, stop)
        counted = in_order(entries.counted())
        if not folded.done:
            self._write_roots(log, entries, folded.size, stop)
        while True:
            number, addition = self._next(log, counted[folded.done :])
            written = len(addition.rows) + len(addition.put_aside) + (folded.written if folded.done else 0)
            after = folded._replace(stop=stop, done=folded.done + number, written=written)
            if after.counted == stop:
                after = after._replace(size=stop, done=0, at_ms=entries.at_ms(stop - 1))
            if not self.counts.move(log, folded, after, addition):
                return None
            if not after.done or self.clock() >= until_ms:
                return after
            folded = after

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
        self._counted = [append for append in self._appends if append.stop > start]
        self._source = appends

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of a tile of level 0."""
        first = (tile.first - self._first) * ENTRY_BYTES
        starts = range(first, first + WIDTH * ENTRY_BYTES, ENTRY_BYTES)
        return [leaf_hash(self._bytes[at : at + ENTRY_BYTES]) for at in starts]

    def counted(self) -> list[Counted]:
        """Raises `DeltaMissing`, `UnknownFormat`."""
        deltas = self._source.deltas(self._log, self._counted[0].start, self._stop)
        return list(_unfolded(self._log, self._counted, deltas, self._start, self._stop))

    def at_ms(self, index: int) -> int:
        """When the entry was appended."""
        return next(append.at_ms for append in self._counted if append.stop > index)


def in_order(counted: Iterable[Counted]) -> list[Counted]:
    """The order in which a step counts: by hour, and within an hour by index."""
    return sorted(counted, key=lambda each: each.occurred_ms)


def uncounted(
    log: Log, appends: Sequence[Append], deltas: Mapping[tuple[int, str], bytes], folded: Folded, stop: int
) -> Iterator[Counted]:
    """What the entries before `stop` count as that are not counted. `appends`: those that end behind `folded.size`.

    Raises `DeltaMissing`, `UnknownFormat`.
    """
    events = _unfolded(log, appends, deltas, folded.size, stop)
    if not folded.done:
        return events
    return chain(in_order(islice(events, folded.stop - folded.size))[folded.done :], events)


def _unfolded(
    log: Log, appends: Sequence[Append], deltas: Mapping[tuple[int, str], bytes], start: int, stop: int
) -> Iterator[Counted]:
    """What the entries from `start` to before `stop` count as. Raises `DeltaMissing`, `UnknownFormat`."""
    for append in appends:
        data = deltas.get((append.start, append.nonce))
        if data is None:
            raise DeltaMissing(f"{log.partition}, append {append.start}")
        yield from delta.read(data)[max(start - append.start, 0) : max(stop - append.start, 0)]
