"""How the filters of a read are written into its record."""

from typing import Any

import pytest

from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.crypto.sealing import PERSON_KEY_BYTES
from daybook.events.item import MAX_PACKED_BYTES
from daybook.people.lookup import Named
from daybook.self_audit.reads import MAX_PEOPLE, Writing, search_done
from tests.support.ingest import settings
from tests.support.memory_stores import NoOwnActivities
from tests.unit.self_audit.test_recorder import Log

PROD = settings().environment_key("prod")
CATALOGUE = Catalogues(NoOwnActivities()).of(settings("generic"))


def guid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def named(text: str, *people: int) -> Named:
    """Whom a text means: the people of these numbers."""
    return Named(text, frozenset(map(guid, people)), frozenset(), bool(people))


def writing(*names: Named) -> Writing:
    def keys_of(_environment: Any, guids: Any) -> dict[str, bytes]:
        return {each: each.encode()[:8] * (PERSON_KEY_BYTES // 8) for each in guids}

    return Writing.of(PROD, CATALOGUE, {one.text: one for one in names}, keys_of)


def test_not_equal_is_written_like_equal() -> None:
    """People as people, labels as labels, free text and addresses only as present."""
    query = {
        "actor!": ["mike.mars", "no.body"],
        "component!": ["Audit Log", "Mike Mars"],
        "q!": ["secret"],
        "ip!": ["203.0.113.0/24"],
        "status!": ["failure"],
        "target!": ["user:mike.mars", "page:P-1"],
    }
    of_mike = writing(named("mike.mars", 1), named("no.body"), named("P-1"))
    assert of_mike.filters(query) == [
        *("actor!=mike.mars", "actor!=?", "component!=Audit Log", "component!=?", "ip!", "q!", "status!=failure"),
        *("target!=page", "target!=user:mike.mars"),
    ]
    assert list(of_mike.people) == ["mike.mars"]


def test_an_impersonator_is_a_person() -> None:
    """Sealed where known, and not written otherwise."""
    found = writing(named("support.lee", 1), named("no.body"))
    assert found.filters({"impersonator": ["support.lee", "no.body"]}) == ["impersonator=?", "impersonator=support.lee"]
    assert found.people["support.lee"][0].guid == guid(1)


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("activity", "user.*", "activity=user.*"),
        ("activity", "ConsoleLogin", "activity=ConsoleLogin"),
        ("activity", "repo:create", "activity=repo:create"),
        ("activity", "Mike Mars", "activity=?"),
        ("activity", "mike@mars.example", "activity=?"),
        ("credential", "k1", "credential=k1"),
        ("credential", guid(1), f"credential={guid(1)}"),
        ("credential", "Mike Mars", "credential=?"),
        ("ip", "203.0.113.0/24", "ip"),
        ("session_id", "s-1", "session_id"),
        ("caused_by", "x", "caused_by"),
        ("later", "unheard of", "later"),
    ],
)
def test_other_filters(name: str, value: str, written: str) -> None:
    """Labels, prefixes and keys' ids as they are where they look like such; what is not known here, by its name."""
    assert writing().filters({name: [value]}) == [written]


def test_a_record_seals_at_most_64_people() -> None:
    """Values that mean more are written as present only, each kind of filter once."""
    crowds = [named(f"guest{number}", *range(number * 40, number * 40 + 40)) for number in range(3)]
    single = named("mike.mars", 1_000)
    query = {
        "actor": ["guest0", "guest1", "guest2", "mike.mars"],
        "target": ["user:guest2", "page:guest1"],
    }
    found = writing(*crowds, single)
    assert sum(map(len, found.people.values())) <= MAX_PEOPLE
    assert found.filters(query) == ["actor=guest0", "actor=mike.mars", "actor", "target=page", "target=user"]


def test_a_record_of_the_longest_search_fits() -> None:
    """A hundred values of the longest names, which 64 people each had, go into one event."""
    names = [named(f"{number:03}" + "é" * 250, *range(number * 64, number * 64 + 64)) for number in range(100)]
    found = writing(*names)
    log = Log()
    log.record(search_done(found, {"actor": [one.text for one in names]}, rows=500, more=True))
    (stored,) = log.stored
    assert len(stored.packed) < MAX_PACKED_BYTES // 4
    assert len(log.contents[0]["people"]) == MAX_PEOPLE + 1  # and the one who is known by the caller's address
