"""The fold and the statistics: exact at every moment, whoever else folds, and wherever a fold is cut off."""

import contextlib
import itertools
import random
import string
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daybook.aws.ledger_table.appends import AppendTable
from daybook.aws.ledger_table.counts import CountTable
from daybook.aws.ledger_table.nodes import NodeTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, SECOND
from daybook.errors import Contended, UnknownFormat
from daybook.ledger import counts
from daybook.ledger.counts import Family, Interval, ReadRow, add
from daybook.ledger.delta import Counted
from daybook.ledger.entries import encode
from daybook.ledger.fold import DUE_ENTRIES, DUE_MS, NOT_FOLDED, DeltaMissing, Fold, Folded
from daybook.ledger.log import NOTHING, Head, Stored
from daybook.ledger.logs import Log
from daybook.ledger.merkle import Edge, leaf_hash, tree_root
from daybook.ledger.questions import Question, Range, plan
from daybook.ledger.statistics import Asked, NotCountedYet, Place, Statistics
from daybook.ledger.tiles import Tile
from tests.conftest import STORES
from tests.support.ledger import RECEIVED, append_of, delta_of, log_of, stored
from tests.support.memory_dynamodb import MemoryDynamoDB

DAY_0 = 20_400 * DAY
GUIDS = [f"0f8fad5b-d9cb-469f-a165-70867728950{digit}" for digit in range(4)]
COUNTED = st.builds(
    Counted,
    st.integers(0, 60).map(lambda hour: DAY_0 + hour * HOUR),
    st.sampled_from(["user.login", "document.updated", "a"]),
    st.sampled_from(["Access", "Documents"]),
    st.sampled_from(["User", ""]),
    st.sampled_from(["success", "failure"]),
    st.sampled_from([*GUIDS, "system", "api"]),
    st.sampled_from(["user", "system"]),
)
LOGIN = Counted(DAY_0, "user.login", "Access", "User", "success", "system", "system")
QUESTIONS = (
    Question((), {}, {}),
    Question(("activity", "status"), {}, {}),
    Question(("actor",), {"status": ("success",)}, {}),
    Question(("category",), {"activity": ("user.*", "a")}, {"component": ("User",)}),
)


class Killed(Exception):  # noqa: N818  what happened
    """The process ended."""


def nothing() -> None:
    """Nothing happens before a call."""


def kill() -> None:
    raise Killed


class Interrupted:
    """A client before whose calls something else happens."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.before = nothing

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.before()
            return getattr(self._client, name)(**arguments)

        return call


class World:
    """A log, and what it should count."""

    def __init__(self, dynamodb: Any = None, table: str = "ledger", log: Log | None = None) -> None:
        self.log = log or log_of()
        self.table = table
        self.dynamodb = dynamodb or MemoryDynamoDB()
        if dynamodb is None:
            self.dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        self.client = Interrupted(self.dynamodb)
        self.appends = AppendTable(self.client, table)
        self.counts = CountTable(self.client, table)
        self.roots = NodeTable(self.client, table)
        self.behind: list[int] = []
        self.now, self.passes = RECEIVED + 3 * DAY, 0
        self.fold = Fold(self.appends, self.counts, self.roots, self.clock, self.behind.append)
        self.head: Head = NOTHING
        self.events: list[Stored] = []

    def clock(self) -> int:
        """Each call takes `passes`."""
        self.now += self.passes
        return self.now

    def append(self, counted: Sequence[Counted], at_ms: int = RECEIVED) -> None:
        first = len(self.events)
        events = [Stored(stored(first + place).entry, each) for place, each in enumerate(counted)]
        made = append_of(self.head, events, at_ms)
        assert self.appends.put(self.log, made, delta_of(events))
        other = replace(made, nonce="of another appender, who was second")
        assert not self.appends.put(self.log, other, delta_of([stored(10**9)]))
        self.head = made.head
        self.events += events

    def at_call(self, number: int, act: Callable[[], None]) -> None:
        """Before the call of this number from now on, something happens once."""
        calls = itertools.count()

        def before() -> None:
            if next(calls) == number:
                act()

        self.client.before = before

    def undisturbed(self) -> None:
        self.client.before = nothing

    def fold_beside(self) -> None:
        """Another fold, to the end."""
        tables = AppendTable(self.dynamodb, self.table), CountTable(self.dynamodb, self.table)
        Fold(*tables, NodeTable(self.dynamodb, self.table), lambda: 0, self.behind.append).run(self.log)

    def recount(self, asked: Asked) -> Counter[Place]:
        sums: Counter[Place] = Counter()
        for _, each in self.events:
            if asked.from_ms <= each.occurred_ms < asked.to_ms:
                values = asked.plan.bucket(asked.plan.family.values(each))
                if values is not None:
                    number = None if asked.interval is None else each.occurred_ms // asked.interval.milliseconds
                    sums[Place(number, values)] += 1
        return sums

    def check(self, asked: Asked) -> None:
        assert Statistics(self.appends, self.counts).sums([self.log], asked).numbers == self.recount(asked)


def every_question(from_ms: int = DAY_0, to_ms: int = DAY_0 + 3 * DAY) -> list[Asked]:
    return [
        Asked(plan(question, {}), interval, from_ms, to_ms)
        for question in QUESTIONS
        for interval in (None, Interval.DAY, Interval.HOUR)
    ]


BATCHES = st.lists(COUNTED, min_size=1, max_size=9)
CALLS = st.integers(0, 14)
Steps = list[tuple[str, list[Counted], int]]
STEPS: st.SearchStrategy[Steps] = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "fold", "a bit", "killed", "beside", "read while folding"]), BATCHES, CALLS
    ),
    max_size=12,
)


@pytest.fixture(params=[counts.MAX_ROWS, 8], ids="{} rows".format)
def most_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a transaction: with fewer, a step has several."""
    monkeypatch.setattr(counts, "MAX_ROWS", request.param)


