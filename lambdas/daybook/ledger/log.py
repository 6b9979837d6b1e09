"""What a log consists of: appends of up to 1,000 entries, one behind the other.

`Append` is one row, written once. The newest one is the head. Everything else of a log derives from appends.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daybook.ledger.delta import Counted
from daybook.ledger.entries import ENTRY_BYTES, Entry, split
from daybook.ledger.logs import Log
from daybook.ledger.merkle import EMPTY, EMPTY_ROOT, Edge

MAX_ENTRIES = 1_000
"""Of one append: 75,000 bytes."""

EntryKey = tuple[str, int]
"""The id and the time of receipt in milliseconds. An event that expired and was sent again is another entry."""


class Stored(NamedTuple):
    """A stored event, as it is appended."""

    entry: Entry
    counted: Counted

    @property
    def key(self) -> EntryKey:
        return self.entry.id, self.entry.received_ms


class Head(NamedTuple):
    """How far a log goes."""

    size: int
    root: bytes
    edge: Edge
    at_ms: int
    """When the last entry was appended: never before an earlier append, also where clocks go back."""


NOTHING = Head(0, EMPTY_ROOT, EMPTY, 0)
"""The head of a log without entries."""


@dataclass(frozen=True)
class Append:
    start: int
    """The index of its first entry."""
    entries: bytes
    edge: Edge
    """The tree's right edge after it."""
    root: bytes
    """The tree's root after it."""
    at_ms: int
    nonce: str
    """Random: names the delta that belongs to it, of the several that were written where appenders met."""

    @property
    def stop(self) -> int:
        """The index behind its last entry."""
        return self.start + len(self.entries) // ENTRY_BYTES

    @property
    def head(self) -> Head:
        return Head(self.stop, self.root, self.edge, self.at_ms)

    def numbered(self) -> Iterator[tuple[int, Entry]]:
        return enumerate(split(self.entries), self.start)


class Appends(Protocol):
    """The appends of logs. All of it is strongly consistent and raises `Throttled`."""

    def head(self, log: Log) -> Head: ...

    def appends(self, log: Log, start: int, stop: int) -> Iterator[Append]:
        """The appends that hold entries from `start` to before `stop`, in order, read as they are asked for.

        The first may begin before `start`, and the last may end behind `stop`.
        """

    def read(self, log: Log, start: int, stop: int) -> Iterator[tuple[int, Entry]]:
        """The entries from index `start` to before `stop`, or to the log's end."""

    def find(self, log: Log, keys: Collection[EntryKey]) -> Mapping[EntryKey, int]:
        """The indices of those that the log has."""

    def found(self, log: Log, keys: Collection[EntryKey]) -> Mapping[EntryKey, tuple[int, Entry]]:
        """Like `find`, with the entries."""

    def put(self, log: Log, append: Append, delta: bytes) -> bool:
        """Appends, unless the log has an append of this start already: then it returns False.

        The pointers and the delta are written first. After `Throttled` it may have appended.
        """

    def delta(self, log: Log, append: Append) -> bytes | None:
        """What the entries of an append count as. None: it has expired."""

    def deltas(self, log: Log, start: int, stop: int) -> Mapping[tuple[int, str], bytes]:
        """All deltas that are there of appends that begin from `start` to before `stop`, by start and nonce."""
