"""The buffer: bounded, shared, and never the place where an event is lost."""

import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from daybook_client import BufferFullError, BufferUnusableError
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import MIN_BYTES, Buffer
from daybook_client.buffer.places import place_of
from daybook_client.events import make_event

KEY = "dbk_k1_" + "s" * 32


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def event(number: int = 0, size: int = 0) -> bytes:
    return make_event({"activity": "tried", "actor": {}, "params": {"n": number}, "details": "x" * size}, 0.0).body


def waiting(buffer: Buffer) -> list[bytes]:
    return buffer.work(
        lambda connection: [row[0] for row in connection.execute("SELECT event FROM waiting ORDER BY n")]
    )


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Directory 0700, file and its log 0600: events name people."""
    directory = tmp_path / "state" / "daybook"
    Buffer(directory / "a.buffer").add([event()])
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


@pytest.mark.parametrize(("power_cut_safe", "level"), [(True, 2), (False, 1)])
def test_a_commit_waits_for_the_disk_or_not(tmp_path: Path, *, power_cut_safe: bool, level: int) -> None:
    """SQLite's `synchronous`: FULL is 2, NORMAL 1. Nothing here can cut the power."""
    buffer = Buffer(tmp_path / "a.buffer", power_cut_safe=power_cut_safe)
    assert buffer.work(lambda connection: connection.execute("PRAGMA synchronous").fetchone()[0]) == level
    assert buffer.work(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"


def test_each_url_and_key_has_a_buffer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the key's id, never its secret; a file that is named is used as it is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    places = {place_of(url, key) for url in ("https://a", "https://b") for key in (KEY, KEY.replace("k1", "k2"))}
    assert len(places) == 4
    assert all(place.parent == tmp_path / "daybook" and "sss" not in place.name for place in places)
    assert place_of("https://a", KEY) == place_of("https://a", "dbk_k1_" + "t" * 32)
    assert place_of("https://a", KEY, tmp_path / "my.db") == tmp_path / "my.db"
    assert place_of("https://a", KEY, tmp_path).parent == tmp_path


def test_threads_share_commits_and_lose_nothing(tmp_path: Path) -> None:
    """Eight threads add at the same time; all of it is there, once."""
    buffer = Buffer(tmp_path / "a.buffer")

    def add(first: int) -> None:
        for number in range(100):
            buffer.add([event(first + number)])

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 800, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(waiting(buffer))) == len(waiting(buffer)) == 800


