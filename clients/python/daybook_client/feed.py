"""The feed: a log's entries in the order of their append, and the place from which to go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from daybook_client.steps import Found, Patience, Pause, Steps, patiently


class Position(NamedTuple):
    """Where a reader of the feed stands: `after` entries of the log `log` have been read.

    As text it is `log:after`, to be kept in a file, say. `Position.of` reads it back.
    """

    log: str
    after: int

    def __str__(self) -> str:
        return f"{self.log}:{self.after}"

    @classmethod
    def of(cls, text: str) -> Position:
        """Raises ValueError for a text that `str` of a position never gives."""
        log, _, after = text.rpartition(":")
        if not log or not after.isascii() or not after.isdecimal():
            raise ValueError(f"{text!r} is no position of a feed")
        return cls(log, int(after))


@dataclass(frozen=True)
class Entry:
    """One entry of the log.

    `event` is None for one that is `gone` (`expired`) or `missing` (its id: it should be there and is not).
    Keep `position` once you have done with the entry, not before. `log` and `index` never change: recognise an entry
    that comes again by them.
    """

    index: int
    event: dict[str, Any] | None
    position: Position
    gone: str | None = None
    missing: str | None = None

    @property
    def log(self) -> str:
        return self.position.log


def feed_steps(
    call: Callable[[Mapping[str, Any]], dict[str, Any]],
    after: Position | None,
    filters: Mapping[str, Any],
    patience: Patience,
    poll_seconds: float | None,
) -> Steps:
    """Entries from `after` on. Ends at the log's end, or asks again every `poll_seconds`."""
    at: dict[str, Any] = {"after": 0} if after is None else {"log": after.log, "after": after.after}
    while True:
        page = yield from patiently(partial(call, {**filters, **at}), patience)
        for entry in page["events"]:
            position = Position(page["log"], entry["index"] + 1)
            yield Found(
                Entry(entry["index"], entry.get("event"), position, entry.get("gone"), entry.get("missing")),
            )
        ended = "log" in at and page["log"] != at["log"]
        if page["log"]:  # a tenant that has sent nothing yet has no log
            at = {"log": page["log"], "after": page["next"]}
        if ended or page["next"] < page["size"]:
            continue
        if poll_seconds is None:
            return
        yield Pause(poll_seconds)
