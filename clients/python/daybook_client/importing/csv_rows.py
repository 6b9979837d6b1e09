"""Reads the rows of a CSV file (RFC 4180) as records: column's label to cell."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any

from daybook_client.importing.json_stream import Read

MAX_CELL = 1024 * 1024
"""Characters of the longest cell. A quotation mark that nothing closes costs the rows up to here."""

_SIGNS = "=+\\-@＝＋－＠"  # noqa: RUF001  the full-width ones are meant
_AROUND = r"""(?:[^\S\t\r\n]|[\0"'])*"""
_ESCAPED = re.compile(rf"^'(?={_AROUND}[\t\r\n{_SIGNS}])|(?<=[,;\t\r\n])'(?={_AROUND}[{_SIGNS}])")


def csv_rows(lines: Iterator[tuple[int, str | None]], *, disarmed: bool) -> Iterator[Read]:
    """Rows in order, each with the line that it begins at. The delimiter is `,`, `;` or a tab, as the first line says.

    An empty cell is no value. A cell beyond the header's columns is one of the column `column N`. `disarmed`: a `'`
    that keeps a spreadsheet from running a cell as a formula is taken away.
    """
    csv.field_size_limit(MAX_CELL)
    source = _Lines(lines)
    rows = csv.reader(source, delimiter=_delimiter(source.first()))
    header: list[str] | None = None
    while True:
        begins = source.number + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Read(begins, source.last[:4_096], f"the row can't be read: {error}")
            continue
        if source.too_long:
            source.too_long = False
            yield Read(begins, None, "the line is too long")
        elif not row or row == [""]:
            continue
        elif header is None:
            header = _labels(row)
        else:
            yield Read(begins, _record(header, row, disarmed))


class _Lines:
    """The lines for the reader of CSV, and which one it has read last."""

    def __init__(self, lines: Iterator[tuple[int, str | None]]) -> None:
        self._lines = lines
        self._given: list[str] = []
        self.number = 0
        self.last = ""
        self.too_long = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._given:
            self.number = 1
            self.last = self._given.pop()
            return self.last
        self.number, line = next(self._lines)
        self.too_long = self.too_long or line is None
        self.last = line or "\n"
        return self.last

    def first(self) -> str:
        """The first line, which is read again; "" without one."""
        for line in self:
            self._given.append(line)
            break
        self.number = 0
        return self.last


def _delimiter(line: str) -> str:
    """The one that stands most often outside of quotation marks."""
    outside = "".join(line.split('"')[::2])
    return max(",;\t", key=outside.count)


def _labels(row: list[str]) -> list[str]:
    """The header's labels without blanks around them; the second of equal ones has ` 2` behind it."""
    labels: dict[str, None] = {}
    numbers: dict[str, int] = {}  # the last one behind each label, so that thousands of equal ones take no hours
    for place, cell in enumerate(row, 1):
        label = base = cell.strip() or f"column {place}"
        number = numbers.get(base, 1)
        while label in labels:
            number += 1
            label = f"{base} {number}"
        labels[label] = None
        numbers[base] = number
    return list(labels)


def _record(header: list[str], row: list[str], disarmed: bool) -> dict[str, Any]:
    record = {}
    for place, cell in enumerate(row):
        if cell:
            label = header[place] if place < len(header) else f"column {place + 1}"
            record[label] = armed(cell) if disarmed else cell
    return record


def armed(cell: str) -> str:
    """The cell as it was before Daybook's export disarmed it (docs/reference/formats.md)."""
    return _ESCAPED.sub("", cell) if "'" in cell else cell
