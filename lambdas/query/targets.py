"""What is known about one target: when it last changed, how long people worked on it, who could have changed it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from daybook.clock import format_time
from daybook.events.native import NativeActor
from daybook.search.gather import Found
from daybook.search.parameters import Filters, Span
from daybook.search.scope import Scope
from daybook.search.search import Search, TooMuchToRead
from daybook.self_audit.reads import KnownTargets
from query.answers import ActorTime, Candidate, TargetAttribution, TargetSummary, TargetTime
from query.sessions import Session, identity_of, sessions_in

Native = dict[str, Any]


@dataclass(frozen=True)
class Targets:
    """Reads within one scope. Raises `TooMuchToRead` where there is more than a read may take, unless noted."""

    search: Search
    scope: Scope
    known: KnownTargets = field(default_factory=KnownTargets)
    """Filled by the events that are read."""

    def summary(self, target: str) -> TargetSummary:
        """The last event about the target or what it contains. `events` is None if there are too many to count."""
        last: Native | None = None
        count: int | None = 0
        try:
            for native in self._history(target, Span(None, None)):
                last = native
                count = (count or 0) + 1
        except TooMuchToRead:
            count = None
            last = self._newest(target)
        return TargetSummary(
            target=target,
            last_updated=None if last is None else last["occurred_at"],
            last_event=None if last is None else last["id"],
            last_actor=None if last is None else last["actor"],
            events=count,
        )

    def time(self, target: str, span: Span) -> TargetTime:
        """The sessions opened within the span. They may have been closed or adjusted after it."""
        sessions = [session for session in self._sessions(target, span.from_ms) if _begins_before(session, span.to_ms)]
        totals: dict[str, list[Any]] = {}
        for session in sessions:
            totals.setdefault(identity_of(session.actor), [session.actor, 0])[1] += session.effective_seconds
        return TargetTime(
            sessions=[session.described() for session in sessions],
            by_actor=[ActorTime(actor, seconds) for actor, seconds in totals.values()],
            total_seconds=sum(seconds for _, seconds in totals.values()),
        )

    def attribution(self, target: str, at_ms: int, span: Span) -> TargetAttribution:
        """Who had the target, or what contains it, open at a given time."""
        places = [target, *self._containers(target, span)]
        candidates = [
            session
            for place in places
            for session in self._sessions(place, span.from_ms)
            if _begins_before(session, span.to_ms) and session.covers(at_ms)
        ]
        candidates.sort(key=lambda session: session.opened_ms)
        actors = {identity_of(session.actor): session.actor for session in candidates}
        people = [actor for actor in actors.values() if actor["id"] is not None]
        conclusion = people[0] if len(actors) == len(people) == 1 else None
        return TargetAttribution(
            target=target,
            at=format_time(at_ms),
            candidates=[
                Candidate(described.actor, described.opened_at, described.closed_at)
                for described in (session.described() for session in candidates)
            ],
            conclusion=conclusion,
            basis=_basis(list(actors.values()), places, format_time(at_ms)),
        )

    def _history(self, target: str, span: Span) -> Iterator[Native]:
        return (found.native for found in self._walk(target, span))

    def _own_history(self, target: str, span: Span) -> Iterator[Native]:
        """Without events about what the target contains: opening a part does not open the whole."""
        return (found.native for found in self._walk(target, span) if found.own_target)

    def _walk(self, target: str, span: Span) -> Iterator[Found]:
        for found in self.search.walk(self.scope, about(target), span):
            self.known.note(found.opened)
            yield found

    def _newest(self, target: str) -> Native | None:
        newest = self.search.newest(self.scope, about(target))
        if newest is None:
            return None
        self.known.note(newest.opened)
        return newest.native

    def _sessions(self, target: str, from_ms: int | None) -> list[Session]:
        return sessions_in(self._own_history(target, Span(from_ms, None)))

    def _containers(self, target: str, span: Span) -> list[str]:
        containers = {
            f"{within['type']}:{within['id']}": None
            for native in self._own_history(target, span)
            if (within := native["target"]["within"]) is not None
        }
        return [container for container in containers if container != target]


def about(target: str) -> Filters:
    return Filters({"target": (target,)})


def _begins_before(session: Session, to_ms: int | None) -> bool:
    return to_ms is None or session.opened_ms < to_ms


def _basis(actors: list[NativeActor], places: list[str], at: str) -> str:
    where = " or ".join(places)
    if not actors:
        return f"Nobody had {where} open at {at}."
    names = ", ".join(str(actor["username"] or actor["client_id"] or actor["id"]) for actor in actors)
    if len(actors) == 1:
        return f"Only {names} had {where} open at {at}."
    return f"{len(actors)} actors had {where} open at {at}, so none can be concluded: {names}."
