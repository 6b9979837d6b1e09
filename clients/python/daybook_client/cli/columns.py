"""The cells of a table of events, and of single events."""

from __future__ import annotations

import json
import re
from typing import Any

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
"""As Daybook writes one in native events and in lists."""
DEFAULT = ["occurred_at", "activity", "actor", "target", "what", "status"]
NATIVE = (
    *DEFAULT,
    "id",
    "client_id",
    "received_at",
    "environment",
    "category",
    "component",
    "event",
    "variant",
    "origin",
    "details",
    "changes",
    "context.ip",
    "context.user_agent",
    "context.session_id",
    "context.request_id",
    "source.type",
    "caused_by",
)


def cells(event: dict[str, Any], columns: list[str]) -> list[Any]:
    """The values of an event, by a view's labels, by paths such as `context.ip`, or by the names above."""
    return [_cell(event, column) for column in columns]


def flattened(event: dict[str, Any], path: str = "") -> dict[str, Any]:
    """What is there, by path."""
    found: dict[str, Any] = {}
    for name, value in event.items():
        if isinstance(value, dict):
            found.update(flattened(value, f"{path}{name}."))
        elif value not in (None, [], {}):
            found[f"{path}{name}"] = value if isinstance(value, (str, int)) else json.dumps(value, ensure_ascii=False)
    return found


def _cell(event: dict[str, Any], column: str) -> Any:
    if column in event and not isinstance(event[column], (dict, list)):
        return event[column]
    if column == "what":
        return event.get("details") or _changes(event)
    if column == "changes":
        return _changes(event)
    value = _at(event, column)
    if column == "actor" and isinstance(value, dict):
        return _actor(value)
    if column == "target" and isinstance(value, dict):
        return _target(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _at(value: Any, path: str) -> Any:
    """What stands at a path. Names may have dots too, as those of imported parameters."""
    if not isinstance(value, dict) or path in value:
        return value[path] if isinstance(value, dict) else None
    name, dot, rest = path.partition(".")
    return _at(value.get(name), rest) if dot else None


def _actor(actor: dict[str, Any]) -> str:
    name = actor.get("username") or actor.get("name") or actor.get("client_id") or actor.get("id") or actor["type"]
    behind = actor.get("impersonator")
    if not behind:
        return str(name)
    return f"{name} (by {behind.get('username') or behind.get('name') or behind.get('id')})"


def _target(target: dict[str, Any]) -> str:
    shown = target.get("username") or target.get("name") or target.get("id") or ""
    return f"{target.get('type')}:{shown}"


def _changes(event: dict[str, Any]) -> str | None:
    """`due_date: 2026-11-20 → 2026-11-24`."""
    told = [
        f"{one['field']}: {_value(one.get('from'))} → {_value(one.get('to'))}" for one in event.get("changes") or []
    ]
    return "; ".join(told) or None


def _value(value: Any) -> str:
    if value is None:
        return "(none)"
    return "(empty)" if value == "" else str(value)


def short(value: Any) -> str:
    """As a table shows it: a native time to the second, nothing for what is absent."""
    text = "" if value is None else str(value)
    return f"{text[:10]} {text[11:19]}" if TIME.fullmatch(text) else text
