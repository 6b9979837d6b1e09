"""Forgetting people: all their rows go at once, nobody else's do, and late events bring none back."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.ids import event_id, lowest_id
from daybook.people.forgetter import MAX_STONES, Change, ConcurrentChange, Forgetter, Mark, Stone, mark_of, no_sweep
from daybook.people.identities import Person, Reference, Row, Sighting, had_row, name_row
from daybook.people.resolver import Identities
from daybook.people.tombstones import MAX_FROMS, MAX_GONE, Gone, gone_of, lasts_until, tombstone, too_old
from daybook.tenant import EnvironmentKey
from tests.support.ingest import NOW, seeded_bytes
from tests.support.memory_stores import MemoryIdentities
from tests.support.people import ACME_KEYS, LEFT, PROD, forget, mark, seen

DAY = 86_400_000

NAMES = st.sampled_from(["mike", "Mike", "jane", "JANE", "ann#1", "ann"])
IDS = st.sampled_from(["u1", "u2", "mike"])
REFERENCES = (
    st.builds(Reference, client_id=IDS, username=NAMES)
    | st.builds(Reference, client_id=IDS)
    | st.builds(Reference, username=NAMES)
    | st.builds(Reference, address=st.sampled_from(["a1", "a2"]))
)


def identities(store: Any, seed: int | str = 1) -> Identities:
    return Identities(store, seeded_bytes(seed))


def of(store: MemoryIdentities, guid: str) -> dict[str, Row]:
    """Every row that says anything about a person, except tombstones and counts."""
    return {
        key: row
        for (_, key), row in store.rows.items()
        if not key.startswith(LEFT) and (guid in key or row.get("guid") == guid)
    }


@settings(max_examples=200)
@given(st.lists(st.lists(REFERENCES, min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_forgetting_deletes_all_rows_of_one_person_only(requests: list[list[Reference]], data: st.DataObject) -> None:
    """Whatever the names were. Events from before still mean the person, events from after mean somebody else, and all
    other events mean whom they always meant.
    """
    store = MemoryIdentities()
    for number, references in enumerate(requests):
        seen(store, NOW - 20 + number, *references, seed=number)
    everything = sorted({reference for references in requests for reference in references}, key=repr)
    before = dict(zip(everything, seen(store, NOW - 9, *everything, seed="before"), strict=True))
    guid = data.draw(st.sampled_from(sorted({person.guid for person in before.values()})))
    theirs = of(store, guid)
    others = {key: row for key, row in store.rows.items() if key[1] not in theirs}
    forget(store, guid, NOW)
    assert of(store, guid) == {}
    left = {key: row for key, row in store.rows.items() if not key[1].startswith(LEFT)}
    assert {key for key in others.keys() ^ left.keys() if not key[1].startswith(("name#", "more#"))} == set()
    assert seen(store, NOW - 9, *everything, seed="late") == [
        Person(guid, None) if person.guid == guid else person for person in before.values()
    ]
    for person, now in zip(before.values(), seen(store, NOW, *everything, seed="later"), strict=True):
        assert now.key is not None
        assert (
            now == person or guid in {now.guid, person.guid} or now.guid not in {each.guid for each in before.values()}
        )
        assert now.guid != guid
    assert of(store, guid) == {}


def test_people_who_had_one_name_in_turn_are_distinguished_by_time() -> None:
    """Three people have the same name one after the other: each event means the person who had it at its time."""
    store, mike = MemoryIdentities(), Reference(username="Mike")
    first = seen(store, NOW, mike, seed="first")[0].guid
    forget(store, first, NOW + 10)
    second = seen(store, NOW + 20, mike, seed="second")[0].guid
    forget(store, second, NOW + 30)
    (third,) = seen(store, NOW + 40, mike, seed="third")
    assert len({first, second, third.guid}) == 3
    moments = {NOW + 9: first, NOW + 10: second, NOW + 29: second, NOW + 30: third.guid}
    everyone = identities(store, 7).resolve_seen(PROD, [Sighting(mike, each) for each in moments], ACME_KEYS)
    assert {each: everyone.at(each)[mike].guid for each in moments} == moments
    assert everyone.at(NOW + 9)[mike].key is None
    assert everyone.at(NOW + 30)[mike] == third


def test_an_unknown_id_that_would_have_adopted_a_forgotten_person_means_that_person() -> None:
    """The id would have been bound to a person without a client id. It is not bound to a person who had another one."""
    store = MemoryIdentities()
    bare, known = seen(store, NOW - 5, Reference(username="mike"), Reference("u1", "jane"))
    for guid in (bare.guid, known.guid):
        forget(store, guid, NOW)
    (adopting, other) = seen(store, NOW - 1, Reference("u8", "MIKE"), Reference("u9", "jane"), seed=3)
    assert adopting == Person(bare.guid, None)
    assert other.guid != known.guid
    assert other.key is not None


def test_a_forgotten_persons_id_is_stronger_than_a_name() -> None:
    """Somebody known by the name alone was forgotten earlier; the event means the other person, by the id."""
    store = MemoryIdentities()
    bare, known = seen(store, NOW - 9, Reference(username="mike"), Reference("u1", "jane"))
    forget(store, bare.guid, NOW - 2)
    forget(store, known.guid, NOW - 1)
    assert seen(store, NOW - 5, Reference("u1", "mike")) == [Person(known.guid, None)]


def test_the_bare_name_of_somebody_else_stays_theirs() -> None:
    """Two people had a name. The one whom it does not mean is forgotten, and no late event means that person by it."""
    store = MemoryIdentities()
    (second,) = seen(store, NOW - 9, Reference("u2", "mike"))
    (first,) = seen(store, NOW - 5, Reference("u1", "mike"), seed=3)
    forget(store, second.guid, NOW)
    assert seen(store, NOW - 1, Reference(username="mike"), Reference("u2", "mike")) == [
        first,
        Person(second.guid, None),
    ]


def test_a_late_full_name_is_not_stored_with_the_next_person_of_that_name() -> None:
    """One request names both people by the same username."""
    store, mike = MemoryIdentities(), Reference(username="mike")
    (gone,) = seen(store, NOW - 5, mike)
    forget(store, gone.guid, NOW)
    said = [Sighting(mike, NOW - 1, "Mike Mars"), Sighting(mike, NOW + 1, "Michael Venus")]
    identities(store, 5).resolve_seen(PROD, said, ACME_KEYS)
    assert {row.get("full_name") for row in store.rows.values()} == {None, "Michael Venus"}


class Counting(MemoryIdentities):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        self.calls.append("read")
        return super().read(environment, sort_keys)

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        self.calls.append("insert")
        return super().insert(environment, rows)


def test_tombstones_cost_no_further_call_for_known_people() -> None:
    """Two reads. New people take a round of writes for each kind of row that has to be there before the next."""
    store = Counting()
    references = [Reference("u1", "mike"), Reference(username="jane"), Reference(address="a1")]
    seen(store, NOW, *references)
    assert store.calls == ["read", "read", *["insert"] * 5]
    store.calls.clear()
    seen(store, NOW, *references)
    assert store.calls == ["read", "read"]


class Killed(BaseException):
    """The function is killed."""


class Killing(MemoryIdentities):
    """Kills the caller at the n-th erasure, before or after it is done."""

    def __init__(self, at: int, *, after: bool) -> None:
        super().__init__()
        self.left = at
        self.after = after
        self.transactions = 0

    def erase(
        self, environment: EnvironmentKey, changes: Sequence[Change], tombstones: Mapping[str, Stone], mark: Mark
    ) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        super().erase(environment, changes, tombstones, mark)
        self.transactions += 1
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("names", [1, 20, 40, 240])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
def test_forgetting_many_names_can_be_resumed_after_any_failure(names: int, at: int, after: bool) -> None:
    """The key goes first, with every tombstone. By any name the rest is found again, and in the end nothing is left."""
    store = Killing(at, after=after)
    references = [Reference("u1", f"mike-{number}") for number in range(names)]
    (guid,) = {person.guid for each in references for person in seen(store, NOW - 9, each, seed=each.username or "")}
    forgetter = Forgetter(store, ACME_KEYS, no_sweep)
    event = event_id(NOW, bytes(16))
    try:
        forgetter.forget(PROD, mark_of(guid, event, 365))
    except Killed:
        if (PROD, f"id#{guid}") not in store.rows:
            assert forgetter.forgetting_event(PROD, guid) == event
            late = seen(store, NOW - 1, *references, seed="late")
            assert set(late) == {Person(guid, None)}
            for reference in references:
                found = forgetter.bearers(PROD, reference.username or "").guids
                assert found == ([guid] if forgetter.has_rows(PROD, guid) else [])
        else:
            assert forgetter.forgetting_event(PROD, guid) is None
        forgetter.forget(PROD, mark_of(guid, event, 365))
    assert of(store, guid) == {}
    assert not any("mike" in key or "mike" in repr(row) for (_, key), row in store.rows.items())
    assert (store.transactions == 1) == (names <= 20) or store.left < 1
    assert not forgetter.has_rows(PROD, guid)


def test_a_name_that_leads_to_a_forgotten_person_means_somebody_new() -> None:
    """A request in flight has written rows of a person who was forgotten meanwhile. The tombstone counts."""
    store = MemoryIdentities()
    (mike,) = seen(store, NOW - 5, Reference(username="mike"))
    left = of(store, mike.guid)
    forget(store, mike.guid, NOW)
    for key in (name_row("mike"), had_row("mike", NOW - 5, mike.guid)):
        store.rows[PROD, key] = left[key]
    assert seen(store, NOW - 1, Reference(username="mike")) == [Person(mike.guid, None)]
    (new,) = seen(store, NOW + 5, Reference(username="mike"), seed=3)
    assert new.guid != mike.guid
    assert new.key is not None
    Forgetter(store, ACME_KEYS, no_sweep).forget(PROD, mark(mike.guid, NOW + 9), known=[name_row("mike")])
    assert of(store, mike.guid) == {}
    assert seen(store, NOW + 6, Reference(username="mike"), seed=4) == [new]


def test_an_id_that_leads_to_a_forgotten_person_gets_no_new_rows() -> None:
    """It means that person until the sweep deletes it, since it can't be bound to two people."""
    store = MemoryIdentities()
    (mike,) = seen(store, NOW - 5, Reference("u1", "mike"))
    left = store.rows[PROD, "ext#u1"]
    forget(store, mike.guid, NOW)
    store.rows[PROD, "ext#u1"] = left
    before = dict(store.rows)
    assert seen(store, NOW + 5, Reference("u1", "mike")) == [Person(mike.guid, None)]
    assert store.rows == before


