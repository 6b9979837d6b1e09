"""Cells that a spreadsheet would run as a formula, disarmed (OWASP, "CSV Injection").

`'` is put before a cell that begins, also behind blanks, with `=`, `+`, `-`, `@`, a tab or a line break, or with one of
the full-width forms that some spreadsheets take for them. So that a program can read back what was there, `'` is put
before a cell that looks disarmed already, too: whoever takes one `'` off each cell that `is_armed` has the original.
"""

import re

_FORMULA = re.compile(r"[' ]*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  meant
_FIRST = frozenset("' =+-@\t\r\n＝＋－＠")  # noqa: RUF001  meant


def disarmed(cell: str) -> str:
    return f"'{cell}" if is_armed(cell) else cell


def rearmed(cell: str) -> str:
    """What `disarmed` was given."""
    return cell[1:] if cell[:1] == "'" and is_armed(cell) else cell


def is_armed(cell: str) -> bool:
    return cell[:1] in _FIRST and _FORMULA.match(cell) is not None
