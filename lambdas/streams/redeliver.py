"""Drains what is parked for customers' streams, the oldest events first.

A drain claims its destination, so that no two of them deliver the same events. After its turn of a few seconds, or of
one call to a slow stream, it asks for another one behind the other tenants' messages. It looks at its claim before each
call, after the rows were read, and before it removes them. So what was parked after the stream was changed is never
sent to the former one. Of a failing stream a drain is the probe: one call whose result sets the state and the next
wait. What fails on our side is tried again later and leaves the stream's state alone. Events past retention are no
longer shown to anyone and are not sent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import batched, chain
from typing import Protocol

from daybook import observability
from daybook.clock import MINUTE, SECOND, Clock
from daybook.delivery.attempt import Attempt, Outcome
from daybook.delivery.backlog import (
    KEYS_A_ROW,
    OVERDUE_MS,
    DrainRequest,
    ParkedRow,
    Queue,
    Waiting,
    in_events_table,
    request_of,
    rows_of,
)
from daybook.delivery.destination import KEPT_MS, Destination
from daybook.delivery.drain import after_call, emptied, with_broken
from daybook.delivery.records import InsertedEvent
from daybook.delivery.sender import UNHURRIED
from daybook.ids import occurred_ms
from daybook.observability import logger
from daybook.tenant import EnvironmentKey, code_of
from daybook.tenants.reader import SettingsReader

TURN_SECONDS = 10.0
CLAIM_MS = 28 * SECOND + MINUTE
"""The function's timeout, and a minute by which clocks may differ."""
AGAIN_MS = 30 * SECOND
"""The wait when Daybook itself failed."""
_LATE_MS = 2 * MINUTE
"""A drain that is so late was asked for by the schedule at least once, a minute ago, and has not begun."""
_AT_ONCE = 10
_REQUESTS_A_CALL = 10  # the queue's own limit: one that fails leaves the others alone


class Drains(Protocol):
    def claim(self, request: DrainRequest, claim: str, now_ms: int, until_ms: int) -> Destination | None: ...

    def store(self, before: Destination, after: Destination, *, is_empty: bool = False) -> bool: ...

    def waiting(self) -> Iterable[Waiting]: ...


class Parked(Protocol):
    def rows(self, destination: Destination, *, broken: bool = False) -> Iterator[ParkedRow]: ...

    def remove(self, destination: Destination, rows: Sequence[ParkedRow]) -> None: ...

    def replace(
        self, destination: Destination, row: ParkedRow, rest: Sequence[ParkedRow] = (), *, given_up: int = 0
    ) -> bool:
        """Returns False if the row or the claim is lost. Then nothing has changed."""


class Events(Protocol):
    def read(self, keys: Sequence[tuple[str, str]]) -> Sequence[InsertedEvent]:
        """Returns the events that still exist. Raises `Throttled`."""


class Destinations(Protocol):
    def one(self, environment: EnvironmentKey) -> Destination | None: ...

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None: ...


