"""The asyncio twin: the same buffer, the same reads, a loop that never stands still."""

import asyncio
import gzip
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daybook_client.aio import AsyncDaybook
from daybook_client.client import Daybook
from daybook_client.current import acting
from daybook_client.errors import InvalidEventError, NotFoundError
from tests.support.scripted_daybook import Answer, Asked, ScriptedDaybook, scripted_daybook

KEY = "dbk_k_0123456789abcdef0123456789abcdef"
JANE = {"type": "user", "username": "jane.roe"}


class Storing:
    """Stores every event that it is sent, and finds them all, two a page."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self.is_open = threading.Event()
        self.is_open.set()

    def __call__(self, asked: Asked) -> Answer:
        self.is_open.wait(10)
        if asked.method == "POST":
            return self._store(asked)
        if asked.path == "/v1/feed":
            entries = [{"index": index, "event": event} for index, event in enumerate(self.stored)]
            after = int(asked.query["after"][0])
            return Answer(body={"events": entries[after:], "log": "one", "next": len(entries), "size": len(entries)})
        if asked.path != "/v1/events":
            return Answer(404, {"code": "not_found"})
        first = int(asked.query.get("cursor", ["0"])[0])
        last = first + min(2, int(asked.query["limit"][0]))
        more = str(last) if last < len(self.stored) else None
        return Answer(body={"events": self.stored[first:last], "next_cursor": more})

    def _store(self, asked: Asked) -> Answer:

        sent = json.loads(gzip.decompress(asked.body) if asked.body[:2] == b"\x1f\x8b" else asked.body)
        events = sent.get("events", [sent])
        self.stored += events
        results = [{"index": n, "status": "stored", "id": f"D{n}", "leaf": "00"} for n in range(len(events))]
        return Answer(201, {"stored": len(events), "rejected": 0, "results": results})


@pytest.fixture
def storing() -> Storing:
    return Storing()


@pytest.fixture
def server(storing: Storing) -> Iterator[ScriptedDaybook]:
    with scripted_daybook(storing) as server:
        yield server
        storing.is_open.set()


def twin(server: ScriptedDaybook, tmp_path: Path) -> AsyncDaybook:
    return AsyncDaybook(server.url, KEY, buffer=tmp_path / "buffer.sqlite")


def test_what_is_recorded_is_sent_and_found(server: ScriptedDaybook, storing: Storing, tmp_path: Path) -> None:
    """Many at once, with who is acting in each task; then read over pages and over the feed."""

    async def one(daybook: AsyncDaybook, number: int) -> str:
        with acting(actor=JANE, request_id=f"r-{number}"):
            return await daybook.record("a")

    async def run() -> None:
        async with twin(server, tmp_path) as daybook:
            ids = await asyncio.gather(*(one(daybook, number) for number in range(5)))
            ids += await daybook.record_many({"activity": "b", "actor": JANE} for _ in range(2))
            assert await daybook.flush(10)
            found = [event async for event in daybook.search(actor="jane.roe")]
            assert sorted(event["id"] for event in found) == sorted(ids)
            assert [event["id"] async for event in daybook.search(limit=3)] == [event["id"] for event in found[:3]]
            assert [entry.event async for entry in daybook.feed()] == found
            with pytest.raises(NotFoundError):
                await daybook.event("nothing")

    asyncio.run(run())
    assert {event["context"]["request_id"] for event in storing.stored if "context" in event} == {
        f"r-{number}" for number in range(5)
    }


def test_it_shares_its_buffer(server: ScriptedDaybook, storing: Storing, tmp_path: Path) -> None:
    """With a `Daybook`, which stays open; what is no event is refused as there."""

    async def run(daybook: AsyncDaybook) -> None:
        async with daybook:
            await daybook.record("a", actor=JANE)
            with pytest.raises(InvalidEventError):
                await daybook.record("a", actor=JANE, params={"x": object()})

    with Daybook(server.url, KEY, buffer=tmp_path / "buffer.sqlite") as shared:
        asyncio.run(run(AsyncDaybook(daybook=shared)))
        shared.record("b", actor=JANE)
        assert shared.flush(10)
    assert sorted(event["activity"] for event in storing.stored) == ["a", "b"]


def test_a_cancelled_record_has_stored_the_event_or_not(
    server: ScriptedDaybook, storing: Storing, tmp_path: Path
) -> None:
    """Each that returned is stored, none is stored twice, and the buffer works on."""

    async def run() -> list[str]:
        async with twin(server, tmp_path) as daybook:
            tasks = [asyncio.create_task(daybook.record("a", actor=JANE)) for _ in range(50)]
            for number, task in enumerate(tasks):
                if number % 2:
                    task.cancel()
                await asyncio.sleep(0)
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            returned = [one for one in ended if isinstance(one, str)]
            returned.append(await daybook.record("last", actor=JANE))
            assert await daybook.flush(10)
            return returned

    returned = asyncio.run(run())
    stored = [event["id"] for event in storing.stored]
    assert {*returned} <= {*stored}
    assert len(stored) == len({*stored})
    assert len(returned) >= 25


def test_the_loop_never_waits_for_daybook(server: ScriptedDaybook, storing: Storing, tmp_path: Path) -> None:
    """While Daybook does not answer, events are recorded, other tasks run, and a flush or a read can be cancelled."""
    storing.is_open.clear()

    async def run() -> float:
        daybook = twin(server, tmp_path)
        await daybook.record("a", actor=JANE)
        waiting = [
            asyncio.create_task(daybook.flush()),
            asyncio.ensure_future(daybook.search().__anext__()),
        ]
        slowest = 0.0
        for _ in range(20):
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            slowest = max(slowest, time.perf_counter() - began)
        began = time.perf_counter()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert time.perf_counter() - began < 1
        storing.is_open.set()
        await daybook.close()
        return slowest

    assert asyncio.run(run()) < 1


def test_a_waiting_feed_is_left_at_once(server: ScriptedDaybook, storing: Storing, tmp_path: Path) -> None:
    """It waits on the loop, so cancelling needs no patience."""
    storing.stored.append({"id": "1"})

    async def run() -> None:
        seen = asyncio.Event()

        async def follow() -> None:
            async for _ in daybook.feed(wait=True, poll_seconds=3600):
                seen.set()

        async with twin(server, tmp_path) as daybook:
            following = asyncio.create_task(follow())
            await seen.wait()
            following.cancel()
            with pytest.raises(asyncio.CancelledError):
                await following

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_cancelled_export_leaves_nothing(server: ScriptedDaybook, tmp_path: Path) -> None:
    """Neither the file nor a part of it."""
    del server
    big = b"x" * 5_000_000

    def script(asked: Asked) -> Answer:
        if asked.path == "/file":
            return Answer(200, big)
        state = {"id": "X", "status": "succeeded", "rows": 1, "bytes": len(big), "sha256": "no"}
        links = {"download_url": f"{slow.url}/file", "manifest_url": f"{slow.url}/manifest"}
        return Answer(200, {**state, **links, "version": 1})

    with scripted_daybook(script) as slow:

        async def run() -> None:
            async with twin(slow, tmp_path) as daybook:
                begun = asyncio.Event()
                task = asyncio.create_task(daybook.export(tmp_path / "events.csv", on_progress=lambda _: begun.set()))
                await begun.wait()
                assert (tmp_path / "events.csv.part").exists()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(run())
    assert not [*tmp_path.glob("events.csv*")]


def test_a_cancelled_flush_leaves_no_thread(server: ScriptedDaybook, storing: Storing, tmp_path: Path) -> None:
    """However long the outage lasts."""
    storing.is_open.clear()

    async def given_up() -> None:
        async with twin(server, tmp_path) as daybook:
            await daybook.record("user.signed_in", actor=JANE)
            before = threading.active_count()
            for _ in range(5):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(daybook.flush(), 0.05)
            deadline = time.monotonic() + 10
            while threading.active_count() > before + 1:  # the sender's own thread may have begun meanwhile
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            storing.is_open.set()
            assert await daybook.flush(10)

    asyncio.run(given_up())
    assert len(storing.stored) == 1
