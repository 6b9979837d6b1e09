"""`python -m infra.cost` prints what three sizes cost a month; with `--events` and others, what your load costs."""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields

from infra.cost.bill import SIZES, Load, dollars, lines, prices, total


def table(loads: Mapping[str, Load]) -> str:
    """Dollars a month by item, the largest of the last load first."""
    known = prices()
    of = known.of
    columns = {name: {line.item: dollars(line, of) for line in lines(load)} for name, load in loads.items()}
    *_, last = columns.values()
    by_item = {line.item: line for load in loads.values() for line in lines(load)}
    rows = [f"| dollars a month | {' | '.join(columns)} | moved by |", f"|---{'|---:' * len(columns)}|---|"]
    for item in sorted(by_item, key=lambda item: -last.get(item, 0)):
        line = by_item[item]
        mark = "" if of[line.price].is_sourced else " \\*"
        cells = " | ".join(f"{column.get(item, 0):,.2f}" for column in columns.values())
        rows.append(f"| {item}{mark} | {cells} | {line.moved_by} |")
    totals = " | ".join(f"**{total(load, of):,.0f}**" for load in loads.values())
    rows.append(f"| **all** | {totals} | |")
    return "\n".join(rows)


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1
    if not 0 <= amount < math.inf:
        raise argparse.ArgumentTypeError("must be a number of at least 0")
    return amount


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.cost", description="Dollars a month, in us-east-1.")
    parser.add_argument("--events", type=_amount, help="events a second, of a month's average")
    for field in fields(Load)[1:]:
        option = f"--{field.name.replace('_', '-')}"
        if field.type in (bool, "bool"):
            parser.add_argument(option, action="store_true")
        else:
            parser.add_argument(option, type=_amount, default=field.default, help=f"({field.default})")
    options = vars(parser.parse_args(arguments))
    events = options.pop("events")
    loads = SIZES if events is None else {"your load": Load(events_a_second=events, **options)}
    sys.stdout.write(
        f"{table(loads)}\n\n\\* a price without a source. Prices: infra/cost/prices.toml, {prices().read}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
