"""The named converters of mappings. Each takes a value and the user's zone, and gives a value, or None for none.

A converter never fails: what it can't read has no value, so the mapping's `default` or next table counts, and the
record's own value stays for `params`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from daybook_client.importing.times import time

Converter = Callable[[Any, "tzinfo | None"], Any]

_LARGEST = 2**53 - 1

_FAILURES = {"failure", "failed", "fail", "error", "denied", "deny", "unsuccessful", "rejected", "false", "0", "no"}
_SUCCESSES = {"success", "succeeded", "successful", "ok", "allow", "allowed", "pass", "passed", "true", "1", "yes"}
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?")
_WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d+")
_NOT_OF_ACTIVITIES = re.compile(r"[^A-Za-z0-9._:-]+")
_NOT_OF_TYPES = re.compile(r"[^A-Za-z0-9._-]+")


def text(value: Any, _zone: tzinfo | None = None) -> str | None:
    """A text as it is; a number or truth value in JSON's spelling; lists and objects as JSON."""
    if isinstance(value, str):
        return value or None
    if value is None or value in ([], {}):
        return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def activity(value: Any, _zone: tzinfo | None = None) -> str | None:
    """An activity's name: other characters than `A-Za-z0-9._:-` become one `-`; none at the ends; 128 at most."""
    found = text(value)
    if found is None:
        return None
    return _NOT_OF_ACTIVITIES.sub("-", found).strip("._:-")[:128].rstrip("._:-") or None


def kind(value: Any, _zone: tzinfo | None = None) -> str | None:
    """A target's type: other characters than `A-Za-z0-9._-` become one `-`; none at the ends; 64 at most."""
    found = text(value)
    return None if found is None else _NOT_OF_TYPES.sub("-", found).strip("-")[:64].rstrip("-") or None


def slug(value: Any, _zone: tzinfo | None = None) -> str | None:
    """Words of lower-case letters and digits, joined by `-`: "User access" is `user-access`."""
    found = text(value)
    if found is None:
        return None
    words = "".join(each if each.isascii() and each.isalnum() else " " for each in found.lower()).split()
    return "-".join(words) or None


def lower(value: Any, _zone: tzinfo | None = None) -> str | None:
    found = text(value)
    return None if found is None else found.lower()


def upper(value: Any, _zone: tzinfo | None = None) -> str | None:
    found = text(value)
    return None if found is None else found.upper()


def integer(value: Any, _zone: tzinfo | None = None) -> int | None:
    """An integer below 2^53, also from decimal text and from a whole number with a point."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,16}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and abs(value) <= _LARGEST else None


def boolean(value: Any, _zone: tzinfo | None = None) -> bool | None:
    """`true`, `yes`, `1`, `success` and their opposites, in any case."""
    found = status(value)
    return None if found is None else found == "success"


def status(value: Any, _zone: tzinfo | None = None) -> str | None:
    """`success` or `failure`, from the words that most products have for them, and from HTTP's status codes."""
    word = (text(value) or "").strip().lower()
    if word in _SUCCESSES:
        return "success"
    if word in _FAILURES:
        return "failure"
    if len(word) == 3 and word.isdecimal() and "100" <= word <= "599":
        return "success" if word < "400" else "failure"
    return None


def ip(value: Any, _zone: tzinfo | None = None) -> str | None:
    """An address without its port and brackets; the first of a list, or of addresses with commas between them."""
    if isinstance(value, list):
        value = value[0] if value else None
    found = (text(value) or "").split(",")[0].strip()
    match = _BRACKETED.fullmatch(found) or _WITH_PORT.fullmatch(found)
    return (match[1] if match else found) or None


def as_json(value: Any, _zone: tzinfo | None = None) -> Any:
    """What a text of JSON says. A value that is no text stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def as_list(value: Any, _zone: tzinfo | None = None) -> list[Any] | None:
    """A list as it is, anything else as a list of one."""
    if value is None or value == "":
        return None
    return value if isinstance(value, list) else [value]


def words(value: Any, _zone: tzinfo | None = None) -> list[str] | None:
    """The parts of a text between commas or semicolons, without blanks around them."""
    if isinstance(value, list):
        return value
    return [part for part in (each.strip() for each in re.split("[,;]", text(value) or "")) if part] or None


CONVERTERS: dict[str, Converter] = {
    "activity": activity,
    "bool": boolean,
    "integer": integer,
    "ip": ip,
    "json": as_json,
    "list": as_list,
    "lower": lower,
    "slug": slug,
    "status": status,
    "text": text,
    "time": time,
    "type": kind,
    "upper": upper,
    "words": words,
}
