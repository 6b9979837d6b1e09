"""What `POST /v1/events` answers."""

from msgspec import UNSET, Struct, UnsetType

from daybook.errors import FieldError
from daybook.events.rejected import RejectionCode


class _Result(Struct, tag_field="status"):
    index: int
    """The event's place in the request, from 0 on."""


class EventStored(_Result, tag="stored"):
    """The event is durable. A repeat of an earlier event has the earlier event's id."""

    id: str
    leaf: str
    """The event's RFC 6962 leaf hash, in hexadecimal digits."""
    adjusted: tuple[str, ...] | UnsetType = UNSET
    """The paths of texts that were cut, or in which characters were replaced. Absent: nothing was."""


class EventRejected(_Result, tag="rejected"):
    """The event is not stored. Sending it again changes nothing."""

    code: RejectionCode
    errors: tuple[FieldError, ...]


class EventToRetry(_Result, tag="retry"):
    """The store was throttled, and the event may not be stored. Send it again."""


class SendReport(Struct):
    """What happened to each event, in the order in which they were sent."""

    stored: int
    rejected: int
    results: list[EventStored | EventRejected | EventToRetry]
