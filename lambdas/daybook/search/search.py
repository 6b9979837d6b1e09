"""Searches: pages of a read, and complete histories. Plans, merges, filters and opens the events."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from daybook.catalogue.profile import profile
from daybook.clock import Clock, format_time
from daybook.crypto.hkdf import tag
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import UnknownGroup
from daybook.http.problem import Problem, bad_parameter
from daybook.ids import neighbour, occurred_ms
from daybook.people.groups import Group
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader, Named, ResolvedQuery, resolve
from daybook.search.cursor import Owner, Position, mismatch, read_cursor, write_cursor
from daybook.search.filters import Matcher
from daybook.search.gather import OPENED_AT_ONCE, Found, Gatherer, Weigh
from daybook.search.members import with_members
from daybook.search.merge import BOUNDS, Bound, Bounds, EventIndex, Merge
from daybook.search.parameters import NATIVE, Filters, Parameters, Span, span_at
from daybook.search.planner import Index, Plan, Planner, Source
from daybook.search.scope import Scope, shown, weighing, weight
from daybook.search.sorting import Sorted, TooManyToSort, shown_value, sort_events
from daybook.tenant import EnvironmentKey

_MARK_BYTES = 8


class Groups(Protocol):
    def group(self, environment: EnvironmentKey, name: str, version: int | None = None) -> Group:
        """The group as it is now, or as it was in that version. Raises `UnknownGroup`."""


class Page(NamedTuple):
    events: list[Found]
    next_cursor: str | None
    scanned: int
    """Events that were read, matching or not; see `Gatherer.scanned`."""
    resolved: ResolvedQuery
    reached_ms: int | None
    """When the last event occurred that was looked at: the newest, where the oldest come first; else the oldest."""
    answered_by: Index


class TooMuchToRead(Exception):  # noqa: N818  a fact about the question
    """The question needs more reading than the bound allows."""


@dataclass(frozen=True)
class Search:
    index: EventIndex
    identities: IdentityReader
    groups: Groups
    person_keys: PersonKeys
    keys: DeploymentKeys
    clock: Clock
    bounds: Bounds = BOUNDS

    def page(self, scope: Scope, parameters: Parameters) -> Page:
        """The next page. Raises `Problem` 400 `cursor_mismatch`, `unknown_group`, 422 `too_many_to_sort`; `Throttled`.

        Paging by time shows every event that existed at the first page exactly once. An event that arrives meanwhile is
        shown at most once.

        In other orders each page continues after the last event of the previous page, and covers the events received by
        the first page. None is shown twice. An event that became durable meanwhile is shown if its place is on a later
        page. If the last event is gone, or has moved because somebody was forgotten, the page starts after the number
        of events given so far.
        """
        settings = scope.settings
        owner = Owner(scope.key, scope.caller.identity, parameters.identity)
        position, resolved = self._begin(scope, parameters, owner)
        # A retention shortened since the first page hides events at once. The passing of time hides none while paging.
        edge_ms = max(position.edge_ms, settings.retention_edge(position.moment_ms))
        plan = self._plan(scope, parameters.filters, resolved, span_at(parameters, position.moment_ms), edge_ms)
        gatherer = self._gatherer(scope, parameters.filters, resolved)
        if parameters.order.by_time:
            events, further = self._page_by_time(scope, parameters, position, plan.sources, gatherer)
            after_id = None if further is None else further.after
            reached = gatherer.reached(after_id, newest_first=parameters.order.descending)
        else:
            events, further = self._page_in_order(scope, parameters, position, plan.sources, gatherer)
            reached = gatherer.first
        reached_ms = None if reached is None else occurred_ms(reached)
        cursor = None if further is None else write_cursor(further, owner, self.keys.cursors, self.clock())
        return Page(events, cursor, gatherer.scanned, resolved, reached_ms, plan.answered_by)

    def meaning(self, scope: Scope, filters: Filters) -> ResolvedQuery:
        """Whom the filters mean now. Raises `Problem` 400 `unknown_group`, `TooManyPeople`, `Throttled`."""
        groups = self._groups(scope, filters.groups, [None] * len(filters.groups))
        if groups is None:
            raise unknown_group()
        members = {name: group.members for name, group in zip(filters.groups, groups, strict=True)}
        return with_members(self._resolve(scope, filters), filters, members, self.identities, scope.key)

    def walk(self, scope: Scope, filters: Filters, span: Span) -> Iterator[Found]:
        """Every matching event, oldest first. Raises `TooMuchToRead` if the bound on reading is reached first."""
        resolved = ResolvedQuery(self._resolve(scope, filters))
        edge_ms = scope.settings.retention_edge(self.clock())
        sources = self._sources(scope, filters, resolved, span, edge_ms)
        return self._all(sources, self._gatherer(scope, filters, resolved))

    def newest(self, scope: Scope, filters: Filters) -> Found | None:
        """None if there is no such event within the bound on reading."""
        resolved = ResolvedQuery(self._resolve(scope, filters))
        edge_ms = scope.settings.retention_edge(self.clock())
        sources = self._sources(scope, filters, resolved, Span(None, None), edge_ms)
        merge = self._merge(sources, OPENED_AT_ONCE, newest_first=True)
        events, _ = self._gatherer(scope, filters, resolved).take(merge, 1, self.bounds.answer_bytes, weight)
        return events[0] if events else None

    def _page_by_time(
        self,
        scope: Scope,
        parameters: Parameters,
        position: Position,
        sources: Sequence[Source],
        gatherer: Gatherer,
    ) -> tuple[list[Found], Position | None]:
        newest_first = parameters.order.descending
        left = after(sources, position.after, newest_first=newest_first)
        merge = self._merge(left, parameters.limit, newest_first=newest_first)
        events, last = gatherer.take(merge, parameters.limit, self.bounds.answer_bytes, weighing(scope, parameters))
        return events, None if last is None else position._replace(after=last)

    def _page_in_order(
        self,
        scope: Scope,
        parameters: Parameters,
        position: Position,
        sources: Sequence[Source],
        gatherer: Gatherer,
    ) -> tuple[list[Found], Position | None]:
        view = None if parameters.view == NATIVE else profile(parameters.view)
        shown_by = shown_value(parameters.order.field, view)

        def value(event: Found) -> str:
            return shown_by(shown(scope, parameters, event))

        begun_at = format_time(position.moment_ms)
        received = (
            event
            for event in self._all(sources, gatherer)
            if event.native["received_at"] <= begun_at  # both in the one form that sorts as the times do
        )
        try:
            events = sort_events(received, parameters.order, value, self.bounds.sorted_events)
        except (TooManyToSort, TooMuchToRead):
            detail = "More events match than can be sorted at once: narrow the search, or use an export."
            raise Problem(422, "too_many_to_sort", detail) from None
        begin = self._begin_of(scope, events, position)
        opened = gatherer.open([each.row for each in events[begin : begin + parameters.limit]])
        page = self._fit_answer(opened, weighing(scope, parameters))
        end = begin + len(page)
        if end >= len(events):
            return page, None
        last, given = events[end - 1], position.given + len(page)
        return page, position._replace(after=last.row.id, given=given, mark=self._mark(scope, last))

    def _begin_of(self, scope: Scope, events: Sequence[Sorted], position: Position) -> int:
        """The index at which the next page begins, in an order other than by time."""
        behind = next((place for place, event in enumerate(events, 1) if event.row.id == position.after), None)
        if behind is None or self._mark(scope, events[behind - 1]) != position.mark:
            return position.given
        return behind

    def _mark(self, scope: Scope, event: Sorted) -> bytes:
        key = self.keys.of(scope.settings.code, scope.settings.secret).sort_value
        return tag(key, event.value.encode("utf-8", "surrogatepass"))[:_MARK_BYTES]

    def _fit_answer(self, events: Iterable[Found], weigh: Weigh) -> list[Found]:
        """The first events, as many as fit into an answer, and at least one."""
        page: list[Found] = []
        answered = 0
        for event in events:
            answered += weigh(event)
            if page and answered > self.bounds.answer_bytes:
                break
            page.append(event)
        return page

    def _all(self, sources: Sequence[Source], gatherer: Gatherer) -> Iterator[Found]:
        merge = self._merge(sources, OPENED_AT_ONCE, newest_first=False)
        yield from gatherer.all(merge)
        if not merge.complete:
            raise TooMuchToRead

    def _sources(
        self, scope: Scope, filters: Filters, resolved: ResolvedQuery, span: Span, edge_ms: int
    ) -> Sequence[Source]:
        return self._plan(scope, filters, resolved, span, edge_ms).sources

    def _plan(self, scope: Scope, filters: Filters, resolved: ResolvedQuery, span: Span, edge_ms: int) -> Plan:
        keys = self.keys.of(scope.settings.code, scope.settings.secret)
        planner = Planner(scope.settings, scope.environment, scope.catalogue, keys)
        return planner.plan(filters, resolved, span, edge_ms)

    def _merge(self, sources: Sequence[Source], wanted: int, *, newest_first: bool) -> Merge:
        bound = Bound(self.clock, self.bounds)
        return Merge(self.index, sources, bound, newest_first=newest_first, wanted=wanted)

    def _gatherer(self, scope: Scope, filters: Filters, resolved: ResolvedQuery) -> Gatherer:
        matcher = Matcher(filters, resolved, scope.caller.role)
        return Gatherer(scope.key, scope.catalogue.profile.aliases, matcher, self.person_keys.of)

    def _resolve(self, scope: Scope, filters: Filters) -> dict[str, Named]:
        name_key = self.keys.of(scope.settings.code, scope.settings.secret).name
        aliases = scope.catalogue.profile.aliases
        return resolve(self.identities, scope.key, aliases, filters.names, name_key, ids=filters.ids)

    def _begin(self, scope: Scope, parameters: Parameters, owner: Owner) -> tuple[Position, ResolvedQuery]:
        """Where the page begins, and whom the query means: on every page, whom it meant on the first."""
        now_ms = self.clock()
        filters, names = parameters.filters, parameters.filters.names
        named = self._resolve(scope, filters)
        if parameters.cursor is None:
            position = Position("", now_ms, scope.settings.retention_edge(now_ms))
        else:
            position = read_cursor(parameters.cursor, owner, self.keys.cursors, now_ms)
        if position.people is not None:
            for text, guids in zip(names, position.people, strict=True):
                named[text] = replace(named[text], guids=frozenset(guids))
        crowded = any(named[text].is_crowded for text in names)
        # A crowd's people are not known. If it is none by the next page, they are looked for then.
        position = position._replace(
            people=None if crowded else tuple(tuple(sorted(named[text].guids)) for text in names)
        )
        if position.members is None:
            groups = self._groups(scope, filters.groups, position.groups or [None] * len(filters.groups))
            if groups is None and parameters.cursor is None:
                raise unknown_group()
            if groups is None:
                raise mismatch()
            position = position._replace(
                members=tuple(group.members for group in groups), groups=tuple(group.version for group in groups)
            )
        members = dict(zip(filters.groups, position.members or (), strict=True))
        return position, with_members(named, filters, members, self.identities, scope.key)

    def _groups(self, scope: Scope, names: Sequence[str], versions: Sequence[int | None]) -> list[Group] | None:
        try:
            return [self.groups.group(scope.key, name, version) for name, version in zip(names, versions, strict=True)]
        except UnknownGroup:
            return None


def unknown_group() -> Problem:
    return bad_parameter("group", "there is no such group", "unknown_group")


def after(sources: Sequence[Source], last: str, *, newest_first: bool) -> list[Source]:
    """The part of the sources that comes after the id `last`; all of it for ""."""
    if not last:
        return list(sources)
    if newest_first:
        high = neighbour(last, -1)
        clipped = [source._replace(high=min(source.high, high)) for source in sources]
    else:
        low = neighbour(last, 1)
        clipped = [source._replace(low=max(source.low, low)) for source in sources]
    return [source for source in clipped if source.low <= source.high]
