"""Parcels off the retry queue: delivered where the stream answers again, put back where it does not.

Of a failing destination one parcel at a time is tried, the probe; the others wait for its outcome. A parcel whose row
is gone was delivered before, and is dropped, as are those of a destination that is no more. What is past retention is
shown to nobody any more, and sent to nobody.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol

from daybook.clock import Clock
from daybook.delivery.attempt import Delivery
from daybook.delivery.backlog import Backlog
from daybook.delivery.backlog_batch import BacklogBatch
from daybook.delivery.destination import KEPT_MS, Destination, Place
from daybook.delivery.records import Inserted
from daybook.delivery.sender import SecondsLeft
from daybook.ids import occurred_ms
from daybook.observability import logger
from daybook.tenants.reader import SettingsReader

BUDGET_SECONDS = 12.0
"""For sending, of a whole batch of messages: the function has 28 s."""
WAIT_SECONDS = 30
"""What a failure of our own waits at least before its parcels are looked at again."""
_AT_ONCE = 10


class Message(NamedTuple):
    id: str
    parcel: BacklogBatch


class Destinations(Protocol):
    def of_parcels(
        self, places: Iterable[Place], parcels: Sequence[BacklogBatch]
    ) -> tuple[Mapping[Place, Destination], set[str]]: ...

    def claim_probe(self, destination: Destination, now_ms: int) -> bool: ...

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None: ...

    def remove_parked(self, parcel: BacklogBatch) -> bool: ...


class Events(Protocol):
    def read(self, keys: Sequence[tuple[str, str]]) -> Sequence[Inserted]:
        """Those that there are. Raises `Throttled`."""


class Unreadable(Exception):  # noqa: N818  a fact, not a failure
    """An event that can't be read, alone in its parcel: the message goes the way of the dead-letter queue."""


@dataclass(frozen=True)
class Redeliver:
    settings: SettingsReader
    destinations: Destinations
    events: Events
    delivery: Delivery
    parking: Backlog
    given_up: Callable[[int], None]
    clock: Clock
    monotonic: Callable[[], float]

    def redeliver(self, messages: Sequence[Message]) -> list[str]:
        """The ids of messages that are to come again. Raises `Throttled` where nothing could be read."""
        parcels = [message.parcel for message in messages]
        found, parked = self.destinations.of_parcels((parcel.place for parcel in parcels), parcels)
        until = self.monotonic() + BUDGET_SECONDS
        failed: list[str] = []
        shares: dict[Place, list[Message]] = {}
        for message in messages:
            parcel = message.parcel
            if parcel.parcel not in parked:
                continue
            parked.remove(parcel.parcel)  # parked twice it may lie twice in one batch
            if parcel.place not in found or found[parcel.place].subscription != parcel.subscription:
                failed += self._drop(message)
                continue
            shares.setdefault(parcel.place, []).append(message)

        def do(share: tuple[Place, list[Message]]) -> list[str]:
            return self._serve(found[share[0]], share[1], lambda: until - self.monotonic())

        work = list(shares.items())
        done = map(do, work) if len(work) < 2 else _threads().map(do, work)
        return failed + [identifier for each in done for identifier in each]

    def _drop(self, message: Message) -> list[str]:
        """Its id where the row could not be removed."""
        try:
            self.destinations.remove_parked(message.parcel)
        except Exception:
            logger.exception("not dropped", extra={"tenant": message.parcel.tenant})
            return [message.id]
        return []

    def _serve(self, destination: Destination, messages: Sequence[Message], seconds_left: SecondsLeft) -> list[str]:
        """One destination's messages; the ids of those that can't be read, or could not be put back."""
        failed: list[str] = []
        waiting: list[Message] = []
        at_least = 0
        for message in messages:
            if seconds_left() <= 0:
                waiting.append(message)
                continue
            try:
                if self._is_too_old(destination, message.parcel):
                    continue
                if destination.is_failing and not self._may_probe(destination):
                    waiting.append(message)
                    continue
                destination = self._deliver(destination, message.parcel, seconds_left)
            except Unreadable:
                failed.append(message.id)
            except Exception:
                # Of our own store mostly, and passing: as a failed message it would soon lie in the dead-letter queue.
                logger.exception("not redelivered", extra={"tenant": destination.place.tenant})
                waiting.append(message)
                at_least = WAIT_SECONDS
        try:
            self.parking.defer(destination, [message.parcel for message in waiting], at_least)
        except Exception:
            logger.exception("not put back", extra={"tenant": destination.place.tenant})
            failed += [message.id for message in waiting]
        return failed

    def _may_probe(self, destination: Destination) -> bool:
        now_ms = self.clock()
        return destination.next_probe_ms <= now_ms and self.destinations.claim_probe(destination, now_ms)

    def _is_too_old(self, destination: Destination, parcel: BacklogBatch) -> bool:
        if self.clock() - parcel.parked_at < KEPT_MS:
            return False
        self._give_up(destination, parcel, len(parcel.keys))
        return True

    def _give_up(self, destination: Destination, parcel: BacklogBatch, events: int) -> None:
        """Counted by whoever removes the row, so once."""
        if self.destinations.remove_parked(parcel) and events:
            self.given_up(events)
            self.destinations.gave_up(destination, events)

    def _deliver(self, destination: Destination, parcel: BacklogBatch, seconds_left: SecondsLeft) -> Destination:
        """The destination as it stands afterwards."""
        edge_ms = self.settings.settings(parcel.tenant).retention_edge(self.clock())
        rows = [row for row in self.events.read(parcel.partitions) if occurred_ms(row.id) >= edge_ms]
        after = self.delivery.deliver(destination, rows, seconds_left)
        if len(after.broken) == len(parcel.keys) == 1:
            raise Unreadable
        if set(after.left) == set(parcel.keys):
            self.parking.defer(after.destination, [parcel])
            return after.destination
        self.parking.park(after.destination, after.left, parcel.parked_at)
        self.parking.park_alone(after.destination, after.broken, parcel.parked_at)
        # What retention has hidden or deleted meanwhile is given up.
        self._give_up(after.destination, parcel, len(parcel.keys) - len(rows))
        return after.destination


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "destination")
