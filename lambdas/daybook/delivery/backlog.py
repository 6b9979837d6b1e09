"""Stores the events that a stream did not accept. They are durable before they count as handled.

Only their keys are stored, without content and names, in rows of the control table. The row of the destination says
when the rows should be drained. A message asks for the drain. It may get lost, doubled or late: the row decides, and a
schedule asks again for what is overdue.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from daybook.clock import MINUTE, SECOND, Clock
from daybook.delivery.destination import FIRST_BACKOFF_MS, Destination
from daybook.events.item import partition
from daybook.observability import DRAIN_REQUESTS_LOST, EVENTS_PARKED, UNREADABLE, logger
from daybook.tenant import EnvironmentKey, code_of

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
    failing_since_ms: int | None
    is_failing: bool
    is_slow: bool
    is_idle: bool
    """Whether no message asks for the drain but the schedule's, when it is due."""


class Asked(Enum):
    """What the row of the destination says to somebody who parks."""

    FIRST = auto()
    """No drain was due. The caller sends the message."""
    ALREADY = auto()
    """A drain was due or at work, and its message was sent by somebody else."""
    GONE = auto()
    """The subscription no longer exists. Nobody drains for it."""


class Rows(Protocol):
    def put(self, destination: Destination, rows: Iterable[ParkedRow]) -> None: ...


class Drains(Protocol):
    def ask(self, destination: Destination, due_ms: int, first_ms: int, broken_due_ms: int | None = None) -> Asked:
        """Notes that rows are put. A drain that ends afterwards knows that it did not see them all."""


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

    def park(self, destination: Destination, keys: Iterable[str], first_ms: int) -> bool:
        """The keys are durable when this returns. Parking the same keys again makes the same rows.

        `first_ms`: when the first event of the share came into the events table, as its stream says.

        Returns False if the subscription was removed in the meantime: the keys are parked for nobody.
        """
        return self._park(destination, list(rows_of(keys, first_ms)), first_ms, EVENTS_PARKED)

    def park_broken(self, destination: Destination, keys: Iterable[str], first_ms: int) -> bool:
        """Events of which no record can be made wait apart from the others, which they must not hold up."""
        rows = list(rows_of(keys, first_ms, broken=True))
        return self._park(destination, rows, first_ms, UNREADABLE, broken_due_ms=self.clock() + BROKEN_EVERY_MS)

    def _park(
        self,
        destination: Destination,
        rows: Sequence[ParkedRow],
        first_ms: int,
        metric: str,
        broken_due_ms: int | None = None,
    ) -> bool:
        if not rows:
            return True
        wait_ms = FIRST_BACKOFF_MS if destination.is_failing else FIRST_WAIT_MS
        ask = partial(self.drains.ask, destination, self.clock() + wait_ms, first_ms, broken_due_ms)
        # Asked before as well: if this worker is killed behind the rows and the batch is then delivered when it comes
        # again, nobody else would ask for their drain.
        before = ask()
        if before is Asked.GONE:
            return False
        self.rows.put(destination, rows)
        behind = ask()
        if behind is Asked.GONE:
            return False
        if Asked.FIRST in {before, behind}:
            self._request(destination, wait_ms)
        self.count(metric, sum(len(row.keys) for row in rows))
        return True

    def _request(self, destination: Destination, wait_ms: int) -> None:
        """Sends the message. If it can't be sent, the schedule finds the drain overdue."""
        try:
            self.queue.send([request_of(destination)], wait_ms // SECOND)
        except Exception:
            logger.exception("a drain was not asked for", extra={"code": code_of(destination.environment)})
            self.count(DRAIN_REQUESTS_LOST, 1)


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