def test_a_key_deleted_between_the_two_reads() -> None:
    """The binder was read before the deletion, the key after it. The event is from after it and means somebody new."""
    store = MemoryIdentities()
    (mike,) = seen(store, NOW - 5, Reference(username="mike"))

    class Between(MemoryIdentities):
        def __init__(self) -> None:
            super().__init__()
            self.rows = store.rows
            self.reads = 0

        def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
            self.reads += 1
            if self.reads == 2:
                forget(store, mike.guid, NOW)
            return super().read(environment, sort_keys)

    (new,) = seen(Between(), NOW + 5, Reference(username="mike"), seed=9)
    assert new.guid != mike.guid
    assert new.key is not None
    assert of(store, mike.guid) == {}
    # An event from before the deletion means the person, and nothing is sealed.
    again = Between()
    forget(store, new.guid, NOW + 10)
    assert seen(again, NOW - 1, Reference(username="mike"), seed=10) == [Person(mike.guid, None)]


def test_a_tombstone_stays_small() -> None:
    """However many people had the name, each of them since however many moments. 40 fit into a transaction of 4 MB."""
    gone = Gone(lowest_id(NOW), had_id=False, froms=tuple(range(NOW - 500, NOW)))
    people = [str(uuid.UUID(int=number)) for number in range(MAX_GONE)]
    row = {guid: str(gone.together_with(gone)) for guid in people}
    assert too_old(row, str(uuid.UUID(int=MAX_GONE))) == people[:1]
    assert sum(len(guid) + len(text) for guid, text in row.items()) < 80_000 < 4_000_000 // MAX_STONES
    kept = gone_of(row)[people[0]].froms
    assert kept == (NOW - 500, *range(NOW - MAX_FROMS + 1, NOW))
    few = gone._replace(froms=gone.froms[:MAX_FROMS])
    assert Gone.read(str(few)) == few


