"""What a buffer tells of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class BufferStatus:
    """`waiting` and `rejected` are events, of all processes; `dropped` those that gave way since the file was begun.

    `bytes` is what the file holds, of at most `max_bytes`. `oldest` is the `occurred_at` of the event that was recorded
    first. `last_error` says why the last batch did not get through, None once one did. `damaged` are files that were
    moved aside.
    """

    waiting: int
    bytes: int
    max_bytes: int
    rejected: int
    dropped: int
    oldest: str | None
    last_error: str | None
    path: Path
    damaged: tuple[Path, ...] = ()


@dataclass(frozen=True)
class RejectedEvent:
    """An event that Daybook did not take, with its answer. `at` is when, in seconds since 1970."""

    event: dict[str, Any]
    code: str
    errors: list[dict[str, str]] = field(default_factory=list)
    at: float = 0.0
