"""A store of people that two actors use in turn, row by row. A given choice says who goes on at each step."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from daybook.people.forgetter import Change, Mark, Stone
from daybook.people.identities import Row
from daybook.tenant import EnvironmentKey
from tests.support.memory_stores import MemoryIdentities


class InTurns:
    def __init__(self, turns: Iterable[bool], store: MemoryIdentities | None = None) -> None:
        """When `turns` are used up, it is True's turn until True is done."""
        self.store = store or MemoryIdentities()
        self._turns = iter(turns)
        self._gate = threading.Condition()
        self._current: bool | None = None
        self._at_work = {False: True, True: True}

    def run(self, *, one: Callable[["Seat"], None], other: Callable[["Seat"], None]) -> None:
        """`one` runs in False's turns, `other` in True's."""
        work = {False: one, True: other}
        failed: list[BaseException] = []

        def at_work(who: bool) -> None:
            try:
                work[who](Seat(self, who))
            except BaseException as error:  # noqa: BLE001  told below, in the test's own thread
                failed.append(error)
            finally:
                self._leave(who)

        threads = [threading.Thread(target=at_work, args=(who,)) for who in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        if failed:
            raise failed[0]

    def take_turn(self, who: bool) -> None:
        with self._gate:
            while self._next() is not who:
                self._gate.wait(5)
            self._current = None

    def done(self) -> None:
        with self._gate:
            self._gate.notify_all()

    def _leave(self, who: bool) -> None:
        with self._gate:
            self._at_work[who] = False
            self._current = None
            self._gate.notify_all()

    def _next(self) -> bool:
        if self._current is None:
            wanted = next(self._turns, True)
            self._current = wanted if self._at_work[wanted] else not wanted
            self._gate.notify_all()
        return self._current


class Seat:
    """The store as one of the two sees it. A batch of rows is written row by row, a transaction at once."""

    def __init__(self, turns: InTurns, who: bool) -> None:
        self._turns = turns
        self._who = who

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        with self:
            return self._turns.store.read(environment, sort_keys)

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        with self:
            return self._turns.store.query(environment, prefixes, limit)

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        there: frozenset[str] = frozenset()
        for key, row in rows.items():
            with self:
                there |= self._turns.store.insert(environment, {key: row})
        return there

    def erase(
        self, environment: EnvironmentKey, changes: Sequence[Change], tombstones: Mapping[str, Stone], mark: Mark
    ) -> None:
        with self:
            self._turns.store.erase(environment, changes, tombstones, mark)

    def __enter__(self) -> None:
        self._turns.take_turn(self._who)

    def __exit__(self, *_: object) -> None:
        self._turns.done()
