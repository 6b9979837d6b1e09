"""Stores the events that a stream did not accept. They are durable before they count as handled.

Each message on the queue has a row in the control table that counts its events. The sum of the rows is the number of
pending events, so nothing is counted twice. The row is written before the message and removed after it. The row
decides: a message without a row has already been handled.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from daybook.clock import Clock
from daybook.delivery.backlog_batch import BacklogBatch, batches_of, merged
from daybook.delivery.destination import Destination, delay_seconds


class Rows(Protocol):
    def put_parked(self, batches: Sequence[BacklogBatch]) -> None: ...

    def remove_parked(self, batch: BacklogBatch) -> bool:
        """Returns whether the row existed."""


class Queue(Protocol):
    def send(self, batches: Sequence[BacklogBatch], delay_seconds: int) -> None:
        """Sends all of them durably. Raises if one of them could not be sent."""


@dataclass(frozen=True)
class Backlog:
    rows: Rows
    queue: Queue
    clock: Clock
    chance: Callable[[], float] = random.random

    def park(self, destination: Destination, keys: Iterable[str], first_ms: int) -> None:
        """The keys are durable when this returns. Parking the same keys again makes the same batches.

        `first_ms`: when the first event of the share came into the events table, as its stream says.
        """
        batches = list(batches_of(destination, keys, first_ms))
        self.rows.put_parked(batches)
        self._send(destination, batches)

    def park_broken(self, destination: Destination, keys: Iterable[str], first_ms: int) -> None:
        """Puts each key into its own batch, so that an unreadable event takes no other to the dead-letter queue."""
        for key in keys:
            self.park(destination, [key], first_ms)

    def defer(self, destination: Destination, batches: Sequence[BacklogBatch], at_least: int = 0) -> None:
        """Puts batches back for at least `at_least` seconds, and merges small ones."""
        again = merged(destination, batches)
        names = {batch.name for batch in again}
        self.rows.put_parked([batch for batch in again if batch not in batches])
        self._send(destination, again, at_least)
        for batch in batches:
            if batch.name not in names:
                self.rows.remove_parked(batch)

    def _send(self, destination: Destination, batches: Sequence[BacklogBatch], at_least: int = 0) -> None:
        if batches:
            self.queue.send(batches, max(at_least, delay_seconds(destination, self.clock(), self.chance())))
