"""The client against a real HTTP server that misbehaves, and its thread, forks and ends."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from daybook_client import BufferFullError, Daybook, InvalidEventError
from daybook_client.transport import Transport
from tests.support.client_server import Log, Server

KEY = "dbk_k1_" + "s" * 32
ACTOR = {"type": "user", "username": "mike.mars"}
Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def server(log: Log) -> Iterator[Server]:
    with Server(log) as running:
        yield running


def test_what_is_recorded_is_stored(server: Server, log: Log, tmp_path: Path) -> None:
    """By one call in gzip, with the key in its header and the event's own id in its body."""
    with Daybook(server.url, KEY, environment="prod", buffer=tmp_path) as daybook:
        own = daybook.record("invoice.approved", actor=ACTOR, target={"type": "invoice", "id": "1042"})
        ids = daybook.record_many([{"activity": "tried", "actor": ACTOR, "id": f"mine-{n}"} for n in range(600)])
        assert daybook.flush(5)
        assert daybook.status().waiting == 0
    assert {event["id"] for event in log.events.values()} == {own, *ids}
    assert {event["environment"] for event in log.events.values()} == {"prod"}
    path, headers = server.requests[0]
    assert (path, headers["authorization"]) == ("/v1/events", f"Bearer {KEY}")
    assert (headers["content-type"], headers["content-encoding"]) == ("application/json", "gzip")


def test_events_are_sent_without_a_flush(server: Server, log: Log, tmp_path: Path) -> None:
    """A second after the first one, together with those that came meanwhile."""
    daybook = Daybook(server.url, KEY, buffer=tmp_path)
    for _ in range(5):
        daybook.record("tried", actor=ACTOR)
    assert not log.events
    deadline = time.monotonic() + 5
    while len(log.events) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(log.events) == 5
    assert len(server.requests) == 1
    daybook.close()


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}, b'{"code":"internal_error"}'),
        (429, {"Retry-After": "0"}, b'{"code":"throttled"}'),
        (429, {"Retry-After": formatdate(time.time() - 1, usegmt=True)}, b""),
        (0, {}, b""),
        (201, {"Content-Length": "5000"}, b'{"stored":1,"results":['),
        (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"),
        (201, {"Content-Encoding": "gzip"}, b"no gzip at all"),
        (302, {"Location": "https://elsewhere.example/"}, b""),
    ],
    ids=["500", "429", "429 with a date", "nothing", "half an answer", "HTML", "not what it says", "redirect"],
)
def test_a_server_in_trouble_costs_no_event(log: Log, tmp_path: Path, reply: Reply) -> None:
    """Twice it misbehaves, then it answers: everything is stored once."""
    replies = [reply, reply]
    with Server(log, lambda _: replies.pop() if replies else None) as server:
        daybook = Daybook(server.url, KEY, buffer=tmp_path)
        daybook.record("tried", actor=ACTOR)
        done = [daybook.flush(1.2) for _ in range(4)]
        assert done[-1]
        daybook.close()
    assert len(log.events) == 1
    assert len(server.requests) == 3


def test_a_revoked_key_keeps_everything(log: Log, tmp_path: Path) -> None:
    """The events wait in the buffer; whoever opens it with a valid key sends them."""
    with Server(log, lambda _: (401, {}, b'{"code":"unauthorized","detail":"no valid credential"}')) as server:
        daybook = Daybook(server.url, KEY, buffer=tmp_path / "a.buffer")
        daybook.record("tried", actor=ACTOR)
        while daybook.status().last_error is None:
            assert not daybook.flush(0.2)
        assert "no valid credential" in (daybook.status().last_error or "")
        daybook.close(0)
    with Server(log) as server, Daybook(server.url, "dbk_k2_" + "t" * 32, buffer=tmp_path / "a.buffer") as other:
        assert other.flush(5)
    assert len(log.events) == 1


def test_record_returns_at_once_while_nothing_answers(tmp_path: Path) -> None:
    """A server that takes the connection and says nothing does not slow the caller down."""
    hang = threading.Event()

    def silent(_: bytes) -> None:
        hang.wait(10)

    with Server(Log(), silent) as server:
        daybook = Daybook(server.url, KEY, buffer=tmp_path, timeout=0.5)
        daybook.record_many([{"activity": "tried", "actor": ACTOR}] * 500)
        time.sleep(0.1)
        begun = time.monotonic()
        for _ in range(20):
            daybook.record("tried", actor=ACTOR)
        assert time.monotonic() - begun < 2
        daybook.close(0)
        hang.set()


def test_record_many_is_all_or_nothing(server: Server, tmp_path: Path) -> None:
    """The error says which event is at fault; none of the others is kept."""
    with Daybook(server.url, KEY, buffer=tmp_path) as daybook:
        with pytest.raises(InvalidEventError) as refused:
            daybook.record_many([{"activity": "tried", "actor": ACTOR}, {"activity": "tried"}])
        assert [error["path"] for error in refused.value.errors] == ["events[1].actor"]
        assert daybook.status().waiting == 0


def test_a_full_buffer_raises_in_record(tmp_path: Path) -> None:
    """The caller chose to hear of it."""
    daybook = Daybook("http://127.0.0.1:9", KEY, buffer=tmp_path, buffer_bytes=1024 * 1024)
    with pytest.raises(BufferFullError):  # noqa: PT012  it is the last one that fails
        for _ in range(100):
            daybook.record_many([{"activity": "tried", "actor": ACTOR, "details": "x" * 1000}] * 20)
    daybook.close(0)


