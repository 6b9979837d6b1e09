"""Binding people: the client id before the name, with the same result for all concurrent writers."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.errors import Contended
from daybook.people.identities import Person, Reference, Row, distinct_people, ext_row, had_prefix, id_row
from daybook.people.resolver import Identities
from daybook.tenant import EnvironmentKey
from daybook.text import folded
from tests.support.ingest import NOW, seeded_bytes
from tests.support.memory_stores import MemoryIdentities
from tests.support.people import ACME_KEYS, PROD, STAGING, seen
from tests.support.turns import InTurns, Seat

IDS = st.sampled_from(["u1", "u2", "u3"])
NAMES = st.sampled_from(["mike", "Mike", "jane", "JANE", "ann#1"])
REFERENCES = (
    st.builds(Reference, client_id=IDS, username=NAMES)
    | st.builds(Reference, client_id=IDS)
    | st.builds(Reference, username=NAMES)
    | st.builds(Reference, address=st.sampled_from(["a1", "a2"]))
)
REQUESTS = st.lists(REFERENCES, min_size=1, max_size=5)


def resolve(store: Any, *references: Reference, seed: int = 1) -> list[Person]:
    people = Identities(store, seeded_bytes(seed)).resolve(PROD, references, ACME_KEYS)
    return [people[reference] for reference in references]


def held_together(store: MemoryIdentities, answers: Iterable[Mapping[Reference, Person]]) -> None:
    """What must be true of every answer, whatever else happened."""
    ids_of: dict[str, set[str]] = defaultdict(set)
    people_of: dict[str, set[str]] = defaultdict(set)
    for answer in answers:
        for reference, person in answer.items():
            row = store.rows[PROD, id_row(person.guid)]
            assert row["key"] == person.key, "the key of a person is the durable one"
            if reference.client_id is not None:
                ids_of[person.guid].add(reference.client_id)
                people_of[reference.client_id].add(person.guid)
                assert store.rows[PROD, ext_row(reference.client_id)]["guid"] == person.guid
            if reference.username is not None:
                (had,) = store.query(PROD, [had_prefix(folded(reference.username))])
                assert person.guid in {row["guid"] for row in had}, "everyone who ever had a name is found by it"
    assert all(len(ids) == 1 for ids in ids_of.values()), "no two client ids share a person"
    assert all(len(people) == 1 for people in people_of.values()), "no client id is two people"


@settings(max_examples=60)
@given(st.lists(REQUESTS, max_size=4))
def test_one_request_after_the_other(requests: list[list[Reference]]) -> None:
    """A reference means the same person for ever at the same moment, whatever came later."""
    store = MemoryIdentities()
    answers = [
        dict(zip(references, seen(store, NOW + number, *references, seed=number), strict=True))
        for number, references in enumerate(requests)
    ]
    held_together(store, answers)
    before = dict(store.rows)
    for number, references in enumerate(requests):
        again = seen(store, NOW + number, *references, seed=99)
        assert again == [answers[number][reference] for reference in references]
    assert store.rows == before, "what is known needs no row"


@settings(max_examples=150)
@given(REQUESTS, REQUESTS, REQUESTS, st.lists(st.booleans(), max_size=30))
def test_two_requests_at_once(
    known: list[Reference], one: list[Reference], other: list[Reference], turns: list[bool]
) -> None:
    """However their calls to the store interleave."""
    log = InTurns(turns)
    first = Identities(log.store, seeded_bytes(0)).resolve(PROD, known, ACME_KEYS)
    answers: dict[bool, Mapping[Reference, Person]] = {}

    def work(who: bool, references: list[Reference]) -> Callable[[Seat], None]:
        def resolving(store: Seat) -> None:
            with suppress(Contended):
                answers[who] = Identities(store, seeded_bytes(1 + who)).resolve(PROD, references, ACME_KEYS)

        return resolving

    log.run(one=work(False, one), other=work(True, other))
    assert set(answers) == {False, True}
    held_together(log.store, [first, *answers.values()])


def test_a_claim_that_lost_a_race_binds_nobody() -> None:
    """Two new ids try to adopt the same name at once: one gets the person, the other becomes a new person."""
    store = MemoryIdentities()
    (known,) = resolve(store, Reference(username="mike"))

    class Beaten(MemoryIdentities):
        def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
            if any(key.startswith("claim#") for key in rows):
                resolve(store, Reference("u1", "mike"), seed=2)
            return store.insert(environment, rows)

    beaten = Beaten()
    beaten.rows = store.rows
    (second,) = resolve(beaten, Reference("u2", "mike"), seed=3)
    assert second.guid != known.guid
    assert resolve(store, Reference("u1")) == [known]
    assert resolve(store, Reference("u2")) == [second]


def test_an_id_adopts_the_person_of_its_name() -> None:
    """A person known by the name alone has an id from then on. The name still means the same person."""
    store = MemoryIdentities()
    (bare,) = resolve(store, Reference(username="Mike"))
    assert resolve(store, Reference("u1", "mike"), Reference(username="MIKE")) == [bare, bare]
    assert resolve(store, Reference("u1")) == [bare]


def test_a_name_that_has_an_id_is_not_adopted_again() -> None:
    """A second id with the same name is a second person; the bare name still means the first."""
    store = MemoryIdentities()
    first, second = resolve(store, Reference("u1", "mike"), Reference("u2", "mike"))
    assert first.guid != second.guid
    assert resolve(store, Reference(username="mike")) == [first]


def test_an_id_binds_before_a_name() -> None:
    """A person has a new name. From then on it means that person, whoever had it before."""
    store = MemoryIdentities()
    mike, jane = Reference(username="mike"), Reference(username="jane")
    first, other = seen(store, NOW, Reference("u1", "mike"), Reference("u2", "jane"))
    assert seen(store, NOW + 2, Reference("u1", "jane"), Reference("u1", "michael")) == [first, first]
    assert seen(store, NOW + 1, jane) == [other]
    assert seen(store, NOW + 2, jane, Reference(username="michael"), mike) == [first, first, first]


@pytest.mark.parametrize(
    "references",
    [
        [Reference(username="mike"), Reference("u1", "mike")],
        [Reference("u1", "mike"), Reference(username="MIKE")],
        [Reference("u1"), Reference("u1", "mike"), Reference(username="mike")],
    ],
)
def test_within_a_request_it_is_one_person(references: list[Reference]) -> None:
    """Whichever form of the reference comes first."""
    people = resolve(MemoryIdentities(), *references)
    assert len({person.guid for person in people}) == 1


def test_environments_share_nobody() -> None:
    """The same id and name in another environment is another person."""
    store = MemoryIdentities()
    identities, reference = Identities(store, seeded_bytes()), Reference("u1", "mike")
    ours = identities.resolve(PROD, [reference], ACME_KEYS)
    theirs = identities.resolve(STAGING, [reference], ACME_KEYS)
    assert ours[reference].guid != theirs[reference].guid


def test_endless_lost_races_raise() -> None:
    """`Contended` after a few rounds, without an answer."""

    class Contrary(MemoryIdentities):
        def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:  # noqa: ARG002
            return frozenset(rows)

    with pytest.raises(Contended):
        resolve(Contrary(), Reference("u1", "mike"))


@pytest.mark.parametrize(
    ("references", "people"),
    [
        ([], 0),
        ([Reference("u1", "mike"), Reference("u1"), Reference(username="Mike")], 1),
        ([Reference("u1", "mike"), Reference("u2", "mike"), Reference(username="mike")], 2),
        ([Reference(username="mike"), Reference(username="MIKE"), Reference(username="jane")], 2),
        ([Reference(address="a"), Reference(address="a"), Reference(address="b")], 2),
    ],
)
def test_how_many_people_a_request_names(references: list[Reference], people: int) -> None:
    """However often it names them."""
    assert distinct_people(references) == people
