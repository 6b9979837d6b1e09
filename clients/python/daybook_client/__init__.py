"""Sends events to a Daybook and loses none; reads, exports and imports."""

from daybook_client.buffer.told import BufferStatus, RejectedEvent
from daybook_client.client import Daybook, open_buffer
from daybook_client.current import acting
from daybook_client.errors import (
    BufferFullError,
    BufferUnusableError,
    DaybookError,
    DeniedError,
    ExportError,
    InvalidEventError,
    NotFoundError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from daybook_client.exporting import Export
from daybook_client.feed import Entry, Position

__all__ = [
    "BufferFullError",
    "BufferStatus",
    "BufferUnusableError",
    "Daybook",
    "DaybookError",
    "DeniedError",
    "Entry",
    "Export",
    "ExportError",
    "InvalidEventError",
    "NotFoundError",
    "Position",
    "RefusedError",
    "RejectedEvent",
    "ThrottledError",
    "UnavailableError",
    "acting",
    "open_buffer",
]