@pytest.mark.parametrize(("url", "key"), [(None, KEY), ("http://127.0.0.1:9", None), ("http://log.example", KEY)])
def test_a_client_that_could_send_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str | None, key: str | None
) -> None:
    """No URL, no key, or a key that would travel in the clear."""
    monkeypatch.delenv("DAYBOOK_URL", raising=False)
    monkeypatch.delenv("DAYBOOK_KEY", raising=False)
    with pytest.raises(ValueError):
        Daybook(url, key, buffer=tmp_path)


@pytest.mark.parametrize("key", [f"{KEY}\nx", f"{KEY} x", f"{KEY}\x01", f"{KEY}é"])
def test_a_key_that_no_header_carries_is_refused_and_never_quoted(tmp_path: Path, key: str) -> None:
    """HTTP's own error would quote it, in the log and in the buffer's status."""
    with pytest.raises(ValueError, match="Copy it anew") as refused:
        Daybook("http://127.0.0.1:9", key, buffer=tmp_path)
    assert KEY not in str(refused.value)


def test_a_key_may_come_with_the_line_break_of_its_file(server: Server, tmp_path: Path) -> None:
    """As it is read from the file that `daybook keys create` was sent into."""
    with Daybook(server.url, f"{KEY}\n", buffer=tmp_path) as daybook:
        daybook.record("invoice.approved", actor=ACTOR)
        assert daybook.flush(10)


def test_a_transport_closes_and_opens_again(server: Server) -> None:
    """A later call after `close` has a connection of its own."""
    transport = Transport(server.url, KEY)
    transport.close()
    body = json.dumps({"events": [{"id": "1", "occurred_at": "x"}]}).encode()
    assert transport.call("POST", "/v1/events", content=body)["stored"] == 1
    transport.close()


def _record(daybook: Daybook, count: int) -> None:
    for _ in range(count):
        daybook.record("tried", actor=ACTOR)
    daybook.flush(10)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # that is what is tried
def test_workers_that_were_forked_share_the_parents_client(server: Server, log: Log, tmp_path: Path) -> None:
    """As gunicorn does: the parent makes the client and records, four children record too; all is stored once.

    A child may end while it sends what others have recorded. They send that again, and the log knows it by its id.
    """
    daybook = Daybook(server.url, KEY, buffer=tmp_path)
    daybook.record("tried", actor=ACTOR)
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_record, args=(daybook, 50)) for _ in range(4)]
    for child in children:
        child.start()
        daybook.record("tried", actor=ACTOR)
    for child in children:
        child.join(20)
        assert child.exitcode == 0
    assert daybook.flush(5)
    daybook.close()
    assert len(log.events) == 205
    assert log.conflicts == 0


SCRIPT = """
import os, sys
from daybook_client import Daybook
daybook = Daybook(sys.argv[1], sys.argv[2], buffer=sys.argv[3])
number = 0
while number < int(sys.argv[4]):
    daybook.record("tried", actor={"type": "system"}, id=f"{os.getpid()}-{number}")
    number += 1
    os.write(1, b"%d-%d\\n" % (os.getpid(), number - 1))
"""


def _recording(url: str, directory: Path, count: int, said: Path) -> subprocess.Popen[bytes]:
    """A process that writes the id of each event to `said` once `record` has returned from it."""
    arguments = [sys.executable, "-c", SCRIPT, url, KEY, str(directory), str(count)]
    with said.open("wb") as file:
        return subprocess.Popen(arguments, stdout=file)  # noqa: S603


def test_what_a_process_recorded_last_is_sent_as_it_ends(server: Server, log: Log, tmp_path: Path) -> None:
    """Without a flush or a close: the end of the interpreter takes up to two seconds for it."""
    assert _recording(server.url, tmp_path, 7, tmp_path / "said").wait(20) == 0
    assert len((tmp_path / "said").read_text().split()) == 7
    assert len(log.events) == 7


def _killed_while_recording(url: str, directory: Path, wait: Callable[[int], None]) -> set[str]:
    """The ids that `record` returned before the processes were killed, two at a time."""
    returned: set[str] = set()
    for round_ in range(2):
        files = [directory / f"said-{round_}-{number}" for number in range(2)]
        processes = [_recording(url, directory, 1_000_000, said) for said in files]
        deadline = time.monotonic() + 20
        while not all(said.stat().st_size for said in files) and time.monotonic() < deadline:
            time.sleep(0.02)
        wait(round_)
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(20)
        returned |= {line for said in files for line in said.read_text().split("\n")[:-1]}
    return returned


@pytest.mark.long
def test_real_processes_killed_at_any_point_lose_nothing(log: Log, tmp_path: Path) -> None:
    """Two at a time on one buffer, while the server is down now and then."""
    down = [False]
    with Server(log, lambda _: (503, {}, b"") if down[0] else None) as server:

        def wait(round_: int) -> None:
            time.sleep(0.4)
            down[0] = not down[0]
            time.sleep(0.4 + 0.1 * round_)

        returned = _killed_while_recording(server.url, tmp_path, wait)
        down[0] = False
        # The leases of the killed have to end: the next process's clock is that much ahead.
        with Daybook(server.url, KEY, buffer=tmp_path, clock=lambda: time.time() + 200) as daybook:
            assert daybook.flush(30)
    stored = [event["id"] for event in log.events.values()]
    assert len(returned) > 50
    assert not returned - set(stored)
    assert len(stored) == len(set(stored))
    assert not log.conflicts
