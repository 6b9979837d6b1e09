"""Reads the times that senders write."""

from daybook.clock import parse_time
from daybook.errors import FieldError
from daybook.events.rejected import Rejected


def read_time(text: str, path: str) -> int:
    try:
        return parse_time(text)
    except ValueError as error:
        raise Rejected("invalid_time", FieldError(path, str(error))) from None
