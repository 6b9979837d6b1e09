"""Sends a batch of the events table's stream to the tenants' own streams. No tenant waits for another."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol

from daybook.clock import Clock
from daybook.delivery.attempt import Attempt, Outcome
from daybook.delivery.backlog import Backlog
from daybook.delivery.destination import Destination
from daybook.delivery.records import InsertedEvent, select
from daybook.delivery.sender import LIVE, SecondsLeft
from daybook.errors import Contended
from daybook.observability import logger
from daybook.tenant import EnvironmentKey, code_of

BUDGET_SECONDS = 2.0
"""The time to send a whole batch. Events not in their stream by then are parked. A Kinesis call takes 20 ms."""
_AT_ONCE = 64
"""Streams that turn slow at the same time hold up none of the others while they are fewer than this."""

_MAX_SUBSCRIPTIONS = 4
"""If the stream is removed and set again more often while a batch is served, Lambda repeats the batch."""


class StreamRecord(NamedTuple):
    """A record of the table's stream, with its sequence number in the shard."""

    sequence: str
    row: InsertedEvent
    created_ms: int
    """When the event came into the table."""


Share = tuple[Destination, Sequence[StreamRecord]]
"""A destination and its events of a batch, at least one."""


class Destinations(Protocol):
    def of(self, environments: Iterable[EnvironmentKey]) -> Mapping[EnvironmentKey, Destination]:
        """Reads the destinations that exist. Raises `Throttled`."""

    def delivered(self, destination: Destination, now_ms: int) -> None: ...

    def answered(
        self, destination: Destination, calls_ms: Sequence[int], now_ms: int, *, timed_out: bool
    ) -> Destination:
        """Notes how long the stream took. Returns the destination as it is afterwards."""

    def hindered(self, destination: Destination, error: str) -> None:
        """Notes an error that leaves the destination active."""

    def failed(self, destination: Destination, error: str, now_ms: int) -> Destination:
        """Returns the destination as it is afterwards."""

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None: ...


@dataclass(frozen=True)
class FanOut:
    destinations: Destinations
    attempt: Attempt
    backlog: Backlog
    given_up: Callable[[int], None]
    clock: Clock
    monotonic: Callable[[], float]

    def publish(self, arrived: Sequence[StreamRecord]) -> str | None:
        """Returns the lowest sequence number that is neither in its stream nor parked, or None if there is none.

        Raises `Throttled` if the destinations can't be read. Nothing has been sent then.
        """
        shares: dict[EnvironmentKey, list[StreamRecord]] = {}
        for one in arrived:
            shares.setdefault(one.row.environment, []).append(one)
        found = self.destinations.of(shares)
        work = healthy_first(
            [(found[environment], share) for environment, share in shares.items() if environment in found]
        )
        until = self.monotonic() + BUDGET_SECONDS

        def do(part: Share) -> bool:
            return self._serve(*part, lambda: until - self.monotonic())

        done = list(map(do, work) if len(work) < 2 else _threads().map(do, work))
        failed = [one.sequence for (_, share), fine in zip(work, done, strict=True) if not fine for one in share]
        return min(failed, key=int, default=None)

    def _serve(self, destination: Destination, share: Sequence[StreamRecord], seconds_left: SecondsLeft) -> bool:
        """Returns whether every event of the share is in the stream or parked, or no longer wanted."""
        environment = destination.environment
        try:
            for _ in range(_MAX_SUBSCRIPTIONS):
                share = self._served(destination, share, seconds_left)
                found = self.destinations.of([environment]) if share else {}
                if environment not in found:
                    return True
                destination = found[environment]
            raise Contended(environment)  # noqa: TRY301  logged like the others
        except Exception:
            logger.exception("events were not parked", extra={"code": code_of(environment)})
            return False

    def _served(
        self, destination: Destination, share: Sequence[StreamRecord], seconds_left: SecondsLeft
    ) -> Sequence[StreamRecord]:
        """Returns the records that are neither in the stream nor parked, because the subscription no longer exists."""
        outcome = self._sent(destination, [one.row for one in share], seconds_left)
        after = self._noted(destination, outcome)
        first_ms = share[0].created_ms
        parked = self.backlog.park(after, outcome.left, first_ms)
        if parked and self.backlog.park_broken(after, outcome.broken, first_ms):
            return ()
        keys = {*outcome.left, *outcome.broken}
        return [one for one in share if one.row.key in keys]

    def _sent(self, destination: Destination, rows: Sequence[InsertedEvent], seconds_left: SecondsLeft) -> Outcome:
        """Everything is left, if the stream is failing or slow, or the attempt raised.

        The share is not handed back to Lambda, because Lambda would repeat the other tenants' records with it. Parking
        needs no keys of people, so it works when these can't be read.
        """
        if not destination.parks:
            try:
                return self.attempt.send(destination, rows, seconds_left, LIVE)
            except Exception:
                logger.exception("events were not sent", extra={"code": code_of(destination.environment)})
        wanted, unreadable = select(destination.chosen, rows)
        return Outcome(left=[one.row.key for one in wanted], broken=[row.key for row in unreadable])

    def _noted(self, destination: Destination, outcome: Outcome) -> Destination:
        """Returns the destination as it is afterwards.

        If its state can't be stored, the delivery still counts and the next one stores the state.
        """
        after = destination
        now_ms = self.clock()
        if outcome.refused:
            self.given_up(outcome.refused)
        try:
            error = None if outcome.timed_out else outcome.error
            if error is not None and not (outcome.taken or outcome.throttled):
                after = self.destinations.failed(destination, error, now_ms)
            else:
                after = self.destinations.answered(destination, outcome.calls_ms, now_ms, timed_out=outcome.timed_out)
                if error is not None:
                    self.destinations.hindered(destination, error)
                elif outcome.taken:
                    self.destinations.delivered(destination, now_ms)
            if outcome.refused:  # last, so that its error stays visible
                self.destinations.gave_up(after, outcome.refused, outcome.refusal)
        except Exception:
            logger.exception("the stream's state was not stored", extra={"code": code_of(destination.environment)})
        return after


def healthy_first(work: Sequence[Share]) -> list[Share]:
    """A stream that has been in trouble must not stand before a healthy one."""
    return sorted(work, key=lambda share: share[0].last_error is not None or bool(share[0].slow_calls))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "destination")
