"""One tenant at its limit beside another, on a running local Daybook: does the other one notice?

Three programs of the first tenant search for `ip=`, which reads its whole log: each one search at a time, and two a
second at most. The other one reads pages, one after the other. Spans with and without the first one take turns, so that
both see the same machine. First without a limit, then with one that the searches before have passed already.

It runs only by name, `python -m benchmarks.limited_neighbour`, and starts its own Daybook with DynamoDB Local, which
reports the units of reads as AWS does.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.measuring import Row, table
from tests.support.running_daybook import LocalDaybook, make_tenant, running_daybook

LIMIT = 300
"""Read units a minute: one search of the whole log has gone past it."""
NO_LIMIT = 1_000_000_000
PROGRAMS = 3
SPANS, SPAN_SECONDS = 4, 4.0
EVERY_SECONDS = 0.5
MUST = 1.2


class Auditors:
    """Both tenants' auditors."""

    def __init__(self, local_daybook: LocalDaybook, events: int) -> None:
        self._operations = local_daybook.operations
        self.greedy = self._made(local_daybook, "greedy", events)
        self.other = self._made(local_daybook, "other", 500)

    def limit(self, units: int) -> None:
        answer = self._operations.patch("/v1/tenants/greedy", json={"limits": {"read_units_a_minute": units}})
        assert answer.status_code == 200, answer.text

    def _made(self, local_daybook: LocalDaybook, tenant: str, events: int) -> httpx.Client:
        assert make_tenant(self._operations, tenant).status_code == 201
        key = self._operations.post(f"/v1/tenants/{tenant}/keys", json={"role": "admin", "label": "a"}).json()["key"]
        client = httpx.Client(base_url=local_daybook.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        event = {"activity": "a.b", "actor": {"type": "system"}, "context": {"ip": "198.51.100.1"}}
        for _ in range(events // 500):
            assert client.post("/v1/events", json={"events": [event] * 500}).status_code == 201
        return client


def rows(local_daybook: LocalDaybook, events: int) -> Iterator[Row]:
    auditors = Auditors(local_daybook, events)
    for name, units, must in (("without a limit", NO_LIMIT, ""), ("at its limit", LIMIT, f"at most {MUST} times")):
        auditors.limit(units)
        answers: Counter[int] = Counter()
        alone: list[float] = []
        beside: list[float] = []
        for span in range(2 * SPANS):
            if span % 2:
                with _asking(auditors.greedy, answers):
                    beside += _reading(auditors.other)
            else:
                alone += _reading(auditors.other)
        was, became = statistics.median(alone), statistics.median(beside)
        told = ", ".join(f"{number} times {status}" for status, number in sorted(answers.items()))
        yield Row(
            f"a tenant's page of 50, alone and beside one of {events:,} events {name} ({told})",
            f"{was * 1e3:.0f}, {became * 1e3:.0f} ms: {became / was:.2f} times",
            must,
        )


def _reading(client: httpx.Client) -> list[float]:
    found = []
    until = time.monotonic() + SPAN_SECONDS
    while time.monotonic() < until:
        started = time.monotonic()
        assert client.get("/v1/events", params={"limit": 50}).status_code == 200
        found.append(time.monotonic() - started)
    return found


@contextmanager
def _asking(client: httpx.Client, answers: Counter[int]) -> Iterator[None]:
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            next_at = time.monotonic() + EVERY_SECONDS
            answers[client.get("/v1/events", params={"ip": "203.0.113.1"}).status_code] += 1
            ended.wait(max(0.0, next_at - time.monotonic()))

    programs = [threading.Thread(target=ask) for _ in range(PROGRAMS)]
    for each in programs:
        each.start()
    yield
    ended.set()
    for each in programs:
        each.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="of the first tenant's log")
    events = parser.parse_args().events
    with (
        tempfile.TemporaryDirectory() as data,
        running_daybook(Path(data), DAYBOOK_STORE="dynamodb-local") as local_daybook,
    ):
        print(table(rows(local_daybook, events)))


if __name__ == "__main__":
    main()
