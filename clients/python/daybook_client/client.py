"""`Daybook`: what a product holds to send its events, and to read them."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Callable
from weakref import WeakSet

from daybook_client import current
from daybook_client.background import Background
from daybook_client.buffer import queue
from daybook_client.buffer.buffer import Buffer
from daybook_client.buffer.places import place_of
from daybook_client.buffer.told import BufferStatus, RejectedEvent
from daybook_client.errors import InvalidEventError
from daybook_client.events import make_event
from daybook_client.exporting import Export
from daybook_client.feed import Entry, Position
from daybook_client.posting import HttpPost
from daybook_client.reading import PathLike, Reading
from daybook_client.sending import Sender
from daybook_client.transport import Transport

BUFFER_BYTES = 256 * 1024 * 1024
CLOSE_SECONDS = 5.0
EXIT_SECONDS = 2.0


class Daybook:
    """Records events in one Daybook. One is enough for a process; threads share it, and forks may.

    `url` and `key` default to the environment's DAYBOOK_URL and DAYBOOK_KEY. `environment` is that of events which name
    none, `tenant` is for an operations key. `buffer` is a directory, or a file if it has a suffix, by default in the
    user's state directory. It holds `buffer_bytes`; once it is full, `record` raises, or with `when_full="drop_oldest"`
    the oldest events give way and are counted. With `power_cut_safe` each event is on the disk before `record` returns;
    without, a power cut may cost the last seconds, and a crash of this process still nothing.
    `on_rejected` is called in the sending thread for each event that Daybook does not take. `timeout` is in seconds, of
    one call.

    Raises ValueError for a missing or unsafe URL or key, BufferUnusableError if the buffer can't be written.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        environment: str | None = None,
        tenant: str | None = None,
        buffer: str | os.PathLike[str] | None = None,
        buffer_bytes: int = BUFFER_BYTES,
        when_full: str = "raise",
        power_cut_safe: bool = True,
        on_rejected: Callable[[RejectedEvent], object] | None = None,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        url, key = _given(url, "DAYBOOK_URL", "url"), _given(key, "DAYBOOK_KEY", "key")
        if when_full not in ("raise", "drop_oldest"):
            raise ValueError('when_full is "raise" or "drop_oldest"')
        self.transport = Transport(url, key, tenant=tenant, timeout=timeout)
        self.environment = environment
        self._clock = clock
        self._buffer = Buffer(
            place_of(self.transport.url, key, buffer, tenant=tenant),
            max_bytes=buffer_bytes,
            drop_oldest=when_full == "drop_oldest",
            power_cut_safe=power_cut_safe,
            clock=clock,
        )
        sender = Sender(self._buffer, HttpPost(self.transport), on_rejected=on_rejected)
        self._background = Background(sender)
        _open.add(self)
        if not queue.is_answered(self._buffer, queue.last_number(self._buffer)):
            self._background.start()  # an earlier process has left some

    def record(
        self,
        activity: str,
        *,
        actor: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """Keep an event, to be sent in the background. Returns the event's own id. Waits for the disk alone.

        `fields` are the event's others: `environment`, `variant`, `status`, `source`, `params`, `details`, `people`,
        `changes`, `context`, `caused_by`, `occurred_at` (text, or a datetime with a zone), `id`.
        What the event does not say of its actor and context, a middleware or `current.acting` does.
        Raises InvalidEventError, BufferFullError or BufferUnusableError; then nothing was kept.
        """
        event = {"activity": activity, "actor": actor, "target": target, **fields}
        made = make_event(current.fill(event), self._clock(), self.environment)
        self._buffer.add((made.body,))
        self._recorded(1)
        return made.id

    def record_many(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """Keep many events, all or none of them, and wait for the disk once. Returns their own ids, in order.

        Each event is a dict of the fields that `record` takes. Raises as `record` does; InvalidEventError says in
        `errors` which event is at fault, as `events[3].actor`.
        """
        made = []
        for place, event in enumerate(events):
            try:
                if not isinstance(event, Mapping):
                    raise InvalidEventError("an event is a dict", code="invalid_event")  # noqa: TRY301  placed below
                made.append(make_event(current.fill(event), self._clock(), self.environment))
            except InvalidEventError as error:
                raise _placed(error, place) from None
        if made:
            self._buffer.add([event.body for event in made])
            self._recorded(len(made))
        return [event.id for event in made]

    def _recorded(self, count: int) -> None:
        if not self._background.used:
            _used.add(self)
        self._background.recorded(count)

    def flush(self, timeout: float | None = None, *, given_up: Callable[[], bool] = lambda: False) -> bool:
        """Wait until everything that was recorded before, by any process on this buffer, was stored or rejected.

        False if that took longer than `timeout` seconds; the events stay, and are sent later. None waits for ever.
        `given_up` is asked several times a second: once it is true, nobody waits any more.
        """
        last = queue.last_number(self._buffer)

        def answered() -> bool:
            return queue.is_answered(self._buffer, last)

        return self._background.hurry_until(lambda: given_up() or answered(), timeout) and answered()

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Send what waits for up to `timeout` seconds, then end. What was not sent stays for the next process."""
        if self not in _open:
            return
        _open.discard(self)
        _used.discard(self)
        try:
            self.flush(timeout)
        finally:
            self._background.stop(1.0)
            self._buffer.close()
            self.transport.close()

    def __enter__(self) -> Daybook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def reading(self) -> Reading:
        """Searches, the feed, exports: with this one's key, in its environment."""
        return Reading(self.transport, self.environment)

    def search(self, *, limit: int | None = None, **filters: Any) -> Iterator[dict[str, Any]]:
        """The events that match, page after page, as they are needed. See `Reading.search`."""
        return self.reading.search(limit=limit, **filters)

    def event(self, event_id: str, *, environment: str | None = None) -> dict[str, Any]:
        """One event. See `Reading.event`."""
        return self.reading.event(event_id, environment=environment)

    def feed(self, after: Position | str | None = None, *, wait: bool = False, **filters: Any) -> Iterator[Entry]:
        """The log's entries in the order of their append. See `Reading.feed`."""
        return self.reading.feed(after, wait=wait, **filters)

    def export(self, path: PathLike, **asked: Any) -> Export:
        """Export into a file, and check it. See `Reading.export`."""
        return self.reading.export(path, **asked)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Any other call of the API. See `Transport.call`."""
        return self.reading.call(method, path, **options)

    def status(self) -> BufferStatus:
        """What the buffer holds, of all processes."""
        return queue.status(self._buffer)

    def rejected(self) -> Iterator[RejectedEvent]:
        """The events that Daybook did not take, with its answers, the oldest first."""
        return queue.rejected(self._buffer)

    def retry_rejected(self) -> int:
        """Send the rejected events again. Returns how many."""
        count = queue.retry_rejected(self._buffer)
        self._background.recorded(count)
        return count

    def discard_rejected(self) -> int:
        """Delete the rejected events. Returns how many. They can't be had back."""
        return queue.discard_rejected(self._buffer)


def _given(value: str | None, variable: str, name: str) -> str:
    found = (value or os.environ.get(variable) or "").strip()  # a file's content ends with a line break
    if not found:
        raise ValueError(f"Daybook needs a {name}, as an argument or in the environment's {variable}")
    return found.strip()  # a secret that is read from a file ends with a line break


def _placed(error: InvalidEventError, place: int) -> InvalidEventError:
    errors = [
        {**fault, "path": f"events[{place}].{fault['path']}"} for fault in error.errors or [{"path": "", "message": ""}]
    ]
    return InvalidEventError(error.detail, code=error.code, errors=errors)


_open: WeakSet[Daybook] = WeakSet()
_used: set[Daybook] = set()
"""Kept until they are closed: at the end of the program they have something to send, whoever has let go of them."""


def _at_exit() -> None:
    """Two seconds for all that this process has recorded, together."""
    deadline = time.monotonic() + EXIT_SECONDS
    for daybook in list(_open):
        if daybook._background.used:  # noqa: SLF001  the class is this module's own
            with suppress(Exception):
                daybook.flush(max(deadline - time.monotonic(), 0.0))


atexit.register(_at_exit)
