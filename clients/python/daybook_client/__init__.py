"""Sends events to a Daybook and loses none; reads, exports and imports."""

from daybook_client.buffer.told import BufferStatus, RejectedEvent
from daybook_client.client import Daybook, open_buffer
from daybook_client.errors import (
    BufferFullError,
    BufferUnusableError,
    DaybookError,
    DeniedError,
    InvalidEventError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)

__all__ = [
    "BufferFullError",
    "BufferStatus",
    "BufferUnusableError",
    "Daybook",
    "DaybookError",
    "DeniedError",
    "InvalidEventError",
    "NotFoundError",
    "RefusedError",
    "RejectedEvent",
    "ThrottledError",
    "UnavailableError",
    "open_buffer",
]
