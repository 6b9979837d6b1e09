"""What slow streams cost their neighbours: the delay of other tenants' events while some streams answer after 1.9 s.

Ten lanes of one shard, as the mapping has them, with ten instances of the fan-out. A tenant's events are in all lanes.
A lane gets records four times a second, as Lambda polls. The delay begins then and ends when the stream has taken the
record.
"""

import math
import queue
import random
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

from benchmarks.delivery_house import BATCH, House, Record, Redelivery, delivery_house
from benchmarks.measuring import Row
from infra.local.functions.instances import Function
from infra.local.functions.lanes import Lanes, lane_of

TENANTS = 500
LANES = 10
"""The mapping's parallelisation factor."""
SLOW = (1, 5, 40)
TAKES = 2
"""In turn, so that a noisy minute affects each number of slow streams. Their delays count together."""
SLOW_SECONDS = 1.9
MAY_BE_SLOW = "slow"
"""How the names of the tenants begin that are slow in some of the takes. Each sends an event in the first second."""
SECONDS = 12
SETTLED = 3
"""Second from which slow streams must be known."""
POLLS_A_SECOND = 4
EVENTS, EVENTS_OF_SLOW = 4, 12
"""Of each tenant in `SECONDS`: a slow one sends one a second."""
BUSY_A_SECOND = 600
ROUNDS = 3
LAST_SECONDS = 20
MUST = 1.2


class Delays(NamedTuple):
    first: Sequence[float]
    """Of the events of the first three seconds, sorted. An event that did not come has an infinite delay."""
    later: Sequence[float]


