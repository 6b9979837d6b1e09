"""Reads the rows of an index, matches and opens them, a few at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from daybook.batching import batched
from daybook.catalogue.aliases import Aliases
from daybook.events.packing import unpack
from daybook.events.reader import Opened, Row, content_in, content_of, people_of
from daybook.search.filters import Matcher
from daybook.search.merge import Merge
from daybook.tenant import EnvironmentKey

KeysOf = Callable[[EnvironmentKey, Iterable[str]], Mapping[str, bytes]]

OPENED_AT_ONCE = 100


class Found(NamedTuple):
    """A matching event: opened, and in its native form."""

    row: Row
    opened: Opened
    native: dict[str, Any]
    own_target: bool
    """Whether the event's own target was requested, and not only what contains it."""

    @property
    def id(self) -> str:
        return self.row.id


Weigh = Callable[[Found], int]
"""The bytes that an event takes in the answer."""


class Gatherer:
    """The rows read for one request, and the events among them that matched."""

    def __init__(self, environment: EnvironmentKey, aliases: Aliases, matcher: Matcher, keys_of: KeysOf) -> None:
        self._environment = environment
        self._aliases = aliases
        self._matcher = matcher
        self._keys_of = keys_of
        self._looked_at: list[str] = []
        """The ids of the rows read, in their order, without those that the caller may not know of, and those found by
        an id that can no longer be read. Counting the latter would reveal that an id with a forgotten person's name in
        it exists."""
        self._passed: str | None = None
        """The id of the last row read that the caller may not know of."""

    @property
    def scanned(self) -> int:
        """The number of rows read that the caller may know of."""
        return len(self._looked_at)

    @property
    def first(self) -> str | None:
        """The id of the first of them."""
        return self._looked_at[0] if self._looked_at else None

    def reached(self, after: str | None, *, newest_first: bool) -> str | None:
        """The id of the last of them that the page covers. `after`: where the next page begins; None: nowhere."""
        for looked_at in reversed(self._looked_at):
            if after is None or (looked_at >= after if newest_first else looked_at <= after):
                return looked_at
        return None

    def take(self, merge: Merge, limit: int, max_bytes: int, weigh: Weigh) -> tuple[list[Found], str | None]:
        """At most `limit` events, and the id after which the next page begins, or None at the end.

        There is another page only if the caller may see one of the rows that follow, or if the bound on reading was
        reached before this was known. The id is that of a row that the caller may see. Only a read that found no such
        row before the bound gives another one, because it must make progress.
        """
        rows = self._visible(merge)
        found: list[Found] = []
        answered = 0
        last = None
        while len(found) < limit:
            # If a filter needs the opened event, many are opened at once: the keys of their people cost one read.
            most = OPENED_AT_ONCE if self._matcher.needs_opening else min(limit - len(found), OPENED_AT_ONCE)
            batch, last_read = self._candidates(rows, most)
            if last_read is None:
                return found, None if merge.complete else last or self._passed
            last = last_read
            for event, matches in self._judged(batch):
                if matches:
                    answered += weigh(event)
                    if found and (len(found) == limit or answered > max_bytes):
                        return found, found[-1].id
                    found.append(event)
                # Opening and matching take time, too. The next page judges the rest of the batch.
                if event.id != last and merge.bound.is_late:
                    return found, event.id
        ended = next(rows, None) is None and merge.complete
        return found, None if ended else last

    def all(self, merge: Merge) -> Iterator[Found]:
        rows = self._visible(merge)
        last_read: str | None = ""
        while last_read is not None:
            candidates, last_read = self._candidates(rows, OPENED_AT_ONCE)
            yield from (event for event, matches in self._judged(candidates) if matches)

    def open(self, rows: Sequence[Row]) -> Iterator[Found]:
        """Events that matched before, in the order of the rows. Opens a few at a time."""
        for some in batched(rows, OPENED_AT_ONCE):
            for row, event in zip(some, self._opened([content_of(row.packed) for row in some]), strict=True):
                yield self._found(row, event)

    def _visible(self, merge: Merge) -> Iterator[tuple[Row, dict[str, Any]]]:
        """The rows that the caller may know of, with their contents."""
        for row in merge:
            encoded = unpack(row.packed)
            merge.bound.count(len(encoded))
            content = content_in(encoded)
            if self._matcher.may_see(content):
                yield row, content
            else:
                self._passed = row.id

    def _candidates(
        self, rows: Iterator[tuple[Row, dict[str, Any]]], most: int
    ) -> tuple[list[tuple[Row, dict[str, Any]]], str | None]:
        """Up to `most` rows that match as far as can be decided without keys, and the id of the last row read."""
        taken: list[tuple[Row, dict[str, Any]]] = []
        last = None
        for row, content in rows:
            last = row.id
            if self._matcher.matches_clear(content):
                self._looked_at.append(last)
                taken.append((row, content))
                if len(taken) == most:
                    break
            elif not self._matcher.is_hidden(Opened(content, {})):
                # Without keys everybody counts as forgotten. No key is read for a row that does not match.
                self._looked_at.append(last)
        return taken, last

    def _judged(self, candidates: Sequence[tuple[Row, dict[str, Any]]]) -> Iterator[tuple[Found, bool]]:
        """The events, and whether each matches."""
        opened = self._opened([content for _, content in candidates])
        # For the whole batch, since the page may be full before its end: all of its rows were read.
        hidden = {row.id for (row, _), event in zip(candidates, opened, strict=True) if self._matcher.is_hidden(event)}
        if hidden:
            self._looked_at = [each for each in self._looked_at if each not in hidden]
        for (row, _), event in zip(candidates, opened, strict=True):
            found = self._found(row, event)
            yield found, self._matcher.matches_opened(event, found.native)

    def _opened(self, contents: Sequence[dict[str, Any]]) -> list[Opened]:
        keys = self._keys_of(self._environment, (guid for content in contents for guid in people_of(content)))
        return [Opened(content, keys) for content in contents]

    def _found(self, row: Row, event: Opened) -> Found:
        native = event.native(self._aliases)
        return Found(row, event, native, self._matcher.is_target_itself(event, native))