@pytest.mark.usefixtures("most_rows")
@given(STEPS, st.integers(0, 60), st.integers(0, 73))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_statistics_are_exact_at_every_moment(steps: Steps, first: int, last: int) -> None:
    """However appends, folds, cut off folds, folds at the same time and questions follow each other."""
    every = every_question() + every_question(DAY_0 + first * HOUR, DAY_0 + max(first, last) * HOUR)
    go(World(), steps, lambda call: every[call % 4 :: 4])


@pytest.mark.parametrize(
    "store", [pytest.param(name, marks=pytest.mark.long) for name in STORES if name != "memory"], indirect=True
)
@pytest.mark.usefixtures("most_rows")
@given(st.data())
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_statistics_are_exact_on_other_stores(dynamodb: Any, tables: Tables, data: st.DataObject) -> None:
    """One question after each step: a call takes milliseconds there. Each example has a log of its own."""
    every = every_question()
    world = World(dynamodb, tables.ledger, log_of(seed=data.draw(st.integers(0, 10**9))))
    go(world, data.draw(STEPS), lambda call: [every[call % len(every)]])


def go(world: World, steps: Steps, asked_after: Callable[[int], Sequence[Asked]]) -> None:
    for step, counted, call in steps:
        if step == "append":
            world.append(counted)
        elif step == "read while folding":
            world.at_call(call % 4, world.fold_beside)
            world.check(asked_after(call)[-1])
        else:
            world.passes = 200 * SECOND if step == "a bit" else 0
            world.at_call(call, kill if step == "killed" else world.fold_beside if step == "beside" else nothing)
            with contextlib.suppress(Killed):
                world.fold.run(world.log)
        world.undisturbed()
        world.passes = 0
        for asked in asked_after(call):
            world.check(asked)
    world.fold.run(world.log)
    assert world.fold.folded(world.log) == len(world.events)
    for asked in asked_after(0):
        world.check(asked)


@pytest.mark.parametrize("call", range(7))
def test_a_fold_while_a_question_reads_changes_no_sum(call: int) -> None:
    """Before each of its calls: what was not folded when it began is counted once, in new rows and in old ones."""
    for asked in every_question():
        world = World()
        world.append([LOGIN, LOGIN._replace(occurred_ms=DAY_0 + 40 * HOUR)])
        world.fold.run(world.log)
        world.append([LOGIN, LOGIN._replace(occurred_ms=DAY_0 + 50 * HOUR, actor=GUIDS[0])])
        world.at_call(call, world.fold_beside)
        world.check(asked)


class Torn:
    """Counts of which a query sees `folded` after a transaction, and for a while the rows as they were before it."""

    def __init__(self, counts: CountTable, before: Sequence[ReadRow], times: int) -> None:
        self._counts = counts
        self._before = before
        self._times = times
        self.folded = counts.folded

    def read(self, log: Log, family: Family, over: Range) -> Sequence[ReadRow]:
        self._times -= 1
        return self._counts.read(log, family, over) if self._times < 0 else self._before


