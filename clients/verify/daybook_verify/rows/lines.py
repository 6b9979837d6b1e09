"""The lines of an exported file, rendered anew from canonical bytes and keys."""

import json
from collections.abc import Mapping
from typing import Any

from daybook_verify.errors import CannotTell
from daybook_verify.rows import csv_cells, times
from daybook_verify.rows.aliases import ALIASES
from daybook_verify.rows.canonical import content_of, is_encodable
from daybook_verify.rows.names import Names
from daybook_verify.rows.native import FIELDS, alias_of, native
from daybook_verify.rows.people import People
from daybook_verify.rows.views import VIEWS, Shown

NATIVE = "native"
_MARK = b"\xef\xbb\xbf"


class Renderer:
    """Renders the lines of the file that a manifest describes."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        """CannotTell where the manifest lacks a field, or has a view, format, profile or zone that is unknown here."""
        view, form, profile = (_text(manifest, name) for name in ("view", "format", "tenant_profile"))
        if view not in (NATIVE, *VIEWS) or form not in ("csv", "ndjson") or profile not in ALIASES:
            raise CannotTell("the manifest names a view, format or profile that this version does not know")
        self._columns = VIEWS.get(view)
        self._csv = form == "csv"
        self._mark = _MARK if manifest.get("mark") is True else b""
        self._moment = times.in_zone(_text(manifest, "tz"))
        self._aliases = ALIASES[profile]
        self._names = Names(self._aliases)
        self._tenant_name = _text(manifest, "tenant_name")

    @property
    def header(self) -> bytes:
        """What stands before the first row."""
        return self._mark + csv_cells.line([*(self._columns or FIELDS)]) if self._csv else b""

    def line(self, canonical: bytes, keys: Mapping[str, bytes]) -> bytes:
        """The line of an event, with its end. `keys` are its event keys by GUID."""
        return self.line_of(content_of(canonical), keys)

    def line_of(self, content: Mapping[str, Any], keys: Mapping[str, bytes]) -> bytes:
        """As `line`, of content that `content_of` has checked."""
        people = People(content, keys)
        event = native(content, people, self._aliases)
        if self._columns is None:
            return csv_cells.line([*map(_cell, event.values())]) if self._csv else _json(event) + b"\n"
        alias = alias_of(content["actor"], people, self._aliases)
        shown = Shown(event, alias, self._moment(event["occurred_at"]), self._names, self._tenant_name)
        cells = {label: value(shown) for label, value in self._columns.items()}
        return csv_cells.line([*cells.values()]) if self._csv else _json(cells) + b"\n"


def rendered(manifest: Mapping[str, Any], canonical: bytes, keys: Mapping[str, bytes]) -> bytes:
    """The line of one event in the manifest's file."""
    return Renderer(manifest).line(canonical, keys)


def _text(manifest: Mapping[str, Any], name: str) -> str:
    value = manifest.get(name)
    if not isinstance(value, str) or not is_encodable(value):
        raise CannotTell(f"the manifest has no text {name}")
    return value


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else _json(value).decode()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
