"""Strict reading: each function accepts one spelling of a value and raises NotGenuine for any other input."""

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from daybook_verify.errors import NotGenuine

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_EPOCH = datetime.fromtimestamp(0, UTC)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def from_base64(text: object, what: str) -> bytes:
    """RFC 4648 with padding. Bits that no byte uses must be zero, so equal bytes have one spelling."""
    try:
        if isinstance(text, str):
            data = base64.b64decode(text, validate=True)
            if base64.b64encode(data).decode() == text:
                return data
    except ValueError:
        pass
    raise NotGenuine(f"{what} is not base64")


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """An object in UTF-8, in which no object names a key twice."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_refuse, parse_float=_refuse)
        if b"\\u" in data:
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise NotGenuine(f"{what} is not JSON") from error
    if not isinstance(value, dict):
        raise NotGenuine(f"{what} is not a JSON object")
    return value


def only(value: object, names: tuple[str, ...], what: str) -> dict[str, Any]:
    """An object with exactly these fields."""
    if not isinstance(value, dict) or value.keys() != {*names}:
        raise NotGenuine(f"{what} does not have exactly the fields {', '.join(names)}")
    return value


def integer(value: object, what: str) -> int:
    """From 0 to 2^63 - 1, as JSON's number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise NotGenuine(f"{what} is not an integer from 0 on")
    return value


def decimal(text: str, what: str) -> int:
    """ASCII digits without leading zeros, below 2^63."""
    if not _DECIMAL.fullmatch(text) or int(text) >= 1 << 63:
        raise NotGenuine(f"{what} is not a decimal number")
    return int(text)


def text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise NotGenuine(f"{what} is not a text")
    return value


def items(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotGenuine(f"{what} is not a list")
    return value


def milliseconds(value: object, what: str) -> int:
    """Since 1970, of a time such as `2026-11-22T16:31:07.123Z`."""
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            since = datetime.fromisoformat(value) - _EPOCH
            return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
    except ValueError:
        pass
    raise NotGenuine(f"{what} is not a time in UTC with milliseconds")


def field(of: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in of:
        raise NotGenuine(f"{what} has no field {name}")
    return of[name]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a key appears twice")
    return dict(pairs)


def _refuse(_: str) -> None:
    raise ValueError("not a number of this format")
