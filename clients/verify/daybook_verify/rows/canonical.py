"""Strictly canonical content: JSON according to RFC 8785, in the shape of Daybook's stored format, version 1.

Only one sequence of bytes is accepted for a content. Whoever could write the same content in two ways could show one to
an auditor and hash the other.
"""

import json
import re
from typing import Any

from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.rows.shape import CONTENT, misshapen

_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z"
)
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
    for name in ("occurred_at", "received_at"):
        if not _TIME.fullmatch(content[name]):
            raise NotGenuine(f"{name} is no time in UTC with milliseconds")
    return content


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
