"""Parses JSON documents strictly: UTF-8, no repeated keys, no numbers that readers of JSON disagree about.

The standard library's parser is used because `msgspec`'s would keep the last of repeated keys.
"""

import codecs
import json
from collections import Counter
from typing import Any, NoReturn

LARGEST_INTEGER = 2**53 - 1


class Doubled:
    """Replaces an object in which a key appears more than once. No type accepts it."""

    def __init__(self, key: str) -> None:
        self.key = key


def parse(body: bytes) -> Any:
    """The document in a body, which may begin with a UTF-8 mark. Raises ValueError."""
    return _parse(_DECODER, body)


def parse_without_empties(body: bytes) -> Any:
    """As `parse`, but keys whose values are null, `[]` or `{}` are left out, bottom-up. Elements of lists stay."""
    return _parse(_DROPPING_DECODER, body)


def _parse(decoder: json.JSONDecoder, body: bytes) -> Any:
    try:
        return decoder.decode(body.removeprefix(codecs.BOM_UTF8).decode())
    except RecursionError:
        raise ValueError("nested too deep") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Doubled:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    times = Counter(name for name, _ in pairs)
    return Doubled(next(name for name, count in times.items() if count > 1))


def _object_without_empties(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Doubled:
    found = dict(pairs)
    if len(found) == len(pairs) and all(found.values()):  # the usual case, found out fastest
        return found
    whole = _object(pairs)
    if isinstance(whole, Doubled):
        return whole
    return {name: value for name, value in found.items() if value or not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {})


def _integer(digits: str) -> int | float:
    # Longer numbers cannot be below 2^53, and Python refuses to parse very long ones.
    return int(digits) if len(digits) <= 17 else float("inf")


def _number(digits: str) -> int | float:
    value = float(digits)
    return int(value) if value.is_integer() and abs(value) <= LARGEST_INTEGER else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


_DECODER, _DROPPING_DECODER = (
    json.JSONDecoder(object_pairs_hook=hook, parse_int=_integer, parse_float=_number, parse_constant=_no_constant)
    for hook in (_object, _object_without_empties)
)
