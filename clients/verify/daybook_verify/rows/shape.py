"""What the fields of a stored event may hold. Fields that are not listed are later additions, which stay unread."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Check = Callable[[Any], str | None]
"""Returns the path below the value at which it is misshapen: empty for the value itself, None for no fault."""


class Fields(NamedTuple):
    required: Mapping[str, Check]
    optional: Mapping[str, Check]


def misshapen(value: Any, fields: Fields) -> str | None:
    """The path of the first field that is missing or holds something else."""
    if not isinstance(value, dict):
        return ""
    for name, check in fields.required.items():
        if name not in value:
            return name
        if (below := check(value[name])) is not None:
            return f"{name}{below}"
    for name, check in fields.optional.items():
        if name in value and (below := check(value[name])) is not None:
            return f"{name}{below}"
    return None


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else ""


def _scalar(value: Any) -> str | None:
    return None if isinstance(value, str | int) else ""


def _one(*allowed: str) -> Check:
    return lambda value: None if isinstance(value, str) and value in allowed else ""


def _all(check: Check) -> Check:
    def check_list(value: Any) -> str | None:
        if not isinstance(value, list):
            return ""
        for place, each in enumerate(value):
            if (below := check(each)) is not None:
                return f"[{place}]{below}"
        return None

    return check_list


def _object(required: Mapping[str, Check] | None = None, **optional: Check) -> Check:
    fields = Fields(required or {}, optional)

    def check_object(value: Any) -> str | None:
        below = misshapen(value, fields)
        return f".{below}" if below else below

    return check_object


def _params(value: Any) -> str | None:
    if not isinstance(value, dict):
        return ""
    for name, each in value.items():
        check = _PERSON if isinstance(each, dict) else _all(_text) if isinstance(each, list) else _scalar
        if (below := check(each)) is not None:
            return f".{name}{below}"
    return None


def _declared(value: Any) -> str | None:
    return None if value is True else _DECLARATIONS(value)


_PERSON = _object({"user": _text})
_DECLARATIONS = _all(_object(username=_text, name=_text, email=_text, id=_text))
_IMPERSONATOR = _object({"id": _text}, username=_text, name=_text, email=_text)
_ACTOR = _object(
    {"type": _one("user", "system", "api", "operations", "unknown")},
    id=_text,
    client_id=_text,
    username=_text,
    name=_text,
    email=_text,
    alias=_text,
    user_type=_text,
    roles=_all(_text),
    impersonator=_IMPERSONATOR,
)
_TARGET = _object(
    {"type": _text},
    id=_text,
    name=_text,
    username=_text,
    person=_text,
    within=_object({"type": _text, "id": _text}),
)
CONTENT = Fields(
    {
        "id": _text,
        "tenant": _text,
        "environment": _text,
        "occurred_at": _text,
        "received_at": _text,
        "activity": _text,
        "event": _text,
        "category": _text,
        "origin": _one("user", "system"),
        "status": _one("success", "failure"),
        "actor": _ACTOR,
    },
    {
        "component": _text,
        "variant": _text,
        "visibility": _one("operations"),
        "client_id": _text,
        "sender": _object({"credential": _text}),
        "source": _object({"type": _text}),
        "target": _TARGET,
        "params": _params,
        "details": _text,
        "changes": _all(_object({"field": _text}, **{"from": _scalar, "to": _scalar})),
        "context": _object(ip=_text, user_agent=_text, session_id=_text, request_id=_text, of=_text),
        "caused_by": _text,
        "adjusted": _all(_text),
        "people": _all(_object({"id": _text}, sealed=_text, declared=_declared)),
        "salt": _text,
    },
)
