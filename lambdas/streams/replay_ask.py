"""What a replay was asked for."""

from msgspec import Struct

from daybook.delivery.destination import Format


class ReplayAsk(Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    environment: int
    """The environment's number."""
    from_ms: int
    """Inclusive."""
    to_ms: int
    """Exclusive."""
    subscription: str
    """A replay belongs to the stream that was set up when it was asked for."""
    stream_arn: str
    format: Format
    """As it was then, like `include_audit_log`: all records of a replay have one format."""
    include_audit_log: bool

    @property
    def reserved(self) -> str:
        """What replays use one at a time, so that together they take no more of the stream than one does."""
        return f"stream#{self.environment}"
