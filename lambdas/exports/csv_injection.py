"""Escapes cells that a spreadsheet would run as a formula (OWASP, "CSV Injection"; CWE-1236).

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and some take the full-width signs, too.
Where cells begin is its user's choice. Excel separates by the list separator of the system, which is `;` in most of
Europe. LibreOffice ("Text Import") offers tab, comma and semicolon, trims blanks, and lets its user change the quote
character. In a file with commas that is read by semicolons, the quotes stand within cells: what they enclose is then
divided as well, at separators and at line breaks.

So a `'` is put at the beginning of each cell, and behind each comma, semicolon, tab and line break within it, where one
of the signs follows behind any blanks and quotes. At the beginning of a cell it is put before a tab and a line break as
well. A `'` counts among the quotes: what looks escaped gets one more, and a program can read back the original.
"""

import re

_SIGNS = r"=+\-@＝＋－＠"  # noqa: RUF001  meant
_AROUND = r"""(?:[^\S\t\r\n]|[\0"'])*"""  # white space that ends no cell, and what stands around texts
_FIRST = rf"(?={_AROUND}[\t\r\n{_SIGNS}])"
_FURTHER = rf"(?={_AROUND}[{_SIGNS}])"
_SEPARATOR = r"[,;\t\r\n]"

_BEFORE_FORMULA = re.compile(rf"^{_FIRST}|(?<={_SEPARATOR}){_FURTHER}")
_ESCAPED = re.compile(rf"^'{_FIRST}|(?<={_SEPARATOR})'{_FURTHER}")
_begins_within = re.compile(_SEPARATOR + _FURTHER).search


def escape_cell(cell: str) -> str:
    if cell[:1].isalnum() and not _begins_within(cell):
        return cell  # most cells
    return _BEFORE_FORMULA.sub("'", cell)


def unescape_cell(cell: str) -> str:
    """The inverse of `escape_cell`."""
    return _ESCAPED.sub("", cell)
