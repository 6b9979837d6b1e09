"""The events that an export asks for, in batches: planned, merged and filtered as in a search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from daybook.access.roles import AUDITOR
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.clock import Clock, format_time
from daybook.crypto.keys import DeploymentKeys
from daybook.crypto.sealing import Unsealing
from daybook.errors import UnknownGroup
from daybook.events.reader import Opened, Row, content_of, people_of
from daybook.ids import occurred_ms
from daybook.jobs.export import Ask
from daybook.jobs.job import JobFailed
from daybook.people.lookup import IdentityReader, ResolvedQuery
from daybook.search.filters import Matcher
from daybook.search.gather import KeysOf
from daybook.search.members import with_members
from daybook.search.merge import LARGEST_FETCH, Bound, Bounds, EventIndex, Merge
from daybook.search.planner import Planner, Source
from daybook.search.search import Groups, after
from daybook.tenant import EnvironmentKey
from daybook.tenants.settings import TenantSettings
from exports.prefetch import PrefetchingIndex
from exports.proven_rows import ProvenRow, proven_row
from exports.question import Question

BATCH = 500
"""How many events are unsealed at once: their people's keys cost one read."""
MAX_ROWS_A_MATCH = 10
"""A batch ends after this many times as many rows, however few of them match."""

_NO_BOUNDS = Bounds(read_bytes=1 << 62, milliseconds=1 << 50)


class MatchingEvent(NamedTuple):
    id: str
    native: dict[str, Any]
    alias: str | None
    """The actor's, as in `Shown`."""
    proof: ProvenRow | None
    """What evidence needs. None where none was asked for."""


class Batch(NamedTuple):
    events: list[MatchingEvent]
    """In order."""
    last: str
    """The id of the last event that was looked at, whether it matches or not."""
    is_last: bool


@dataclass(frozen=True)
class MatchingEvents:
    """Reads the log as it is now, but for what was settled when the export was requested."""

    index: EventIndex
    identities: IdentityReader
    groups: Groups
    keys_of: KeysOf
    keys: DeploymentKeys
    clock: Clock
    settings: TenantSettings
    environment: EnvironmentKey
    catalogue: Catalogue
    ask: Ask
    question: Question
    edge_ms: int
    """Events before it are hidden. A retention that was shortened since the request counts at once."""
    batch: int = BATCH

    def batches(self, last: str, *, newest_first: bool) -> Iterator[Batch]:
        """The batches after the id `last`, or from the beginning where it is ""; at least one.

        Raises `Throttled`, `JobFailed`.
        """
        resolved = self._resolved()
        sources = after(self._sources(resolved), last, newest_first=newest_first)
        matcher = Matcher(self.question.parameters.filters, resolved, self._role)
        index = PrefetchingIndex(self.index, len(sources))
        bound = Bound(self.clock, _NO_BOUNDS)
        merge = Merge(index, sources, bound, newest_first=newest_first, wanted=LARGEST_FETCH)
        rows = iter(merge)
        try:
            while True:
                candidates, last_read = self._candidates(rows, matcher)
                if last_read is None:
                    yield Batch([], last, is_last=True)
                    return
                last = last_read
                yield Batch(self._opened(candidates, matcher), last, is_last=False)
        finally:
            index.close()

    def moments(self) -> tuple[int, int]:
        """When the oldest and the newest event occurred that may match; 0 and 0 where there is none."""
        sources = self._sources(self._resolved())
        found = [
            [occurred_ms(page.rows[0].id) for page in self.index.pages(sources, 1, newest_first=newest) if page.rows]
            for newest in (False, True)
        ]
        return (min(found[0]), max(found[1])) if all(found) else (0, 0)

    def _candidates(self, rows: Iterator[Row], matcher: Matcher) -> tuple[list[tuple[Row, dict[str, Any]]], str | None]:
        """The next rows that match as far as can be told without unsealing, and the last id; None at the end."""
        taken: list[tuple[Row, dict[str, Any]]] = []
        asked_at, record = format_time(self.ask.asked_ms), self.ask.record
        last = None
        for number, row in enumerate(rows, 1):
            last = row.id
            if row.id != record:
                content = content_of(row.packed)
                asked_for = content["received_at"] <= asked_at and matcher.may_see(content)
                if asked_for and matcher.matches_clear(content):
                    taken.append((row, content))
            if len(taken) == self.batch or number == MAX_ROWS_A_MATCH * self.batch:
                break
        return taken, last

    def _opened(self, candidates: Sequence[tuple[Row, dict[str, Any]]], matcher: Matcher) -> list[MatchingEvent]:
        contents = [content for _, content in candidates]
        keys = self.keys_of(self.environment, (guid for content in contents for guid in people_of(content)))
        aliases = self.catalogue.profile.aliases
        # By the tenant's name in the content: it is part of what was sealed, and may have changed since.
        names = {content["tenant"] for content in contents}
        unsealing = {name: Unsealing(name, self.ask.environment) for name in names}
        found: list[MatchingEvent] = []
        for row, content in candidates:
            opened = Opened(content, keys, unsealing[content["tenant"]])
            native = opened.native(aliases)
            if not matcher.needs_opening or matcher.matches_opened(opened, native):
                proof = proven_row(content, row.packed, keys) if self.ask.evidence else None
                found.append(MatchingEvent(row.id, native, opened.alias(aliases), proof))
        return found

    @property
    def _role(self) -> str:
        """Evidence is of the log that all readers see. What only operations may read is in another one."""
        return AUDITOR if self.ask.evidence else self.ask.role

    def _sources(self, resolved: ResolvedQuery) -> Sequence[Source]:
        keys = self.keys.of(self.settings.code, self.settings.secret)
        planner = Planner(self.settings, self.ask.environment, self.catalogue, keys)
        parameters = self.question.parameters
        return planner.plan(parameters.filters, resolved, parameters.span, self.edge_ms).sources

    def _resolved(self) -> ResolvedQuery:
        try:
            members = {
                name: self.groups.group(self.environment, name, version).members
                for name, version in self.ask.groups.items()
            }
        except UnknownGroup:
            raise JobFailed("A group was changed too long ago to know who was in it. Request a new export.") from None
        filters = self.question.parameters.filters
        return with_members(self.question.named, filters, members, self.identities, self.environment)
