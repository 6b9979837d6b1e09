"""Whatever happens at whichever call to AWS, no event is lost.

A world of workers that share one control table. At each call of any of them the world may go on first: another worker
drains or publishes, minutes pass while the worker is frozen, the stream fails, is changed, or deleted and set again. Or
the worker is killed, before the call or after it. Messages are lost, doubled and reordered, and the workers' clocks
differ by a minute.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from daybook.aws.control_table import parked
from daybook.aws.wiring import Tables
from daybook.clock import MINUTE, SECOND
from daybook.delivery.backlog import OVERDUE_MS, Backlog
from daybook.delivery.destination import Destination
from daybook.delivery.records import Record
from daybook.delivery.sender import Answer, PutFailed
from streams import drain_turn
from streams.fan_out_handler import fan_out_over
from streams.redeliver_handler import redeliver_over
from tests.conftest import Store
from tests.support.ingest import NOW
from tests.support.streams import STREAM, MemoryQueue, MemoryStreams, StreamHarness
from tests.support.tenant_log import TenantLog

SEEDS = {"memory": 200, "moto": 20, "dynamodb-local": 10}
EVENTS = 60
DELETING = 0.3
"""In so many worlds the stream is deleted and set again. In the others nothing may be dropped."""
THROTTLED = "ProvisionedThroughputExceededException"
MAX_DEPTH = 3
"""So many workers are at work at the same time, each within a call of the one before."""


class Killed(BaseException):
    """The process is killed, and nothing in it continues."""


class Watched:
    """A client. Before and after each of its calls the world may intervene."""

    def __init__(self, client: Any, intervene: Callable[[], None]) -> None:
        self._client = client
        self._intervene = intervene

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if not callable(call) or name == "get_paginator":
            return call

        def watched(*positional: Any, **named: Any) -> Any:
            self._intervene()
            answer = call(*positional, **named)
            self._intervene()
            return answer

        return watched


class Streams(MemoryStreams):
    """Also knows to which of the tenant's streams the records went."""

    def __init__(self) -> None:
        super().__init__()
        self.places: defaultdict[str, set[str]] = defaultdict(set)

    def put(self, destination: Destination, records: Sequence[Record], answer_seconds: float) -> Answer:
        before = len(self.taken.get("acme", []))
        answer = super().put(destination, records, answer_seconds)
        went = (json.loads(record.data)["id"] for record in self.taken["acme"][before:])
        self.places[destination.chosen.stream_arn].update(went)
        return answer


