"""`python -m benchmarks` prints all measures as one table. With names it prints only those: `python -m benchmarks
imports`.
"""

import importlib
import pkgutil
import platform
import sys
from pathlib import Path

from benchmarks.measuring import Row, table

NOT_MEASURES = frozenset(
    {
        "__main__",
        "aws_stub",
        "console_log",
        "delivery_house",
        "filters",
        "limited_neighbour",
        "first_read",
        "make_dictionary",
        "measuring",
        "running_house",
        "typical",
    }
)


def main(names: list[str]) -> None:
    measures = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    rows: list[Row] = []
    for name in names or [measure for measure in measures if measure not in NOT_MEASURES]:
        print(f"{name} …", file=sys.stderr)
        rows += importlib.import_module(f"benchmarks.{name}").rows()
    print(table(rows))
    print(f"\nMedians, on {_processor()}, Python {platform.python_version()}.")


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0]}, {len(models)} cores" if models else platform.platform()


if __name__ == "__main__":
    main(sys.argv[1:])
