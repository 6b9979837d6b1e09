"""What the feed answers."""

from typing import Any, Literal, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from daybook.events.native import NativeEvent


class FeedEvent(Struct):
    """One entry of the log, with exactly one of the other three."""

    index: int
    event: NativeEvent | UnsetType = UNSET
    gone: Literal["expired"] | UnsetType = UNSET
    """The retention explains that the event is no longer shown."""
    missing: str | UnsetType = UNSET
    """The id of an event that should be there, and is not, or is not as it was sealed. Operators have been alarmed."""


class FeedRecord(Struct):
    """One entry of the log, with exactly one of `event`, `gone` and `missing`."""

    index: int
    event: dict[str, Any] | UnsetType = UNSET
    """In the view or format that was asked for."""
    native: NativeEvent | UnsetType = UNSET
    """With `with=native`: the same event."""
    gone: Literal["expired"] | UnsetType = UNSET
    """The retention explains that the event is no longer shown."""
    missing: str | UnsetType = UNSET
    """The id of an event that should be there, and is not, or is not as it was sealed. Operators have been alarmed."""


class FeedPlace(NamedTuple):
    """The fields of both pages that say where a poller is."""

    log: str | None
    next: int
    size: int


class FeedPage(Struct):
    """Native events in the order in which they were appended to the log."""

    events: list[FeedEvent]
    log: str | None
    """`log` of the next call: where the log that was read has ended, the one that came in its place. Null: none yet."""
    next: int
    """`after` of the next call."""
    size: int
    """How many entries the log has that was read."""


class FeedRecordPage(Struct):
    """Events in a view or a stream's format, in the order in which they were appended to the log."""

    events: list[FeedRecord]
    log: str | None
    """`log` of the next call: where the log that was read has ended, the one that came in its place. Null: none yet."""
    next: int
    """`after` of the next call."""
    size: int
    """How many entries the log has that was read."""
    columns: list[str] | UnsetType = UNSET
    """The view's labels, in order."""
