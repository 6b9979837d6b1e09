"""Events as senders write them, and how they are read or refused."""

import copy
import json
from typing import Any

import pytest

from daybook.errors import FieldError
from daybook.events.decoding import Received, decode_events, read_event
from daybook.events.rejected import Rejected

LEAST: dict[str, Any] = {"activity": "user.login", "actor": {"type": "system"}}
FULL: dict[str, Any] = {
    "activity": "clusters.update",
    "actor": {
        "type": "user",
        "id": "u-1",
        "username": "mike.mars",
        "name": "Mike",
        "email": "m@x.example",
        "user_type": "Admin",
        "roles": ["a"],
        "impersonator": {"id": "u-3", "username": "lee", "name": "Lee", "email": "l@x.example"},
    },
    "id": "1",
    "occurred_at": "2026-11-22T16:31:07.123Z",
    "environment": "prod",
    "variant": "name",
    "status": "success",
    "source": {"type": "ADMIN"},
    "target": {
        "type": "defect",
        "id": "D-9",
        "name": "Wrong",
        "within": {"type": "work-item", "id": "7"},
    },
    "params": {"text": "c1", "number": 1, "yes": True, "none": None, "list": ["a"], "who": {"user": "jane"}},
    "details": "free",
    "people": [{"id": "u-2", "username": "jane", "name": "Jane", "email": "j@x.example"}],
    "changes": [{"field": "due", "from": "a", "to": 5}],
    "context": {"ip": "203.0.113.7", "user_agent": "curl", "session_id": "s", "request_id": "r"},
    "caused_by": {"id": "2", "occurred_at": "2026-11-22T16:00:00Z"},
}


def read(body: str | bytes) -> Received:
    """The body's only event, checked."""
    sent = decode_events(body if isinstance(body, bytes) else body.encode())
    return read_event(sent.events[0], sent.levels)


def refusal(body: str | bytes) -> tuple[str, str]:
    """The refusal's code, and the path of the first field at fault."""
    code, errors = rejection(body)
    return code, errors[0].path


def rejection(body: str | bytes) -> tuple[str, tuple[FieldError, ...]]:
    """The refusal's code, and all fields at fault."""
    with pytest.raises(Rejected) as rejected:
        read(body)
    return rejected.value.code, rejected.value.errors


def changed(path: str, value: Any, of: dict[str, Any] = FULL) -> str:
    """The full event with one value replaced, at a path such as `changes[0].from`."""
    event = copy.deepcopy(of)
    *way, last = path.replace("[", ".[").split(".")
    held: Any = event
    for step in way:
        held = held[int(step[1:-1])] if step.startswith("[") else held[step]
    held[int(last[1:-1]) if last.startswith("[") else last] = value
    return json.dumps(event)
