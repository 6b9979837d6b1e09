"""Reads and validates small JSON bodies: 400 for a body that can't be read, 422 naming a field that can't be accepted.

Events have a reader of their own, `events.decoding`.
"""

from typing import TypeVar

import msgspec

from daybook.clock import parse_time
from daybook.documents import Doubled, parse
from daybook.http.body import read_body
from daybook.http.problem import Problem, bad_field
from daybook.http.request import Request
from daybook.shape import faults_of
from daybook.tenant import SLUG
from daybook.text import UNCLEAN, UNCLEAN_IN_LINE, UNCLEAN_MESSAGE

MAX_BYTES = 64 * 1024  # far more than these bodies need; the gateway accepts 10 MB

T = TypeVar("T")


def read_form(request: Request, form: type[T]) -> T:
    """The request's body as `form`, a msgspec Struct. Raises `Problem`: see `read_body` and `decode`."""
    return decode(read_body(request, MAX_BYTES), form)


def decode(body: bytes, form: type[T]) -> T:
    """Raises `Problem` 400, or 422 naming the invalid fields."""
    try:
        document = parse(body)
    except ValueError:
        raise Problem(400, "invalid_json", "The body must be JSON in UTF-8.") from None
    if not isinstance(document, dict | Doubled):
        raise Problem(400, "invalid_json", "The body must be a JSON object.")
    try:
        return msgspec.convert(document, form)
    except (msgspec.ValidationError, UnicodeEncodeError):
        faults = faults_of(document, form)
        code, path, message = faults[0]
        raise Problem(422, code, f"{path}: {message}", [fault.error for fault in faults]) from None


def text(path: str, value: str, most: int) -> str:
    """A line of 1 to `most` characters without control characters. Raises `Problem` 422."""
    if not 1 <= len(value) <= most:
        raise bad_field(path, f"must have 1 to {most} characters", "invalid_length")
    if UNCLEAN_IN_LINE.search(value):
        raise bad_field(path, UNCLEAN_MESSAGE)
    return value


def prose(path: str, value: str) -> None:
    """Text of any length, with tabs and line breaks but no other control characters. Raises `Problem` 422."""
    if UNCLEAN.search(value):
        raise bad_field(path, UNCLEAN_MESSAGE)


def slug(path: str, value: str) -> str:
    """The name of a tenant or an environment. Raises `Problem` 422."""
    if not SLUG.fullmatch(value):
        raise bad_field(path, "must be 2 to 39 characters of a-z, 0-9 and -, and not begin with -")
    return value


def moment(path: str, value: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time. Raises `Problem` 422."""
    try:
        return parse_time(value)
    except ValueError as error:
        raise bad_field(path, str(error), "invalid_time") from None
