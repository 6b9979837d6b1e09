"""One event as one line of the file."""

import csv
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from daybook.catalogue.profile import Profile, profile
from daybook.catalogue.views import VALUES, Shown, labels
from daybook.events.reader import FIELDS
from daybook.jobs.export import CSV
from daybook.search.parameters import NATIVE, Parameters
from daybook.search.sorting import shown_value
from exports.csv_injection import escape_cell

Native = Any

_encode = msgspec.json.encode


class LineFormatter:
    """Writes events as the view shows them, in CSV or NDJSON."""

    def __init__(
        self,
        parameters: Parameters,
        file_format: str,
        tenant_name: str,
        tenant_profile: Profile,
        *,
        mark: bool = False,
    ) -> None:
        self._view = None if parameters.view == NATIVE else profile(parameters.view)
        self._labels = list(FIELDS) if self._view is None else labels(self._view)
        self._values = () if self._view is None else tuple(VALUES[column.value] for column in self._view.columns)
        self._is_csv = file_format == CSV
        self._mark = BOM_UTF8 if mark else b""
        self._tenant_name = tenant_name
        self._aliases = tenant_profile.aliases
        self._shown_by = self._view or tenant_profile
        self._zone = parameters.zone
        by_time = parameters.order.by_time
        self._sorted_by = (lambda _: "") if by_time else shown_value(parameters.order.field, self._view)
        self._row: Callable[[Sequence[str]], Any] = csv.writer(_Echo(), lineterminator="\r\n").writerow

    @property
    def header(self) -> bytes:
        """What the file begins with: of a CSV, the UTF-8 mark if it was asked for, and the line of labels."""
        return self._mark + self._csv(self._labels) if self._is_csv else b""

    def line(self, native: Native, alias: str | None) -> tuple[bytes, bytes]:
        """The line, and the value that a sorted export is sorted by. UTF-8 sorts as its code points do.

        `alias` is the actor's, as in `Shown`.
        """
        shown = Shown(native, alias, self._tenant_name, self._aliases, self._shown_by, self._zone)
        sorted_by = self._sorted_by(shown).encode()
        if self._is_csv:
            return self._csv(self._cells(shown)), sorted_by
        if self._view is None:
            return _encode({name: native[name] for name in FIELDS}) + b"\n", sorted_by
        cells = [value(shown) or "" for value in self._values]
        return _encode(dict(zip(self._labels, cells, strict=True))) + b"\n", sorted_by

    def _cells(self, shown: Shown) -> list[str]:
        if self._view is None:
            return [_as_cell(shown.native[name]) for name in FIELDS]
        return [value(shown) or "" for value in self._values]

    def _csv(self, cells: Sequence[str]) -> bytes:
        line: str = self._row([escape_cell(cell) for cell in cells])
        return line.encode()


class _Echo:
    """The file that the csv module writes to. It returns the line, and the writer passes that on."""

    def write(self, line: str) -> str:
        return line


def _as_cell(value: Any) -> str:
    """A native field as text: objects and lists as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _encode(value).decode()