def test_somebody_who_held_a_name_since_many_moments() -> None:
    """Their events that arrive late are still theirs, from the earliest on."""
    store, mike = MemoryIdentities(), Reference("u1", "mike")
    days = 2 * MAX_FROMS
    for day in range(days):
        (person,) = seen(store, NOW - 5 - day * DAY, mike)
    seen(store, NOW - 5 - days * DAY, Reference("u2", "mike"))
    forget(store, person.guid, NOW)
    stone = store.rows[PROD, tombstone(ACME_KEYS.gone, PROD, name_row("mike"))]
    assert len(gone_of(stone)[person.guid].froms) == MAX_FROMS
    for day in (0, 1, MAX_FROMS, days - 1):
        assert seen(store, NOW - 4 - day * DAY, Reference(username="mike")) == [Person(person.guid, None)]


def test_endless_concurrent_changes_raise() -> None:
    """After a few rounds the error is raised; the person is still there."""

    class Contrary(MemoryIdentities):
        def erase(self, *_: Any) -> None:
            raise ConcurrentChange

    store = Contrary()
    (mike,) = seen(store, NOW, Reference(username="mike"))
    with pytest.raises(ConcurrentChange):
        forget(store, mike.guid, NOW)
    assert of(store, mike.guid)


def test_how_long_tombstones_last() -> None:
    """A day longer than the longest retention, rounded up to a second; for ever if the retention has no end."""
    assert lasts_until(NOW, None) is None
    for moment_ms in (NOW, NOW + 1, NOW + 999):
        lasts = lasts_until(moment_ms, 180)
        assert lasts is not None
        assert 0 < lasts * 1_000 - moment_ms - 181 * DAY <= 1_000
