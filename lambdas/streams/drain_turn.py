"""The turn of one drain: what it sends, and what becomes of the rows.

It looks at its claim before each call, after the rows were read, and before it removes them. So what was parked after
the stream was changed is never sent to the former one. Events past retention are no longer shown to anyone and are not
sent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Protocol

from daybook import observability
from daybook.clock import Clock
from daybook.delivery.attempt import Attempt, Outcome
from daybook.delivery.backlog import KEYS_A_ROW, ParkedRow, in_events_table, rows_of
from daybook.delivery.destination import KEPT_MS, Destination
from daybook.delivery.drain import after_call, emptied, with_broken
from daybook.delivery.records import InsertedEvent
from daybook.delivery.sender import UNHURRIED
from daybook.ids import occurred_ms
from daybook.tenant import EnvironmentKey, code_of
from daybook.tenants.reader import SettingsReader

TURN_SECONDS = 10.0


class Drains(Protocol):
    def store(self, before: Destination, after: Destination, *, is_empty: bool = False) -> bool:
        """Returns False if the claim is lost. With `is_empty` also if something was parked meanwhile."""


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
class TurnServices:
    settings: SettingsReader
    destinations: Destinations
    drains: Drains
    parked: Parked
    events: Events
    attempt: Attempt
    count: Callable[[str, int], None]
    """Adds to a metric."""
    clock: Clock
    monotonic: Callable[[], float]


class Turn:
    """One drain, from its claim to its end."""

    def __init__(self, services: TurnServices, claimed: Destination) -> None:
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
