"""How the views write an event's time. Months are written in English whatever the machine's language is."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daybook_verify.errors import CannotTell

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Moment = Callable[[str], datetime]
"""Turns an event's `occurred_at` into the time of a zone."""


def in_zone(name: str) -> Moment:
    zone: tzinfo = UTC
    if name != "UTC":
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise CannotTell(f"there is no time zone {name!r} on this machine") from error

    def moment(time: str) -> datetime:
        try:
            return datetime.fromisoformat(time).astimezone(zone)
        except OverflowError as error:
            raise CannotTell(f"{time} is on no calendar in the time zone {name}") from error

    return moment


def iso(moment: datetime) -> str:
    text = moment.isoformat(timespec="milliseconds")
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text


def date(moment: datetime) -> str:
    return f"{moment.year:04}-{moment.month:02}-{moment.day:02}"


def time_of_day(moment: datetime) -> str:
    return f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"


def date_time(moment: datetime) -> str:
    return f"{date(moment)} {time_of_day(moment)}"


def enate(moment: datetime) -> str:
    """With the zone's abbreviation in the tz database; UTC is called GMT."""
    zone = moment.tzname()
    return f"{date(moment).replace('-', '/')} {time_of_day(moment)} {'GMT' if zone == 'UTC' else zone}"


def jiffy(moment: datetime) -> str:
    day = f"{_MONTHS[moment.month - 1]} {moment.day:02}, {moment.year:04}"
    return f"{day} @ {time_of_day(moment)}.{moment.microsecond // 1000:03}"


def seconds_in_utc(occurred_at: str) -> str:
    return f"{occurred_at[:19]}Z"
