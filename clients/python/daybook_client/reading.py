"""What a Daybook can be asked: searches, single events, the feed, exports."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Union, cast
from urllib.parse import quote

from daybook_client.exporting import Export, ExportOptions, Progress, export_steps
from daybook_client.feed import Entry, Position, feed_steps
from daybook_client.filters import filters_of
from daybook_client.steps import Found, Patience, Steps, in_thread, patiently
from daybook_client.transport import Transport

PAGE_SIZE = 500  # the API's own limit
POLL_SECONDS = 5.0  # an event is appended to the log some seconds after its 201
PATIENCE = 30.0  # seconds

PathLike = Union[str, Path]


class Reading:
    """Reads of one tenant. Safe to share between threads.

    A call that fails in passing (no answer, 429, 5xx) is tried again, with growing waits and after `Retry-After`, until
    it has waited `patience` seconds since the last success. Then it raises what the last try raised. No event is
    skipped or doubled by that. `environment` is read where a call names none.
    """

    def __init__(
        self,
        transport: Transport,
        environment: str | None = None,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], Any] = time.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._environment = environment
        self._patience = patience
        self._sleep = sleep
        self._chance = chance
        self._clock = clock

    def search(self, *, limit: int | None = None, **filters: Any) -> Iterator[dict[str, Any]]:
        """The events that match, newest first unless `sort` says otherwise; pages are fetched as they are needed.

        `limit` bounds the events, not a page. `filters` are those of docs/reference/filters.md, and `sort`, `view` and
        `tz`. A list means or, `component_not=` excludes, `from_` is the API's `from`, and datetimes carry a zone.
        Raises at once ValueError or TypeError for filters that mean nothing; with the first event that it can't give
        DaybookError. A page that is fetched over 24 hours after the one before is refused as `cursor_mismatch`.
        """
        return in_thread(self.search_steps(limit, filters), self._sleep)

    def pages(self, *, limit: int | None = None, **filters: Any) -> Iterator[dict[str, Any]]:
        """The answers of a search as they are: `events`, with a view also `columns`. See `search`."""
        return in_thread(self.page_steps(limit, filters), self._sleep)

    def event(self, event_id: str, *, environment: str | None = None) -> dict[str, Any]:
        """The native event with Daybook's own id. Raises NotFoundError."""
        params = {"environment": environment or self._environment}
        return self._patient(f"/v1/events/{quote(event_id, safe='')}", params)

    def feed(
        self,
        after: Position | str | None = None,
        *,
        wait: bool = False,
        poll_seconds: float = POLL_SECONDS,
        **filters: Any,
    ) -> Iterator[Entry]:
        """The entries of the log from `after` on, in the order of their append; from its beginning without it.

        `wait=True` never ends: it asks again every `poll_seconds` at the log's end, and outlasts any outage.
        `after` is the `position` of the last entry that was done with. Nothing comes twice in one call, but for a log
        that ended: the one in its place holds its events again, with other places (docs/guides/feed.md).
        """
        return in_thread(self.feed_steps(after, wait=wait, poll_seconds=poll_seconds, filters=filters), self._sleep)

    def feed_end(self, **filters: Any) -> Position | None:
        """Where the log ends now: `feed(after=…)` then gives what comes. None where nothing was ever appended."""
        page = self._patient("/v1/feed", {**self._filters(filters), "after": 0, "limit": 1})
        return Position(page["log"], page["size"]) if page["log"] else None

    def export(
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
        """Export what the filters find into `path`, and return what came of it once the file is whole and on disk.

        The file appears under its name only when its bytes and SHA-256 are those that Daybook states; until then it is
        `path` with `.part` behind it. A file of that name is replaced. `view` is the tenant's profile's unless given.
        `evidence=True` fetches the evidence too, into `path` with `.evidence` behind it.
        `timeout` is in seconds, for all of it; what is not done by then is cancelled.
        Raises ExportError for one that fails, is cancelled, takes too long, or arrives damaged; DaybookError for a
        refusal; OSError for a file that can't be written.
        """
        options = ExportOptions(format, view, tz, sort, mark, evidence)
        result: Export | None = None
        for found in in_thread(self.export_steps(path, options, timeout, filters), self._sleep):
            if isinstance(found, Export):
                result = found
            elif on_progress is not None:
                on_progress(found)
        assert result is not None  # noqa: S101  the steps end with it, or raise
        return result

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Any other call of the API, once: the parsed answer. `options` are those of `Transport.call`."""
        return self._transport.call(method, path, **options)

    def search_steps(self, limit: int | None, filters: Mapping[str, Any]) -> Steps:
        """Finds events. For `in_thread` and for asyncio."""
        return _events(self.page_steps(limit, filters))

    def page_steps(self, limit: int | None, filters: Mapping[str, Any]) -> Steps:
        """Finds answers. Raises for bad filters before it is run."""
        if limit is not None and limit < 1:
            raise ValueError(f"limit can't be {limit}")
        return self._page_steps(limit, self._filters(filters))

    def _page_steps(self, limit: int | None, params: Mapping[str, Any]) -> Steps:
        patience = self._new_patience()
        left, cursor = limit, None
        while True:
            size = PAGE_SIZE if left is None else min(left, PAGE_SIZE)
            asked = {**params, "limit": size, "cursor": cursor}
            page = yield from patiently(partial(self._get, "/v1/events", asked), patience)
            yield Found(page)
            cursor = page["next_cursor"]
            if left is not None:
                left -= len(page["events"])
            if cursor is None or (left is not None and left <= 0):
                return

    def feed_steps(
        self, after: Position | str | None, *, wait: bool, poll_seconds: float, filters: Mapping[str, Any]
    ) -> Steps:
        """Finds entries. Raises for bad filters before it is run."""
        position = Position.of(after) if isinstance(after, str) else after
        params = self._filters(filters)
        patience = Patience(None if wait else self._patience, self._chance)
        return feed_steps(
            lambda at: self._get("/v1/feed", at), position, params, patience, poll_seconds if wait else None
        )

    def export_steps(
        self, path: PathLike, options: ExportOptions, timeout: float | None, filters: Mapping[str, Any]
    ) -> Steps:
        """Finds the progress, then the export. Raises for bad filters before it is run."""
        body = options.body(self._filters(filters))
        return export_steps(self._transport, Path(path), body, self._new_patience(), self._clock, timeout)

    def _filters(self, given: Mapping[str, Any]) -> dict[str, list[str]]:
        return filters_of(given, self._environment)

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        return self._transport.call("GET", path, params=params)

    def _patient(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        (result,) = in_thread(self._one(path, params), self._sleep)
        return cast("dict[str, Any]", result)

    def _one(self, path: str, params: Mapping[str, Any]) -> Steps:
        result = yield from patiently(partial(self._get, path, params), self._new_patience())
        yield Found(result)

    def _new_patience(self) -> Patience:
        return Patience(self._patience, self._chance)


def _events(pages: Steps) -> Steps:
    """The events of the pages that the steps find."""
    result: Any = None
    go_on: Callable[[Any], Any] = pages.send
    while True:
        try:
            step = go_on(result)
        except StopIteration:
            return
        go_on, result = pages.send, None
        if isinstance(step, Found):
            for event in step.value["events"]:
                yield Found(event)
            continue
        try:
            result = yield step
        except Exception as error:  # noqa: BLE001  the pages decide
            go_on, result = pages.throw, error
