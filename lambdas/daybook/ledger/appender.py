"""Appends stored events to a log, each exactly once.

Nothing rests on the order of the stream that brings them. DynamoDB promises an order for each item only, batches that
are tried again come cut elsewhere, and a new stream brings what an old one has brought. Several appenders may work on
one log: each append is one conditional write behind the head that was read, so of two that read the same head one has
to read again. Whoever reads a head of size s knows all appends below s, and finds in them what is there already by the
pointers, which are written before the append that they name. Where an appender is killed between two writes, or does
not learn whether the last one succeeded, whoever comes next finds out in the same way.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from daybook.clock import Clock
from daybook.errors import Contended, Throttled
from daybook.ledger import delta
from daybook.ledger.entries import encode
from daybook.ledger.log import MAX_ENTRIES, Append, Appends, EntryKey, Head, Stored
from daybook.ledger.logs import Log, LogKey, Logs, new_log
from daybook.ledger.merkle import leaf_hash

_NONCE_BYTES = 8
_MAX_LOST = 50
"""How often others may be first. An append takes some 20 ms, so there are many of them at work then."""
_PAUSES = (0.05, 0.2, 0.8)
"""Seconds before another try, where DynamoDB throttles or its answer is lost."""


class Appended(NamedTuple):
    log: Log
    head: Head
    """At least as far as the events that were asked for."""


@dataclass(frozen=True)
class Appender:
    logs: Logs
    appends: Appends
    log_origin: str
    """The deployment's setting, which the origins of new logs begin with."""
    clock: Clock
    random_bytes: Callable[[int], bytes]
    pause: Callable[[float], None]

    def append(self, key: LogKey, events: Collection[Stored]) -> Appended:
        """Appends to the current log what it does not have yet; begins it where there is none.

        When it returns, the log has all of the events. Raises `Throttled` or `Contended`: then it may have some.
        """
        for seconds in _PAUSES:
            try:
                return self._try(key, events)
            except Throttled:
                self.pause(seconds)
        return self._try(key, events)

    def _try(self, key: LogKey, events: Collection[Stored]) -> Appended:
        log = self._current(key)
        return Appended(log, self._append(log, events))

    def _current(self, key: LogKey) -> Log:
        log = self.logs.current(key)
        return log or self.logs.begin(new_log(key, self.log_origin, self.clock(), self.random_bytes))

    def _append(self, log: Log, events: Collection[Stored]) -> Head:
        wanted: dict[EntryKey, Stored] = {}
        for event in sorted(events, key=lambda each: (each.entry.received_ms, each.entry.id)):
            wanted.setdefault(event.key, event)
        for _ in range(_MAX_LOST):
            head = self.appends.head(log)
            for key in self.appends.find(log, wanted.keys()):
                del wanted[key]
            while wanted:
                some, packed = _part(list(wanted.values()))
                made = self._behind(head, some)
                if not self.appends.put(log, made, packed):
                    break  # somebody else was first, maybe with some of these events
                head = made.head
                for event in some:
                    del wanted[event.key]
            else:
                return head
        raise Contended(log.partition)

    def _behind(self, head: Head, events: Sequence[Stored]) -> Append:
        entries = [encode(event.entry) for event in events]
        edge = head.edge.extended(map(leaf_hash, entries))
        at_ms = max(self.clock(), head.at_ms)
        nonce = self.random_bytes(_NONCE_BYTES).hex()
        return Append(head.size, b"".join(entries), edge, edge.root, at_ms, nonce)


def _part(events: Sequence[Stored]) -> tuple[Sequence[Stored], bytes]:
    """As many of the events as one append takes, and its delta."""
    some = events[:MAX_ENTRIES]
    packed = delta.write([event.counted for event in some])
    while len(packed) > delta.MAX_BYTES and len(some) > 1:
        some = some[: len(some) // 2]
        packed = delta.write([event.counted for event in some])
    return some, packed
