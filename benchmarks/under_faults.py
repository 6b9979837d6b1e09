"""HTTP load on a running local Daybook whose DynamoDB fails and whose functions are killed at random.

Senders repeat what is not known to be stored, with the same ids, as the contract asks. Readers search all the while. At
the end every acknowledged event is there once. It runs only by name, `python -m benchmarks.under_faults --seconds 600`.
"""

import argparse
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measuring import Row, table
from tests.support.running_daybook import LocalDaybook, descendants, make_tenant, running_daybook

TENANT = "under-faults"
SENDERS, READERS = 4, 2
BATCH = 20
KILL_SECONDS = 2.0
"""Between two kills of an instance."""
TRIES = 60


@dataclass
class Load:
    """What was sent and answered. Any number of threads may add to it."""

    acknowledged: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    """Sent, and never acknowledged in so many tries."""
    statuses: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    """Answers that the contract does not allow."""
    kills: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def note(self, what: str, answer: httpx.Response) -> None:
        self.statuses[f"{what} {answer.status_code}"] += 1
        if answer.status_code >= 500 and "Retry-After" not in answer.headers:
            self.bad.append(f"{what} {answer.status_code} without Retry-After: {answer.text[:300]}")


def under_faults(seconds: float, data: Path) -> tuple[Load, dict[str, int]]:
    """Puts the load on a Daybook of its own. Returns it, with how often each event is stored, by its own id."""
    faults = data / "faults"
    with running_daybook(data, module="benchmarks.faulty_daybook", DAYBOOK_FAULTS=str(faults)) as local_daybook:
        load = Load()
        with local_daybook.operations as operations:
            assert make_tenant(operations, TENANT).status_code == 201
            # Limits count for a tenant's keys, not for operations'. These are far above what this machine can do.
            limits = {"calls_a_minute": 1_000_000, "read_units_a_minute": 10_000_000}
            assert operations.patch(f"/v1/tenants/{TENANT}", json={"limits": limits}).status_code == 200
            producer, auditor = (_key(operations, role) for role in ("producer", "auditor"))
        faults.touch()
        with ThreadPoolExecutor(SENDERS + READERS + 1) as threads:
            work = [threads.submit(_send, local_daybook.client(producer), load, number) for number in range(SENDERS)]
            work += [threads.submit(_read, local_daybook.client(auditor), load) for _ in range(READERS)]
            work.append(threads.submit(_kill, local_daybook, load))
            load.stopped.wait(seconds)
            load.stopped.set()
            for each in work:
                each.result()
        faults.unlink()
        return load, _stored(local_daybook.client(auditor))


def _key(operations: httpx.Client, role: str) -> str:
    made = operations.post(f"/v1/tenants/{TENANT}/keys", json={"role": role, "label": role})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


def _send(client: httpx.Client, load: Load, sender: int) -> None:
    chance = random.Random(sender)  # noqa: S311  needs no secrecy
    number = 0
    with client:
        while not load.stopped.is_set():
            batch = {f"{sender}-{number + each}": _event(f"{sender}-{number + each}", chance) for each in range(BATCH)}
            number += BATCH
            for _ in range(TRIES):
                batch = _left(client, load, batch)
                if not batch:
                    break
                time.sleep(chance.uniform(0.05, 0.3))
            load.unknown |= batch.keys()


def _event(own_id: str, chance: random.Random) -> dict[str, Any]:
    """Few people and targets, so that batches meet in the same rows."""
    return {
        "id": own_id,
        "occurred_at": datetime.now(UTC).isoformat(),
        "activity": chance.choice(("door.opened", "door.shut", "user.signed_in")),
        "actor": {"type": "user", "username": f"person-{chance.randrange(300)}"},
        "target": {"type": "door", "id": f"d-{chance.randrange(50)}"},
    }


def _left(client: httpx.Client, load: Load, batch: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Sends the batch. Returns what is not known to be stored."""
    try:
        answer = client.post("/v1/events", json={"events": list(batch.values())})
    except httpx.TransportError as failure:
        load.statuses[f"send {type(failure).__name__}"] += 1
        return batch
    load.note("send", answer)
    results = answer.json().get("results") if answer.status_code in (201, 207, 422, 503) else None
    if results is None:
        return batch
    stored = {own_id for own_id, result in zip(batch, results, strict=True) if result["status"] == "stored"}
    load.bad += [f"rejected: {result}" for result in results if result["status"] == "rejected"]
    load.acknowledged |= stored
    return {own_id: event for own_id, event in batch.items() if own_id not in stored}


def _read(client: httpx.Client, load: Load) -> None:
    with client:
        while not load.stopped.is_set():
            for query in ("", "?actor=person-7", "?activity=door.*&limit=200", "?target=door:d-3"):
                acknowledged = len(load.acknowledged)
                try:
                    answer = client.get(f"/v1/events{query}")
                except httpx.TransportError as failure:
                    load.statuses[f"search {type(failure).__name__}"] += 1
                    continue
                load.note("search", answer)
                if answer.status_code == 200:
                    ids = [event["id"] for event in answer.json()["events"]]
                    if len({*ids}) < len(ids) or (not ids and not query and acknowledged):
                        load.bad.append(f"search {query}: {len(ids)} events, {len({*ids})} of them different")


def _kill(local_daybook: LocalDaybook, load: Load) -> None:
    chance = random.Random(0)  # noqa: S311  needs no secrecy
    while not load.stopped.wait(KILL_SECONDS):
        instances = [child for child in descendants(local_daybook.process.pid) if _is_instance(child)]
        if instances:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(instances), signal.SIGKILL)
                load.kills += 1


def _is_instance(process: int) -> bool:
    with suppress(OSError):
        return b"runtime.py" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def _stored(client: httpx.Client) -> dict[str, int]:
    stored: Counter[str] = Counter()
    cursor = ""
    with client:
        while True:
            query = {"limit": "500", "component!": "Audit Log", **({"cursor": cursor} if cursor else {})}
            answer = client.get("/v1/events", params=query).raise_for_status().json()
            stored.update(event["client_id"] for event in answer["events"])
            cursor = answer["next_cursor"] or ""
            if not cursor:
                return stored


def rows(seconds: float, load: Load, stored: dict[str, int]) -> Sequence[Row]:
    lost = load.acknowledged - stored.keys()
    doubled = {own_id for own_id, times in stored.items() if times > 1}
    return (
        Row(
            f"{seconds:.0f} s of load with faults, {load.kills} functions killed: acknowledged minus stored; doubled",
            f"{len(lost)}; {len(doubled)} (of {len(load.acknowledged):,} acknowledged, {len(stored):,} stored)",
            "0; 0",
        ),
        Row("answers that the contract does not allow, 5xx without Retry-After among them", str(len(load.bad)), "0"),
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=600)
    seconds = arguments.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        load, stored = under_faults(seconds, Path(folder))
    print(table(rows(seconds, load, stored)))
    print(json.dumps(dict(sorted(load.statuses.items())), indent=1))
    print(f"never acknowledged in {TRIES} tries: {len(load.unknown)}")
    for each in load.bad[:10]:
        print(each)


if __name__ == "__main__":
    main()
