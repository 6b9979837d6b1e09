"""What senders and owners do with a buffer's events: claim, settle, put off, set apart, count."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from json import dumps, loads
from typing import Any, Callable, NamedTuple

from daybook_client.buffer import schema
from daybook_client.buffer.buffer import SENDERS_SHARE, Buffer, count, raise_floor
from daybook_client.buffer.damage import files_aside
from daybook_client.buffer.owners import has_ended
from daybook_client.buffer.told import BufferStatus, RejectedEvent

LEASE = 120.0  # seconds; after that the events of a sender that hangs, or was killed on another machine, are free
MAX_WAIT = 600.0  # seconds; no claim is longer, so one that ends later was made by another clock
NOBODY = ""  # owner of events that wait for their time


class Row(NamedTuple):
    """An event in the buffer: its number and its JSON."""

    number: int
    event: bytes


class Refusal(NamedTuple):
    """An event that goes to the rejected ones, and why."""

    row: Row
    code: str
    errors: list[dict[str, str]]


def claim(buffer: Buffer, owner: str, max_events: int, max_bytes: int, lease: float = LEASE) -> list[Row]:
    """The oldest events that nobody has in hand, at least one if there is any: the owner's for `lease` seconds.

    One that ends is not lost: the events are free again. The clock decides only when; a jump at worst sends twice.
    """

    def task(connection: sqlite3.Connection) -> list[Row]:
        now = buffer.clock()
        connection.execute("DELETE FROM claims WHERE until < ? OR until > ?", (now, now + max(MAX_WAIT, lease) + 1))
        for (other,) in connection.execute("SELECT DISTINCT owner FROM claims").fetchall():
            if other != owner and has_ended(other):
                connection.execute("DELETE FROM claims WHERE owner = ?", (other,))
        rows = _free_rows(connection, max_events, max_bytes)
        if rows:
            connection.execute(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)",
                (rows[0].number, rows[-1].number, owner, now + lease),
            )
        return rows

    if not buffer.work(lambda connection: connection.execute("SELECT EXISTS (SELECT 1 FROM waiting)").fetchone()[0]):
        return []
    return buffer.write(task)


def _free_rows(connection: sqlite3.Connection, max_events: int, max_bytes: int) -> list[Row]:
    """Neighbours only, so that a span of numbers says which they are."""
    spans = connection.execute("SELECT first, last FROM claims ORDER BY first").fetchall()
    begin = 0
    rows: list[Row] = []
    for first, last in [*spans, (None, None)]:
        end = first if first is not None else 1 << 62
        size = 0
        for number, event in connection.execute(
            "SELECT n, event FROM waiting WHERE n >= ? AND n < ? ORDER BY n LIMIT ?", (begin, end, max_events)
        ):
            if not isinstance(event, bytes):  # a damaged page may hold anything
                raise sqlite3.DatabaseError("malformed event")
            size += len(event) + 1
            if rows and size > max_bytes:
                break
            rows.append(Row(number, event))
        if rows:
            break
        begin = max(begin, (last or 0) + 1)
    return rows


def renew(buffer: Buffer, owner: str, lease: float = LEASE) -> None:
    """The owner's events stay its own for another `lease` seconds."""
    until = buffer.clock() + lease
    buffer.write(lambda connection: connection.execute("UPDATE claims SET until = ? WHERE owner = ?", (until, owner)))


