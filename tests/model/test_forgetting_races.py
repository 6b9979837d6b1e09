"""Forgetting while requests are in flight, and after requests were killed: in the end no text of the person is left."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.errors import Contended, Throttled
from daybook.ids import lowest_id
from daybook.jobs.job import SWEEP, Status
from daybook.jobs.runner import Runner
from daybook.jobs.sweep import BINDERS_A_JOB, DELAY_SECONDS, REQUEST_SECONDS, Sweeps
from daybook.people.forgetter import AskForSweep, Forgetter, no_sweep
from daybook.people.forgettings import forgotten_people
from daybook.people.identities import Person, Reference, Row, had_prefix, id_row
from daybook.people.key_cache import PersonKeys
from daybook.people.person_rows import binders_of_text
from daybook.tenant import EnvironmentKey, code_of
from daybook.text import folded
from forget.sweep import SweepWork
from tests.support.ingest import KEYS, NOW, seeded_bytes
from tests.support.ingest import settings as tenant_settings
from tests.support.jobs import MemoryJobs, MemoryQueue, received
from tests.support.memory_stores import MemoryIdentities
from tests.support.people import ACME_KEYS, LEFT, PROD, forget, mark, seen
from tests.support.turns import InTurns, Seat

MAX_STEPS = 12
MIKE = Reference("u1", "mike")
BARE = Reference(username="mike")
CASES: dict[str, tuple[list[Reference], Reference]] = {
    "a known person": ([MIKE], MIKE),
    "an adoption": ([BARE], MIKE),
    "a renaming": ([MIKE], Reference("u1", "michael")),
    "a name that was given first": ([Reference("u1")], MIKE),
    "a name of two people": ([Reference("u0", "mike"), MIKE], BARE),
    "a second holder": ([MIKE], Reference("u2", "mike")),
    "a name that has become free": ([Reference("u0", "mike"), MIKE], MIKE),
}


class DeferredSweeps:
    """Runs the sweeps that a forgetting requests after everything else is over."""

    def __init__(self, store: MemoryIdentities) -> None:
        self.jobs = MemoryJobs()
        self.queue = MemoryQueue()
        self.waits: list[float] = []
        self.sweeps = Sweeps(self.jobs, self.queue, KEYS, lambda: NOW, seeded_bytes("sweeps"))
        control = SimpleNamespace(settings_of=lambda _: tenant_settings("generic"))
        work = SweepWork(control, store, KEYS, self.waits.append)
        self._runner = Runner(self.jobs, self.queue, work, lambda: NOW, pause=self.waits.append)

    @property
    def ask_for(self) -> AskForSweep:
        return self.sweeps.ask_for

    def run(self) -> None:
        for job, delay_seconds in self.queue.sent:
            assert delay_seconds == DELAY_SECONDS
            assert self.jobs.job(job.key).sealed, "the texts"
            ended = self._runner.run(received(job), lambda: 180.0)
            assert (ended.status, ended.sealed) == (Status.SUCCEEDED, None), "the texts go with the job"


def people_rows(store: MemoryIdentities) -> dict[str, Row]:
    return {key: row for (_, key), row in store.rows.items() if not key.startswith(LEFT)}


def nothing_is_left(store: MemoryIdentities, guid: str) -> None:
    """No row leads to the person, and every text in the store belongs to a living person."""
    for key, row in people_rows(store).items():
        assert guid not in key
        assert row.get("guid") != guid
        if key.startswith("id#"):
            assert set(row) <= {"key", "for_client_id", "for_address"}, "no text"
        elif key.startswith("more#"):
            assert any(store.query(PROD, [had_prefix(key.removeprefix("more#"))])), "somebody holds the name"
        else:
            owner = row.get("guid") or key.split("#")[1]
            assert (PROD, id_row(owner)) in store.rows


def before(case: str) -> tuple[MemoryIdentities, str]:
    """The people of the case, and the GUID of the one whom its event names."""
    store = MemoryIdentities()
    known, _ = CASES[case]
    people = seen(store, NOW - 9, *known, seed="known")
    if case == "a name that has become free":
        Forgetter(store, ACME_KEYS, no_sweep).forget(PROD, mark(people[0].guid, NOW - 8))
    return store, people[-1].guid


def holds_after(case: str, turns: Iterable[bool], following: Sequence[Reference] = ()) -> None:
    """The event's request, further ones and the forgetting take turns so; the sweep and more events follow."""
    known, named = CASES[case]
    store, guid = before(case)
    sweep = DeferredSweeps(store)

    def forgetting(seat: Seat) -> None:
        Forgetter(seat, ACME_KEYS, sweep.ask_for).forget(PROD, mark(guid, NOW))

    def ingest(seat: Seat) -> None:
        for number, reference in enumerate([named, *following]):
            with suppress(Contended):
                seen(seat, NOW + 5, reference, seed=f"in flight {number}")

    InTurns(turns, store).run(one=ingest, other=forgetting)
    assert (PROD, id_row(guid)) not in store.rows
    sweep.run()
    nothing_is_left(store, guid)
    for reference in (known[-1], named):
        (late,) = seen(store, NOW - 1, reference, seed=f"late {reference}")
        assert late == Person(guid, None) or reference not in known
    for reference in (named, known[-1], Reference(username=named.username)):
        (later,) = seen(store, NOW + 9, reference, seed=f"later {reference}")
        assert later.guid != guid
        assert later.key is not None
        assert later.key == store.rows[PROD, id_row(later.guid)]["key"]


