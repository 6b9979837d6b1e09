"""Jobs on a running local Daybook: 200 exports of 200 fresh tenants, and a replay beside five of broken streams.

It runs only by name, `python -m benchmarks.running_house`, and starts its own Daybook on free ports. DAYBOOK_STORE
chooses the store, as for `make run`.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measuring import Row, table
from tests.local.test_streams import Customer
from tests.support.running_daybook import LocalDaybook, make_tenant, running_daybook

EXPORTS = 200
AT_ONCE = 4
EVENTS = 20
MAX_EXPORT_SECONDS = 30
BROKEN = 5
EVENTS_OF_A_REPLAY = 300
MAX_REPLAY_SECONDS = 10
"""More than the same replay takes alone."""
GIVE_UP_SECONDS = 200.0
_ENDED = ("succeeded", "failed", "cancelled")


def exports(local_daybook: LocalDaybook, count: int = EXPORTS) -> Iterator[Row]:
    tenants = [f"export-{number}" for number in range(count)]
    for tenant in tenants:
        _make(local_daybook, tenant)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        seconds = sorted(threads.map(partial(_export, local_daybook), tenants))
    late = [f"{each:.1f} s" if each < math.inf else "not done" for each in seconds if each > MAX_EXPORT_SECONDS]
    yield Row(
        f"{count} exports of {count} fresh tenants, {AT_ONCE} at a time: median / 95th percentile / longest",
        f"{statistics.median(seconds):.1f} / {seconds[int(count * 0.95)]:.1f} / {seconds[-1]:.1f} s; "
        f"{len(late)} over {MAX_EXPORT_SECONDS} s {' '.join(late)}",
        f"none over {MAX_EXPORT_SECONDS} s",
    )


def replays(local_daybook: LocalDaybook, broken: int = BROKEN) -> Iterator[Row]:
    healthy = Customer(local_daybook)
    with _client(local_daybook, healthy.name) as client:
        mike = {"type": "user", "username": "mike.mars"}
        events = [{"activity": "workcodes.upd", "actor": mike} for _ in range(EVENTS_OF_A_REPLAY)]
        assert client.post("/v1/events", json={"events": events}).status_code == 201
        healthy.received(EVENTS_OF_A_REPLAY)
        alone = [_seconds_of_job(client, healthy.replay()) for _ in range(3)]
        failing = [Customer(local_daybook) for _ in range(broken)]
        for customer in failing:
            customer.send()
            customer.received(1)
            customer.delete_stream()
            customer.send()
            customer.reaches(status="failing")
            customer.replay()
        time.sleep(2)  # their replays have begun
        beside = [_seconds_of_job(client, healthy.replay()) for _ in range(3)]
    yield Row(
        f"a replay of {EVENTS_OF_A_REPLAY} events, three times: alone; beside replays of {broken} broken streams",
        f"{_told(alone)}; {_told(beside)}",
        f"at most {MAX_REPLAY_SECONDS} s more",
    )


def _make(local_daybook: LocalDaybook, tenant: str) -> None:
    with _client(local_daybook) as operations:
        assert make_tenant(operations, tenant).status_code == 201
    with _client(local_daybook, tenant) as client:
        mike = {"type": "user", "username": "mike.mars"}
        events = [{"activity": "document.updated", "actor": mike} for _ in range(EVENTS)]
        assert client.post("/v1/events", json={"events": events}).status_code == 201


def _export(local_daybook: LocalDaybook, tenant: str) -> float:
    """The seconds from the answer until the export has succeeded."""
    with _client(local_daybook, tenant) as client:
        answer = client.post("/v1/exports", json={})
        assert answer.status_code == 202, answer.text
        return _seconds_of_job(client, answer.headers["Location"], 2 * MAX_EXPORT_SECONDS)


def _seconds_of_job(client: httpx.Client, path: str, most: float = GIVE_UP_SECONDS) -> float:
    """Infinite if it has not succeeded in time."""
    started = time.monotonic()
    while time.monotonic() < started + most:
        shown: dict[str, Any] = client.get(path).json()
        if shown["status"] in _ENDED:
            assert shown["status"] == "succeeded", shown
            return time.monotonic() - started
        time.sleep(0.1)
    return math.inf


def _told(seconds: Sequence[float]) -> str:
    return ", ".join(f"{each:.1f} s" if each < math.inf else f"over {GIVE_UP_SECONDS:.0f} s" for each in seconds)


def _client(local_daybook: LocalDaybook, tenant: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {local_daybook.operations_key}"}
    headers |= {"Daybook-Tenant": tenant} if tenant else {}
    return httpx.Client(base_url=local_daybook.url, headers=headers, timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=["exports", "replays"], help="both if neither is named")
    parser.add_argument("--exports", type=int, default=EXPORTS, help="how many (200)")
    parser.add_argument("--broken", type=int, default=BROKEN, help="how many broken streams (5)")
    asked = parser.parse_args()
    measures: dict[str, Callable[[LocalDaybook], Iterator[Row]]] = {
        "exports": partial(exports, count=asked.exports),
        "replays": partial(replays, broken=asked.broken),
    }
    with tempfile.TemporaryDirectory() as data, running_daybook(Path(data)) as local_daybook:
        print(table(row for what in asked.what or measures for row in measures[what](local_daybook)))


if __name__ == "__main__":
    main()
