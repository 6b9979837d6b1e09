"""Cells that a spreadsheet would run, disarmed; and every cell read back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.csv_injection import escape_cell, unescape_cell

ARMED = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
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


@pytest.mark.parametrize("cell", ARMED)
def test_a_formula_is_disarmed(cell: str) -> None:
    """Also behind blanks, and what looks disarmed already, so that it can be told apart."""
    assert escape_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "plain", "1-2", "a=b", "'quoted'", " blank", "2026-11-22", "~", "é"])
def test_anything_else_stays(cell: str) -> None:
    assert escape_cell(cell) == cell


@given(st.text() | st.text("=+-@\t\r\n' a", max_size=6))
def test_every_cell_comes_back(cell: str) -> None:
    assert unescape_cell(escape_cell(cell)) == cell


@given(st.text("=+-@\t\r\n' a", max_size=6))
def test_nothing_armed_is_left(cell: str) -> None:
    """What a spreadsheet looks at first is the quote, or no formula."""
    assert escape_cell(cell).lstrip(" ")[:1] not in set("=+-@\t\r\n") - {""}
