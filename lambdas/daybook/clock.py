"""The clock, and reading and writing of times: RFC 3339 in UTC outside, milliseconds since 1970 inside."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated

from msgspec import Meta

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""An RFC 3339 time in a body. The schema says so; `parse_time` checks it."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LAST_MS = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write."""

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(?:\.(\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = datetime.fromtimestamp(0, UTC)


def system_clock() -> int:
    return time.time_ns() // 1_000_000


def parse_time(text: str) -> int:
    """Milliseconds of an RFC 3339 time with any offset and precision; finer digits are cut off, not rounded.

    A leap second (`:60`) becomes the following second. Raises ValueError for other texts, and for times outside the
    years 1970 to 9999.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("must be an RFC 3339 time with an offset, such as 2026-11-22T16:31:07.123Z")
    minute, second, fraction, offset = match.groups()
    try:
        milliseconds = _minute(minute, offset) + int(second) * SECOND + int(f"{fraction or '0':0<3}"[:3])
    except (ValueError, OverflowError):
        raise ValueError("must be a time that exists") from None
    if not 0 <= milliseconds <= LAST_MS:
        raise ValueError("must be between the years 1970 and 9999")
    return milliseconds


@lru_cache(1_024)  # parsing the minute is most of the work, and the events of a batch share few minutes
def _minute(minute: str, offset: str) -> int:
    moment = datetime.fromisoformat(f"{minute.upper()}00{offset.upper()}")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(1_024)
def format_time(milliseconds: int) -> str:
    """`2026-11-22T16:31:07.123Z`."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
