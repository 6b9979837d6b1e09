"""Makes an event of a record, by a mapping."""

from __future__ import annotations

import json
from collections import Counter
from datetime import tzinfo
from typing import Any

from daybook_client.importing.converters import text
from daybook_client.importing.expressions import Path
from daybook_client.importing.fitting import UNCLEAN, fitted, keep_rules
from daybook_client.importing.leftovers import Branch, Said, folded, place_leftovers
from daybook_client.importing.mapping import Choice, Field, Mapping
from daybook_client.importing.report import Report, count

MAX_EVENT_BYTES = 64 * 1024
"""Daybook's limit, which counts the event's normal form; ours is JSON of the same content, never shorter by much."""

_ROOM = 1_024  # for what Daybook may spell longer
_SHORTEST = 64


class RejectedRecord(Exception):  # noqa: N818  what it is, not what went wrong with the program
    """A record of which no event can be made."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.errors = [{"path": path, "message": message}]


class Maker:
    """Makes events by one mapping. Counts into `report` what becomes of the records' values."""

    def __init__(self, mapping: Mapping, report: Report, *, zone: tzinfo | None, environment: str | None) -> None:
        self._mapping = mapping
        self._report = report
        self._zone = zone
        self._environment = environment
        self._tree = _tree(mapping)
        self._id_sources = {path for expression in mapping.id for path in expression.sources}
        self._paths = [(".".join(field.path), field) for field in mapping.fields]

    def skip_reason(self, record: dict[str, Any]) -> str | None:
        """Why the record is no event. None: it is one."""
        return next((skip.reason for skip in self._mapping.skips if skip.when.holds(record)), None)

    def make(self, record: dict[str, Any], event_id: str) -> tuple[dict[str, Any], int]:
        """The event, and its size as JSON in bytes. Raises RejectedRecord.

        The same record gives the same event. `details` are always there, if only as "": Daybook then asks for none of
        the parameters of a catalogued activity's template.
        """
        try:
            return self._made(record, event_id)
        except RecursionError:
            raise RejectedRecord("too_deep", "", "the record is nested too deep") from None

    def _made(self, record: dict[str, Any], event_id: str) -> tuple[dict[str, Any], int]:
        event: dict[str, Any] = {"id": event_id}
        said = Said()
        if self._is_of_source(record, event_id):
            said.texts.update({path: [folded(event_id)] for path in self._id_sources})
        for path, field in self._paths:
            value, raw, choice = self._value(field, record)
            fits = None if value is None else fitted(path, value, self._report.cut)
            if fits is not None:
                _put(event, field.path, fits)
                if choice is not None:
                    said.add(choice, raw, fits)
        for needed, message in (
            ("occurred_at", "there is no time that can be read, from 1970 on"),
            ("activity", "there is no name with letters or digits"),
        ):
            if needed not in event:
                raise RejectedRecord("missing_field", needed, message)
        if self._environment is not None:
            event["environment"] = self._environment
        before = event["activity"]
        keep_rules(event)
        if event["activity"] != before:
            count(self._report.renamed_activities, before)
        event.setdefault("details", "")
        place_leftovers(record, event, self._tree, said, self._report)
        return self._fit(event)

    def _is_of_source(self, record: dict[str, Any], event_id: str) -> bool:
        """Whether the id says the values that identify the record. A hash may hold a short one by chance."""
        values = [expression.find(record) for expression in self._mapping.id]
        return event_id == ":".join((self._mapping.name, *map(str, values)))

    def _value(self, field: Field, record: dict[str, Any]) -> tuple[Any, Any, Choice | None]:
        """The field's value, what the expression found before it was converted, and the choice that counted."""
        default = None
        for choice in field.choices:
            if choice.when is not None and not choice.when.holds(record):
                continue
            value, raw = self._chosen(choice, record)
            if value is not None:
                return value, raw, choice
            default = choice.default if default is None else default
        return default, None, None

    def _chosen(self, choice: Choice, record: dict[str, Any]) -> tuple[Any, Any]:
        if choice.expr is None:
            return choice.const, None
        value = raw = choice.expr.find(record)
        if value is None or value == "":
            return None, None
        for converter in choice.converters:
            value = converter(value, choice.zone or self._zone)
            if value is None:
                return None, None
        return (choice.map.get(text(value) or "") if choice.map is not None else value), raw

    def _fit(self, event: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The event without characters that no text may hold, and with texts cut until it has at most 64 KB."""
        written = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        if "\\" in written or not written.isascii() or "\x7f" in written:
            event = _clean(event)
            written = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        size = len(written.encode())
        most = 16_384
        cuts: Counter[str] = Counter()
        while size > MAX_EVENT_BYTES - _ROOM:
            if most < _SHORTEST:
                raise RejectedRecord("too_large", "", f"an event has at most {MAX_EVENT_BYTES} bytes of JSON")
            cuts = Counter()
            event = _shortened(event, most, cuts)
            size = len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
            most //= 2
        for name in cuts:
            count(self._report.cut, name)
        return event, size


def _tree(mapping: Mapping) -> Branch:
    tree = Branch()
    for path in mapping.ignored:
        tree.at(path).ignored = True
    for path in (path for expression in mapping.id for path in expression.sources):
        tree.at(path).source = path
    for field in mapping.fields:
        for choice in field.choices:
            for path in choice.uses:
                tree.at(path).said = True
            if choice.expr is not None:
                for path in choice.expr.sources:
                    tree.at(path).source = path
    return tree


def _put(event: dict[str, Any], path: Path, value: Any) -> None:
    held = event
    for name in path[:-1]:
        held = held.setdefault(name, {})
    held[path[-1]] = value


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return UNCLEAN.sub("\ufffd", value)
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def _shortened(event: dict[str, Any], most: int, cuts: Counter[str]) -> dict[str, Any]:
    """Details, parameters and changes with texts of at most `most` characters."""

    def short(path: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) > most:
            cuts[path] = 1
            return value[:most]
        if isinstance(value, list):
            return [short(path, each) for each in value]
        if isinstance(value, dict):
            return {name: short(path, each) if name in ("from", "to") else each for name, each in value.items()}
        return value

    cut = {**event, "details": short("details", event["details"])}
    if "params" in event:
        cut["params"] = {name: short(f"params.{name}", value) for name, value in event["params"].items()}
    if "changes" in event:
        cut["changes"] = short("changes", event["changes"])
    return cut
