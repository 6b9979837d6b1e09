"""What `record` is given becomes the bytes of an event, with an id and a time of its own, or is refused at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from json import JSONEncoder
from typing import Any, NamedTuple

from daybook_client.errors import InvalidEventError

MAX_EVENT_BYTES = 1024 * 1024
"""Daybook takes 64 KB, but it first cuts the texts that end users choose. So it judges, of what is not absurd."""
MAX_DEPTH = 32  # levels; deeper nesting makes Daybook refuse the whole request

FIELDS = frozenset(
    {
        "id", "occurred_at", "environment", "activity", "variant", "status", "actor", "source", "target", "params",
        "details", "people", "changes", "context", "caused_by",
    }
)  # fmt: skip

_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class MadeEvent(NamedTuple):
    """An event's own id, and its JSON in UTF-8."""

    id: str
    body: bytes


def new_id() -> str:
    """128 random bits as 32 characters. Two processes never make the same, also after a fork."""
    return os.urandom(16).hex()


def make_event(  # noqa: C901  one check a line
    fields: Mapping[str, Any], now: float, environment: str | None = None
) -> MadeEvent:
    """The event that says `fields`, with an `id` and an `occurred_at` unless they are given.

    `now` is in seconds since 1970. `occurred_at` may be a datetime with a zone. Names whose value is None are left out.
    Raises InvalidEventError for an unknown name, a missing activity or actor, what is no JSON (NaN, keys that are no
    text, other objects), over 32 levels or over 1 MiB.
    """
    event = {name: value for name, value in fields.items() if value is not None}
    if not event.keys() <= FIELDS:
        unknown = sorted(map(str, event.keys() - FIELDS))
        raise _invalid(*((name, "is no field of an event") for name in unknown))
    if not isinstance(event.get("activity"), str):
        raise _invalid(("activity", "must be a text"))
    if not isinstance(event.get("actor"), dict):
        raise _invalid(("actor", 'must be a dict, such as {"type": "user", "username": "mike.mars"}'))
    own, at = event.get("id"), event.get("occurred_at")
    # Daybook reads [] and {} as absent, and an event without an id is stored again with each retry.
    if not isinstance(own, (str, int, type(None))) or isinstance(own, bool):
        raise _invalid(("id", "must be a text or an integer"))
    if own is None:
        own = event["id"] = new_id()
    if at is None:
        event["occurred_at"] = text_of(datetime.fromtimestamp(now, timezone.utc))
    elif isinstance(at, datetime):
        if at.utcoffset() is None:
            raise _invalid(("occurred_at", "must have a zone: datetime.now(timezone.utc)"))
        event["occurred_at"] = text_of(at.astimezone(timezone.utc))
    elif not isinstance(at, str):
        raise _invalid(("occurred_at", "must be a text, or a datetime with a zone"))
    if environment is not None:
        event.setdefault("environment", environment)
    return MadeEvent(str(own), body_of(event))


def body_of(event: Mapping[str, Any]) -> bytes:
    """The JSON of an event. Raises InvalidEventError as `make_event` does."""
    for name, value in event.items():
        if isinstance(value, (dict, list, tuple)):
            _check(value, name, MAX_DEPTH - 1)
    try:
        text = _encode(event)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(f"the event is no JSON: {error}", code="invalid_event") from None
    try:
        body = text.encode()
    except UnicodeEncodeError:  # halves of surrogate pairs: from file names, or cut texts
        body = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidEventError(f"the event has {len(body):,} bytes", code="invalid_event")
    return body


def text_of(at: datetime) -> str:
    """A time in UTC as the contract writes it: milliseconds, cut."""
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _check(value: Iterable[Any], path: str, levels: int) -> None:
    """The encoder writes keys that are no text as text, and so two keys as one. It also follows any nesting."""
    if levels == 0:
        raise _invalid((path, f"is nested over {MAX_DEPTH} levels deep"))
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise _invalid((path, f"has the key {name!r}, which is no text"))
            if isinstance(inner, (dict, list, tuple)):
                _check(inner, f"{path}.{name}", levels - 1)
    else:
        for place, inner in enumerate(value):
            if isinstance(inner, (dict, list, tuple)):
                _check(inner, f"{path}[{place}]", levels - 1)


def _invalid(*faults: tuple[str, str]) -> InvalidEventError:
    errors = [{"path": path, "message": message} for path, message in faults]
    return InvalidEventError("this can be no event", code="invalid_event", errors=errors)
