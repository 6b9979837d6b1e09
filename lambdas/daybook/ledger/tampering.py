"""What may become of a stored event, and what nobody but a tamperer does to it.

Events are written once. Later, a re-stamp changes `expires_at` alone, never to a moment before the one that some
retention or hold allowed which was in force since the event was stored. DynamoDB's TTL is the only one that removes
events. The settings keep every retention and hold with its moment, so each change is judged by what was in force then,
however late the stream brings it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from daybook.clock import MINUTE, SECOND
from daybook.tenants.settings import TenantSettings

IN_FLIGHT_MS = MINUTE
"""A re-stamp writes a page at most 42 s after it has read the settings, so maybe under those from just before the event
was stored.
"""

STAMP = "expires_at"

Image = Mapping[str, Any]
"""An item's attributes, as the stream or the table has them."""


class What(StrEnum):
    """What was done to an event."""

    CHANGED = "changed"
    """Another attribute than the time of deletion is not as it was stored."""
    EXPIRES_EARLY = "expires-early"
    """Its time of deletion was set to a moment before the earliest that any setting allowed."""
    REMOVED = "removed"
    """It was deleted by somebody else than DynamoDB's TTL, or earlier than any setting allowed."""
    ALTERED = "altered"
    """The bytes that are stored are not those that the ledger has sealed."""


class Times(NamedTuple):
    """When an event occurred and when it was received, in milliseconds."""

    occurred_ms: int
    stored_ms: int


def modified(old: Image, new: Image, times: Times, settings: TenantSettings) -> What | None:
    """What a MODIFY of the stream did; None where it is a re-stamp as the settings allow it."""
    if _without_stamp(old) != _without_stamp(new):
        return What.CHANGED
    if old.get(STAMP) == new.get(STAMP) or STAMP not in new:
        return None
    allowed = settings.earliest_expiry(times.occurred_ms, times.stored_ms - IN_FLIGHT_MS)
    seconds = _seconds(new[STAMP])
    return None if allowed is not None and seconds is not None and seconds >= allowed else What.EXPIRES_EARLY


def removed(times: Times, settings: TenantSettings, at_ms: int, *, by_ttl: bool) -> What | None:
    """What a REMOVE of the stream did, at `at_ms`; None where TTL deleted an event that might be gone by then."""
    return None if by_ttl and may_be_gone(settings, times, at_ms) else What.REMOVED


def may_be_gone(settings: TenantSettings, times: Times, at_ms: int) -> bool:
    """Whether a retention explains that the event no longer exists at `at_ms`."""
    gone_ms = settings.may_be_gone_from(*times)
    return gone_ms is not None and gone_ms <= at_ms


def _without_stamp(image: Image) -> dict[str, Any]:
    return {name: value for name, value in image.items() if name != STAMP}


def _seconds(value: Any) -> int | None:
    """The stamp of an image; None for what is none, so that TTL ignores it or nobody can say what it does."""
    try:
        return int(value["N"])
    except (KeyError, TypeError, ValueError):
        return None


def moment_of(record: Mapping[str, Any]) -> int:
    """When the stream's record says that the change was made, in milliseconds. DynamoDB gives whole seconds."""
    return int(record["dynamodb"]["ApproximateCreationDateTime"] * SECOND)


def is_by_ttl(record: Mapping[str, Any]) -> bool:
    """Whether DynamoDB's TTL made the change that the stream's record tells of.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    who = record.get("userIdentity") or {}
    # Event source mappings write these names in lower case, as their filters do; the streams' own API in upper case.
    told = {name.lower(): value for name, value in who.items()}
    return told.get("type") == "Service" and told.get("principalid") == "dynamodb.amazonaws.com"
