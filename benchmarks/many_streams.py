"""A batch of 500 events of 500 tenants through the fan-out's handler: seconds, calls to STS, and memory."""

import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.delivery_house import House, Record, delivery_house, peak_megabytes, processor_seconds
from benchmarks.measuring import Row
from infra.local.functions.instances import Function

TENANTS = 500
WARM = 6


class Took(NamedTuple):
    seconds: float
    processor: float
    """Seconds of CPU time."""
    assume_role: int
    parked: int
    """How many events are not in their stream when the function has answered."""


def rows() -> Iterator[Row]:
    with delivery_house() as house:
        events = house.many({f"t{number}": 1 + WARM for number in range(TENANTS)})
        function = house.function("fan_out")
        before = peak_megabytes()
        cold, *warm = [_batch(house, function, [each[place] for each in events.values()]) for place in range(1 + WARM)]
        peak = peak_megabytes()
    middle = Took(*(statistics.median(each) for each in zip(*warm, strict=True)))
    yield Row(
        f"a batch of {TENANTS} events of {TENANTS} tenants, cold / warm, answers of 15 ms: seconds, CPU seconds",
        f"{cold.seconds:.2f}, {cold.processor:.2f} / {middle.seconds:.2f}, {middle.processor:.2f}",
    )
    yield Row(
        "AssumeRole calls of the same, cold / each warm one; events parked",
        f"{cold.assume_role} / {', '.join(str(each.assume_role) for each in warm)}; "
        f"{cold.parked} / {', '.join(str(each.parked) for each in warm)}",
        f"{TENANTS} / 0; none parked",
    )
    yield Row("peak memory of the same; of an instance that has only started", f"{peak:.0f} MB; {before:.0f} MB")


def _batch(house: House, function: Function, images: list[Record]) -> Took:
    house.aws.clear()
    event = house.stream_event(images)
    processor, started = processor_seconds(), time.monotonic()
    answer = function.invoke(event, "batch")
    seconds = time.monotonic() - started
    assert answer == {"batchItemFailures": []}, answer
    counts = house.aws.counts()
    return Took(seconds, processor_seconds() - processor, counts["AssumeRole"], len(images) - counts["records"])
