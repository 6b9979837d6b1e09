"""The asyncio twin of `Daybook`: the same buffer, the same sender, the same reads; nothing blocks the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from daybook_client.client import Daybook
from daybook_client.exporting import Export, ExportOptions, Progress
from daybook_client.feed import Entry, Position
from daybook_client.reading import POLL_SECONDS, PathLike
from daybook_client.steps import Do, Found, Pause, Step, Steps

if TYPE_CHECKING:
    from typing import Self  # from 3.11 on

T = TypeVar("T")


class AsyncDaybook:
    """Records and reads from asyncio. Arguments are those of `Daybook`, or an existing one as `daybook`.

    Several loops, threads and processes may share a buffer, also with a `Daybook`. A `daybook` that was handed in stays
    open; one of its own is closed by `close`, or at the end of `async with`.
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, *, daybook: Daybook | None = None, **options: Any
    ) -> None:
        self._own = daybook is None
        self.daybook = daybook if daybook is not None else Daybook(url, key, **options)

    async def record(
        self,
        activity: str,
        *,
        actor: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """As `Daybook.record`. A call that is cancelled has stored the event or not, never half of it.

        It is written in a thread: a slow disk then holds up its caller, not the loop.
        """
        work = partial(self.daybook.record, activity, actor=actor, target=target, **fields)
        return await _in_thread(work)

    async def record_many(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """As `Daybook.record_many`: all of them, or none."""
        given = list(events)  # an iterator of the caller's belongs to the caller's thread
        return await _in_thread(partial(self.daybook.record_many, given))

    async def flush(self, timeout: float | None = None) -> bool:
        """As `Daybook.flush`. Once it is cancelled, nothing waits any more."""
        cancelled = threading.Event()
        try:
            return await _apart(partial(self.daybook.flush, timeout, given_up=cancelled.is_set))
        finally:
            cancelled.set()

    async def close(self) -> None:
        """As `Daybook.close`."""
        if self._own:
            await _apart(self.daybook.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()

    def search(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """As `Reading.search`: `async for event in daybook.search(actor="jane.roe")`."""
        return in_loop(self.daybook.reading.search_steps(limit, filters))

    def pages(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """As `Reading.pages`."""
        return in_loop(self.daybook.reading.page_steps(limit, filters))

    def feed(
        self,
        after: Position | str | None = None,
        *,
        wait: bool = False,
        poll_seconds: float = POLL_SECONDS,
        **filters: Any,
    ) -> AsyncIterator[Entry]:
        """As `Reading.feed`."""
        steps = self.daybook.reading.feed_steps(after, wait=wait, poll_seconds=poll_seconds, filters=filters)
        return in_loop(steps)

    async def event(self, event_id: str, *, environment: str | None = None) -> dict[str, Any]:
        """As `Reading.event`."""
        return await _in_thread(partial(self.daybook.reading.event, event_id, environment=environment))

    async def export(
        self,
        path: PathLike,
        *,
        format: str = "csv",  # noqa: A002  the API's own word
        view: str | None = None,
        tz: str | None = None,
        sort: str | None = None,
        mark: bool = False,
        evidence: bool = False,
        on_progress: Callable[[Progress], Any] | None = None,
        timeout: float | None = None,
        **filters: Any,
    ) -> Export:
        """As `Reading.export`; `on_progress` is called on the loop. If it is cancelled, no part of a file is left."""
        options = ExportOptions(format, view, tz, sort, mark, evidence)
        result: Export | None = None
        async for found in in_loop(self.daybook.reading.export_steps(path, options, timeout, filters)):
            if isinstance(found, Export):
                result = found
            elif on_progress is not None:
                on_progress(found)
        assert result is not None  # noqa: S101  the steps end with it, or raise
        return result

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """As `Reading.call`."""
        return await _in_thread(partial(self.daybook.reading.call, method, path, **options))


async def in_loop(steps: Steps) -> AsyncIterator[Any]:
    """Run the steps on this event loop, what blocks in threads, and yield what they find."""
    go_on: Callable[[Any], Step] = steps.send
    result: Any = None
    try:
        while True:
            try:
                step = go_on(result)
            except StopIteration:
                return
            go_on, result = steps.send, None
            if isinstance(step, Found):
                yield step.value
            elif isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            else:
                try:
                    result = await _done(step)
                except Exception as error:  # noqa: BLE001  the steps decide
                    go_on, result = steps.throw, error
    finally:
        steps.close()


async def _done(step: Do) -> Any:
    return await _in_thread(step.work, settle=step.settle)


async def _in_thread(work: Callable[[], T], *, settle: bool = False) -> T:
    """The result of work in a thread, in the caller's context. Work that has begun is finished, whoever is cancelled.

    `settle`: a caller who is cancelled waits for that.
    """
    run = contextvars.copy_context().run
    future = asyncio.get_running_loop().run_in_executor(None, lambda: run(work))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if settle:
            await asyncio.wait({future})
        future.add_done_callback(_looked_at)
        raise


async def _apart(work: Callable[[], T]) -> T:
    """The result of work that may take for ever. Its thread keeps neither the loop nor the program from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():  # cancelled meanwhile
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as caught:  # noqa: BLE001  the caller's
            error = caught
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="daybook-waiting", daemon=True).start()
    return await future


def _looked_at(future: asyncio.Future[Any]) -> None:
    """Nobody waits for it any more: its exception is no news."""
    if not future.cancelled():
        future.exception()
