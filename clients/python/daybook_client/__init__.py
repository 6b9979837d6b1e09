"""Sends events to a Daybook and loses none; reads, exports and imports."""

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
    "BufferUnusableError",
    "DaybookError",
    "DeniedError",
    "InvalidEventError",
    "NotFoundError",
    "RefusedError",
    "ThrottledError",
    "UnavailableError",
]