@pytest.mark.parametrize("case", CASES)
def test_a_request_in_flight_leaves_nothing(case: str) -> None:
    """The request stops after any of its steps, the forgetting after any of its own, then each continues. Whatever has
    arrived by then, nothing is left a minute and a half later, and the next event means a new person.
    """
    for ingested in range(MAX_STEPS):
        for forgotten in range(MAX_STEPS):
            for more in (1, 3):
                holds_after(case, [False] * ingested + [True] * forgotten + [False] * more)


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(CASES)),
    st.lists(st.booleans(), max_size=3 * MAX_STEPS),
    st.lists(st.sampled_from([MIKE, BARE, Reference("u1", "michael"), Reference("u2", "mike")]), max_size=2),
)
def test_any_interleaving_leaves_nothing(case: str, turns: list[bool], following: list[Reference]) -> None:
    """The same, with the steps in any order and with further requests."""
    holds_after(case, turns, following)


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("first", range(2 * MAX_STEPS))
def test_two_requests_agree_on_the_person_after_a_forgotten_one(first: int, is_shared: bool) -> None:
    """Both need a new person for the bare name. `had#` can't decide between them, so `name#` does."""
    for second in range(2 * MAX_STEPS):
        store = MemoryIdentities()
        formers = seen(store, NOW - 9, Reference("u0", "mike"), seed="former") if is_shared else []
        (gone,) = seen(store, NOW - 8, MIKE, seed="gone")
        forget(store, gone.guid, NOW)
        found: dict[int, Person] = {}

        def asking(number: int, store: Any, found: dict[int, Person] = found) -> None:
            with suppress(Contended):
                (found[number],) = seen(store, NOW + number, BARE, seed=f"new {number}")

        turns = [False] * first + [True] * second + [False] * (2 * MAX_STEPS)
        InTurns(turns, store).run(one=partial(asking, 1), other=partial(asking, 2))
        assert found[1] == found[2] == seen(store, NOW + 3, BARE, seed="later")[0]
        assert found[1] not in [gone, *formers]
        assert found[1].key is not None


@pytest.mark.parametrize("came", range(3 * MAX_STEPS))
def test_a_holder_who_comes_while_the_last_one_is_forgotten_is_kept(came: int) -> None:
    """Forgetting deletes `more#`, on which the new holder relies. It stops anywhere, and the forgetting too."""
    for forgotten in range(2 * MAX_STEPS):
        store = MemoryIdentities()
        (former,) = seen(store, NOW - 9, Reference("u0", "mike"), seed="former")
        (gone,) = seen(store, NOW - 8, MIKE, seed="gone")
        forget(store, former.guid, NOW - 1)
        found: list[Person] = []

        def coming(seat: Seat, found: list[Person] = found) -> None:
            with suppress(Contended):
                found.extend(seen(seat, NOW + 1, Reference("u2", "mike"), seed="new"))

        def forgetting(seat: Seat, guid: str = gone.guid) -> None:
            forget(seat, guid, NOW)

        turns = [False] * came + [True] * forgotten + [False] * (3 * MAX_STEPS)
        InTurns(turns, store).run(one=coming, other=forgetting)
        for key in [key for key in store.rows if key[1].startswith("gone#")]:
            del store.rows[key]  # tombstones expire
        assert seen(store, NOW + 2, BARE, seed="later") == found
        assert found[0].guid not in {former.guid, gone.guid}


