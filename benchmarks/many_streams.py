"""A batch of 500 events of 500 tenants through the fan-out's handler: seconds, calls to STS, and memory."""

import statistics
import time
from collections.abc import Iterator

from benchmarks.delivery_house import House, Record, delivery_house, peak_megabytes
from benchmarks.measuring import Row
from infra.local.functions.instances import Function

TENANTS = 500
WARM = 6


def rows() -> Iterator[Row]:
    with delivery_house() as house:
        events = house.many({f"t{number}": 1 + WARM for number in range(TENANTS)})
        function = house.function("fan_out")
        before = peak_megabytes()
        seconds, calls, left = zip(
            *(_batch(house, function, [each[place] for each in events.values()]) for place in range(1 + WARM)),
            strict=True,
        )
        peak = peak_megabytes()
    yield Row(
        f"a batch of {TENANTS} events of {TENANTS} tenants, cold / warm, answers of 15 ms",
        f"{seconds[0]:.2f} s / {statistics.median(seconds[1:]):.2f} s; the worst warm one {max(seconds[1:]):.2f} s",
    )
    yield Row(
        "AssumeRole calls of the same, cold / each warm one; events parked",
        f"{calls[0]} / {', '.join(map(str, calls[1:]))}; {left[0]} / {', '.join(map(str, left[1:]))}",
        "500 / 0; 0 / 0",
    )
    yield Row("peak memory of the same; of an instance that has only started", f"{peak:.0f} MB; {before:.0f} MB")


def _batch(house: House, function: Function, images: list[Record]) -> tuple[float, int, int]:
    """Seconds, calls to STS, and how many events are not in their stream."""
    house.aws.clear()
    event = house.stream_event(images)
    started = time.monotonic()
    answer = function.invoke(event, "batch")
    took = time.monotonic() - started
    assert answer == {"batchItemFailures": []}, answer
    counts = house.aws.counts()
    return took, counts["AssumeRole"], len(images) - counts["records"]
