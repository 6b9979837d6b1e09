"""Sends events to a Daybook and loses none; reads, exports and imports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from daybook_client.buffer.told import BufferStatus, RejectedEvent
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

if TYPE_CHECKING:
    from daybook_client.aio import AsyncDaybook
    from daybook_client.client import Daybook
    from daybook_client.exporting import Export
    from daybook_client.feed import Entry, Position

__all__ = [
    "AsyncDaybook",
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
]

_LATER = {
    "AsyncDaybook": "aio",
    "Daybook": "client",
    "Entry": "feed",
    "Export": "exporting",
    "Position": "feed",
}
"""What brings httpx and SQLite along, which the help of the command does not need."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"daybook_client.{_LATER[name]}"), name)
    globals()[name] = found
    return found