def settle(
    buffer: Buffer,
    owner: str,
    *,
    stored: Sequence[Row] = (),
    refused: Sequence[Refusal] = (),
    later: Sequence[Row] = (),
    release: bool = True,
    wait: float = MAX_WAIT,
) -> int:
    """Delete the stored events, set the refused apart, and let those for later wait. All of it happens or nothing.

    `release` frees what else the owner has. Returns how many rejected events had to give way to newer ones.
    """

    def task(connection: sqlite3.Connection) -> int:
        now = buffer.clock()
        raise_floor(connection)
        here = [
            refusal
            for refusal in refused
            if connection.execute("SELECT 1 FROM waiting WHERE n = ?", (refusal.row.number,)).fetchone()
        ]  # another sender may have set them apart, if this one was thought dead
        gone = (*(row.number for row in stored), *(refusal.row.number for refusal in here))
        connection.executemany("DELETE FROM waiting WHERE n = ?", ((number,) for number in gone))
        connection.executemany(
            "INSERT INTO rejected (event, code, errors, at) VALUES (?, ?, ?, ?)",
            ((refusal.row.event, refusal.code, dumps(refusal.errors), now) for refusal in here),
        )
        if release:
            connection.execute("DELETE FROM claims WHERE owner = ?", (owner,))
        connection.executemany(
            "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)",
            ((first, last, NOBODY, now + wait) for first, last in _spans(later)),
        )
        return _bound_rejected(connection, buffer.max_bytes // SENDERS_SHARE) if here else 0

    return buffer.write(task)


def _spans(rows: Iterable[Row]) -> Iterator[tuple[int, int]]:
    first = last = None
    for row in rows:
        if first is not None and last is not None and row.number == last + 1:
            last = row.number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = row.number
    if first is not None and last is not None:
        yield first, last


def _bound_rejected(connection: sqlite3.Connection, max_bytes: int) -> int:
    """The rejected may take up the senders' reserve. Beyond that the oldest give way, and are counted as dropped."""
    held: int = connection.execute("SELECT ifnull(sum(length(event)), 0) FROM rejected").fetchone()[0]
    if held <= max_bytes:
        return 0
    gone = []
    for number, size in connection.execute("SELECT n, length(event) FROM rejected ORDER BY n"):
        if held <= max_bytes // 2:
            break
        held -= size
        gone.append((number,))
    if gone:
        connection.executemany("DELETE FROM rejected WHERE n = ?", gone)
        count(connection, "dropped", len(gone))
    return len(gone)


def last_number(buffer: Buffer) -> int:
    """The number of the event that was recorded last; 0 before the first."""
    statement = "SELECT max(ifnull((SELECT max(n) FROM waiting), 0), (SELECT n FROM floor))"
    number: int = buffer.work(lambda connection: connection.execute(statement).fetchone()[0])
    return number


def is_answered(buffer: Buffer, number: int) -> bool:
    """Whether everything up to this number was stored or rejected."""
    statement = "SELECT NOT EXISTS (SELECT 1 FROM waiting WHERE n <= ?)"
    return bool(buffer.work(lambda connection: connection.execute(statement, (number,)).fetchone()[0]))


def note_error(buffer: Buffer, text: str | None) -> None:
    """Keep why sending fails, for `daybook buffer` in another process."""
    buffer.write(
        lambda connection: connection.execute("INSERT OR REPLACE INTO notes VALUES ('error', ?)", (text or "",))
    )


def status(buffer: Buffer) -> BufferStatus:
    """What the buffer holds at this moment. Counts its rows: some milliseconds for 100,000 events."""

    def task(connection: sqlite3.Connection) -> BufferStatus:
        notes = dict(connection.execute("SELECT name, value FROM notes").fetchall())
        waiting, rejected, pages, free = connection.execute(
            "SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM rejected),"
            " (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count)"
        ).fetchone()
        first = connection.execute("SELECT event FROM waiting ORDER BY n LIMIT 1").fetchone()
        return BufferStatus(
            waiting=waiting,
            bytes=(pages - free) * schema.PAGE_BYTES,
            max_bytes=buffer.max_bytes,
            rejected=rejected,
            dropped=notes.get("dropped", 0),
            oldest=_read(first[0]).get("occurred_at") if first else None,
            last_error=notes.get("error") or None,
            path=buffer.path,
            damaged=tuple(files_aside(buffer.path)),
        )

    return buffer.work(task)


def rejected(buffer: Buffer) -> Iterator[RejectedEvent]:
    """The rejected events, the oldest first. Reads 100 at a time."""
    after = 0
    while True:
        found = buffer.work(
            lambda connection, after=after: connection.execute(  # type: ignore[misc]
                "SELECT n, event, code, errors, at FROM rejected WHERE n > ? ORDER BY n LIMIT 100", (after,)
            ).fetchall()
        )
        for number, event, code, errors, at in found:
            after = number
            yield RejectedEvent(_read(event), code, loads(errors), at)
        if not found:
            return


def _read(event: bytes) -> dict[str, Any]:
    """The event, or {} for one whose bytes a failing disk has changed: SQLite does not notice that."""
    try:
        found = loads(event)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def retry_rejected(buffer: Buffer) -> int:
    """Let all rejected events wait again, behind the others. Returns how many."""

    def task(connection: sqlite3.Connection) -> int:
        events = connection.execute("SELECT n, event FROM rejected ORDER BY n LIMIT 500").fetchall()
        connection.executemany(schema.APPEND, ((event,) for _, event in events))
        connection.executemany("DELETE FROM rejected WHERE n = ?", ((number,) for number, _ in events))
        return len(events)

    return _all_of(buffer, task)


def discard_rejected(buffer: Buffer) -> int:
    """Delete all rejected events. Returns how many."""

    def task(connection: sqlite3.Connection) -> int:
        return connection.execute(
            "DELETE FROM rejected WHERE n IN (SELECT n FROM rejected ORDER BY n LIMIT 500)"
        ).rowcount

    return _all_of(buffer, task)


def _all_of(buffer: Buffer, task: Callable[[sqlite3.Connection], int]) -> int:
    """Short transactions, so that nobody who records waits long. Ends, also while others reject more."""
    before: int = buffer.work(lambda connection: connection.execute("SELECT count(*) FROM rejected").fetchone()[0])
    done = 0
    while done < before:
        some = buffer.write(task)
        done += some
        if not some:
            break
    return done