def test_a_full_buffer_refuses_and_has_room_again(tmp_path: Path) -> None:
    """It keeps its bound on the disk, takes nothing half, and can still set rejected events apart."""
    buffer = Buffer(tmp_path / "a.buffer", max_bytes=MIN_BYTES)
    added = 0
    with pytest.raises(BufferFullError):  # noqa: PT012  it is the last one that fails
        while True:
            buffer.add([event(added, 1000), event(added, 1000)])
            added += 2
    assert len(waiting(buffer)) == added > 600
    buffer.work(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    assert buffer.path.stat().st_size <= MIN_BYTES
    rows = queue.claim(buffer, "me", 100, MIN_BYTES)
    queue.settle(buffer, "me", refused=[queue.Refusal(row, "unknown_field", []) for row in rows[:50]], stored=rows[50:])
    assert queue.status(buffer).rejected == 50
    buffer.add([event(0, 1000)])


def test_a_full_buffer_drops_the_oldest_if_told_to(tmp_path: Path) -> None:
    """The newest are kept, what a sender has in hand too, and the dropped are counted."""
    buffer = Buffer(tmp_path / "a.buffer", max_bytes=MIN_BYTES, drop_oldest=True)
    events = [event(number, 1000) for number in range(2000)]
    buffer.add(events[:1])
    (held,) = queue.claim(buffer, "a sender", 1, 1000)
    for one in events[1:]:
        buffer.add([one])
    left = waiting(buffer)
    assert left[0] == held.event
    assert left[1:] == events[-len(left) + 1 :]
    status = queue.status(buffer)
    assert status.dropped == 2000 - len(left) > 1000
    assert status.bytes <= MIN_BYTES


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    """A sender that was thought dead can't delete what came after its batch."""
    buffer = Buffer(tmp_path / "a.buffer")
    buffer.add([event(1)])
    rows = queue.claim(buffer, "one", 10, 10_000)
    queue.settle(buffer, "one", stored=rows)
    buffer.add([event(2)])
    queue.settle(buffer, "one", stored=rows)
    assert len(waiting(buffer)) == 1


def test_two_processes_share_the_events(tmp_path: Path) -> None:
    """What one has in hand the other leaves alone, until the lease ends."""
    clock = Clock()
    one, other = (Buffer(tmp_path / "a.buffer", clock=clock) for _ in range(2))
    one.add([event(number) for number in range(10)])
    first = queue.claim(one, "one", 6, 10_000)
    second = queue.claim(other, "other", 6, 10_000)
    assert [row.number for row in first + second] == [*range(1, 11)]
    assert not queue.claim(other, "third", 6, 10_000)
    clock.now += queue.LEASE + 1
    assert queue.claim(other, "third", 6, 10_000) == first


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_jump_of_the_clock_keeps_nothing_back(tmp_path: Path, jump: int) -> None:
    """A lease that ends a day from now was made by another clock, and does not count."""
    clock = Clock()
    buffer = Buffer(tmp_path / "a.buffer", clock=clock)
    buffer.add([event()])
    assert queue.claim(buffer, "killed", 1, 1000)
    clock.now += jump
    assert queue.claim(buffer, "other", 1, 1000)


NOISE = {"noise": 0, "noise that is no text": 23, "noise that has no end": 1049}
"""Seeds by what SQLite makes of the noise in the middle of the file: malformed, a text that is no UTF-8, a blob that is
too big. Of 4,000 seeds 136 and 3 are like the latter two.
"""


@pytest.mark.parametrize("damage", ["header", *NOISE, "text", "log"])
def test_a_damaged_file_is_kept_aside_and_begun_anew(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Recording goes on at once. What can be read of the old file is sent."""
    path = tmp_path / "a.buffer"
    buffer = Buffer(path)
    buffer.add([event(number, 300) for number in range(1000)])
    buffer.close()
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:100] = os.urandom(100)
    elif damage in NOISE:
        content[150_000:250_000] = random.Random(NOISE[damage]).randbytes(100_000)  # noqa: S311  no secret
    elif damage == "text":
        content = bytearray(b"this is no buffer\n" * 100)
    else:
        Path(f"{path}-wal").write_bytes(os.urandom(50_000))
    path.write_bytes(content)
    buffer = Buffer(path)
    buffer.add([event(2000)])
    for _ in range(20):  # comes to the damage wherever it lies
        rows = queue.claim(buffer, "me", 100, 1_000_000)
        queue.settle(buffer, "me", stored=rows)
        buffer.add([event(2001)])
    if damage == "log":  # a log that is none is as if it were empty
        return
    (aside,) = queue.status(buffer).damaged
    assert aside.exists()
    assert "damaged" in caplog.text
    if damage in NOISE:
        assert any("events could be read" in message and not message.startswith("0 ") for message in caplog.messages)


@pytest.mark.parametrize("held", ["x'ff'", "'text'", "7"])
def test_a_row_that_holds_no_event_is_damage(tmp_path: Path, held: str, caplog: pytest.LogCaptureFixture) -> None:
    """A page with noise in it may be read as a text, as one that is not UTF-8, or as a number. The status is told."""
    path = tmp_path / "a.buffer"
    buffer = Buffer(path)
    buffer.add([event(number) for number in range(3)])
    buffer.close()
    cast = f"CAST({held} AS {'INTEGER' if held == '7' else 'TEXT'})"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE waiting SET event = {cast} WHERE n = 1")  # noqa: S608  the test's own words
    buffer = Buffer(path)
    assert queue.status(buffer).waiting
    rows = queue.claim(buffer, "me", 100, 1_000_000)
    assert {json.loads(row.event)["params"]["n"] for row in rows} == {1, 2}
    assert "damaged" in caplog.text


def test_another_process_follows_to_the_new_file(tmp_path: Path) -> None:
    """One that still had the damaged file open comes along, with what it had recorded there."""
    path = tmp_path / "a.buffer"
    mender, other = Buffer(path), Buffer(path)
    other.add([event(1)])
    with mender._lock:  # noqa: SLF001  as an error of SQLite's would make it
        mender._begin_anew(sqlite3.DatabaseError("malformed"))  # noqa: SLF001
    other.add([event(2)])  # goes to the file that was moved aside
    other.follow()
    assert {one for one in waiting(mender) if b'"n":2' in one}
    assert {one for one in waiting(other) if b'"n":1' in one}


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system takes root")
@pytest.mark.parametrize("options", ["size=600k", "ro"])
def test_a_disk_that_takes_nothing_is_said_at_once(tmp_path: Path, options: str) -> None:
    """A full disk and a read-only one. Nothing that was taken before is lost."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        added = 0
        with pytest.raises(BufferUnusableError):  # noqa: PT012  it is the last one that fails
            buffer = Buffer(disk / "a.buffer")
            while True:
                buffer.add([event(added, 3000)])
                added += 1
        if options != "ro":
            assert added > 10
            (disk / "a.buffer-lock").unlink()
            assert len(waiting(buffer)) == added
            buffer.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)  # noqa: S603, S607


def test_a_limit_on_files_is_said_at_once(tmp_path: Path) -> None:
    """A process that may write no larger file gets an error, and keeps what it has."""
    script = """
import resource, signal, sys
from pathlib import Path
from daybook_client import BufferUnusableError
from daybook_client.buffer.buffer import Buffer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
buffer = Buffer(Path(sys.argv[1]), power_cut_safe=False)
added = 0
try:
    while True:
        buffer.add([b'{"id":"1"}' * 300])
        added += 1
except BufferUnusableError:
    print(added)
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "a.buffer"
    ended = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)  # noqa: S603
    assert len(waiting(Buffer(path))) == int(ended.stdout) > 5


def test_rejected_events_can_be_sent_again_or_discarded(tmp_path: Path) -> None:
    """They come behind what waits. What is discarded is gone."""
    buffer = Buffer(tmp_path / "a.buffer")
    buffer.add([event(number) for number in range(1200)])
    rows = [row for _ in range(3) for row in queue.claim(buffer, "me", 400, 1_000_000)]
    queue.settle(
        buffer, "me", refused=[queue.Refusal(row, "in_future", [{"path": "a", "message": "b"}]) for row in rows]
    )
    told = list(queue.rejected(buffer))
    assert [one.event["params"]["n"] for one in told] == [*range(1200)]
    assert (told[0].code, told[0].errors) == ("in_future", [{"path": "a", "message": "b"}])
    assert queue.retry_rejected(buffer) == 1200
    assert len(waiting(buffer)) == 1200
    queue.settle(buffer, "me", refused=[queue.Refusal(row, "x", []) for row in queue.claim(buffer, "me", 3, 10_000)])
    assert queue.discard_rejected(buffer) == 3
    assert queue.discard_rejected(buffer) == 0


def test_what_is_closed_takes_nothing(tmp_path: Path) -> None:
    """It says so, and loses nothing silently."""
    buffer = Buffer(tmp_path / "a.buffer")
    buffer.close()
    with pytest.raises(BufferUnusableError):
        buffer.add([event()])