class World:
    def __init__(self, log: TenantLog, sent: list[str], seed: int, *, calm: bool = False) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.log = log
        self.kills = self.turns = self.depth = 0
        self.calm = calm
        self.odds = 0.0 if calm else self.chance.choice([0.02, 0.05, 0.15])
        self.streams, self.queue = Streams(), MemoryQueue()
        self.plain = StreamHarness(log, streams=self.streams)
        self.seed = seed
        self.arn: str | None = None
        self.generations = self.moment = self.deleted = 0
        self.began: dict[str, int] = {}
        """The moment when each event was handled first."""
        self.until: dict[str, float] = {}
        """The moment until which each stream was the tenant's."""
        self.deletes = not calm and self.chance.random() < DELETING
        self.set_again()
        self.batches = []
        left = list(sent)
        while left:
            size = self.chance.choice([1, 1, 2, 7, 20])
            self.batches.append(left[:size])
            left = left[size:]
        self.plain.created = dict.fromkeys(sent, log.now)
        self.events = {one: self.plain.stream(one) for one in map(tuple, self.batches)}

    def run(self) -> None:
        while self.batches:
            self.act()
        self.odds = 0.0
        if self.arn is None:
            self.set_again()
        self.streams.broken.clear()
        self.streams.faults.clear()
        self.queue.messages.clear()  # all are lost
        for _ in range(200):
            self.log.now += MINUTE
            self.work(lambda worker: worker.wake())
            while self.queue.messages:
                self.work(lambda worker: worker.retry())
            stored = self.plain.stored()
            if stored.drain_due_ms is None or stored.drain_idle:
                return
        raise AssertionError(stored)

    def intervene(self) -> None:
        if self.chance.random() < self.odds / 3:
            self.kills += 1
            raise Killed
        while self.depth < MAX_DEPTH and self.chance.random() < self.odds:
            self.turns += 1
            self.act()

    def act(self) -> None:
        self.moment += 1
        kinds = [self.publish, self.publish, self.message, self.message, self.wake, self.pass_time, self.trouble]
        if not self.calm:
            kinds.append(self.change)
        if self.deletes:
            kinds.append(self.delete_or_set)
        self.chance.choice(kinds)()

    def worker(self) -> StreamHarness:
        """A process of its own: its clients, and a clock that may be half a minute early or late."""
        log = copy(self.log)
        skew = self.chance.randint(-30, 30) * SECOND
        log.wiring = replace(
            self.log.wiring, client=Watched(self.log.dynamodb, self.intervene), clock=lambda: self.log.now + skew
        )
        worker = StreamHarness(log, streams=Watched(self.streams, self.intervene), queue=self.queue)
        backlog = Backlog(
            worker.wiring.parked,
            worker.wiring.drains,
            Watched(self.queue, self.intervene),
            worker.count,
            worker.wiring.clock,
        )
        worker.fan_out = fan_out_over(worker.wiring, backlog, lambda: worker.seconds)
        worker.redeliver = redeliver_over(worker.wiring, backlog, lambda: worker.seconds)
        return worker

    def work(self, does: Callable[[StreamHarness], Any]) -> bool:
        """Whether the worker survived."""
        self.depth += 1
        try:
            does(self.worker())
        except Killed:
            return False
        finally:
            self.depth -= 1
        return True

    def publish(self) -> None:
        """Lambda repeats what failed, from the lowest record that failed."""
        if not self.batches:
            return
        batch = self.batches.pop(self.chance.randrange(len(self.batches)))
        failed: list[str] = []
        for one in batch:
            self.began.setdefault(one, self.moment)
        event = self.events[tuple(batch)]
        survived = self.work(lambda worker: failed.extend(worker.publish(event)))
        if not survived or failed:
            self.batches.append(batch)

    def message(self) -> None:
        """Any of them, whether it is due or not. Some are lost, and some come again."""
        if not self.queue.messages:
            return
        place = self.chance.randrange(len(self.queue.messages))
        message = self.queue.messages.pop(place)
        fate = self.chance.random()
        if fate < 0.2 and not self.calm:
            return
        if fate < 0.4:
            self.queue.messages.append(message)
        self.log.now += self.chance.choice([0, message[1] * SECOND])
        self.queue.messages.insert(0, message)
        if not self.work(lambda worker: worker.retry(1)):
            self.queue.messages.append(message)

    def wake(self) -> None:
        self.work(lambda worker: worker.wake())

    def pass_time(self) -> None:
        """Also so long that a worker which is frozen meanwhile has lost its claim."""
        self.log.now += self.chance.choice([SECOND, 10 * SECOND, OVERDUE_MS, 3 * MINUTE, 20 * MINUTE])

    def trouble(self) -> None:
        match self.chance.randrange(4):
            case 0:
                self.streams.break_down()
            case 1:
                self.streams.faults["acme"] = [lambda place: THROTTLED if place % 2 else None] * 5
            case 2:
                self.streams.faults["acme"] = [PutFailed("ReadTimeoutError", transient=True, timed_out=True)] * 2
            case _:
                self.streams.mend()

    def change(self) -> None:
        """The admin chooses another stream, or the same one again."""
        if self.arn is None:
            return
        before = self.plain.stored()
        generation, chosen = before.generation, before.chosen
        if self.chance.random() < 0.7:
            self.until[self.arn] = self.moment
            generation = self._next()
            chosen = replace(chosen, stream_arn=self.arn)
        changed = self.plain.destinations.choose(before, chosen, generation)
        assert changed
        self.plain.wiring.drains.hurry(changed, self.log.now)
        if self.depth and generation != before.generation:
            # A drain of the former stream may be at work. What the new one does not take must not go to the former.
            self.moment += 1
            self.streams.broken.clear()
            self.streams.faults["acme"] = [lambda _: THROTTLED] * 2
            self.publish()

    def delete_or_set(self) -> None:
        if self.arn is None:
            self.set_again()
            return
        self.until[self.arn] = self.deleted = self.moment
        self.plain.destinations.remove(self.plain.stored().environment)
        self.arn = None

    def set_again(self) -> None:
        self.deleted = self.moment
        generation = self._next()
        self.plain.set_up(subscription=f"s-{generation}", generation=generation, stream_arn=self.arn)

    def _next(self) -> str:
        self.generations += 1
        self.arn = f"{STREAM}-{self.seed}-{self.generations}"
        self.until[self.arn] = inf
        return f"g-{self.seed}-{self.generations}"

    def lost(self) -> set[str]:
        """The events that are in no stream which was the tenant's when they were handled first, or later. What waits
        for a stream that is deleted may be dropped, and what comes while there is none.
        """
        found = {one for arn, ids in self.streams.places.items() for one in ids if self.until[arn] >= self.began[one]}
        return {one for one, began in self.began.items() if one not in found and began > self.deleted}

    def delivered(self) -> Counter[str]:
        return Counter(json.loads(record.data)["id"] for record in self.streams.taken.get("acme", []))


@pytest.fixture(autouse=True)
def small_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a drain has several calls, and reads several pages of rows."""
    monkeypatch.setattr(drain_turn, "KEYS_A_ROW", 2)
    monkeypatch.setattr(parked, "_ROWS_A_PAGE", 1)


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


@pytest.fixture
def sent(log: TenantLog) -> list[str]:
    return log.sent(*({"id": str(number)} for number in range(EVENTS)))


def test_no_event_is_lost_whatever_happens(log: TenantLog, sent: list[str], store: Store) -> None:
    """200 seeds. The duplicates are counted: about one event in eleven here, where each seed has several faults."""
    kills = turns = doubles = strict = 0
    for seed in range(SEEDS[store.name]):
        log.now = NOW
        world = World(log, sent, seed)
        world.run()
        assert world.lost() == set(), seed
        found = world.delivered()
        strict += not world.deletes
        stored = world.plain.stored()
        assert (stored.status, stored.given_up, world.plain.pending()) == ("active", 0, 0), seed
        assert stored.broken_due_ms is None, seed
        kills, turns = kills + world.kills, turns + world.turns
        doubles += found.total() - len(found)
    assert SEEDS[store.name] / 2 < strict < SEEDS[store.name]
    assert kills > SEEDS[store.name]
    assert turns > 3 * SEEDS[store.name]
    assert doubles < SEEDS[store.name] * EVENTS / 5


def test_without_kills_and_races_nothing_comes_twice(log: TenantLog, sent: list[str], store: Store) -> None:
    """Although messages come twice and out of order, and the stream fails and recovers."""
    for seed in range(SEEDS[store.name] // 5):
        log.now = NOW
        world = World(log, sent, seed, calm=True)
        world.run()
        assert world.delivered() == dict.fromkeys(sent, 1), seed
