"""A damaged file is moved aside and read as far as it goes; a new one takes its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from json import loads
from pathlib import Path

MARK = ".damaged-"
_SIDES = ("", "-wal", "-shm")


def move_aside(path: Path, at: float) -> Path:
    """Rename the file with its log. The new name says when (seconds since 1970). Raises OSError."""
    number = int(at)
    while Path(f"{path}{MARK}{number}").exists():
        number += 1
    aside = Path(f"{path}{MARK}{number}")
    for side in _SIDES:
        with suppress(FileNotFoundError):
            Path(f"{path}{side}").rename(f"{aside}{side}")
    return aside


def files_aside(path: Path) -> list[Path]:
    """The damaged files that once were the buffer at this path, the oldest first."""
    found = path.parent.glob(f"{path.name}{MARK}*")
    return sorted(file for file in found if file.name.rpartition("-")[2].isdigit())


def readable_events(aside: Path) -> Iterator[bytes]:
    """The events that can still be read, from the beginning up to the damage, then from the end back to it.

    An event may come twice, or come although it was sent: by their ids Daybook knows them again.
    """
    with suppress(sqlite3.Error), closing(sqlite3.connect(aside, timeout=1)) as connection:
        yield from events_of(connection)


def events_of(connection: sqlite3.Connection) -> Iterator[bytes]:
    """As `readable_events`, of a file that is open."""
    for statement in ("SELECT event FROM waiting ORDER BY n", "SELECT event FROM waiting ORDER BY n DESC"):
        with suppress(sqlite3.Error):
            for (event,) in connection.execute(statement):
                if _is_event(event):
                    yield event
            return


def _is_event(event: object) -> bool:
    if not isinstance(event, bytes):
        return False
    try:
        found = loads(event)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"id", "occurred_at", "activity", "actor"} <= found.keys()
