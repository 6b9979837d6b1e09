"""Medians, and rows of the table that `python -m benchmarks` prints."""

import statistics
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

ROUNDS = 9


class Row(NamedTuple):
    """What was measured, what came of it, and what it must reach."""

    measure: str
    result: str
    must: str = ""


def cpu_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median of this process's CPU time for the work, all its threads', after one round that does not count."""
    work()
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def table(rows: Iterable[Row]) -> str:
    lines = ["| measure | result | must reach |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.measure} | {row.result} | {row.must} |" for row in rows)])
