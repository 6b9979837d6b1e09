"""The exit codes of `daybook`. Scripts rely on them, so they never change their meaning."""

from __future__ import annotations

from daybook_client.errors import (
    BufferFullError,
    BufferUnusableError,
    DaybookError,
    DeniedError,
    ThrottledError,
    UnavailableError,
)

DONE = 0
REJECTED = 1  # something was rejected, or is not genuine
USAGE = 2
DENIED = 3
UNREACHABLE = 4  # the same call may succeed later
REFUSED = 5  # the same call would be refused again
NOT_INSTALLED = 69  # EX_UNAVAILABLE of sysexits.h
FAULT = 70  # EX_SOFTWARE: a fault of this program
INTERRUPTED = 130  # 128 and SIGINT, as shells have it


def code_of(error: DaybookError) -> int:
    """The exit code that an error of the client ends the command with."""
    if isinstance(error, DeniedError):
        return DENIED
    if isinstance(error, (UnavailableError, ThrottledError, BufferFullError, BufferUnusableError)):
        return UNREACHABLE
    return REFUSED
