"""Events on the disk between `record` and Daybook's answer. Threads and processes share a buffer.

One connection a process, under one lock. Threads that add at the same time share one commit: the thread that gets the
lock first writes what all of them queued, and the disk is waited for once.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, TypeVar

from daybook_client import forking
from daybook_client.buffer import damage, places, schema
from daybook_client.errors import BufferFullError, BufferUnusableError

Answer = TypeVar("Answer")

logger = logging.getLogger("daybook_client")

MIN_BYTES = 1024 * 1024
SLACK_PAGES = 8  # what an insert may need beside its own bytes
DROPPED_SHARE = 64  # a full buffer makes room for a 64th of it at once, not for each event anew
SENDERS_SHARE = 8  # a full buffer keeps an eighth on top, so that rejected events can be set apart


class _Added:
    """What one thread wants to have written, and what became of it."""

    __slots__ = ("error", "events", "written")

    def __init__(self, events: Sequence[bytes]) -> None:
        self.events = events
        self.written = False
        self.error: Exception | None = None


class Buffer:
    """The buffer at `path`, bounded by `max_bytes` of the file. `clock` gives seconds since 1970.

    Raises BufferUnusableError if it can't be opened for writing. A damaged file is moved aside, and a new one begun
    with what can be read of it.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = 256 * 1024 * 1024,
        drop_oldest: bool = False,
        power_cut_safe: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if max_bytes < MIN_BYTES:
            raise ValueError(f"a buffer has at least {MIN_BYTES:,} bytes")
        self.path = path
        self.max_bytes = max_bytes
        self._max_pages = max_bytes // schema.PAGE_BYTES
        self._drop_oldest = drop_oldest
        self._power_cut_safe = power_cut_safe
        self.clock = clock
        self._lock = threading.RLock()
        self._busy = False
        self._to_log: deque[tuple[int, str, tuple[object, ...]]] = deque()
        self._queue: deque[_Added] = deque()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._closed = False
        forking.take_part(self)
        self.work(_used_pages)  # opens it: a buffer that is unusable says so at once

    # Adding

    def add(self, events: Sequence[bytes]) -> None:
        """Append these events, all of them or none. They are on the disk when this returns.

        Raises BufferFullError or BufferUnusableError. Waits for the disk and for other processes' commits alone.
        """
        added = _Added(events)
        self._queue.append(added)
        try:
            with self._alone() as within:
                if within:  # a signal came while this thread was writing, and what is queued is the interrupted call's
                    self._queue.remove(added)
                    self._insert(events)
                    return
                while not added.written:
                    self._write()
        except BaseException:
            with suppress(ValueError):
                self._queue.remove(added)
            raise
        if added.error is not None:
            raise added.error

    def _write(self) -> None:
        """Write what is queued in one transaction. Each that can't be written with the others is tried by itself."""
        queued: list[_Added] = []
        try:
            with suppress(IndexError):
                while len(queued) < 1000:
                    queued.append(self._queue.popleft())
            self._insert([event for added in queued for event in added.events])
        except (BufferFullError, BufferUnusableError) as error:
            for added in queued:
                added.error = error
                if len(queued) > 1 and isinstance(error, BufferFullError):
                    added.error = self._insert_alone(added)
        except BaseException as error:
            for added in queued:
                added.error = BufferUnusableError(f"recording was broken off: {error!r}", code="buffer_unusable")
            raise
        finally:
            for added in queued:
                added.written = True

    def _insert_alone(self, added: _Added) -> Exception | None:
        try:
            self._insert(added.events)
        except (BufferFullError, BufferUnusableError) as error:
            return error
        return None

    def _insert(self, events: Sequence[bytes]) -> None:
        connection = self._connection
        if connection is not None and len(events) == 1:  # the common case, in one statement
            try:
                connection.execute(schema.APPEND, events)
            except sqlite3.Error:
                _roll_back(connection)
            else:
                return
        self._work(lambda connection: self._insert_all(connection, events))

    def _insert_all(self, connection: sqlite3.Connection, events: Sequence[bytes]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(schema.APPEND, ((event,) for event in events))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            bytes_ = sum(len(event) + 16 for event in events)
            if "full" not in str(error) or self._has_room(connection, bytes_):
                raise
            if not self._drop_oldest:
                raise self._full() from None
            self._make_room(connection, events, bytes_)

    def _has_room(self, connection: sqlite3.Connection, bytes_: int) -> bool:
        """Whether it was the disk that was full, not the buffer."""
        free = self._max_pages - _used_pages(connection)
        return free > bytes_ // (schema.PAGE_BYTES // 2) + SLACK_PAGES

    def _full(self) -> BufferFullError:
        return BufferFullError(f"{self.path} holds {self.max_bytes:,} bytes, as many as it may", code="buffer_full")

    def _make_room(self, connection: sqlite3.Connection, events: Sequence[bytes], bytes_: int) -> None:
        """Drop the oldest events that no sender has in hand, and count them, then append."""
        room = 2 * bytes_ + max(self.max_bytes // DROPPED_SHARE, SLACK_PAGES * schema.PAGE_BYTES)
        try:
            connection.execute("BEGIN IMMEDIATE")
            victims = []
            for number, size in connection.execute(
                "SELECT n, length(event) FROM waiting WHERE NOT EXISTS (SELECT 1 FROM claims WHERE owner <> '' AND"
                " until >= ? AND n BETWEEN first AND last) ORDER BY n",
                (self.clock(),),
            ):
                victims.append((number,))
                room -= size + 16
                if room <= 0:
                    break
            raise_floor(connection)
            connection.executemany("DELETE FROM waiting WHERE n = ?", victims)
            count(connection, "dropped", len(victims))
            connection.executemany(schema.APPEND, ((event,) for event in events))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            if "full" in str(error):
                raise self._full() from None
            raise
        self._log(logging.WARNING, "The buffer is full: the oldest %d events gave way", len(victims))

    # Everything else that happens in the file

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """One thread at a time. Yields whether it is within already: a signal's handler interrupts its own thread.

        Raises BufferUnusableError for a handler that came in the middle of a transaction: it can't wait for its end.
        """
        within = True
        try:
            with self._lock:
                within = self._busy
                if within and (self._connection is None or self._connection.in_transaction):
                    raise BufferUnusableError(f"{self.path} is in use by what was interrupted", code="buffer_unusable")
                self._busy = True
                try:
                    yield within
                finally:
                    self._busy = within
        finally:
            if not within:
                with suppress(IndexError):
                    while True:
                        level, text, arguments = self._to_log.popleft()
                        logger.log(level, text, *arguments)

    def _log(self, level: int, text: str, *arguments: object) -> None:
        """To be logged without the lock: another thread's logging handler may wait for it in order to record."""
        self._to_log.append((level, text, arguments))

    def work(self, task: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run a task with the connection, alone in this process. Raises BufferUnusableError.

        The task may run twice, if the first run finds the file damaged.
        """
        with self._alone():
            return self._work(task)

    def write(self, task: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run a task in one transaction. It may use the senders' reserve of a full buffer."""

        def transaction(connection: sqlite3.Connection) -> Answer:
            reserve = self._max_pages // SENDERS_SHARE
            connection.execute(f"PRAGMA max_page_count={self._max_pages + reserve}")
            try:
                connection.execute("BEGIN IMMEDIATE")
                answer = task(connection)
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
            finally:
                with suppress(sqlite3.Error):
                    connection.execute(f"PRAGMA max_page_count={self._max_pages}")
            return answer

        return self.work(transaction)

    def follow(self) -> None:
        """Go over to the new file if another process moved a damaged one aside. Events that went there come along."""
        with self._alone():
            old, was = self._connection, self._identity
            if old is None or places.identity(self.path) == was:
                return
            aside = damage.files_aside(self.path)
            if aside and places.identity(aside[-1]) == was:
                self._close()
                self._salvage(damage.readable_events(aside[-1]), aside[-1])
                return
            self._connection = None  # the file was deleted, but this process still has it open
            try:
                self._salvage(damage.events_of(old), self.path)
            except BaseException:
                self._close()
                self._connection, self._identity = old, was
                raise
            old.close()

    def close(self) -> None:
        """Close the file. Nothing can be added after that."""
        with self._alone():
            self._closed = True
            self._close()

    def _work(self, task: Callable[[sqlite3.Connection], Answer]) -> Answer:
        try:
            try:
                return task(self._open())
            except sqlite3.Error as error:
                if not schema.is_damage(error):
                    raise
                self._begin_anew(error)
                return task(self._open())
        except sqlite3.Error as error:
            raise BufferUnusableError(f"{self.path} can't be written: {error}", code="buffer_unusable") from error

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise BufferUnusableError(f"{self.path} was closed", code="buffer_unusable")
        if self._connection is None:
            places.make_place(self.path)
            with places.one_at_a_time(self.path):
                connection = schema.connect(self.path, power_cut_safe=self._power_cut_safe)
                self._identity = places.identity(self.path)
            connection.execute(f"PRAGMA max_page_count={self._max_pages}")
            self._connection = connection
            if self._power_cut_safe:
                with suppress(sqlite3.Error, OSError):  # a matter of speed alone
                    schema.lay_out_log(connection, self.path)
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _begin_anew(self, error: sqlite3.Error) -> None:
        """Move the file aside, unless another process did, and take over what can be read of it."""
        before = self._identity if self._connection is not None else places.identity(self.path)
        self._close()
        try:
            with places.one_at_a_time(self.path):
                if places.identity(self.path) == before:
                    aside = damage.move_aside(self.path, self.clock())
                    self._log(
                        logging.ERROR,
                        "The buffer was damaged (%s). It is kept as %s, and a new one was begun",
                        error,
                        aside,
                    )
        except OSError as failure:
            raise BufferUnusableError(
                f"{self.path} is damaged and can't be moved: {failure}", code="buffer_unusable"
            ) from failure
        files = damage.files_aside(self.path)
        if files:
            self._salvage(damage.readable_events(files[-1]), files[-1])

    def _salvage(self, events: Iterable[bytes], file: Path) -> None:
        saved = 0
        chunk: list[bytes] = []
        connection = self._open()
        for event in events:
            chunk.append(event)
            if len(chunk) == 500:
                self._insert_all(connection, chunk)
                saved += len(chunk)
                chunk = []
        if chunk:
            self._insert_all(connection, chunk)
        self._log(logging.ERROR, "%d events could be read from %s", saved + len(chunk), file)

    # Forks

    def before_fork(self) -> None:
        self._lock.acquire()
        self._close()

    def after_fork_in_parent(self) -> None:
        self._lock.release()

    def after_fork_in_child(self) -> None:
        if self._connection is not None:  # the fork was not announced: the parent's connection must not even be closed
            _not_ours.append(self._connection)
            self._connection = None
        self._lock = threading.RLock()
        self._busy = False
        self._queue = deque()


_not_ours: list[sqlite3.Connection] = []


def raise_floor(connection: sqlite3.Connection) -> None:
    """Call this before rows are deleted: no later row gets a number that was given before."""
    connection.execute("UPDATE floor SET n = max(n, ifnull((SELECT max(n) FROM waiting), 0))")


def count(connection: sqlite3.Connection, name: str, more: int) -> None:
    """Add to a number that outlives this process."""
    connection.execute("INSERT OR IGNORE INTO notes VALUES (?, 0)", (name,))
    connection.execute("UPDATE notes SET value = value + ? WHERE name = ?", (more, name))


def _used_pages(connection: sqlite3.Connection) -> int:
    pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return pages - free


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
