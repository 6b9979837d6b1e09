"""Pages of a read, and whole histories: planned, merged, matched, opened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.catalogue.views import Shown
from daybook.clock import Clock
from daybook.crypto.hkdf import tag
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import UnknownGroup
from daybook.events.canonical import canonical
from daybook.http.caller import Caller
from daybook.http.problem import Problem, bad_parameter
from daybook.ids import neighbour
from daybook.people.groups import Group
from daybook.people.identities import id_row, may_be_by_address
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader, Named, ResolvedQuery, resolve
from daybook.search.cursor import Owner, Position, mismatch, read_cursor, write_cursor
from daybook.search.filters import Matcher
from daybook.search.gather import OPENED_AT_ONCE, Found, Gathering
from daybook.search.merge import BOUNDS, Bound, Bounds, EventIndex, Merge
from daybook.search.parameters import NATIVE, Filters, Parameters, Span, span_at
from daybook.search.planner import MAX_PARTITIONS, Planner, Source
from daybook.search.sorting import TooManyToSort, in_order, presented
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings

_MARK_BYTES = 8


class Groups(Protocol):
    def group(self, tenant: Tenant, name: str, version: int | None = None) -> Group:
        """As it is now, or as it was in that version. Raises `UnknownGroup`."""


class Scope(NamedTuple):
    """Whose log is read, and as whom."""

    settings: TenantSettings
    catalogue: Catalogue
    environment: str
    caller: Caller


class Page(NamedTuple):
    events: list[Found]
    next_cursor: str | None
    scanned: int
    """Events that were looked at, matching or not; see `Gathering.scanned`."""
    resolved: ResolvedQuery


class TooMuchToRead(Exception):  # noqa: N818  a fact about the question
    """What was asked for lies beyond the bound on reading."""


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

        Paging by time shows every event that was there at the first page exactly once; of those that arrive meanwhile,
        none twice. Otherwise sorted, each page goes on behind the last event of the one before, over what had been
        received by the first: none comes twice, and what became durable meanwhile is shown where its place lies ahead.
        Where that event has gone, or somebody forgotten has moved it, the number given so far tells where to go on.
        """
        settings = scope.settings
        owner = Owner(settings.tenant, scope.environment, scope.caller.credential, parameters.identity)
        position, resolved = self._begin(scope, parameters, owner)
        # A retention that was shortened since the first page hides at once; time passing hides nothing in mid-paging.
        edge_ms = max(position.edge_ms, settings.retention_edge(position.moment_ms))
        sources = self._sources(scope, parameters.filters, resolved, span_at(parameters, position.moment_ms), edge_ms)
        gathering = self._gathering(scope, parameters.filters, resolved)
        if parameters.order.by_time:
            events, further = self._page_by_time(parameters, position, sources, gathering)
        else:
            events, further = self._page_in_order(scope, parameters, position, sources, gathering)
        cursor = None if further is None else write_cursor(further, owner, self.keys.cursor)
        return Page(events, cursor, gathering.scanned, resolved)

    def walk(self, scope: Scope, filters: Filters, span: Span) -> Iterator[Found]:
        """Every event that there is, oldest first. Raises `TooMuchToRead` where the bound on reading ends it before."""
        resolved = ResolvedQuery(self._resolve(scope, filters))
        edge_ms = scope.settings.retention_edge(self.clock())
        sources = self._sources(scope, filters, resolved, span, edge_ms)
        return self._all(sources, self._gathering(scope, filters, resolved))

    def newest(self, scope: Scope, filters: Filters) -> Found | None:
        """None where there is none within the bound on reading."""
        resolved = ResolvedQuery(self._resolve(scope, filters))
        edge_ms = scope.settings.retention_edge(self.clock())
        sources = self._sources(scope, filters, resolved, Span(None, None), edge_ms)
        merge = self._merge(sources, OPENED_AT_ONCE, newest_first=True)
        events, _ = self._gathering(scope, filters, resolved).take(merge, 1, self.bounds.answer_bytes)
        return events[0] if events else None

    def _page_by_time(
        self, parameters: Parameters, position: Position, sources: Sequence[Source], gathering: Gathering
    ) -> tuple[list[Found], Position | None]:
        newest_first = parameters.order.descending
        left = after(sources, position.after, newest_first=newest_first)
        merge = self._merge(left, parameters.limit, newest_first=newest_first)
        events, last = gathering.take(merge, parameters.limit, self.bounds.answer_bytes)
        return events, None if last is None else position._replace(after=last)

    def _page_in_order(
        self,
        scope: Scope,
        parameters: Parameters,
        position: Position,
        sources: Sequence[Source],
        gathering: Gathering,
    ) -> tuple[list[Found], Position | None]:
        about = scope.catalogue.profile
        view = None if parameters.view == NATIVE else profile(parameters.view)

        def shown(event: Found) -> Shown:
            return Shown(event.native, scope.settings.name, about.aliases, view or about, parameters.zone)

        value = presented(parameters.order.field, view)

        def mark(event: Found) -> bytes:
            return tag(self.keys.cursor, value(shown(event)).encode("utf-8", "surrogatepass"))[:_MARK_BYTES]

        received = (event for event in self._all(sources, gathering) if event.received_ms <= position.moment_ms)
        try:
            events = in_order(received, parameters.order, shown, view, self.bounds.sorted_events)
        except (TooManyToSort, TooMuchToRead):
            detail = "More events match than can be sorted at once: narrow the question, or export."
            raise Problem(422, "too_many_to_sort", detail) from None
        begin = _begin_of(events, position, mark)
        page = self._fitting(events[begin : begin + parameters.limit])
        if begin + len(page) >= len(events):
            return page, None
        return page, position._replace(after=page[-1].id, given=position.given + len(page), mark=mark(page[-1]))

    def _fitting(self, events: Sequence[Found]) -> list[Found]:
        """As many of the first as an answer holds; one at least."""
        page: list[Found] = []
        answered = 0
        for event in events:
            answered += len(canonical(event.native))
            if page and answered > self.bounds.answer_bytes:
                break
            page.append(event)
        return page

    def _all(self, sources: Sequence[Source], gathering: Gathering) -> Iterator[Found]:
        merge = self._merge(sources, OPENED_AT_ONCE, newest_first=False)
        yield from gathering.all(merge)
        if not merge.complete:
            raise TooMuchToRead

    def _sources(
        self, scope: Scope, filters: Filters, resolved: ResolvedQuery, span: Span, edge_ms: int
    ) -> Sequence[Source]:
        planner = Planner(scope.settings, scope.environment, scope.catalogue, self.keys)
        return planner.plan(filters, resolved, span, edge_ms).sources

    def _merge(self, sources: Sequence[Source], wanted: int, *, newest_first: bool) -> Merge:
        bound = Bound(self.clock, self.bounds)
        return Merge(self.index, sources, bound, newest_first=newest_first, wanted=wanted)

    def _gathering(self, scope: Scope, filters: Filters, resolved: ResolvedQuery) -> Gathering:
        matcher = Matcher(filters, resolved, scope.caller.role)
        return Gathering(scope.settings.tenant, scope.catalogue.profile.aliases, matcher, self.person_keys.of)

    def _resolve(self, scope: Scope, filters: Filters) -> dict[str, Named]:
        return resolve(self.identities, scope.settings.tenant, scope.catalogue.profile.aliases, _names(filters))

    def _begin(self, scope: Scope, parameters: Parameters, owner: Owner) -> tuple[Position, ResolvedQuery]:
        """Where the page begins, and whom the query means: at every page whom it meant at the first."""
        now_ms = self.clock()
        filters, names = parameters.filters, _names(parameters.filters)
        named = self._resolve(scope, filters)
        wanted = sorted(filters.of("group"))
        if parameters.cursor is None:
            position = Position("", now_ms, scope.settings.retention_edge(now_ms))
        else:
            position = read_cursor(parameters.cursor, owner, self.keys.cursor, now_ms)
        if position.people is not None:
            for text, guids in zip(names, position.people, strict=True):
                named[text] = named[text].meaning(guids)
        position = position._replace(people=tuple(tuple(sorted(named[text].guids)) for text in names))
        if wanted and position.members is None:
            groups = self._groups(scope, wanted, position.groups or [None] * len(wanted))
            if groups is None and parameters.cursor is None:
                raise bad_parameter("group", "there is no such group", "unknown_group")
            if groups is None:
                raise mismatch()
            members = tuple(sorted({guid for group in groups for guid in group.members}))
            position = position._replace(members=members, groups=tuple(group.version for group in groups))
        members_now = None if position.members is None else frozenset(position.members)
        return position, self._resolved(scope, named, members_now)

    def _resolved(self, scope: Scope, named: dict[str, Named], members: frozenset[str] | None) -> ResolvedQuery:
        if members is None or len(members) > MAX_PARTITIONS:  # the timeline answers for so many
            return ResolvedQuery(named, members)
        rows = self.identities.read(scope.settings.tenant, [id_row(guid) for guid in sorted(members)])
        found = [rows.get(id_row(guid)) for guid in members]
        return ResolvedQuery(named, members, any(map(may_be_by_address, found)))

    def _groups(self, scope: Scope, names: Sequence[str], versions: Sequence[int | None]) -> list[Group] | None:
        try:
            tenant = scope.settings.tenant
            return [self.groups.group(tenant, name, version) for name, version in zip(names, versions, strict=True)]
        except UnknownGroup:
            return None


def _names(filters: Filters) -> list[str]:
    """The values that may name people, in an order that is the same for every page: clients may change theirs."""
    return sorted({*filters.of("actor"), *(text for _, text in filters.targets)})


def _begin_of(events: Sequence[Found], position: Position, mark: Callable[[Found], bytes]) -> int:
    """The place, in an order other than by time, that the next page begins at."""
    behind = next((place for place, event in enumerate(events, 1) if event.id == position.after), None)
    if behind is None or mark(events[behind - 1]) != position.mark:
        return position.given
    return behind


def after(sources: Sequence[Source], last: str, *, newest_first: bool) -> list[Source]:
    """What of the sources is left behind the id `last`; "" for all of it."""
    if not last:
        return list(sources)
    if newest_first:
        high = neighbour(last, -1)
        clipped = [source._replace(high=min(source.high, high)) for source in sources]
    else:
        low = neighbour(last, 1)
        clipped = [source._replace(low=max(source.low, low)) for source in sources]
    return [source for source in clipped if source.low <= source.high]
