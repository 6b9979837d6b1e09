"""One page of a read: planned, merged, matched, opened."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from daybook.caller import Caller, Tenant
from daybook.canonical import canonical
from daybook.catalogue import Profile, profile
from daybook.clock import Clock
from daybook.derivation import DeploymentKeys
from daybook.event_id import neighbour
from daybook.reading.cursor import Owner, Position, read_cursor, write_cursor
from daybook.reading.matching import Matcher
from daybook.reading.merge import BOUNDS, Bound, Bounds, EventIndex, Merge
from daybook.reading.opened import Opened, Row, content_of, people_of
from daybook.reading.parameters import Filters, Parameters, Span, span_at
from daybook.reading.people import IdentityReader, Named, resolve
from daybook.reading.person_keys import PersonKeys
from daybook.reading.planner import Planner, Source
from daybook.tenants import TenantSettings

_OPENED_AT_ONCE = 100


class Found(NamedTuple):
    """An event of a page: opened, and in its native form."""

    id: str
    opened: Opened
    native: dict[str, Any]
    own_target: bool
    """Whether the event's own target was asked for, and not only what contains it."""


class Page(NamedTuple):
    events: list[Found]
    next_cursor: str | None
    scanned: int
    """Events that were looked at, matching or not."""
    first: bool
    """Whether this page begins a search, which is then recorded."""
    named: dict[str, Named]


class TooMuchToRead(Exception):  # noqa: N818  a fact about the question
    """What was asked for lies beyond the bound on reading."""


