"""The cells of a CSV file: RFC 4180, and cells that a spreadsheet would run as formulas disarmed."""

import re
from collections.abc import Sequence

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_AHEAD = r"(?:[^\S\t\r\n]|[\"'\0])*"
"""Blanks and quotes: behind them a spreadsheet still finds the sign."""

_FORMULA = re.compile(rf"\A(?={_AHEAD}[{_SIGNS}\t\r\n])|(?<=[,;\t\r\n])(?={_AHEAD}[{_SIGNS}])")
_QUOTED = re.compile('[",\r\n]')


def line(cells: Sequence[str]) -> bytes:
    return (",".join(map(_cell, cells)) + "\r\n").encode()


def _cell(text: str) -> str:
    disarmed = _FORMULA.sub("'", text)
    return '"' + disarmed.replace('"', '""') + '"' if _QUOTED.search(disarmed) else disarmed