class InOrder(MemoryIdentities):
    """Notes the order of what happens."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        keys = list(sort_keys)
        self.order += ["counted"] * keys[0].startswith("forgotten#")
        return super().read(environment, keys)

    def erase(self, *given: Any) -> None:
        self.order.append("erased")
        super().erase(*given)


@pytest.mark.parametrize("is_warm", [False, True])
@given(st.lists(st.booleans(), max_size=4 * MAX_STEPS), st.integers(1, 3))
def test_a_key_read_between_two_equal_counts_is_of_nobody_forgotten(
    is_warm: bool, turns: list[bool], looks: int
) -> None:
    """A sorted export counts, reads keys, and counts again. The forgetting takes any turns between; a warm worker has
    the key of before. Whoever was forgotten before the last count is found neither by a key nor by an equal count.
    """
    store = InOrder()
    (mike,) = seen(store, NOW - 9, MIKE, seed="known")
    in_turns = InTurns(turns, store)
    found: list[dict[str, bytes]] = []
    counts: list[int] = []

    def exporting(seat: Seat) -> None:
        keys = PersonKeys(seat.read if not is_warm else store.read, lambda: NOW)
        if is_warm:
            keys.of(PROD, [mike.guid])
        counts.append(forgotten_people(seat, PROD))
        keys.drop_if_forgotten(PROD, counts[0])
        found.extend(keys.of(PROD, [mike.guid]) for _ in range(looks))
        counts.append(forgotten_people(seat, PROD))

    in_turns.run(one=exporting, other=lambda seat: forget(seat, mike.guid, NOW))
    assert store.order.count("counted") == 2
    last = len(store.order) - 1 - store.order[::-1].index("counted")
    if "erased" in store.order[:last] and counts[0] == counts[1]:
        assert found == [{}] * looks
    assert forgotten_people(store, PROD) == 1


def test_without_the_sweep_a_binder_would_stay() -> None:
    """Shows why the sweep is needed: the request binds a name to the person after the forgetting is over."""
    store, guid = before("a renaming")
    sweep = DeferredSweeps(store)
    turns = InTurns([False] * 3, store)

    def forgetting(seat: Seat) -> None:
        Forgetter(seat, ACME_KEYS, sweep.ask_for).forget(PROD, mark(guid, NOW))

    def binding(seat: Seat) -> None:
        seen(seat, NOW + 5, Reference("u1", "michael"), seed="1")

    turns.run(one=binding, other=forgetting)
    assert store.rows[PROD, "name#michael"] == {"guid": guid, "from": str(NOW + 5), "ext": "ext#u1"}
    assert seen(store, NOW + 6, Reference(username="michael"), seed="2") == [Person(guid, None)]
    sweep.run()
    nothing_is_left(store, guid)


def test_the_sweep_is_asked_for_before_anything_is_deleted() -> None:
    """If it cannot be requested, nobody is forgotten. If the call is killed right after, the sweep forgets the person,
    waits for requests that read the person before, and looks once more.
    """
    store, guid = before("a renaming")
    refused = DeferredSweeps(store)
    refused.queue.refusal = Throttled()
    rows = dict(store.rows)
    with pytest.raises(Throttled):
        Forgetter(store, ACME_KEYS, refused.ask_for).forget(PROD, mark(guid, NOW))
    assert store.rows == rows

    class Killed(MemoryIdentities):
        def erase(self, *_: Any) -> None:
            raise KeyboardInterrupt

    killed, sweep = Killed(), DeferredSweeps(store)
    killed.rows = store.rows
    with pytest.raises(KeyboardInterrupt):
        Forgetter(killed, ACME_KEYS, sweep.ask_for).forget(PROD, mark(guid, NOW))
    assert store.rows == rows
    sweep.run()
    assert sweep.waits == [28]
    nothing_is_left(store, guid)


def test_a_sweep_uses_the_event_that_counts() -> None:
    """The first call was killed before it deleted anything, the second one forgot. Its event counts for both sweeps."""
    store, guid = before("a renaming")
    first, second = DeferredSweeps(store), DeferredSweeps(store)
    first.ask_for(PROD, mark(guid), ["ext#u1", "name#mike"])
    forgetter = Forgetter(store, ACME_KEYS, second.ask_for)
    forgetter.forget(PROD, mark(guid, NOW + 3))
    store.insert(PROD, {"name#mike": {"guid": guid, "from": str(NOW + 5)}})
    first.run()
    nothing_is_left(store, guid)
    assert forgetter.forgetting_event(PROD, guid) == lowest_id(NOW + 3)
    assert seen(store, NOW + 2, Reference(username="mike"), seed="late") == [Person(guid, None)]


def test_a_retried_sweep_still_looks_twice() -> None:
    """The forgetting was killed before it deleted anything, and the response to the sweep's own deletion was lost. The
    sweep still looks once more after all requests of that time are over.
    """

    class LosesAnswers(MemoryIdentities):
        lost = 0

        def erase(self, *arguments: Any) -> None:
            super().erase(*arguments)
            if not self.lost:
                self.lost += 1
                raise Throttled

    before_it, guid = before("a known person")
    store = LosesAnswers()
    store.rows = before_it.rows
    sweep = DeferredSweeps(store)
    sweep.ask_for(PROD, mark(guid), ["ext#u1", "name#mike"])
    sweep.run()
    assert (store.lost, sweep.waits) == (1, [1, REQUEST_SECONDS])
    nothing_is_left(store, guid)


def test_many_names_are_several_jobs() -> None:
    """So that none of them exceeds its row's size."""
    store = MemoryIdentities()
    sweep = DeferredSweeps(store)
    names = [f"name#mike-{number}" for number in range(2 * BINDERS_A_JOB)]
    sweep.ask_for(PROD, mark("g"), names)
    assert len(sweep.jobs.jobs(code_of(PROD), SWEEP)) == 2
    store.insert(PROD, {name: {"guid": "g", "from": str(NOW)} for name in names})
    sweep.run()
    assert people_rows(store) == {}


