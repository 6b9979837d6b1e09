"""What the stream's routes are sent, and what they answer."""

from msgspec import Struct

from daybook.clock import Time
from daybook.delivery.destination import Format, Status


class ReplayForm(Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    from_: Time
    """Inclusive."""
    to: Time
    """Exclusive. At most five minutes after the request; a later time counts as that."""


class StreamForm(Struct, forbid_unknown_fields=True):
    stream_arn: str
    """`arn:aws:kinesis:us-east-1:123456789012:stream/name`"""
    role_arn: str
    """`arn:aws:iam::123456789012:role/name`: Daybook assumes it, with the external id."""
    format: Format
    include_audit_log: bool = False
    """Whether the stream also receives the records of Daybook's own use."""


class StreamDescription(Struct):
    """The Kinesis stream of one environment."""

    environment: str
    stream_arn: str | None
    role_arn: str | None
    format: Format | None
    include_audit_log: bool
    external_id: str
    """The role's trust policy must ask for it."""
    status: Status
    last_delivered_at: Time | None
    """When the stream last took live or parked events, or a test record, exact to some seconds. A replay does not
    count. Another stream or role clears it.
    """
    failing_since: Time | None
    last_error: str | None
    """The name of AWS's error. `SlowStream`: the stream answers so slowly that its events are parked first.
    `InternalError`: Daybook can't make the records of some events.
    """
    pending: int
    """Events that wait for the stream, counted to 10,000. An event may count twice."""
    pending_is_exact: bool
    """False if there may be more."""
    given_up: int
    """Events that waited for 14 days, left retention while they waited, or were too large for the stream."""


class StreamTest(Struct):
    """How the stream took one test record."""

    delivered: bool
    error: str | None
    event_id: str
    milliseconds: int
    record: str | None
    """The record as it was sent."""
