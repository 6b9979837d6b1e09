"""Escapes cells that a spreadsheet would run as a formula (OWASP, "CSV Injection").

A `'` is put before a cell that begins, after any blanks, with `=`, `+`, `-`, `@`, a tab or a line break, or with one of
the full-width signs that some spreadsheets accept. A cell that looks escaped already gets a `'`, too, so that a program
can read back the original: it takes one `'` off each cell for which `needs_escape` is true.
"""

import re

_FORMULA = re.compile(r"[' ]*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001  meant
_FIRST = frozenset("' =+-@\t\r\n＝＋－＠")  # noqa: RUF001  meant


def escape_cell(cell: str) -> str:
    return f"'{cell}" if needs_escape(cell) else cell


def unescape_cell(cell: str) -> str:
    """The inverse of `escape_cell`."""
    return cell[1:] if cell[:1] == "'" and needs_escape(cell) else cell


def needs_escape(cell: str) -> bool:
    return cell[:1] in _FIRST and _FORMULA.match(cell) is not None