@pytest.mark.parametrize("size", [0, 2])
def test_a_transaction_that_is_half_seen_is_read_again(size: int) -> None:
    """Rows that are older than `folded` says, or not there yet. After five times it is somebody else's turn."""
    world, asked = World(), Asked(plan(QUESTIONS[1], {}), Interval.HOUR, DAY_0, DAY_0 + 3 * DAY)
    over = Range(Interval.HOUR, DAY_0 // HOUR, DAY_0 // HOUR + 71)
    if size:
        world.append([LOGIN] * size)
        world.fold.run(world.log)
    before = world.counts.read(world.log, Family.KINDS, over)
    world.append([LOGIN] * 3)
    world.fold.run(world.log)
    found = Statistics(world.appends, Torn(world.counts, before, 4)).sums([world.log], asked)
    assert found.numbers == world.recount(asked)
    with pytest.raises(Contended):
        Statistics(world.appends, Torn(world.counts, before, 5)).sums([world.log], asked)


def test_every_complete_tile_gets_its_root() -> None:
    """Over tiles that appends share, from wherever the last fold stopped, and on the level above."""
    world = World()
    for size in (255, 2, 300, 1_000, 1, 700):
        world.append([LOGIN] * size)
        world.fold.run(world.log)
        world.fold.run(world.log)
    hashes = [leaf_hash(encode(each.entry)) for each in world.events]
    expected = [tree_root(hashes[start : start + 256]) for start in range(0, len(hashes) - 255, 256)]
    assert world.roots.read(world.log, 0, 0, 256) == expected
    assert world.roots.read(world.log, 1, 0, 256) == []


def test_tiles_above_tiles_get_their_roots() -> None:
    """At 65,536 entries a tile of level 1 is complete."""
    world = World()
    roots = {Tile(0, index): bytes([index]) * 32 for index in range(255)}
    world.roots.put(world.log, roots)
    world.head = Head(65_280, b"", Edge(65_280, (b"",) * 8), 0)
    assert world.counts.move(world.log, NOT_FOLDED, Folded(65_280, 0), add([LOGIN], {}))
    world.append([LOGIN] * 256)
    world.fold.run(world.log)
    last = tree_root(leaf_hash(encode(each.entry)) for each in world.events)
    assert world.roots.read(world.log, 1, 0, 256) == [tree_root([*roots.values(), last])]


def test_a_fold_does_not_pass_what_it_cannot_count() -> None:
    """It says how long it is behind, and goes on once the log is mended. Statistics leave nothing out either."""
    world = World()
    world.append([LOGIN] * 3)
    world.fold.run(world.log)
    world.append([LOGIN], RECEIVED + DAY)
    key = {"pk": {"S": world.log.partition}, "sk": {"S": "delta#0000000000000003#n"}}
    row = world.dynamodb.get_item(TableName="ledger", Key=key)["Item"]
    world.dynamodb.delete_item(TableName="ledger", Key=key)
    with pytest.raises(DeltaMissing, match="append 3"):
        world.fold.run(world.log)
    with pytest.raises(DeltaMissing):
        world.check(every_question()[0])
    world.dynamodb.put_item(TableName="ledger", Item={**row, "d": {"B": b"\2" + row["d"]["B"][1:]}})
    with pytest.raises(UnknownFormat):
        world.fold.run(world.log)
    assert world.behind == [2 * DAY // SECOND] * 2
    assert world.fold.folded(world.log) == 3
    world.dynamodb.put_item(TableName="ledger", Item=row)
    world.fold.run(world.log)
    assert world.fold.folded(world.log) == 4
    world.check(every_question()[0])


def test_a_fold_waits_until_it_is_worth_its_rows() -> None:
    """For 1,000 entries, or an hour."""
    world = World()
    folded = []
    for size, at_ms in ((1, 0), (DUE_ENTRIES - 1, 1), (1, 1), (1, 1 + DUE_MS - 1), (1, 1 + DUE_MS), (1, 2 + DUE_MS)):
        world.append([LOGIN] * size, at_ms)
        world.fold.run_if_due(world.log, world.head)
        folded.append(world.fold.folded(world.log))
    assert folded == [0, 1_000, 1_000, 1_000, 1_003, 1_003]


def test_many_actors_and_activities_take_more_rows_and_no_larger_ones() -> None:
    """Rows of at most 64 KB, put aside when they are full; all of them are counted."""
    world = World()
    chance = random.Random(1)  # noqa: S311  the same each time
    for _ in range(4):
        world.append([hostile(chance) for _ in range(1_000)])
        world.fold.run(world.log)
    for question in QUESTIONS[:3]:
        world.check(Asked(plan(question, {}), None, DAY_0, DAY_0 + DAY))
    rows = world.counts.read(world.log, Family.KINDS, Range(Interval.DAY, 20_400, 20_400))
    assert len(rows) == 4
    assert max(len(row.data) for row in rows) < 140_000


def test_events_of_many_hours_take_several_transactions() -> None:
    """An import of a year: each has its own hour, and a transaction takes 99 rows."""
    world = World()
    world.append([LOGIN._replace(occurred_ms=DAY_0 + hour * 9 * HOUR) for hour in range(900)])
    world.fold.run(world.log)
    assert world.fold.folded(world.log) == 900
    world.check(every_question(DAY_0, DAY_0 + 400 * DAY)[0])


def test_a_fold_of_mixed_hours_writes_each_row_about_once() -> None:
    """Events of a day, and of a hundred days, in any order. One that wrote many rows waits for more."""
    chance, rows, world = random.Random(1), 0, World()  # noqa: S311  the same each time
    world.counts.move = Mock(side_effect=world.counts.move)  # type: ignore[method-assign]
    for hours, size, most in ((24, 1_000, 60), (2_400, 1_000, 2_000), (2_400, 10_000, 5_200)):
        for _ in range(0, size, 1_000):
            world.append([LOGIN._replace(occurred_ms=DAY_0 + chance.randrange(hours) * HOUR) for _ in range(1_000)])
            folded = world.fold.folded(world.log)
            world.fold.run_if_due(world.log, world.head)
        assert folded == len(world.events) - size
        assert world.fold.folded(world.log) == len(world.events)
        rows = sum(len(call.args[3].rows) for call in world.counts.move.call_args_list)
        assert rows < most
        world.counts.move.reset_mock()


def test_a_fold_behind_an_append_takes_a_second() -> None:
    """It says how long it is behind, and the next one goes on with the step. A question reads at most 20,000 entries
    that are not counted.
    """
    world = World()
    for _ in range(21):
        world.append([LOGIN._replace(occurred_ms=DAY_0 + number % 200 * HOUR) for number in range(1_000)])
    asked = every_question(DAY_0, DAY_0 + 9 * DAY)[0]
    with pytest.raises(NotCountedYet):
        world.check(asked)
    world.passes = SECOND // 2
    folded = [0]
    while folded[-1] < 20_000:
        world.fold.run_if_due(world.log, world.head)
        folded.append(world.fold.folded(world.log))
        if 1_000 <= folded[-1] <= 2_000:
            world.check(asked)
    assert folded == sorted(set(folded))
    assert len(folded) > 4
    assert len(world.behind) == len(folded) - 1
    assert min(world.behind) >= 3 * DAY // SECOND


def test_what_is_signed_needs_no_counts() -> None:
    """A fold that has no more time before a log is signed writes the roots all the same, and says that it is behind."""
    world = World()
    for _ in range(12):
        world.append([LOGIN] * 1_000)
    world.passes = 200 * SECOND
    world.fold.run(world.log)
    assert world.fold.folded(world.log) == 10_000
    assert world.behind
    hashes = [leaf_hash(encode(each.entry)) for each in world.events]
    expected = [tree_root(hashes[start : start + 256]) for start in range(0, len(hashes) - 255, 256)]
    assert world.roots.read(world.log, 0, 0, 256) == expected


def test_counts_that_were_deleted_are_not_half_there() -> None:
    """The sums begin where the counts of all logs are whole, and say when that is."""
    world, other = World(), log_of(seed=2)
    world.append([LOGIN._replace(occurred_ms=DAY_0 + hour * HOUR) for hour in range(72)])
    world.fold.run(world.log)
    assert world.counts.prune(world.log, DAY_0 + 30 * HOUR) > 0
    for asked in every_question():
        sums = Statistics(world.appends, world.counts).sums([other, world.log], asked)
        assert sums.from_ms == DAY_0 + 30 * HOUR
        assert sums.numbers == world.recount(asked._replace(from_ms=DAY_0 + 30 * HOUR))
    late = Statistics(world.appends, world.counts).sums([world.log], every_question(DAY_0, DAY_0 + DAY)[0])
    assert not late.numbers


def hostile(chance: random.Random) -> Counted:
    activity = "".join(chance.choices(string.ascii_letters + string.digits, k=128))
    actor = str(uuid.UUID(int=chance.getrandbits(128)))
    return Counted(DAY_0, activity, "other", activity[:64], "failure", actor, "unknown")
