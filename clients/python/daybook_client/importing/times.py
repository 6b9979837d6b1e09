"""Times as products write them, to RFC 3339 in UTC with milliseconds. Finer digits are cut off, as Daybook does."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_MS = 253_402_300_799_999  # the end of the year 9999

_ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)(?:\.(\d+))?(Z)?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d+)?", re.ASCII)

# Month names in English whatever the locale, which `strptime` would follow.
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_ENGLISH, 1)}
_MONTH_FIRST = re.compile(  # `Aug 18, 2021 @ 17:57:09.636`, `August 18, 2021 5:57 PM`, `Wed Aug 18 17:57:09 2021`
    r"(?:[a-z]{3,9},?\s+)?([a-z]{3,9})\.?\s+(\d\d?)(?:st|nd|rd|th)?,?\s+(?:(\d{4}),?\s*(?:@|at)?\s*)?"
    r"(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(am|pm)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?(?:\s+(\d{4}))?",
    re.ASCII | re.IGNORECASE,
)
_DAY_FIRST = re.compile(  # `18 Aug 2021 17:57:09`, `Wed, 18 Aug 2021 17:57:09 +0000`, `18/Aug/2021:17:57:09 +0000`
    r"(?:[a-z]{3,9},?\s+)?(\d\d?)[\s/-]+([a-z]{3,9})\.?,?[\s/-]+(\d{4}),?[\s:@]+"
    r"(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(am|pm)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)

# Up to which magnitude a bare number is in seconds, milliseconds, microseconds, nanoseconds: each reaches past 5000.
_SECONDS, _MILLISECONDS, _MICROSECONDS = 10**11, 10**14, 10**17


def time(value: Any, zone: tzinfo | None = None) -> str | None:
    """The time as `2026-11-22T16:31:07.123Z`, or None if it can't be read, or lies before 1970.

    Reads RFC 3339 and its relatives, numbers since 1970 in seconds, milliseconds, microseconds or nanoseconds (told by
    their size), `Aug 18, 2021 @ 17:57:09.636`, and dates with the month's English name. A time that names no zone is
    in `zone`, by default UTC. A time that a change of clocks makes double is the earlier one. Dates of digits alone
    that begin with day or month are not read, since nobody can tell which is which.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return _written(_since_1970(value))
    if not isinstance(value, str) or len(value) > 64:
        return None
    return _read(value, zone)


@lru_cache(512)  # neighbouring records share their second
def _read(value: str, zone: tzinfo | None) -> str | None:
    found = value.strip()
    if _NUMBER.fullmatch(found) and len(found.partition(".")[0]) != 14:  # 14 digits: YYYYMMDDhhmmss
        return _written(_since_1970(float(found) if "." in found else int(found)))
    parts = _parts(found)
    if parts is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = parts
    try:
        # A leap second becomes the following second.
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(offset, zone))
        whole = (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
    if second > 60:
        return None
    return _written(whole + (1000 if second == 60 else 0) + int(f"{fraction or '0':0<3}"[:3]))


def _parts(found: str) -> tuple[int, int, int, int, int, int, str | None, str | None] | None:
    match = _ISO.fullmatch(found) or _BASIC.fullmatch(found)
    if match:
        year, month, day, hour, minute, second, fraction, offset = match.groups()
        return int(year), int(month), int(day), int(hour), int(minute), int(second or 0), fraction, offset
    match = _MONTH_FIRST.fullmatch(found)
    if match:
        name, day, year, hour, minute, second, fraction, half, offset, year_last = match.groups()
        year = year or year_last
    else:
        match = _DAY_FIRST.fullmatch(found)
        if match is None:
            return None
        day, name, year, hour, minute, second, fraction, half, offset = match.groups()
    number = _MONTHS.get(name[:3].lower())
    if number is None or year is None:
        return None
    return int(year), number, int(day), _hour(int(hour), half), int(minute), int(second or 0), fraction, offset


def _hour(hour: int, half: str | None) -> int:
    return hour if half is None else hour % 12 + (12 if half.lower() == "pm" else 0)


def _zone(offset: str | None, zone: tzinfo | None) -> tzinfo:
    if offset is None:
        return zone or timezone.utc
    if offset.upper() in ("Z", "UTC", "GMT"):
        return timezone.utc
    digits = offset[1:].replace(":", "")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0))
    return timezone(-delta if offset[0] == "-" else delta)


def _since_1970(value: float) -> float:
    """Milliseconds."""
    size = abs(value)
    if size < _SECONDS:
        return value * 1000
    if size < _MILLISECONDS:
        return value
    return value // 1000 if size < _MICROSECONDS else value // 1_000_000


def _written(milliseconds: float) -> str | None:
    if not 0 <= milliseconds <= _LAST_MS:  # also not for NaN
        return None
    whole, rest = divmod(int(milliseconds), 1000)
    return f"{_second(whole)}.{rest:03d}Z"


@lru_cache(512)
def _second(seconds: int) -> str:
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"
