"""Escapes cells that a spreadsheet would run as a formula (OWASP, "CSV Injection").

A `'` is put before a cell that begins, after any blanks, with `=`, `+`, `-`, `@`, a tab or a line break, or with one of
the full-width signs that some spreadsheets accept. It is also put behind a `;` or a tab within a cell, where the same
follows: a spreadsheet that separates by these would begin a cell there. What looks escaped already gets a `'`, too, so
that a program can read back the original: it takes off one `'` at each place of which `unescape_cell` speaks.
"""

import re

_FORMULA = r"[' ]*[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001  meant
_BEFORE_FORMULA = re.compile(rf"(^|[;\t])(?={_FORMULA})")
_ESCAPED = re.compile(rf"(^|[;\t])'(?={_FORMULA})")
_FIRST = frozenset("' =+-@\t\r\n＝＋－＠")  # noqa: RUF001  meant


def escape_cell(cell: str) -> str:
    if cell[:1] in _FIRST or ";" in cell or "\t" in cell:
        return _BEFORE_FORMULA.sub(r"\1'", cell)
    return cell


def unescape_cell(cell: str) -> str:
    """The inverse of `escape_cell`: takes one `'` off where it begins the cell, or follows a `;` or a tab, and stands
    before any more `'` and blanks and one of the signs.
    """
    return _ESCAPED.sub(r"\1", cell)
