"""What recording costs in the Python client, and how many events it gets through to a server in another process."""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.measuring import Row
from daybook_client import Daybook
from infra import ROOT

KEY = "dbk_bench_" + "b" * 32
EVENTS = 10_000
OUTAGE = 200_000
TYPICAL: dict[str, Any] = {
    "activity": "invoice.approved",
    "actor": {"type": "user", "id": "u-17", "username": "mike.mars", "name": "Mike Mars", "email": "mike@mars.example"},
    "target": {"type": "invoice", "id": "1042", "name": "Invoice 1042"},
    "params": {"amount": 1250, "currency": "EUR"},
    "context": {"ip": "203.0.113.7", "user_agent": "Firefox", "session_id": "s-1", "request_id": "r-1"},
}
NOBODY = "http://127.0.0.1:9"


@contextmanager
def _server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.client_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
        process.stdin.close()
        told = json.loads(process.stdout.readline())
        assert told["stored"] == told["received"], told
    finally:
        process.kill()
        process.wait()


def _call_times(daybook: Daybook, events: int, threads: int) -> list[float]:
    """Seconds of each call of `record`."""
    taken: list[float] = []

    def work() -> None:
        own = []
        for _ in range(events // threads):
            begun = time.perf_counter()
            daybook.record(**TYPICAL)
            own.append(time.perf_counter() - begun)
        taken.extend(own)

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sorted(taken)


def _through(*, safe: bool, threads: int) -> Row:
    with _server() as url, tempfile.TemporaryDirectory() as directory:
        daybook = Daybook(url, KEY, buffer=directory, power_cut_safe=safe)
        begun = time.perf_counter()
        taken = _call_times(daybook, EVENTS, threads)
        assert daybook.flush(60)
        rate = EVENTS / (time.perf_counter() - begun)
        daybook.close()
    median, late = statistics.median(taken) * 1e6, taken[int(len(taken) * 0.99)] * 1e3
    kind = "power_cut_safe" if safe else "not power_cut_safe"
    return Row(
        f"record and send, {threads} thread(s), {kind}",
        f"{median:.0f} µs, 99th percentile {late:.1f} ms; {rate:,.0f} events/s stored",
        "100 µs, 5 ms; 5,000 events/s",
    )


def _many() -> Row:
    with _server() as url, tempfile.TemporaryDirectory() as directory:
        daybook = Daybook(url, KEY, buffer=directory)
        begun = time.perf_counter()
        for _ in range(EVENTS // 50):
            daybook.record_many([TYPICAL] * 50)
        assert daybook.flush(60)
        rate = EVENTS / (time.perf_counter() - begun)
        daybook.close()
    return Row("record_many of 50 and send, power_cut_safe", f"{rate:,.0f} events/s stored", "5,000 events/s")


def _outage() -> Row:
    with tempfile.TemporaryDirectory() as directory:
        daybook = Daybook(NOBODY, KEY, buffer=directory)
        daybook.record_many([TYPICAL] * 1000)
        before = _memory()
        for _ in range(OUTAGE // 100):
            daybook.record_many([TYPICAL] * 100)
        grown, held = _memory() - before, daybook.status().bytes
        daybook.close(0)
    return Row(f"memory, outage of {OUTAGE:,} events", f"+{grown:.1f} MB ({held / 1e6:.0f} MB on the disk)", "flat")


def _memory() -> float:
    """The most that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows() -> Iterator[Row]:
    yield _outage()
    for threads in (1, 8):
        for safe in (True, False):
            yield _through(safe=safe, threads=threads)
    yield _many()
