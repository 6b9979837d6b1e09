"""The cost of imports: the ingest handler compared with msgspec and a botocore DynamoDB client alone.

New processes in turn, with bytecode already written. CPU time and elapsed time of each whole process, minus those
of a Python that imports nothing.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import ROUNDS, Row

ROOT = Path(__file__).parents[1]
MAX_RATIO = 1.5

_CLIENT = "import botocore.session; botocore.session.get_session().create_client('dynamodb', region_name='us-east-1')"
NOTHING = "pass"
FLOOR = f"import msgspec; {_CLIENT}"
HANDLER = f"import ingest.handler; {_CLIENT}"


class _Cost(NamedTuple):
    cpu: float
    elapsed: float


def rows() -> Iterator[Row]:
    programs = {"nothing": NOTHING, "floor": FLOOR, "handler": HANDLER}
    for program in programs.values():
        _run(program)  # writes the bytecode
    costs: dict[str, list[_Cost]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            costs[name].append(_run(program))
    cpu = {name: statistics.median(cost.cpu for cost in each) for name, each in costs.items()}
    floor, handler = cpu["floor"] - cpu["nothing"], cpu["handler"] - cpu["nothing"]
    yield Row(
        "imports of the ingest handler, with a DynamoDB client, against msgspec and that client alone",
        f"{handler * 1000:.0f} / {floor * 1000:.0f} ms = {handler / floor:.2f}",
        f"at most {MAX_RATIO}",
    )


def _run(program: str) -> _Cost:
    before, started = os.times(), time.perf_counter()
    subprocess.run(  # noqa: S603  our own programs
        [sys.executable, "-c", program],
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "lambdas"), "AWS_EC2_METADATA_DISABLED": "true"},
    )
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return _Cost(used, time.perf_counter() - started)
