"""Forgetting people: all their rows go at once, nobody else's do, and late events bring none back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.ids import event_id, lowest_id
from daybook.people.forgetter import ConcurrentChange, Deletion, Forgetter, Mark, mark_of, no_sweep
from daybook.people.identities import Person, Reference, Row, Sighting, name_row
from daybook.people.resolver import Identities
from daybook.people.tombstones import lasts_until
from daybook.tenant import Tenant
from tests.support.ingest import KEYS, NOW, seeded_bytes
from tests.support.memory_stores import MemoryIdentities

ACME = Tenant("acme")
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


def seen(store: Any, moment_ms: int, *references: Reference, seed: int | str = 2) -> list[Person]:
    """Whom an event of that moment means if it arrives now."""
    people = identities(store, seed).resolve_seen(ACME, [Sighting(each, moment_ms) for each in references], KEYS.gone)
    return [people.at(moment_ms)[reference] for reference in references]


def forget(store: Any, guid: str, moment_ms: int = NOW) -> None:
    Forgetter(store, KEYS.gone, no_sweep).forget(ACME, mark_of(guid, lowest_id(moment_ms), 365))


def of(store: MemoryIdentities, guid: str) -> dict[str, Row]:
    """Every row that says anything about a person, except tombstones."""
    return {
        key: row
        for (_, key), row in store.rows.items()
        if not key.startswith("gone#") and (guid in key or row.get("guid") == guid)
    }


def _added(store: MemoryIdentities, rest: Mapping[tuple[Tenant, str], Row]) -> list[tuple[tuple[Tenant, str], Row]]:
    return [(key, row) for key, row in store.rows.items() if key not in rest and not key[1].startswith("gone#")]


@settings(max_examples=200)
@given(st.lists(st.lists(REFERENCES, min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_forgetting_deletes_all_rows_of_one_person_only(requests: list[list[Reference]], data: st.DataObject) -> None:
    """Whatever the names were. Events from before still mean the person, events from after mean somebody new, and all
    other events mean whom they always meant.
    """
    store = MemoryIdentities()
    for number, references in enumerate(requests):
        identities(store, number).resolve(ACME, references)
    everything = sorted({reference for references in requests for reference in references}, key=repr)
    before = identities(store).resolve(ACME, everything)
    guid = data.draw(st.sampled_from(sorted({person.guid for person in before.values()})))
    others = {key: row for key, row in store.rows.items() if key[1] not in of(store, guid)}
    forget(store, guid)
    assert of(store, guid) == {}
    rest = {key: row for key, row in store.rows.items() if not key[1].startswith("gone#")}
    assert rest == others
    late = identities(store, "late").resolve_seen(ACME, [Sighting(each, NOW - 1) for each in everything], KEYS.gone)
    for (_, key), row in _added(store, rest):
        assert key.startswith("name#"), "that somebody living, who was called so too, is now whom the name means"
        assert row["guid"] in {person.guid for person in before.values()} - {guid}
    for reference, person in before.items():
        assert late.at(NOW - 1)[reference] == (Person(guid, None) if person.guid == guid else person)
    later = identities(store, "later").resolve_seen(ACME, [Sighting(each, NOW) for each in everything], KEYS.gone)
    for reference, person in before.items():
        now = later.at(NOW)[reference]
        assert now.key is not None
        assert now.guid != guid
        if person.guid != guid:
            assert now == person or reference.client_id is None, "who was called by a name that is free now"
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
    everyone = identities(store, 7).resolve_seen(ACME, [Sighting(mike, each) for each in moments], KEYS.gone)
    assert {each: everyone.at(each)[mike].guid for each in moments} == moments
    assert everyone.at(NOW + 9)[mike].key is None
    assert everyone.at(NOW + 30)[mike] == third


def test_an_unknown_id_that_would_have_adopted_a_forgotten_person_means_that_person() -> None:
    """The id would have been bound to a person without a client id. It is not bound to a person who had another one."""
    store = MemoryIdentities()
    bare, known = seen(store, NOW - 5, Reference(username="mike"), Reference("u1", "jane"))
    for guid in (bare.guid, known.guid):
        forget(store, guid)
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
    first, second = seen(store, NOW - 5, Reference("u1", "mike"), Reference("u2", "mike"))
    forget(store, second.guid)
    assert seen(store, NOW - 1, Reference(username="mike"), Reference("u2", "mike")) == [
        first,
        Person(second.guid, None),
    ]


def test_a_late_full_name_is_not_stored_with_the_next_person_of_that_name() -> None:
    """One request names both people by the same username."""
    store, mike = MemoryIdentities(), Reference(username="mike")
    (gone,) = seen(store, NOW - 5, mike)
    forget(store, gone.guid)
    said = [Sighting(mike, NOW - 1, "Mike Mars"), Sighting(mike, NOW + 1, "Michael Venus")]
    identities(store, 5).resolve_seen(ACME, said, KEYS.gone)
    assert {row.get("full_name") for row in store.rows.values()} == {None, "Michael Venus"}


class Counting(MemoryIdentities):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
        self.calls.append("read")
        return super().read(tenant, sort_keys)

    def insert(self, tenant: Tenant, rows: Mapping[str, Row]) -> frozenset[str]:
        self.calls.append("insert")
        return super().insert(tenant, rows)


def test_tombstones_cost_no_further_call_for_known_people() -> None:
    """Two reads, as before. New people take one more read, once, and four writes."""
    store = Counting()
    references = [Reference("u1", "mike"), Reference(username="jane"), Reference(address="a1")]
    seen(store, NOW, *references)
    assert store.calls == ["read", "read", *["insert"] * 4]
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

    def erase(self, tenant: Tenant, deletions: Sequence[Deletion], tombstones: Sequence[str], mark: Mark) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        super().erase(tenant, deletions, tombstones, mark)
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
    forgetter = Forgetter(store, KEYS.gone, no_sweep)
    event = event_id(NOW, bytes(16))
    try:
        forgetter.forget(ACME, mark_of(guid, event, 365))
    except Killed:
        if (ACME, f"id#{guid}") not in store.rows:
            assert forgetter.forgetting_event(ACME, guid) == event
            late = seen(store, NOW - 1, *references, seed="late")
            assert set(late) == {Person(guid, None)}
            for reference in references:
                assert forgetter.forgotten_under(ACME, reference.username or "") == [guid]
        else:
            assert forgetter.forgetting_event(ACME, guid) is None
        forgetter.forget(ACME, mark_of(guid, event, 365))
    assert of(store, guid) == {}
    assert not any("mike" in key or "mike" in repr(row) for (_, key), row in store.rows.items())
    assert (store.transactions == 1) == (names <= 20) or store.left < 1
    assert not forgetter.has_rows(ACME, guid)


def test_a_name_that_leads_to_a_forgotten_person_gets_no_new_rows() -> None:
    """A name that still leads to a forgotten person means that person, and no further row of theirs is written."""
    store = MemoryIdentities()
    (mike,) = seen(store, NOW - 5, Reference(username="mike"))
    left = store.rows[ACME, name_row("mike")]
    forget(store, mike.guid)
    store.rows[ACME, name_row("mike")] = left
    before = dict(store.rows)
    assert seen(store, NOW + 5, Reference(username="mike")) == [Person(mike.guid, None)]
    assert store.rows == before
    (new,) = seen(store, NOW + 5, Reference("u7", "mike"), seed=3)
    assert new.guid != mike.guid
    assert new.key is not None


def test_a_key_deleted_between_the_two_reads() -> None:
    """The binder was read before the deletion, the key after it. The event is from after it and means somebody new."""
    store = MemoryIdentities()
    (mike,) = seen(store, NOW - 5, Reference(username="mike"))

    class Between(MemoryIdentities):
        def __init__(self) -> None:
            super().__init__()
            self.rows = store.rows
            self.reads = 0

        def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
            self.reads += 1
            if self.reads == 2:
                forget(store, mike.guid)
            return super().read(tenant, sort_keys)

    (new,) = seen(Between(), NOW + 5, Reference(username="mike"), seed=9)
    assert new.guid != mike.guid
    assert new.key is not None
    assert of(store, mike.guid) == {}
    # An event from before the deletion means the person, and nothing is sealed.
    again = Between()
    forget(store, new.guid, NOW + 10)
    assert seen(again, NOW - 1, Reference(username="mike"), seed=10) == [Person(mike.guid, None)]


def test_endless_concurrent_changes_raise() -> None:
    """After a few rounds the error is raised; the person is still there."""

    class Contrary(MemoryIdentities):
        def erase(self, *_: Any) -> None:
            raise ConcurrentChange

    store = Contrary()
    (mike,) = seen(store, NOW, Reference(username="mike"))
    with pytest.raises(ConcurrentChange):
        forget(store, mike.guid)
    assert of(store, mike.guid)


def test_how_long_tombstones_last() -> None:
    """A day longer than the longest retention, rounded up to a second; for ever if the retention has no end."""
    assert lasts_until(NOW, None) is None
    for moment_ms in (NOW, NOW + 1, NOW + 999):
        lasts = lasts_until(moment_ms, 180)
        assert lasts is not None
        assert 0 < lasts * 1_000 - moment_ms - 181 * DAY <= 1_000
