"""Appenders against what was stored: whatever order, doubling and cutting, however many of them, killed anywhere.

Each actor is an appender with its own client and its own memory. Before any call of one, another may run to its end or
be killed; any call may be refused, or be done and its answer be lost. In the end every storing has exactly one entry,
and every head that anybody has seen is the beginning of every later one.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from daybook.aws.batches import Patience
from daybook.aws.ledger_table.appends import AppendTable
from daybook.aws.ledger_table.registry import LogTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND
from daybook.errors import Contended, Throttled
from daybook.ledger import delta
from daybook.ledger.appender import Appender
from daybook.ledger.entries import encode
from daybook.ledger.log import NOTHING, EntryKey, Head, Stored
from daybook.ledger.merkle import EMPTY, leaf_hash
from tests.support.exports import Killed
from tests.support.faulty_clients import failing
from tests.support.ledger import RECEIVED, log_key, stored
from tests.support.wiring import seeded_bytes

moments = st.sampled_from([0, 1, 9_999, 10_000, 10_001, -DAY, 400 * DAY])
numbers = st.lists(st.integers(0, 30), min_size=1, max_size=6)
plans = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["run", "run", "kill", "refuse", "lose"])), max_size=4)
"""Before which call what happens: another appends, this one is killed, the call is refused, its answer is lost."""


class Interrupted:
    """A client to which something happens before or after the calls that a plan names."""

    def __init__(self, client: Any, plan: list[tuple[int, str]], other: Callable[[], None]) -> None:
        self._client = client
        self._plan = plan
        self._other = other
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def planned(**arguments: Any) -> Any:
            what = [each for at, each in self._plan if at == self._calls]
            self._calls += 1
            if "run" in what:
                self._other()
            if "kill" in what:
                raise Killed
            if "refuse" in what:
                raise failing("ThrottlingException", name)
            answer = call(**arguments)
            if "lose" in what:
                raise failing("InternalServerError", name)
            return answer

        return planned


class Appending(RuleBasedStateMachine):
    client: Any
    table: str
    serial = iter(range(10**9))

    @initialize()
    def begin(self) -> None:
        run = next(self.serial)
        self.chance = seeded_bytes(run)
        # The runs share a table, so each has a tenant of its own.
        self.keys = [log_key(f"{run:06}"), log_key(f"{run:06}", visibility="operations"), log_key(f"{run:06}", 3)]
        self.now = RECEIVED
        self.inserted: list[dict[EntryKey, Stored]] = [{} for _ in self.keys]
        self.seen: list[list[Head]] = [[NOTHING] for _ in self.keys]

    def appender(self, client: Any) -> Appender:
        patience = Patience(sleep=lambda _: None)
        logs, appends = LogTable(client, self.table), AppendTable(client, self.table, patience)
        return Appender(logs, appends, "daybook", lambda: self.now, self.chance, lambda _: None)

    @rule(log=st.integers(0, 2), some=numbers, moment=moments)
    def insert(self, log: int, some: list[int], moment: int) -> None:
        """Each is one storing: an event that has expired may be sent again, and is received at another moment."""
        events = [stored(number, RECEIVED + moment + number % 3) for number in some]
        self.inserted[log] |= {event.key: event for event in events}

    @rule(seed=st.integers(0, 10**9), size=st.integers(1, 9), plan=plans, others=st.lists(plans, max_size=2))
    def deliver(self, seed: int, size: int, plan: list[tuple[int, str]], others: list[list[tuple[int, str]]]) -> None:
        """A batch: any of what was stored, in any order, some of it twice, some of it for the second time."""
        choice = random.Random(seed)  # noqa: S311
        self.batch(choice, choice.randrange(len(self.keys)), size, [plan, *others])

    def batch(self, choice: random.Random, of: int, size: int, plans: list[list[tuple[int, str]]]) -> None:
        """Those that run meanwhile append to the same log."""
        key, events = self.keys[of], list(self.inserted[of].values())
        if not events:
            return
        chosen = [choice.choice(events) for _ in range(size)]

        def other() -> None:
            if len(plans) > 1:
                self.batch(choice, of, size, plans[1:])

        appender = self.appender(Interrupted(self.client, plans[0], other))
        try:
            log, head = appender.append(key, chosen)
        except (Killed, Throttled, Contended):
            return
        known = self.appender(self.client).appends.find(log, [event.key for event in chosen])
        assert known.keys() == {event.key for event in chosen}, "what it says is appended is appended"
        self.seen[of].append(head)

    @rule(seconds=st.integers(-90, 90))
    def time_passes(self, seconds: int) -> None:
        """Or goes back."""
        self.now += seconds * SECOND

    @invariant()
    def older_heads_are_beginnings_of_newer_ones(self) -> None:
        for key, seen in zip(self.keys, self.seen, strict=True):
            appender = self.appender(self.client)
            log = appender.logs.current(key)
            if log is None:
                assert seen == [NOTHING]
                continue
            entries = [encode(entry) for _, entry in appender.appends.read(log, 0, 10**6)]
            head = appender.appends.head(log)
            assert head.size == len(entries)
            for older in (*seen, head):
                edge = EMPTY.extended(map(leaf_hash, entries[: older.size]))
                assert (older.edge, older.root) == (edge, edge.root)
            moments_ = [append.at_ms for append in appender.appends.appends(log, 0, head.size)]
            assert moments_ == sorted(moments_)

    def teardown(self) -> None:
        """What the stream still has, it brings at last. What it has lost, the sweep brings."""
        for key, inserted in zip(self.keys, self.inserted, strict=True):
            if not inserted:
                continue
            appender = self.appender(self.client)
            log, _ = appender.append(key, list(inserted.values()))
            entries = [entry for _, entry in appender.appends.read(log, 0, 10**6)]
            assert len(entries) == len(inserted)
            assert {(entry.id, entry.received_ms): entry for entry in entries} == {
                each.key: each.entry for each in inserted.values()
            }
            counted = []
            for append in appender.appends.appends(log, 0, len(entries)):
                packed = appender.appends.delta(log, append)
                assert packed is not None
                counted += delta.read(packed)
            assert counted == [inserted[entry.id, entry.received_ms].counted for entry in entries]
        self.older_heads_are_beginnings_of_newer_ones()


@pytest.mark.parametrize(
    ("store", "examples"),
    [
        ("memory", 150),
        pytest.param("moto", 25, marks=pytest.mark.long),
        pytest.param("dynamodb-local", 25, marks=pytest.mark.long),
    ],
    indirect=["store"],
)
def test_every_storing_has_exactly_one_entry(dynamodb: Any, tables: Tables, examples: int) -> None:
    """On each store."""
    machine = type("Machine", (Appending,), {"client": dynamodb, "table": tables.ledger})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
        ),
    )
