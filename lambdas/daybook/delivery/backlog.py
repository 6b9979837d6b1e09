"""Stores the events that a stream did not accept. They are durable before they count as handled.

Only their keys are stored, without content and names, in rows of the control table. The row of the destination says
when the rows should be drained. A message asks for the drain. It may get lost, doubled or late: the row decides, and a
schedule asks again for what is overdue.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from daybook.clock import MINUTE, SECOND, Clock
from daybook.delivery.destination import FIRST_BACKOFF_MS, Destination
from daybook.events.item import partition
from daybook.observability import EVENTS_PARKED, UNREADABLE
from daybook.tenant import EnvironmentKey

KEYS_A_ROW = 500
FIRST_WAIT_MS = SECOND
"""How long a stream that does not fail rests before its first drain. Meanwhile more events can join them."""
OVERDUE_MS = 30 * SECOND
"""A drain that is so late was not asked for, or its message or its worker was lost."""
BROKEN_EVERY_MS = 15 * MINUTE
"""How often it is tried to make the records of unreadable events."""


class ParkedRow(NamedTuple):
    first_ms: int
    """When the first of its events came into the events table, as the table's stream says."""
    keys: tuple[str, ...]
    """`<shard>#<id>` of each event."""
    is_broken: bool = False
    """Whether no record can be made of these events."""

    @property
    def name(self) -> str:
        """The same keys and time give the same name, so that parking them again makes the same row."""
        return f"{self.first_ms:013}#{hashlib.sha256(' '.join(self.keys).encode()).hexdigest()[:16]}"


class DrainRequest(msgspec.Struct, frozen=True):
    """Asks for a drain of what is parked for a destination."""

    environment: EnvironmentKey
    subscription: str


class Waiting(NamedTuple):
    """A destination that wants a drain: something may be parked, or its stream is slow."""

    request: DrainRequest
    due_ms: int
    parked_since_ms: int | None
    is_failing: bool
    is_slow: bool
    is_idle: bool
    """Whether no message asks for the drain but the schedule's, when it is due."""


class Rows(Protocol):
    def put(self, destination: Destination, rows: Iterable[ParkedRow]) -> None: ...


class Drains(Protocol):
    def ask(self, destination: Destination, due_ms: int, first_ms: int, broken_due_ms: int | None = None) -> bool:
        """Notes that rows were put. Returns whether the caller must send the message."""


class Queue(Protocol):
    def send(self, requests: Sequence[DrainRequest], delay_seconds: int) -> None:
        """Sends all of them durably. Raises if one of them could not be sent."""


@dataclass(frozen=True)
class Backlog:
    rows: Rows
    drains: Drains
    queue: Queue
    count: Callable[[str, int], None]
    """Adds to a metric."""
    clock: Clock

    def park(self, destination: Destination, keys: Iterable[str], first_ms: int) -> None:
        """The keys are durable when this returns. Parking the same keys again makes the same rows.

        `first_ms`: when the first event of the share came into the events table, as its stream says.
        """
        self.count(EVENTS_PARKED, self._park(destination, keys, first_ms, broken=False))

    def park_broken(self, destination: Destination, keys: Iterable[str], first_ms: int) -> None:
        """Events of which no record can be made wait apart from the others, which they must not hold up."""
        self.count(UNREADABLE, self._park(destination, keys, first_ms, broken=True))

    def _park(self, destination: Destination, keys: Iterable[str], first_ms: int, *, broken: bool) -> int:
        rows = list(rows_of(keys, first_ms, broken=broken))
        if rows:
            now_ms = self.clock()
            wait_ms = FIRST_BACKOFF_MS if destination.is_failing else FIRST_WAIT_MS
            ask = partial(
                self.drains.ask, destination, now_ms + wait_ms, first_ms, now_ms + BROKEN_EVERY_MS if broken else None
            )
            # Asked before as well: if this worker is killed behind the rows and the batch is then delivered when it
            # comes again, nobody else would ask for their drain.
            is_first = not destination.is_drained and ask()
            self.rows.put(destination, rows)
            if ask() or is_first:
                self.queue.send([request_of(destination)], wait_ms // SECOND)
        return sum(len(row.keys) for row in rows)


def rows_of(keys: Iterable[str], first_ms: int, *, broken: bool = False) -> Iterator[ParkedRow]:
    """The keys are sorted and made unique, so that the same keys make the same rows."""
    every = sorted(set(keys))
    for start in range(0, len(every), KEYS_A_ROW):
        yield ParkedRow(first_ms, tuple(every[start : start + KEYS_A_ROW]), broken)


def request_of(destination: Destination) -> DrainRequest:
    return DrainRequest(destination.environment, destination.subscription)


def in_events_table(environment: EnvironmentKey, keys: Iterable[str]) -> list[tuple[str, str]]:
    """The keys in the events table's form: partition and id. Each appears once."""
    split = (key.partition("#") for key in dict.fromkeys(keys))
    return [(partition(environment, int(shard)), identifier) for shard, _, identifier in split]


write = msgspec.json.Encoder().encode
read = msgspec.json.Decoder(DrainRequest).decode
