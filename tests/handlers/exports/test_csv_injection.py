"""Cells that a spreadsheet would run are escaped, and every cell can be read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.csv_injection import escape_cell, unescape_cell

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\r=1",
    "\n=1",
    "  =1",
    " \t",
    "\uff1d1",
    "\uff0d1",
    "=",
    "'=1",
    "' =1",
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
        ("=1;=2", "'=1;'=2"),
        ("a;b=1;\uff1d1", "a;b=1;'\uff1d1"),
    ],
)
def test_a_formula_within_a_cell_is_escaped(cell: str, escaped: str) -> None:
    """A spreadsheet that separates by semicolons or tabs begins a cell behind each."""
    assert escape_cell(cell) == escaped
    assert unescape_cell(escaped) == cell


@pytest.mark.parametrize(
    "cell", ["", "plain", "1-2", "a=b", "a;b", "a;b=1", "'quoted'", " blank", "2026-11-22", "~", "é"]
)
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert escape_cell(cell) == cell


@given(st.text() | st.text("=+-@\t\r\n;' a", max_size=8))
def test_every_cell_can_be_read_back(cell: str) -> None:
    assert unescape_cell(escape_cell(cell)) == cell


@given(st.text("=+-@\t\r\n;' a", max_size=8))
def test_no_formula_is_left(cell: str) -> None:
    """The first character that a spreadsheet looks at is a quote, or does not begin a formula, by what it separates."""
    for separator in (None, ";", "\t"):
        for begun in escape_cell(cell).split(separator) if separator else [escape_cell(cell)]:
            first = begun.lstrip(" ")[:1]
            assert not first or first not in "=+-@\r\n" + ("\t" if separator is None else "")