class Search:
    """Reads one tenant's events for one caller, in one environment."""

    def __init__(  # noqa: PLR0913  what it reads from, and how far
        self,
        index: EventIndex,
        identities: IdentityReader,
        person_keys: PersonKeys,
        keys: DeploymentKeys,
        clock: Clock,
        *,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._index = index
        self._bounds = bounds
        self._identities = identities
        self._person_keys = person_keys
        self._keys = keys
        self._clock = clock

    def page(self, settings: TenantSettings, environment: str, caller: Caller, parameters: Parameters) -> Page:
        """The next page. Raises `Problem` 400 `cursor_mismatch`, and `Throttled`.

        Paging shows every event that was there at the first page exactly once; of those that arrive meanwhile, none
        twice.
        """
        about = profile(settings.profile)
        owner = Owner(settings.tenant, environment, caller.credential, parameters.identity)
        position = self._position(settings, parameters, owner)
        named = self._named(settings.tenant, about, parameters.filters, position)
        span = span_at(parameters, position.moment_ms)
        # A retention that was shortened since the first page hides at once; time passing hides nothing in mid-paging.
        edge_ms = max(position.edge_ms, settings.retention_edge(position.moment_ms))
        plan = Planner(settings, environment, about, self._keys).plan(parameters.filters, named, span, edge_ms)
        sources = _after(plan.sources, position.after, newest_first=parameters.newest_first)
        matcher = Matcher(parameters.filters, named, caller.role)
        reading = _Reading(self, about, matcher, settings.tenant)
        merge = Merge(
            self._index,
            sources,
            self._bound(),
            newest_first=parameters.newest_first,
            wanted=parameters.limit,
        )
        events, last = reading.take(merge, parameters.limit, self._bounds.answer_bytes)
        cursor = None
        if last is not None:
            people = tuple(tuple(sorted(named[text].guids)) for text in _names(parameters.filters))
            cursor = write_cursor(position._replace(after=last, people=people), owner, self._keys.cursor)
        return Page(events, cursor, reading.scanned, not position.after, named)

    def walk(
        self, settings: TenantSettings, environment: str, caller: Caller, filters: Filters, span: Span
    ) -> Iterator[Found]:
        """Every event that there is, oldest first. Raises `TooMuchToRead` where the bound on reading ends it before."""
        reading, merge = self._reading(settings, environment, caller, filters, span, newest_first=False)
        yield from reading.all(merge)
        if not merge.complete:
            raise TooMuchToRead

    def newest(self, settings: TenantSettings, environment: str, caller: Caller, filters: Filters) -> Found | None:
        """None where there is none within the bound on reading."""
        reading, merge = self._reading(settings, environment, caller, filters, Span(None, None), newest_first=True)
        events, _ = reading.take(merge, 1, self._bounds.answer_bytes)
        return events[0] if events else None

    def _reading(  # noqa: PLR0913  what a read is made of
        self,
        settings: TenantSettings,
        environment: str,
        caller: Caller,
        filters: Filters,
        span: Span,
        *,
        newest_first: bool,
    ) -> tuple["_Reading", Merge]:
        about = profile(settings.profile)
        named = resolve(self._identities, settings.tenant, about.aliases, _names(filters))
        edge_ms = settings.retention_edge(self._clock())
        plan = Planner(settings, environment, about, self._keys).plan(filters, named, span, edge_ms)
        reading = _Reading(self, about, Matcher(filters, named, caller.role), settings.tenant)
        merge = Merge(self._index, plan.sources, self._bound(), newest_first=newest_first, wanted=_OPENED_AT_ONCE)
        return reading, merge

    def _bound(self) -> Bound:
        return Bound(self._clock, self._bounds)

    def opened(self, tenant: Tenant, contents: Sequence[dict[str, Any]]) -> list[Opened]:
        keys = self._person_keys.of(tenant, (guid for content in contents for guid in people_of(content)))
        return [Opened(content, keys) for content in contents]

    def _position(self, settings: TenantSettings, parameters: Parameters, owner: Owner) -> Position:
        now_ms = self._clock()
        if parameters.cursor is not None:
            return read_cursor(parameters.cursor, owner, self._keys.cursor, now_ms)
        return Position("", now_ms, settings.retention_edge(now_ms), None)

    def _named(self, tenant: Tenant, about: Profile, filters: Filters, position: Position) -> dict[str, Named]:
        texts = _names(filters)
        named = resolve(self._identities, tenant, about.aliases, texts)
        if position.people is not None:
            # What a name meant at the first page it means at every page.
            for text, guids in zip(texts, position.people, strict=True):
                named[text] = named[text].meaning(guids)
        return named


class _Reading:
    """Rows looked at for one page."""

    def __init__(self, search: Search, about: Profile, matcher: Matcher, tenant: Tenant) -> None:
        self._search = search
        self._about = about
        self._matcher = matcher
        self._tenant = tenant
        self.scanned = 0

    def take(self, merge: Merge, limit: int, most_bytes: int) -> tuple[list[Found], str | None]:
        """At most `limit` events, and the id to go on after, or None at the end."""
        rows = iter(merge)
        found: list[Found] = []
        answered = 0
        last = None
        while len(found) < limit:
            # Where only the opened event tells, many are opened at once: their people's keys cost one read.
            most = _OPENED_AT_ONCE if self._matcher.needs_opening else min(limit - len(found), _OPENED_AT_ONCE)
            batch, looked_at = self._candidates(rows, most)
            if looked_at is None:
                return found, None if merge.complete else last
            last = looked_at
            for event in self._matching(batch):
                answered += len(canonical(event.native))
                if found and (len(found) == limit or answered > most_bytes):
                    return found, found[-1].id
                found.append(event)
        ended = next(rows, None) is None and merge.complete
        return found, None if ended else last

    def all(self, merge: Merge) -> Iterator[Found]:
        rows = iter(merge)
        looked_at: str | None = ""
        while looked_at is not None:
            candidates, looked_at = self._candidates(rows, _OPENED_AT_ONCE)
            yield from self._matching(candidates)

    def _candidates(self, rows: Iterator[Row], most: int) -> tuple[list[tuple[Row, dict[str, Any]]], str | None]:
        """Up to `most` rows that match as far as can be told without a key, and the last id looked at."""
        taken: list[tuple[Row, dict[str, Any]]] = []
        last = None
        for row in rows:
            self.scanned += 1
            last = row.id
            content = content_of(row)
            if self._matcher.matches_clear(content):
                taken.append((row, content))
                if len(taken) == most:
                    break
        return taken, last

    def _matching(self, candidates: Sequence[tuple[Row, dict[str, Any]]]) -> Iterator[Found]:
        opened = self._search.opened(self._tenant, [content for _, content in candidates])
        for (row, _), event in zip(candidates, opened, strict=True):
            native = event.native(row.received_ms, self._about.aliases)
            if self._matcher.matches_opened(event, native):
                yield Found(row.id, event, native, self._matcher.is_target_itself(event, native))


def _names(filters: Filters) -> list[str]:
    """The values that may name people, in an order that is the same for every page: clients may change theirs."""
    return sorted({*filters.of("actor"), *(text for _, text in filters.targets)})


def _after(sources: Sequence[Source], after: str, *, newest_first: bool) -> list[Source]:
    if not after:
        return list(sources)
    if newest_first:
        high = neighbour(after, -1)
        clipped = [source._replace(high=min(source.high, high)) for source in sources]
    else:
        low = neighbour(after, 1)
        clipped = [source._replace(low=max(source.low, low)) for source in sources]
    return [source for source in clipped if source.low <= source.high]
