"""Random histories of events and forgetting in two environments, against a model that knows the rules alone.

Events arrive in any order and in requests of several. Requests and forgettings are killed at any of their writes and
repeated. Nobody is mixed up with somebody else, and in the end nothing is left of the forgotten.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.aws.identities_table.erase import ForgettingTable
from daybook.aws.wiring import Tables
from daybook.catalogue.aliases import Aliases
from daybook.people.forgetter import Change, Forgetter, Mark, Stone, no_sweep
from daybook.people.identities import Reference, Row, Sighting, id_row
from daybook.people.lookup import resolve
from daybook.tenant import EnvironmentKey
from tests.support.ingest import NOW
from tests.support.memory_stores import MemoryIdentities
from tests.support.model.people import Named, People
from tests.support.people import ACME_KEYS, PROD, STAGING, forget, mark, people_of

HOUR = 3_600_000
IDS, NAMES = ("u1", "u2", "u3"), ("sam", "Sam", "ann#1")
BACK_HOURS = (0, 0, 1, 2, 5, 12, 25, 30, 49, 75)
AHEAD_MS = 120_000
ALIASES = Aliases("System", "API", "Operations", "Unknown")
ENVIRONMENTS = (PROD, STAGING)


class Killed(BaseException):
    """The function is killed."""


class Killing:
    """A store whose writer is killed after so many rows, or transactions."""

    def __init__(self, store: Any, after: int) -> None:
        self._store = store
        self._left = after

    def read(self, environment: EnvironmentKey, sort_keys: Any) -> dict[str, Row]:
        return self._store.read(environment, sort_keys)  # type: ignore[no-any-return]

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        return self._store.query(environment, prefixes, limit)  # type: ignore[no-any-return]

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        there: frozenset[str] = frozenset()
        for key in random.Random(len(rows)).sample(sorted(rows), len(rows)):  # noqa: S311  calls run in parallel
            self._step()
            there |= self._store.insert(environment, {key: rows[key]})
        return there

    def erase(
        self, environment: EnvironmentKey, changes: Sequence[Change], tombstones: Mapping[str, Stone], mark: Mark
    ) -> None:
        self._step()
        self._store.erase(environment, changes, tombstones, mark)

    def _step(self) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1


class History:
    """What happens to both the store and the models."""

    def __init__(self, store: Any, pick: Callable[[Sequence[Any]], Any]) -> None:
        self._store = store
        self._pick = pick
        self._now = NOW
        self._moments = (NOW + number for number in range(1_000_000))
        self._models = {environment: People() for environment in ENVIRONMENTS}
        self._texts: defaultdict[EnvironmentKey, set[str]] = defaultdict(set)

    def happen(self) -> None:
        self._now += self._pick((0, HOUR, 13 * HOUR))
        environment = self._pick(ENVIRONMENTS)
        living = [person for person in self._models[environment].guids if not self._is_forgotten(environment, person)]
        if living and self._pick((False, False, True)):
            self._forget(environment, self._pick(living))
        else:
            self._send(environment)

    def _is_forgotten(self, environment: EnvironmentKey, person: int) -> bool:
        return person in self._models[environment].forgotten

    def _send(self, environment: EnvironmentKey) -> None:
        named = [self._named() for _ in range(self._pick((1, 1, 2, 4)))]
        sightings = [Sighting(Reference(*each[1:]), each.moment) for each in named]
        seed = next(self._moments)
        model = self._models[environment]
        after = self._pick((None, None, *range(12)))
        if after is not None and not any(map(model.may_adopt_late, named)):
            with suppress(Killed):
                people_of(Killing(self._store, after), *sightings, seed=seed, environment=environment)
        found = people_of(self._store, *sightings, seed=f"again {seed}", environment=environment)
        meant = model.request(named)
        for each, person, expected in zip(named, found, meant, strict=True):
            assert model.guids.setdefault(expected, person.guid) == person.guid, (each, expected, model.guids)
            assert (person.key is None) == model.is_late(expected, each.moment), each
        assert len(set(model.guids.values())) == len(model.guids), "two people are one"

    def _named(self) -> Named:
        moment = self._now - self._pick(BACK_HOURS) * HOUR + self._pick((0, 0, AHEAD_MS)) + next(self._moments) - NOW
        client_id = self._pick((None, None, *IDS))
        username = self._pick((None, *NAMES) if client_id else (None, *NAMES, *NAMES))
        if client_id is None and username is None:
            return Named(moment, address=self._pick(("a1", "a2")))
        return Named(moment, client_id, username)

    def _forget(self, environment: EnvironmentKey, person: int) -> None:
        model = self._models[environment]
        guid = model.guids[person]
        self._now += 1 + next(self._moments) - NOW
        if (after := self._pick((None, 0, 1))) is not None:
            killing = Forgetter(Killing(self._store, after), ACME_KEYS, no_sweep)
            with suppress(Killed):
                killing.forget(environment, mark(guid, self._now))
        forget(self._store, guid, self._now, environment)
        model.forget(person, self._now)

    def check(self) -> None:
        for environment, model in self._models.items():
            for text in (*IDS, *NAMES, *model.guids.values()):
                meant = resolve(self._store, environment, ALIASES, [text], ACME_KEYS.name)[text].guids
                assert meant == {model.guids[person] for person in model.resolved_by(text)}, text
            rows = dict(rows_of(self._store, environment))
            for person, guid in model.guids.items():
                assert (id_row(guid) in rows) == (person not in model.forgotten)
            names = model.names
            for key, row in rows.items():
                if key.startswith(("name#", "more#", "had#")):
                    name = key.split("#", 1)[1].split("\x1f")[0]
                    assert name in names, "no name is left that nobody has"
                owner = row.get("guid") or (key.split("#")[1] if key.startswith(("claim#", "renamed#")) else None)
                assert owner is None or id_row(owner) in rows, "no row leads to a forgotten person"


def rows_of(store: Any, environment: EnvironmentKey) -> Iterator[tuple[str, Row]]:
    if isinstance(store, MemoryIdentities):
        return ((key, row) for (of, key), row in sorted(store.rows.items()) if of == environment)
    kinds = ("id#", "ext#", "name#", "more#", "had#", "claim#", "called#", "renamed#")
    return (found for kind in kinds for found in store._found(environment, kind))  # noqa: SLF001  with keys


@settings(max_examples=400)
@given(st.data())
def test_whom_each_event_names(data: st.DataObject) -> None:
    """In memory, with examples that shrink."""
    history = History(MemoryIdentities(), lambda choices: data.draw(st.sampled_from(list(choices))))
    for _ in range(data.draw(st.integers(1, 12))):
        history.happen()
    history.check()


@pytest.mark.parametrize("seed", range(3))
def test_whom_each_event_names_in_the_table(dynamodb: Any, tables: Tables, seed: int) -> None:
    """The same with the table's own calls."""
    history = History(ForgettingTable(dynamodb, tables.identities), random.Random(seed).choice)  # noqa: S311
    for _ in range(60):
        history.happen()
    history.check()
