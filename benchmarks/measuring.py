"""Medians, and the rows of the table that `python -m benchmarks` prints."""

import statistics
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

ROUNDS = 9


class Row(NamedTuple):
    """What was measured, the result, and the required result."""

    measure: str
    result: str
    must: str = ""


def cpu_seconds_in_turn(*works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The median of this process's CPU time in all threads for each of the works, which run in turn.

    The first round is not counted.
    """
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for work, seconds in zip(works, taken, strict=True):
            started = time.process_time()
            work()
            seconds.append(time.process_time() - started)
    return [statistics.median(seconds[1:]) for seconds in taken]


def table(rows: Iterable[Row]) -> str:
    lines = ["| measure | result | must reach |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.measure} | {row.result} | {row.must} |" for row in rows)])
