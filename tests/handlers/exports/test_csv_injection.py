"""Cells that a spreadsheet would run are escaped, and every cell can be read back."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.catalogue.profile import profile
from daybook.jobs.export import CSV
from daybook.search.parameters import parse_parameters
from exports.csv_injection import escape_cell, unescape_cell
from exports.lines import LineFormatter

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "  =1",
    " \t",
    "\uff1d1",
    "\uff0d1",
    "=",
    "'=1",
    "' =1",
    '"=1',
    "\u00a0=1",
    "\u3000\0@x",
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_escaped(cell: str) -> None:
    """Also after blanks; and what looks escaped already, so that it can be told apart."""
    assert escape_cell(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("cell", "escaped"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a\t=1", "a\t'=1"),
        ("a; @x;b", "a;' @x;b"),
        ("a;'-1", "a;''-1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("=1;=2", "'=1;'=2"),
        ("a;b=1;\uff1d1", "a;b=1;'\uff1d1"),
        ('a;"=1"', 'a;\'"=1"'),
        ("a,=1", "a,'=1"),
        ("a\n=1", "a\n'=1"),
        ("a\r\n =1;b", "a\r\n' =1;b"),
        ("\n\n-1", "'\n\n'-1"),
    ],
)
def test_a_formula_within_a_cell_is_escaped(cell: str, escaped: str) -> None:
    """A spreadsheet that separates by semicolons or tabs begins a cell behind each. The quotes of this file do not
    enclose cells then, so a line break begins one as well.
    """
    assert escape_cell(cell) == escaped
    assert unescape_cell(escaped) == cell


@pytest.mark.parametrize(
    "cell", ["", "plain", "1-2", "a=b", "a;b", "a;b=1", "'quoted'", " blank", "2026-11-22", "~", "é", "a\n\nb", "a, b"]
)
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert escape_cell(cell) == cell


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
CELLS = st.text() | st.text(f"{SIGNS}\t\r\n,;\"' \u00a0\0a", max_size=9)
_PARAMETERS = parse_parameters({"view": ["native"]})
_write = LineFormatter(_PARAMETERS, CSV, "acme", profile("generic"))._csv  # noqa: SLF001  the lines of a file


@given(CELLS)
def test_every_cell_can_be_read_back(cell: str) -> None:
    assert unescape_cell(escape_cell(cell)) == cell


@settings(max_examples=500)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_no_cell_of_a_file_begins_with_a_formula(rows: list[list[str]]) -> None:
    """By whichever of the separators it is read, and with quotes or without: also behind blanks and quotes."""
    text = b"".join(map(_write, rows)).decode()
    for separator in ",;\t":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            read = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting)
            assert not [cell for row in read for cell in row if cell.lstrip('" \u00a0\u3000\0')[:1] in {*SIGNS}]
    assert not re.search(rf"""(?:^|[,;\t\r\n])[\s"\0]*[{re.escape(SIGNS)}]""", text)
    read = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert [[unescape_cell(cell) for cell in row] for row in read] == rows
