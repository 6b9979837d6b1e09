"""Parks what a stream did not take, durably, before the events count as dealt with.

Beside each message on the queue stands a row that counts its events: what is pending is the sum of the rows, which
nothing can count twice. The row comes first and goes last, and it is the truth: a message without one is done with.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from daybook.clock import Clock
from daybook.delivery.backlog_batch import BacklogBatch, merged, parcels_of
from daybook.delivery.destination import Destination, delay_seconds


class Rows(Protocol):
    def put_parked(self, parcels: Sequence[BacklogBatch]) -> None: ...

    def remove_parked(self, parcel: BacklogBatch) -> bool:
        """Whether it was there."""


class Queue(Protocol):
    def send(self, parcels: Sequence[BacklogBatch], delay_seconds: int) -> None:
        """All of them, durably; raises where one could not be sent."""


@dataclass(frozen=True)
class Backlog:
    rows: Rows
    queue: Queue
    clock: Clock
    chance: Callable[[], float] = random.random

    def park(self, destination: Destination, keys: Iterable[str], parked_at: int | None = None) -> None:
        """Durable on return. The same keys again are the same parcels."""
        parcels = list(parcels_of(destination, keys, self.clock() if parked_at is None else parked_at))
        self.rows.put_parked(parcels)
        self._send(destination, parcels)

    def park_alone(self, destination: Destination, keys: Iterable[str], parked_at: int | None = None) -> None:
        """Each in a parcel of its own: what can't be read takes no other with it into the dead-letter queue."""
        for key in keys:
            self.park(destination, [key], parked_at)

    def defer(self, destination: Destination, parcels: Sequence[BacklogBatch], at_least: int = 0) -> None:
        """Parks again what is parked, in fewer parcels where they are small, for so many seconds at least."""
        again = merged(destination, parcels)
        names = {parcel.parcel for parcel in again}
        self.rows.put_parked([parcel for parcel in again if parcel not in parcels])
        self._send(destination, again, at_least)
        for parcel in parcels:
            if parcel.parcel not in names:
                self.rows.remove_parked(parcel)

    def _send(self, destination: Destination, parcels: Sequence[BacklogBatch], at_least: int = 0) -> None:
        if parcels:
            self.queue.send(parcels, max(at_least, delay_seconds(destination, self.clock(), self.chance())))
