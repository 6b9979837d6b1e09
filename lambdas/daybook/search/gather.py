"""Rows of an index looked at, matched and opened, a few at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from daybook.catalogue.aliases import Aliases
from daybook.events.canonical import canonical
from daybook.events.reader import Opened, Row, content_of, people_of
from daybook.search.filters import Matcher
from daybook.search.merge import Merge
from daybook.tenant import Tenant

KeysOf = Callable[[Tenant, Iterable[str]], Mapping[str, bytes]]

OPENED_AT_ONCE = 100


class Found(NamedTuple):
    """An event of a page: opened, and in its native form."""

    id: str
    opened: Opened
    native: dict[str, Any]
    received_ms: int
    own_target: bool
    """Whether the event's own target was asked for, and not only what contains it."""


class Gathering:
    """Rows looked at for one request, and what of them matched."""

    def __init__(self, tenant: Tenant, aliases: Aliases, matcher: Matcher, keys_of: KeysOf) -> None:
        self._tenant = tenant
        self._aliases = aliases
        self._matcher = matcher
        self._keys_of = keys_of
        self.scanned = 0
        """Rows looked at, but for those that an id led to which can't be read any more: their number would tell of an
        id with a forgotten person's name in it that there is one."""

    def take(self, merge: Merge, limit: int, max_bytes: int) -> tuple[list[Found], str | None]:
        """At most `limit` events, and the id to go on after, or None at the end."""
        rows = iter(merge)
        found: list[Found] = []
        answered = 0
        last = None
        while len(found) < limit:
            # Where only the opened event tells, many are opened at once: their people's keys cost one read.
            most = OPENED_AT_ONCE if self._matcher.needs_opening else min(limit - len(found), OPENED_AT_ONCE)
            batch, looked_at = self._candidates(rows, most)
            if looked_at is None:
                return found, None if merge.complete else last
            last = looked_at
            for event in self._matching(batch):
                answered += len(canonical(event.native))
                if found and (len(found) == limit or answered > max_bytes):
                    return found, found[-1].id
                found.append(event)
        ended = next(rows, None) is None and merge.complete
        return found, None if ended else last

    def all(self, merge: Merge) -> Iterator[Found]:
        rows = iter(merge)
        looked_at: str | None = ""
        while looked_at is not None:
            candidates, looked_at = self._candidates(rows, OPENED_AT_ONCE)
            yield from self._matching(candidates)

    def _candidates(self, rows: Iterator[Row], most: int) -> tuple[list[tuple[Row, dict[str, Any]]], str | None]:
        """Up to `most` rows that match as far as can be told without a key, and the last id looked at."""
        taken: list[tuple[Row, dict[str, Any]]] = []
        last = None
        for row in rows:
            last = row.id
            content = content_of(row)
            if self._matcher.matches_clear(content):
                self.scanned += 1
                taken.append((row, content))
                if len(taken) == most:
                    break
            elif not self._matcher.is_hidden(Opened(content, {})):
                # Without keys everybody counts as forgotten: none is read for what does not match.
                self.scanned += 1
        return taken, last

    def _matching(self, candidates: Sequence[tuple[Row, dict[str, Any]]]) -> Iterator[Found]:
        contents = [content for _, content in candidates]
        keys = self._keys_of(self._tenant, (guid for content in contents for guid in people_of(content)))
        opened = [Opened(content, keys) for content in contents]
        # All of them, before a page may be full: what is left of a batch was looked at, too.
        self.scanned -= sum(map(self._matcher.is_hidden, opened))
        for (row, _), event in zip(candidates, opened, strict=True):
            native = event.native(row.received_ms, self._aliases)
            if self._matcher.matches_opened(event, native):
                own_target = self._matcher.is_target_itself(event, native)
                yield Found(row.id, event, native, row.received_ms, own_target)
