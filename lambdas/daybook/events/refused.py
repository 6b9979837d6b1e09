"""Events that were refused: a refused event is lost evidence, and its sender often does not look at the answer.

An instance of `ingest` keeps one page for each tenant and hour. A page has the counts, and the last refused events
without anything that may be somebody's. It is packed to at most `MAX_PACKED` bytes, however hostile the events are.
"""

import zlib
from typing import Any

import msgspec
from msgspec import Struct

from daybook.clock import DAY
from daybook.errors import FieldError
from daybook.events.rejected import RejectionCode

KEPT_MS = 7 * DAY
MAX_EVENTS = 100
MAX_PACKED = 16 * 1024


class RefusedCount(Struct):
    """How many events a key sent in an hour that were refused for the same reason."""

    hour: str
    code: RejectionCode
    activity: str | None
    """Null where the event named none, and where a key sent too many different ones to keep apart."""
    key: str | None
    """The id of the API key; null for a token."""
    environment: str
    count: int


class RefusedEvent(Struct):
    """A refused event without anything that may be somebody's."""

    at: str
    code: RejectionCode
    activity: str | None
    key: str | None
    environment: str
    errors: list[FieldError]
    event: Any
    """Its fields. Of a value there is its type and length; words of the catalogue are shown."""


class Page(Struct):
    counts: list[RefusedCount]
    events: list[RefusedEvent]
    """The newest last."""


def pack(page: Page) -> bytes:
    """Deflated JSON. Of what does not fit the oldest events are left out; then the rarest counts lose their activity,
    then their key, so that the sum stays.
    """
    counts, events = page.counts, page.events[-MAX_EVENTS:]
    while len(packed := zlib.compress(msgspec.json.encode(Page(counts, events)), 6)) > MAX_PACKED:
        if events:
            events = events[len(events) // 2 + 1 :]
        else:
            counts = _with_fewer_kinds(counts)
    return packed


def _with_fewer_kinds(counts: list[RefusedCount]) -> list[RefusedCount]:
    """The rarer half of those that still name an activity, or else a key, no longer do."""
    named = [one for one in counts if one.activity is not None] or [one for one in counts if one.key is not None]
    if not named:  # as many codes and environments as no tenant has
        return sorted(counts, key=lambda one: -one.count)[: len(counts) // 2]
    named.sort(key=lambda one: -one.count)
    rare = {id(one) for one in named[len(named) // 2 :]}
    found: dict[tuple[str | None, ...], RefusedCount] = {}
    for one in counts:
        key = one.key if id(one) not in rare or one.activity is not None else None
        activity = None if id(one) in rare else one.activity
        kind = (one.hour, one.code, activity, key, one.environment)
        before = found[kind].count if kind in found else 0
        found[kind] = RefusedCount(one.hour, one.code, activity, key, one.environment, before + one.count)
    return list(found.values())


def unpack(packed: bytes) -> Page:
    return msgspec.json.decode(zlib.decompress(packed), type=Page)
