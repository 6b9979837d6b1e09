"""The tables of a buffer, and a connection to them."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

PAGE_BYTES = 4096
LOG_BYTES = 32 + 1_100 * (24 + PAGE_BYTES)  # its header, then frames: 4.5 MB
BUSY_SECONDS = 5.0
"""How long a write waits for another process's. Each is one commit."""

TABLES = """
CREATE TABLE IF NOT EXISTS waiting (n INTEGER PRIMARY KEY, event BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS floor (one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS claims (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, owner TEXT NOT NULL,
                                   until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS rejected (n INTEGER PRIMARY KEY AUTOINCREMENT, event BLOB NOT NULL, code TEXT NOT NULL,
                                     errors TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value NOT NULL);
INSERT OR IGNORE INTO floor VALUES (1, 0);
"""
"""`waiting` in the order of recording. A number is never given twice, even after the table was empty: `floor` is the
highest that was ever deleted. AUTOINCREMENT would write a second page for each event.
`claims` are spans of `waiting` that nobody but their owner sends until then (seconds since 1970).
"""

APPEND = """
INSERT INTO waiting (n, event)
SELECT 1 + max(ifnull((SELECT max(n) FROM waiting), 0), (SELECT n FROM floor)), ?
"""


def connect(path: Path, *, power_cut_safe: bool) -> sqlite3.Connection:
    """A connection in autocommit. Makes the tables where they are missing. Raises sqlite3.Error.

    A commit is on the disk when it returns if `power_cut_safe`, else with the system's next write-back.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
        connection.execute(f"PRAGMA synchronous={'FULL' if power_cut_safe else 'NORMAL'}")
        if power_cut_safe:  # macOS alone tells the two apart
            connection.execute("PRAGMA fullfsync=1")
            connection.execute("PRAGMA checkpoint_fullfsync=1")
        connection.execute("PRAGMA cache_size=-2000")  # 2 MB of memory, however much waits
        made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'floor'").fetchone()[0]
        if not made or not connection.execute("SELECT count(*) FROM floor").fetchone()[0]:
            connection.executescript(f"BEGIN IMMEDIATE;{TABLES}COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def lay_out_log(connection: sqlite3.Connection, path: Path) -> None:
    """Give the write-ahead log its usual length at once. Raises sqlite3.Error or OSError.

    A commit at the end of a growing file waits twice as long for the disk as one within it. After 1,000 pages there is
    a checkpoint, and the log is written over from its beginning. Zeros at its end are no frames to SQLite. Nobody else
    appends to it in the meantime, since the transaction has its write lock.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        with Path(f"{path}-wal").open("r+b") as log:
            missing = LOG_BYTES - log.seek(0, os.SEEK_END)
            if missing > 0:
                log.write(bytes(missing))
                log.flush()
                os.fsync(log.fileno())
    finally:
        connection.execute("ROLLBACK")


_DAMAGE = (
    "malformed",
    "not a database",
    "no such table",
    "no such column",
    "decode to UTF-8",  # a text in the place of an event
    "too big",  # a length that no event has
)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, not the disk. Python 3.9 has the message alone."""
    return isinstance(error, sqlite3.DatabaseError) and any(words in str(error) for words in _DAMAGE)
