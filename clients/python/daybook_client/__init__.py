"""Sends events to a Daybook and loses none; reads, exports and imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daybook_client.buffer.told import BufferStatus, RejectedEvent
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

if TYPE_CHECKING:
    from daybook_client.client import Daybook, open_buffer

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


def __getattr__(name: str) -> Any:
    """`Daybook` and `open_buffer` bring httpx and SQLite along, which the help of the command does not need."""
    if name not in ("Daybook", "open_buffer"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from daybook_client import client  # noqa: PLC0415

    found = getattr(client, name)
    globals()[name] = found
    return found
