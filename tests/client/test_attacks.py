"""Keys that leak, threads that wait for each other, events that go to another tenant or nowhere."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from daybook_client import BufferUnusableError, Daybook, InvalidEventError, UnavailableError
from daybook_client.answers import Answer
from daybook_client.background import Background
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import MIN_BYTES, Buffer
from daybook_client.buffer.places import place_of
from daybook_client.downloading import unlogged
from daybook_client.events import make_event
from daybook_client.sending import Sender
from daybook_client.transport import Transport
from tests.support.client_server import Log, Server

KEY = "dbk_k1_" + "s" * 32
ACTOR = {"type": "user", "username": "mike.mars"}
PATIENCE = 10.0  # seconds until a test takes threads for stuck


def event(details: str = "") -> bytes:
    return make_event({"activity": "tried", "actor": {}, "details": details}, 0.0).body


def ends(work: Callable[[], Any]) -> bool:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return not thread.is_alive()


def test_each_tenant_of_an_operations_key_has_a_buffer(tmp_path: Path) -> None:
    """The events of one tenant never go to another."""
    places = {place_of("https://a", KEY, tmp_path, tenant=tenant) for tenant in (None, "acme", "other")}
    assert len(places) == 3


def test_a_keys_line_break_is_no_part_of_it(tmp_path: Path) -> None:
    """As it comes from a mounted file."""
    log = Log()
    with Server(log) as server, Daybook(server.url, KEY + "\n", buffer=tmp_path) as daybook:
        daybook.record("tried", actor=ACTOR)
        assert daybook.flush(5)
    assert server.requests[0][1]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("url", "key"),
    [("https://a", KEY + "\nX: y"), ("https://a", KEY + "é"), (KEY, "https://a"), (f"https://me:{KEY}@a", KEY)],
)
def test_no_error_quotes_a_key(url: str, key: str) -> None:
    """Broken keys, URL and key in the wrong order, a key within the URL."""
    with pytest.raises(ValueError, match=r".") as raised:
        Transport(url, key)
    assert "sss" not in str(raised.value)


def test_the_key_goes_to_no_other_host() -> None:
    """A whole URL is no path."""
    with Server(Log()) as server:
        with pytest.raises(ValueError, match="no path"):
            Transport("http://localhost:1", KEY).call("POST", f"{server.url}/v1/events")
        assert not server.requests


@pytest.mark.parametrize("own", [[], {}, True, 1.5])
def test_an_id_that_daybook_reads_as_absent_is_refused(own: Any) -> None:
    """A retry would store the event twice."""
    with pytest.raises(InvalidEventError, match="id"):
        make_event({"activity": "tried", "actor": {}, "id": own}, 0.0)


def test_what_is_no_dict_is_no_event(tmp_path: Path) -> None:
    """`record_many` raises what it promises."""
    with Daybook("http://localhost:1", KEY, buffer=tmp_path) as daybook, pytest.raises(InvalidEventError):
        daybook.record_many([None])  # type: ignore[list-item]


def test_a_logging_handler_may_wait_for_the_buffer(tmp_path: Path) -> None:
    """The buffer logs once it has let go of its lock, so that a thread with a handler's lock can record."""
    buffer = Buffer(tmp_path / "a.buffer", max_bytes=MIN_BYTES, drop_oldest=True, power_cut_safe=False)
    logged = threading.Event()

    class Recording(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
            logged.set()
            assert ends(lambda: buffer.add([event()]))

    handler = Recording()
    logger = logging.getLogger("daybook_client")
    logger.addHandler(handler)
    try:
        while not logged.is_set():
            buffer.add([event("x" * 50_000)])
    finally:
        logger.removeHandler(handler)


def test_a_signals_handler_may_record(tmp_path: Path) -> None:
    """Where it interrupts `record` itself. In the middle of a transaction it is refused; it never waits for itself."""
    buffer = Buffer(tmp_path / "a.buffer", power_cut_safe=False)
    with buffer._alone():  # noqa: SLF001  where a signal may come
        buffer.add([event()])
    assert queue.status(buffer).waiting == 1

    def refused(_: sqlite3.Connection) -> None:
        with pytest.raises(BufferUnusableError):
            buffer.add([event()])

    buffer.write(refused)
    assert queue.status(buffer).waiting == 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timers that interrupt")
def test_signals_do_not_stop_a_program_that_records(tmp_path: Path) -> None:
    """Half a second of them, in a process of its own."""
    program = """
import signal, sys, time
from daybook_client import BufferUnusableError
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import Buffer
buffer, counted = Buffer(__import__("pathlib").Path(sys.argv[1]), power_cut_safe=False), [0]
def record(*_):
    try:
        buffer.add([b"{}"])
        counted[0] += 1
    except BufferUnusableError:
        pass
signal.signal(signal.SIGALRM, record)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
end = time.monotonic() + 0.5
while time.monotonic() < end:
    buffer.add([b"{}"])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    counted[0] += 1
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
signal.setitimer(signal.ITIMER_REAL, 0)
assert queue.status(buffer).waiting == counted[0], (queue.status(buffer).waiting, counted)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "a.buffer")]
    assert subprocess.run(command, timeout=PATIENCE, check=False).returncode == 0  # noqa: S603


def test_a_callback_that_flushes_does_not_wait_for_its_own_thread(tmp_path: Path) -> None:
    """It is told whether everything is answered."""
    answered: list[bool] = []
    done = threading.Event()
    rejecting = Answer(422, b'{"results":[{"index":0,"status":"rejected","code":"x"}]}')
    buffer = Buffer(tmp_path / "a.buffer", power_cut_safe=False)

    def flush(_: object) -> None:
        answered.append(background.hurry_until(lambda: False, None))
        done.set()

    background = Background(Sender(buffer, lambda _: rejecting, on_rejected=flush), linger=0.01)
    buffer.add([event()])
    background.recorded(1)
    assert done.wait(PATIENCE)
    assert answered == [False]
    background.stop(1.0)


def test_a_daybook_that_nobody_holds_sends_at_the_end(tmp_path: Path) -> None:
    """A program of one line: its event is sent by itself, not by the next program."""
    log = Log()
    with Server(log) as server:
        program = f'from daybook_client import Daybook; Daybook().record("tried", actor={ACTOR})'
        variables = {"DAYBOOK_URL": server.url, "DAYBOOK_KEY": KEY, "XDG_STATE_HOME": str(tmp_path)}
        subprocess.run([sys.executable, "-c", program], env={**os.environ, **variables}, check=True)  # noqa: S603
    assert len(log.events) == 1


def test_a_file_that_is_deleted_under_a_process_costs_no_event(tmp_path: Path) -> None:
    """Something that tidies up took it away; the process still has it open."""
    buffer = Buffer(tmp_path / "a.buffer", power_cut_safe=False)
    buffer.add([event("1"), event("2")])
    for file in tmp_path.iterdir():
        file.unlink()
    buffer.add([event("3")])
    buffer.follow()
    assert queue.status(buffer).waiting == 3
    assert queue.status(Buffer(tmp_path / "a.buffer")).waiting == 3


def test_an_event_whose_bytes_have_rotted_hides_no_other(tmp_path: Path) -> None:
    """A failing disk changes bytes without SQLite's notice: what is left of the buffer still shows."""
    buffer = Buffer(tmp_path / "a.buffer", power_cut_safe=False)
    buffer.add([b'{"id":"\xff'])
    assert queue.status(buffer).oldest is None
    (row,) = queue.claim(buffer, "me", 1, 1)
    queue.settle(buffer, "me", refused=[queue.Refusal(row, "invalid_json", [])])
    assert [one.event for one in queue.rejected(buffer)] == [{}]


def test_a_signed_links_signature_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The library logs each URL at INFO; the request itself has all of it."""
    caplog.set_level(logging.INFO, "httpx")
    seen: list[str] = []

    def bucket(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(bucket)) as client:
        client.send(unlogged(client.build_request("GET", "https://bucket.example/file?Signature=secret")))
    assert seen == ["/file?Signature=secret"]
    assert "bucket.example/file" in caplog.text
    assert "secret" not in caplog.text


def test_no_redirect_is_followed(tmp_path: Path) -> None:
    """Neither with events nor with a call: what is at another place is not the Daybook that the key is for."""
    elsewhere = Log()
    with (
        Server(elsewhere) as other,
        Server(Log(), lambda _: (307, {"Location": f"{other.url}/v1/events"}, b"")) as server,
        Daybook(server.url, KEY, buffer=tmp_path) as daybook,
    ):
        daybook.record("tried", actor=ACTOR)
        assert not daybook.flush(0.5)
        with pytest.raises(UnavailableError):
            daybook.call("POST", "/v1/exports", json={})
        assert other.requests == []
        assert daybook.status().waiting == 1
        daybook.close(0)