@dataclass(frozen=True)
class Redeliver:
    settings: SettingsReader
    destinations: Destinations
    drains: Drains
    parked: Parked
    events: Events
    attempt: Attempt
    queue: Queue
    count: Callable[[str, int], None]
    gauge: Callable[[str, int], None]
    clock: Clock
    monotonic: Callable[[], float]
    new_claim: Callable[[], str]

    def drain_all(self, requests: Iterable[DrainRequest]) -> None:
        """Raises nothing: what goes wrong leaves its drain due, and the schedule asks for it again."""
        work = list(dict.fromkeys(requests))
        list(map(self.drain, work) if len(work) < 2 else _threads().map(self.drain, work))

    def drain(self, request: DrainRequest) -> None:
        """Does nothing if no drain is due: the message came twice or too late, or somebody drains already."""
        try:
            now_ms = self.clock()
            claimed = self.drains.claim(request, self.new_claim(), now_ms, now_ms + CLAIM_MS)
            if claimed is not None:
                self._drain(claimed)
        except Exception:
            logger.exception("parked events were not delivered", extra={"code": code_of(request.environment)})

    def wake(self) -> None:
        """Asks for the drains that are overdue, and tells the operators how many destinations are in which state."""
        now_ms = self.clock()
        waiting = list(self.drains.waiting())
        oldest_ms = min((each.parked_since_ms for each in waiting if each.parked_since_ms is not None), default=now_ms)
        self.gauge(
            observability.DRAINS_OVERDUE, sum(each.due_ms <= now_ms - _LATE_MS for each in waiting if not each.is_idle)
        )
        self.gauge(observability.STREAMS_FAILING, sum(each.is_failing for each in waiting))
        self.gauge(observability.STREAMS_SLOW, sum(each.is_slow for each in waiting))
        self.gauge(observability.OLDEST_PARKED, max(0, now_ms - oldest_ms) // SECOND)
        overdue = (each.request for each in waiting if each.due_ms <= now_ms - (0 if each.is_idle else OVERDUE_MS))
        for some in batched(overdue, _REQUESTS_A_CALL):
            try:
                self.queue.send(some, 0)
            except Exception:
                logger.exception("overdue drains were not asked for")

    def _drain(self, claimed: Destination) -> None:
        turn = _Turn(self, claimed)
        try:
            is_empty = turn.deliver()
        except Exception:
            # Mostly a transient error of our own store.
            logger.exception("parked events were not delivered", extra={"code": code_of(claimed.environment)})
            turn.wait(AGAIN_MS)
            is_empty = False
        due_ms = turn.end(is_empty=is_empty)
        if due_ms is not None:
            self.queue.send([request_of(claimed)], max(0, -(-(due_ms - self.clock()) // SECOND)))


class _Turn:
    """One drain, from its claim to its end."""

    def __init__(self, services: Redeliver, claimed: Destination) -> None:
        self._services = services
        self._stored = claimed
        """The destination as this drain has stored it last."""
        self._now = claimed
        self._until = services.monotonic() + TURN_SECONDS

    def _seconds_left(self) -> float:
        return self._until - self._services.monotonic()

    def deliver(self) -> bool:
        """Returns whether nothing is parked any more but broken events."""
        parked, now_ms = self._services.parked, self._services.clock()
        broken: Iterable[ParkedRow] = ()
        if self._now.broken_due_ms is not None and self._now.broken_due_ms <= now_ms:
            self._now = replace(self._now, broken_due_ms=None)
            broken = parked.rows(self._now, broken=True)
        for rows in _calls(chain(broken, parked.rows(self._now))):
            self._now = replace(self._now, parked_since_ms=rows[0].first_ms, drain_due_ms=now_ms)
            if self._seconds_left() <= 0:
                return False
            kept = [row for row in rows if row.first_ms > now_ms - KEPT_MS]
            for row in rows:
                if row not in kept:
                    self._replace(row, given_up=len(row.keys))
            if kept and not self._call(kept):
                return False
        return True

    def wait(self, wait_ms: int) -> None:
        self._now = replace(self._now, drain_due_ms=self._services.clock() + wait_ms)

    def end(self, *, is_empty: bool) -> int | None:
        """Stores the state, and gives up the claim. Returns when a message should ask for the next drain, if any."""
        drains, now_ms = self._services.drains, self._services.clock()
        after = replace(self._now, drain_claim=None)
        if is_empty:
            if drains.store(self._stored, emptied(after, now_ms), is_empty=True):
                return None
            after = replace(after, drain_due_ms=now_ms)
        if self._stored.broken_due_ms is not None:
            after = with_broken(after, now_ms)  # some may not have been looked at
        return after.drain_due_ms if drains.store(self._stored, after) else None

    @cached_property
    def _edge_ms(self) -> int:
        settings = self._services.settings.settings_of(code_of(self._now.environment))
        return settings.retention_edge(self._services.clock())

    def _call(self, rows: Sequence[ParkedRow]) -> bool:
        """Sends the events of these rows. Returns whether the turn may go on."""
        services, before = self._services, self._now
        keys = in_events_table(before.environment, (key for row in rows for key in row.keys))
        shown = [event for event in services.events.read(keys) if occurred_ms(event.id) >= self._edge_ms]
        if not self._is_ours():
            return False
        before = self._now
        outcome = services.attempt.send(before, shown, self._seconds_left, UNHURRIED)
        self._now = after_call(before, outcome, services.clock())
        services.count(observability.EVENTS_REDELIVERED, outcome.taken)
        if not self._is_ours():
            return False  # the rows belong to the next drain, which may send their events once more
        self._settle(rows, {event.key for event in shown}, outcome)
        if self._now.is_slow:
            self._until = services.monotonic()  # its calls are long, and others wait for the worker
        may_go_on = not outcome.left
        if before.is_failing and not self._now.is_failing:
            # At once, so that new events take the direct way again. The claim goes on.
            active = replace(self._now, drain_due_ms=self._stored.drain_due_ms)
            may_go_on &= services.drains.store(self._stored, active)
            self._stored = active
        return may_go_on

    def _is_ours(self) -> bool:
        """Whether the claim still holds, for the same stream and role. Takes over a format that was chosen since."""
        found = self._services.destinations.one(self._stored.environment)
        if found is None or (found.drain_claim, found.generation) != (self._now.drain_claim, self._now.generation):
            return False
        self._stored = replace(self._stored, chosen=found.chosen)
        self._now = replace(self._now, chosen=found.chosen)
        return True

    def _settle(self, rows: Sequence[ParkedRow], shown: set[str], outcome: Outcome) -> None:
        """Removes what is done. A row of which something is left is replaced by one with the rest."""
        services = self._services
        left, broken = set(outcome.left), set(outcome.broken)
        done: list[ParkedRow] = []
        for row in rows:
            apart = [key for key in row.keys if key in broken or (row.is_broken and key in left)]
            again = [key for key in row.keys if key in left and not row.is_broken]
            rest = [*rows_of(apart, row.first_ms, broken=True), *rows_of(again, row.first_ms)]
            if apart:
                self._now = with_broken(self._now, services.clock())
            # Events that retention has hidden or deleted in the meantime are given up.
            hidden = sum(key not in shown for key in row.keys)
            if not (rest or hidden):
                done.append(row)
            elif row not in rest:
                self._replace(row, rest, given_up=hidden)
        services.parked.remove(self._now, done)
        services.count(observability.UNREADABLE, len(broken))
        if outcome.refused:
            services.count(observability.GIVEN_UP, outcome.refused)
            services.destinations.gave_up(self._now, outcome.refused, outcome.refusal)

    def _replace(self, row: ParkedRow, rest: Sequence[ParkedRow] = (), *, given_up: int) -> None:
        if self._services.parked.replace(self._now, row, rest, given_up=given_up):
            self._services.count(observability.GIVEN_UP, given_up)


def _calls(rows: Iterable[ParkedRow]) -> Iterator[list[ParkedRow]]:
    """Rows that follow each other, with at most `KEYS_A_ROW` keys together."""
    together: list[ParkedRow] = []
    keys = 0
    for row in rows:
        if together and keys + len(row.keys) > KEYS_A_ROW:
            yield together
            together, keys = [], 0
        together.append(row)
        keys += len(row.keys)
    if together:
        yield together


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "destination")
