"""Takes batches from the retry queue. Delivers them if the stream works again, otherwise puts them back.

A failing destination gets one batch at a time, the probe; its other batches wait for the result. A batch without a row
has been delivered before and is dropped. So is a batch whose destination no longer exists. Events past retention are no
longer shown to anyone and are not sent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol

from daybook.clock import Clock
from daybook.delivery.attempt import Attempt, Outcome
from daybook.delivery.backlog import Backlog
from daybook.delivery.backlog_batch import BacklogBatch
from daybook.delivery.destination import KEPT_MS, Destination
from daybook.delivery.records import InsertedEvent
from daybook.delivery.sender import UNHURRIED, SecondsLeft
from daybook.ids import occurred_ms
from daybook.observability import logger
from daybook.tenant import EnvironmentKey, code_of
from daybook.tenants.reader import SettingsReader

BUDGET_SECONDS = 12.0
"""The time to send all messages of one invocation. The function's timeout is 28 s."""
WAIT_SECONDS = 30
"""The shortest wait before the next try when Daybook itself failed."""
_AT_ONCE = 10


class Message(NamedTuple):
    id: str
    batch: BacklogBatch


class Destinations(Protocol):
    def of_batches(
        self, environments: Iterable[EnvironmentKey], batches: Sequence[BacklogBatch]
    ) -> tuple[Mapping[EnvironmentKey, Destination], set[str]]: ...

    def claim_probe(self, destination: Destination, now_ms: int) -> bool: ...

    def delivered(self, destination: Destination, now_ms: int) -> None: ...

    def failed(self, destination: Destination, error: str, now_ms: int) -> Destination: ...

    def probe_failed(self, destination: Destination, error: str, now_ms: int) -> Destination: ...

    def mended(self, destination: Destination, now_ms: int) -> Destination: ...

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None: ...

    def remove_parked(self, batch: BacklogBatch) -> bool: ...


class Events(Protocol):
    def read(self, keys: Sequence[tuple[str, str]]) -> Sequence[InsertedEvent]:
        """Returns the events that still exist. Raises `Throttled`."""


class Unreadable(Exception):  # noqa: N818  a fact, not a failure
    """The batch's only event can't be read, so its message goes to the dead-letter queue."""


