"""Strictly canonical content: JSON according to RFC 8785, in the shape of Daybook's stored format, version 1.

Only one sequence of bytes is accepted for a content. Whoever could write the same content in two ways could show one to
an auditor and hash the other.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.rows.shape import CONTENT, misshapen

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{36}")
_TIME_OF_ID = 10
"""Characters of an id that hold the milliseconds of `occurred_at`, in Crockford's base32."""
_TO_PYTHON = str.maketrans("ABCDEFGHJKMNPQRSTVWXYZ", "ABCDEFGHIJKLMNOPQRSTUV")
_EPOCH = datetime.fromtimestamp(0, UTC)
_BOUND = 2**53
"""RFC 8785 has JavaScript's numbers: integers from here on are not exact."""


def content_of(canonical: bytes) -> dict[str, Any]:
    """The content of an event. NotGenuine where the bytes are not canonical, CannotTell for another version."""
    content = strict_json(canonical)
    if not isinstance(content, dict):
        raise NotGenuine("the content is no object")
    version = content.get("v")
    if version != 1 or version is True:
        raise CannotTell(f"the content has version {version!r}")
    if (fault := misshapen(content, CONTENT)) is not None:
        raise NotGenuine(f"the content's {fault} is not what the format allows")
    _milliseconds(content["received_at"])
    if not _ID.fullmatch(content["id"]) or _time_of(content["id"]) != _milliseconds(content["occurred_at"]):
        raise NotGenuine("the id of the content does not begin with the time at which the event occurred")
    return content


def _milliseconds(time: str) -> int:
    if not _TIME.fullmatch(time):
        raise NotGenuine("a time of the content is not in UTC with milliseconds")
    try:
        return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)
    except ValueError as error:
        raise NotGenuine("a time of the content is on no calendar") from error


def _time_of(event_id: str) -> int:
    return int(event_id[:_TIME_OF_ID].translate(_TO_PYTHON), 32)


def strict_json(canonical: bytes) -> Any:
    """The value, of which these are the only canonical bytes."""
    try:
        value = json.loads(canonical.decode(), parse_float=_no_float, parse_constant=_no_float)
        again = encoded(_checked(value))
    except (ValueError, RecursionError) as error:
        raise NotGenuine("the content is no canonical JSON") from error
    if again != canonical:
        raise NotGenuine("the content is not in canonical form")
    return value


def encoded(value: Any) -> bytes:
    """Compact JSON in UTF-8, keys in order. Keys are ASCII, so that code points are in the order of RFC 8785."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def is_encodable(text: str) -> bool:
    """Whether UTF-8 has a form for it: JSON can escape half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_float(_: str) -> None:
    raise ValueError("a number that is no integer")


def _checked(value: Any) -> Any:
    if isinstance(value, dict):
        for name, each in value.items():
            if not name.isascii():
                raise ValueError("a name beyond ASCII")
            _checked(each)
    elif isinstance(value, list):
        for each in value:
            _checked(each)
    elif isinstance(value, int) and not -_BOUND < value < _BOUND:
        raise ValueError("an integer of 2^53 or more")
    elif value is None:
        raise ValueError("null")
    return value
