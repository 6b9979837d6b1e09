"""Whom a username means when several people held it, and how many people may."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from daybook.catalogue.aliases import Aliases
from daybook.errors import TooManyPeople
from daybook.people.forgetter import Change, Forgetter, Mark, Stone, no_sweep
from daybook.people.identities import (
    MAX_HAD_ROWS,
    MAX_HOLDERS,
    Person,
    Reference,
    Row,
    Sighting,
    ext_row,
    had_prefix,
    name_in_keys,
)
from daybook.people.lookup import resolve
from daybook.tenant import EnvironmentKey
from daybook.text import folded
from tests.support.ingest import NOW
from tests.support.memory_stores import MemoryIdentities
from tests.support.people import ACME_KEYS, LEFT, PROD, STAGING, forget, people_of, seen

SAM = Reference(username="sam")
ALIASES = Aliases("System", "API", "Operations", "Unknown")
DAY = 86_400_000


class Counting(MemoryIdentities):
    """Counts AWS calls: a read of 100 keys, an insert of 25 rows, a query or a transaction is one."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.rows_read = 0

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        keys = list(sort_keys)
        self.calls["read"] += -(-len(keys) // 100)
        return super().read(environment, keys)

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        self.calls["insert"] += -(-len(rows) // 25)
        return super().insert(environment, rows)

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        self.calls["query"] += len(prefixes)
        found = super().query(environment, prefixes, limit)
        self.rows_read += sum(map(len, found))
        return found

    def erase(
        self, environment: EnvironmentKey, changes: Sequence[Change], tombstones: Mapping[str, Stone], mark: Mark
    ) -> None:
        self.calls["transaction"] += 1
        super().erase(environment, changes, tombstones, mark)


def meant(store: Any, text: str) -> set[str]:
    return set(resolve(store, PROD, ALIASES, [text], ACME_KEYS.name)[text].guids)


def test_a_name_that_is_given_again_belongs_to_its_new_holder() -> None:
    """The first `sam` was deleted, another was hired. What names `sam` alone since then is the second one's, and goes
    when the second one is forgotten.
    """
    store = MemoryIdentities()
    (first,) = seen(store, NOW, Reference("1", "sam"), seed="first")
    (second,) = seen(store, NOW + 10, Reference("2", "Sam"), seed="second")
    assert first != second
    failed_sign_in, lock = seen(store, NOW + 20, SAM), seen(store, NOW + 30, SAM)
    assert failed_sign_in == lock == [second]
    assert seen(store, NOW + 9, SAM) == [first]
    assert seen(store, NOW - 1, SAM) == [first], "before everybody: the earliest"
    forget(store, second.guid, NOW + 40)
    assert seen(store, NOW + 20, SAM) == [Person(second.guid, None)]
    assert seen(store, NOW + 9, SAM) == [first]
    (third,) = seen(store, NOW + 50, SAM, seed="third")
    assert third.guid not in {first.guid, second.guid}, "the first one gave the name up long ago"
    assert third.key is not None
    assert seen(store, NOW + 45, SAM, Reference("3", "sam"), seed="fourth") == [third, third]


def test_the_present_holder_keeps_the_name_when_the_first_is_forgotten() -> None:
    """Nor does it cost the present holder anything: no new person is made."""
    store = MemoryIdentities()
    (first,) = seen(store, NOW, Reference("1", "sam"), seed="first")
    (second,) = seen(store, NOW + 10, Reference("2", "sam"), seed="second")
    forget(store, first.guid, NOW + 40)
    assert seen(store, NOW + 50, SAM, Reference("2", "sam")) == [second, second]
    assert seen(store, NOW + 5, SAM) == [Person(first.guid, None)]
    forget(store, second.guid, NOW + 60)
    assert not [key for _, key in store.rows if not key.startswith(LEFT)]


def test_in_one_request_ids_tell_whose_a_bare_name_is() -> None:
    """Whatever the order of the events in it."""
    store = MemoryIdentities()
    one, other = Sighting(Reference("1", "sam"), NOW), Sighting(Reference("2", "sam"), NOW + 10)
    late, early = Sighting(SAM, NOW + 20), Sighting(SAM, NOW + 5)
    second, second_bare, first, first_bare = people_of(store, other, late, one, early)
    assert first == first_bare != second == second_bare


def test_an_unknown_id_adopts_the_holder_of_that_time() -> None:
    """An import that arrives late gives the id to whoever held the name then."""
    store = MemoryIdentities()
    (bare,) = seen(store, NOW, SAM, seed="bare")
    (known,) = seen(store, NOW + 10, Reference("2", "sam"), seed="a")
    assert known == bare
    (other,) = seen(store, NOW + 20, Reference("3", "sam"), seed="b")
    assert seen(store, NOW + 30, SAM) == [other]
    assert seen(store, NOW + 15, SAM) == [bare]


def test_earlier_events_add_a_row_at_most_one_a_day() -> None:
    """So an import that goes backwards does not make a row an event, but tells whose the name was."""
    store = MemoryIdentities()
    for back in range(48):
        seen(store, NOW - back * DAY // 12, Reference("1", "sam"))
    (had,) = store.query(PROD, [had_prefix("sam")])
    assert len(had) <= 6
    seen(store, NOW - 2 * DAY, Reference("2", "sam"), seed="other")
    first, other = seen(store, NOW - 3 * DAY, SAM), seen(store, NOW - 2 * DAY, SAM)
    assert first == seen(store, NOW, Reference("1")) != other


def test_forgetting_a_test_account_leaves_the_real_one() -> None:
    """People are of an environment."""
    store = MemoryIdentities()
    sighting = Sighting(Reference("u1", "anna"), NOW)
    (real,), (test,) = (people_of(store, sighting, environment=each, seed=each) for each in (PROD, STAGING))
    assert real.guid != test.guid
    forget(store, test.guid, NOW + 1, STAGING)
    assert people_of(store, sighting, environment=STAGING) == [Person(test.guid, None)]
    assert people_of(store, sighting) == [real]


@pytest.mark.parametrize("bearers", [MAX_HOLDERS, MAX_HOLDERS + 1, 3_000])
def test_a_name_that_very_many_bear_is_bounded(bearers: int) -> None:
    """At most 64 are written down. A search says so, and neither it nor forgetting reads more than a bounded number
    of rows. Their ids still lead to each of them.
    """
    store = Counting()
    for start in range(0, bearers, 500):
        some = range(start, min(start + 500, bearers))
        people_of(store, *(Sighting(Reference(f"u{n}", "guest"), NOW + n) for n in some), seed=start)
    (had,) = store.query(PROD, [had_prefix("guest")])
    assert len(had) == min(bearers, MAX_HOLDERS + 1)
    store.calls.clear()
    store.rows_read = 0
    found = Forgetter(store, ACME_KEYS, no_sweep).bearers(PROD, "guest")
    assert (len(found.guids), found.are_all) == (MAX_HOLDERS, bearers == MAX_HOLDERS)
    if bearers > MAX_HOLDERS:
        with pytest.raises(TooManyPeople):
            meant(store, "guest")
        before = dict(store.rows)
        seen(store, NOW + bearers, Reference(f"u{bearers - 1}", "guest"))
        assert store.rows == before, "no further row, and no row a request"
    else:
        assert meant(store, "guest") == set(found.guids)
    assert sum(store.calls.values()) < 20
    assert store.rows_read < 4 * MAX_HAD_ROWS
    (last,) = seen(store, NOW + bearers, Reference(f"u{bearers - 1}", "guest"))
    forget(store, last.guid, NOW + bearers + 1)
    assert meant(store, f"u{bearers - 1}") == set()


def test_no_name_is_split_or_joined_by_its_form() -> None:
    """Case and composition make no difference; any other character does."""
    store = MemoryIdentities()
    names = ("Ἀχιλλεύς", "ΑΙΑΣ", "İpek", "straße", "sam")
    for name in names:
        forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
        forms |= {unicodedata.normalize("NFD", name.upper()), name.casefold()}
        assert len({folded(form) for form in forms}) == 1, name
        people = seen(store, NOW, *(Reference(username=form) for form in sorted(forms)), seed=name)
        assert len(set(people)) == 1
    assert len({folded(name) for name in names}) == len(names)
    assert ext_row("Zoe\u0308") == ext_row("Zo\u00eb")
    assert len(set(seen(store, NOW, Reference("Zoe\u0308"), Reference("Zo\u00eb")))) == 1


def test_keys_are_bounded_in_bytes() -> None:
    """A name of 256 characters may have 1 KB, an id of 128 may compose to 1.5 KB. No short text equals their
    stand-ins.
    """
    store = MemoryIdentities()
    long_name, long_id = "\U0001f980" * 256, "\U0001d160" * 128
    guids = [person.guid for person in seen(store, NOW, Reference(long_id, long_name))]
    assert max(len(key.encode()) for _, key in store.rows) <= 1_024
    stand_in = name_in_keys(long_name, ACME_KEYS.name)
    assert stand_in.startswith("~")
    assert stand_in != name_in_keys(long_name, ACME_KEYS.gone), "keyed"
    assert ext_row(long_id).removeprefix("ext#") != ext_row(ext_row(long_id).removeprefix("ext#")).removeprefix("ext#")
    assert meant(store, long_name) == meant(store, long_id) == set(guids)
    assert seen(store, NOW, Reference(username=long_name))[0].guid == guids[0]
    forget(store, guids[0], NOW + 1)
    assert not [key for _, key in store.rows if not key.startswith(LEFT)]


def test_no_id_or_name_can_spell_an_address_or_a_caller() -> None:
    """They have a character that no sender can send."""
    store = MemoryIdentities()
    given = [Reference("ab"), Reference(address="ab"), Reference(caller="ab"), Reference(username="ab")]
    people = seen(store, NOW, *given, Reference("ip:ab"), Reference("oidc:ab"))
    assert len(set(people)) == len(people)
    assert seen(store, NOW, Reference(caller="ab", username="jane"), Reference(username="jane")) == [people[2]] * 2
    forget(store, people[2].guid, NOW + 1)
    assert seen(store, NOW, Reference(caller="ab")) == [Person(people[2].guid, None)]
    assert seen(store, NOW, *given[:2]) == people[:2]


def test_how_many_calls_it_takes() -> None:
    """Known people take two reads, and a name of several holders two calls more, however many moments are asked for."""
    store = Counting()
    everyone = [Sighting(Reference(f"u{n}", f"name{n}"), NOW) for n in range(500)]
    people_of(store, *everyone)
    assert store.calls == {"read": 10 + 15, "insert": 20 + 20 + 60 + 20}
    store.calls.clear()
    people_of(store, *everyone[:20], Sighting(Reference(username="name3"), NOW + 5))
    assert store.calls == {"read": 2}
    seen(store, NOW + 10, Reference("other", "name3"), seed="other")
    store.calls.clear()
    people_of(store, *(Sighting(Reference(username="name3"), NOW + n) for n in range(1, 100)))
    assert store.calls == {"read": 3, "query": 1}
    (person,) = seen(store, NOW, Reference("u7"))
    store.calls.clear()
    forget(store, person.guid, NOW + 20)
    assert store.calls == {"read": 6, "query": 4, "transaction": 1}


def test_a_shared_name_costs_the_keys_of_those_who_are_meant() -> None:
    """And not those of all its holders. Only an id that is new may have been claimed for any of them."""
    counted: list[int] = []

    class CountingKeys(MemoryIdentities):
        def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
            keys = list(sort_keys)
            counted.append(len(keys))
            return super().read(environment, keys)

    store = CountingKeys()
    guests = [Reference(f"u{number}", "guest") for number in range(MAX_HOLDERS)]
    people = [seen(store, NOW - 900 + number, guest, seed=number)[0] for number, guest in enumerate(guests)]
    for reference, moment_ms, person in (
        (guests[5], NOW, people[5]),
        (Reference(username="guest"), NOW, people[-1]),
        (Reference(username="guest"), NOW - 895, people[5]),
        (Reference(username="guest"), NOW - 1_000, people[0]),
    ):
        counted.clear()
        assert seen(store, moment_ms, reference) == [person]
        assert sum(counted) < 12


def test_somebody_who_is_meant_only_since_a_forgetting_between_two_reads() -> None:
    """The key was not read, since the name meant somebody else by then. It is not taken for a key that was deleted."""
    store = MemoryIdentities()
    first, second = [seen(store, NOW - ago, Reference(f"u{ago}", "guest"), seed=ago)[0].guid for ago in (900, 800)]

    class Between(MemoryIdentities):
        def __init__(self) -> None:
            super().__init__()
            self.rows = store.rows
            self.late = ""

        def query(
            self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None
        ) -> list[list[Row]]:
            found = super().query(environment, prefixes, limit)
            forget(store, self.late or first, NOW - 843)
            if not self.late:
                self.late = seen(store, NOW - 845, Reference("late", "guest"), seed=3)[0].guid
            return found

    (meant,) = seen(Between(), NOW - 840, Reference(username="guest"))
    assert meant == Person(second, store.rows[PROD, f"id#{second}"]["key"])