class Neighbourhood:
    """Lanes and redelivery over a house, with warm caches."""

    def __init__(self, house: House, events: Mapping[str, Sequence[Record]]) -> None:
        self._house = house
        self._events = events
        self._free = queue.SimpleQueue[Function]()
        for _ in range(LANES):
            self._free.put(house.function("fan_out"))
        properties = {
            "BatchSize": BATCH,
            "ParallelizationFactor": LANES,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        self._lanes = Lanes("stream", properties, self._invoke, None)
        self._lanes.start(threading.Event())

    def warm_up(self) -> None:
        """Afterwards each instance has a session of each role. One batch has not time for all of them."""
        images = [images[0] for images in self._events.values()]
        functions = [self._free.get() for _ in range(LANES)]
        with ThreadPoolExecutor(2) as threads:
            for _ in range(ROUNDS):
                self._house.aws.clear()
                event = self._house.stream_event(images)
                for answer in threads.map(Function.invoke, functions, [event] * LANES, ["warm-up"] * LANES):
                    assert answer == {"batchItemFailures": []}, answer
        for function in functions:
            self._free.put(function)

    def _invoke(self, event: Mapping[str, Any], request_id: str) -> Any:
        """By any free instance, as on Lambda. There is one for each lane."""
        function = self._free.get()
        try:
            return function.invoke(event, request_id)
        finally:
            self._free.put(function)

    def run(self, slow: Collection[str], senders: Collection[str], measured: Collection[str]) -> Delays:
        """Plays the events of `senders`. Returns the delays of those of `measured`."""
        house = self._house
        house.set_up(list(senders))
        house.aws.clear()
        house.aws.behave(list(slow), seconds=SLOW_SECONDS)
        began = time.monotonic()
        passed: dict[str, float] = {}
        for at, images in self._plan(senders):
            time.sleep(max(0.0, began + at - time.monotonic()))
            passed |= dict.fromkeys((image["sk"]["S"] for image in images), time.monotonic() - began)
            self._lanes.put("shard", house.stream_records(images))
        self._wait()
        time.sleep(SETTLED)  # what was parked for want of time may still come
        came = house.aws.came()
        house.aws.behave(list(slow))
        delays: tuple[list[float], list[float]] = ([], [])
        for tenant in measured:
            for image in self._events[tenant]:
                event = image["sk"]["S"]
                delay = came[event] - began - passed[event] if event in came else math.inf
                delays[passed[event] >= SETTLED].append(delay)
        return Delays(*map(sorted, delays))

    def _plan(self, senders: Collection[str]) -> list[tuple[float, list[Record]]]:
        """When which records come. Each lane has polls of its own, so that they do not all begin at the same moment."""
        chance = random.Random(1)  # noqa: S311  the same each time
        polls: dict[float, list[Record]] = {}
        for tenant in senders:
            for place, image in enumerate(self._events[tenant]):
                lane = lane_of({"pk": image["pk"], "sk": image["sk"]}, LANES)
                # A slow stream is unknown until its first event, which then costs its lane a time-out.
                within = 1 if tenant.startswith(MAY_BE_SLOW) and not place else SECONDS
                poll = chance.randrange(within * POLLS_A_SECOND)
                polls.setdefault((poll + lane / LANES) / POLLS_A_SECOND, []).append(image)
        return sorted(polls.items(), key=lambda each: each[0])

    def _wait(self) -> None:
        """Until the lanes are idle."""
        until = time.monotonic() + LAST_SECONDS
        while self._lanes.waiting and time.monotonic() < until:
            time.sleep(0.05)


def rows(slow: Sequence[int] = SLOW, tenants: int = TENANTS) -> Iterator[Row]:
    may_be_slow = [f"{MAY_BE_SLOW}{number}" for number in range(max(slow))]
    others = [f"t{number}" for number in range(tenants - len(may_be_slow))]
    with _neighbourhood(
        dict.fromkeys(may_be_slow, EVENTS_OF_SLOW) | dict.fromkeys(others, EVENTS) | {"busy": BUSY_A_SECOND * SECONDS}
    ) as here:
        takes: list[list[Delays]] = [
            [here.run(may_be_slow[:count], [*may_be_slow, *others], others) for count in (0, *slow)]
            for _ in range(TAKES)
        ]
        none, *each = map(_together, zip(*takes, strict=True))
        yield Row(f"neighbours' delay, {tenants} streams, none slow, p50 / p95 / p99", _told(none))
        for count, delays in zip(slow, each, strict=True):
            yield Row(
                f"neighbours' delay, {count} of {tenants} streams slow (answers after {SLOW_SECONDS} s)",
                f"{_told(delays)}; p99 {_ratio(delays, none)} times none",
                f"p99 at most {MUST} times none from the third second on",
            )
        few = others[:100]
        alone = here.run((), ["busy", may_be_slow[0], *few], ["busy"])
        beside = here.run(may_be_slow[:1], ["busy", may_be_slow[0], *few], ["busy"])
        yield Row(
            f"a busy neighbour's {BUSY_A_SECOND} events a second, none slow / beside a slow stream",
            f"{_throughput(alone):,.0f} / {_throughput(beside):,.0f} a second; {_told(alone)} / {_told(beside)}",
            f"{BUSY_A_SECOND}; p99 at most {MUST} times none",
        )


@contextmanager
def _neighbourhood(events: Mapping[str, int]) -> Iterator[Neighbourhood]:
    with delivery_house() as house:
        here = Neighbourhood(house, house.many(events))
        # One instance: on AWS the drains of slow streams take no processor from the fan-out.
        with Redelivery(house, instances=1):
            here.warm_up()
            yield here


def _together(takes: Sequence[Delays]) -> Delays:
    first, later = zip(*takes, strict=True)
    return Delays(sorted(chain(*first)), sorted(chain(*later)))


def _told(delays: Delays) -> str:
    missing = sum(map(math.isinf, [*delays.first, *delays.later]))
    return (
        f"{_percentiles(delays.later)} ms (the first three seconds {_percentiles(delays.first)} ms)"
        f"{f', {missing} did not come' if missing else ''}"
    )


def _percentiles(delays: Sequence[float]) -> str:
    return " / ".join(f"{_percentile(delays, share) * 1e3:,.0f}" for share in (0.5, 0.95, 0.99))


def _percentile(delays: Sequence[float], share: float) -> float:
    return delays[min(len(delays) - 1, int(len(delays) * share))]


def _ratio(delays: Delays, none: Delays) -> str:
    return f"{_percentile(delays.later, 0.99) / _percentile(none.later, 0.99):.2f}"


def _throughput(delays: Delays) -> float:
    """Records a second that came without falling behind: within a second of Lambda's poll."""
    return sum(delay < 1 for delay in delays.later) / (SECONDS - SETTLED)