@dataclass(frozen=True)
class Redeliver:
    settings: SettingsReader
    destinations: Destinations
    events: Events
    attempt: Attempt
    backlog: Backlog
    given_up: Callable[[int], None]
    clock: Clock
    monotonic: Callable[[], float]

    def redeliver(self, messages: Sequence[Message]) -> list[str]:
        """Returns the ids of the messages that must come again. Raises `Throttled` if nothing could be read."""
        batches = [message.batch for message in messages]
        found, parked = self.destinations.of_batches((batch.environment for batch in batches), batches)
        until = self.monotonic() + BUDGET_SECONDS
        failed: list[str] = []
        shares: dict[EnvironmentKey, list[Message]] = {}
        for message in messages:
            batch = message.batch
            if batch.name not in parked:
                continue
            parked.remove(batch.name)  # if it was parked twice, one invocation may get it twice
            if batch.environment not in found or found[batch.environment].subscription != batch.subscription:
                failed += self._drop(message)
                continue
            shares.setdefault(batch.environment, []).append(message)

        def do(share: tuple[EnvironmentKey, list[Message]]) -> list[str]:
            return self._serve(found[share[0]], share[1], lambda: until - self.monotonic())

        work = list(shares.items())
        done = map(do, work) if len(work) < 2 else _threads().map(do, work)
        return failed + [identifier for each in done for identifier in each]

    def _drop(self, message: Message) -> list[str]:
        """Returns the message's id if the row could not be removed."""
        try:
            self.destinations.remove_parked(message.batch)
        except Exception:
            logger.exception("a parked batch was not dropped", extra={"code": code_of(message.batch.environment)})
            return [message.id]
        return []

    def _serve(self, destination: Destination, messages: Sequence[Message], seconds_left: SecondsLeft) -> list[str]:
        """Handles one destination's messages. Returns the ids of those that can't be read or could not be put back."""
        failed: list[str] = []
        waiting: list[Message] = []
        at_least = 0
        for message in messages:
            if seconds_left() <= 0:
                waiting.append(message)
                continue
            try:
                if self._is_too_old(destination, message.batch):
                    continue
                if destination.is_failing and not self._may_probe(destination):
                    waiting.append(message)
                    continue
                destination = self._deliver(destination, message.batch, seconds_left)
            except Unreadable:
                failed.append(message.id)
            except Exception:
                # Mostly a transient error of our own store. A failed message would soon be in the dead-letter queue.
                logger.exception("a parked batch was not delivered", extra={"code": code_of(destination.environment)})
                waiting.append(message)
                at_least = WAIT_SECONDS
        try:
            self.backlog.defer(destination, [message.batch for message in waiting], at_least)
        except Exception:
            logger.exception("parked batches were not put back", extra={"code": code_of(destination.environment)})
            failed += [message.id for message in waiting]
        return failed

    def _may_probe(self, destination: Destination) -> bool:
        now_ms = self.clock()
        return destination.next_probe_ms <= now_ms and self.destinations.claim_probe(destination, now_ms)

    def _is_too_old(self, destination: Destination, batch: BacklogBatch) -> bool:
        if self.clock() - batch.parked_at < KEPT_MS:
            return False
        self._give_up(destination, batch, len(batch.keys))
        return True

    def _give_up(self, destination: Destination, batch: BacklogBatch, events: int) -> None:
        """Counts the events once: only the caller that removes the row counts them."""
        if self.destinations.remove_parked(batch) and events:
            self.given_up(events)
            self.destinations.gave_up(destination, events)

    def _deliver(self, destination: Destination, batch: BacklogBatch, seconds_left: SecondsLeft) -> Destination:
        """Returns the destination as it is afterwards."""
        edge_ms = self.settings.settings_of(code_of(batch.environment)).retention_edge(self.clock())
        rows = [row for row in self.events.read(batch.partitions) if occurred_ms(row.id) >= edge_ms]
        outcome = self.attempt.send(destination, rows, seconds_left, UNHURRIED)
        after = self._noted(destination, outcome)
        if len(outcome.broken) == len(batch.keys) == 1:
            raise Unreadable
        if set(outcome.left) == set(batch.keys):
            self.backlog.defer(after, [batch])
            return after
        self.backlog.park(after, outcome.left, batch.parked_at)
        self.backlog.park_broken(after, outcome.broken, batch.parked_at)
        # Events that retention has hidden or deleted in the meantime are given up.
        self._give_up(after, batch, len(batch.keys) - len(rows))
        return after

    def _noted(self, destination: Destination, outcome: Outcome) -> Destination:
        """Returns the destination as it is afterwards. If its state can't be stored, the delivery still counts.

        The destination becomes active again if the stream accepts any record of the probe: a stream that accepts less
        than a whole batch at once receives its backlog part by part, and doubling waits would never let it finish.
        """
        if outcome.refused:
            self.given_up(outcome.refused)
        after = destination
        try:
            after = self._state_after(destination, outcome)
            if outcome.refused:  # last, so that its error stays visible
                self.destinations.gave_up(after, outcome.refused, outcome.refusal)
        except Exception:
            logger.exception("the stream's state was not stored", extra={"code": code_of(destination.environment)})
        return after

    def _state_after(self, destination: Destination, outcome: Outcome) -> Destination:
        now_ms = self.clock()
        if outcome.error is not None and not outcome.taken:
            note = self.destinations.probe_failed if destination.is_failing else self.destinations.failed
            return note(destination, outcome.error, now_ms)
        if destination.is_failing and (outcome.taken or outcome.refused):
            return self.destinations.mended(destination, now_ms)
        if outcome.taken:
            self.destinations.delivered(destination, now_ms)
        return destination


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "destination")