IDS, NAMES = ["u1", "u2", "mike"], ["mike", "Mike", "jane", "ann#1"]
REFERENCES = st.sampled_from(
    [
        *(Reference(client_id, name) for client_id in (None, *IDS) for name in NAMES),
        *(Reference(client_id) for client_id in IDS),
    ]
)


class BreaksOff(MemoryIdentities):
    """Killed, or throttled permanently, before the n-th row."""

    def __init__(self, rows: dict[Any, Any], after: int) -> None:
        super().__init__()
        self.rows = rows
        self._left = after

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        there: frozenset[str] = frozenset()
        for key, row in rows.items():
            if self._left == 0:
                raise Throttled
            self._left -= 1
            there |= super().insert(environment, {key: row})
        return there


def forget_everyone(store: MemoryIdentities, by: Sequence[str]) -> None:
    """As operations would, by each text: everybody whom it finds."""
    forgetter = Forgetter(store, ACME_KEYS, no_sweep)
    for text in by:
        binders = forgetter.binders_of(text)
        bound = {row["guid"] for row in store.read(PROD, binders).values()}
        for rows in store.query(PROD, [had_prefix(folded(text))]):
            bound |= {row["guid"] for row in rows}
        for guid in sorted(bound):
            assert forgetter.has_rows(PROD, guid, binders)
            forgetter.forget(PROD, mark(guid), candidates=binders)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.lists(REFERENCES, min_size=1, max_size=3), st.integers(0, 12)), min_size=1, max_size=4),
    st.booleans(),
    st.permutations([*IDS, *NAMES]),
)
def test_partly_written_people_can_be_forgotten(
    requests: list[tuple[list[Reference], int]], retried: bool, texts: list[str]
) -> None:
    """Each request breaks off at some point and may be repeated. Once everyone is forgotten, no row holds a name."""
    store = MemoryIdentities()
    for number, (references, after) in enumerate(requests):
        try:
            seen(BreaksOff(store.rows, after), NOW - 9, *references, seed=f"try {number}")
        except Throttled:
            if retried:
                seen(store, NOW - 9, *references, seed=f"retry {number}")
    forget_everyone(store, texts)
    assert not [key for key in people_rows(store) if not key.startswith("id#")]
    for row in people_rows(store).values():
        assert set(row) <= {"key", "for_client_id"}


@pytest.mark.parametrize("text", ["u1", "mike"])
@pytest.mark.parametrize("after", range(1, 7))
def test_either_text_finds_all_rows_of_a_killed_request(text: str, after: int) -> None:
    """The id and the name that were bound together lead to each other, even though no finder exists yet."""
    store = MemoryIdentities()
    with suppress(Throttled):
        seen(BreaksOff(store.rows, after), NOW - 9, MIKE, seed="killed")
    bound = store.read(PROD, binders_of_text(text, ACME_KEYS.name))
    forget_everyone(store, [text])
    left = [key for key in people_rows(store) if not key.startswith("id#")]
    assert not left if bound else left in ([], ["ext#u1"])


def test_a_lost_race_leaves_no_text() -> None:
    """Two requests each create a person for the same id and name. Of the loser's person only a key is left."""
    store = MemoryIdentities()

    class Beaten(MemoryIdentities):
        def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
            if "ext#u1" in rows:
                seen(store, NOW, MIKE, seed="winner")
            return super().insert(environment, rows)

    beaten = Beaten()
    beaten.rows = store.rows
    (mike,) = seen(beaten, NOW, MIKE, seed="loser")
    orphans = [key for key in people_rows(store) if key.startswith("id#") and key != id_row(mike.guid)]
    assert len(orphans) == 1
    assert set(store.rows[PROD, orphans[0]]) == {"key", "for_client_id"}
    assert not [key for key in store.rows if orphans[0][3:] in key[1] and key[1] != orphans[0]]
