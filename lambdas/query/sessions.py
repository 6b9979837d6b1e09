"""Who had a target open, and for how long: sessions computed from its history.

A session begins with an event `*.opened` and ends with the next `*.closed` of the same person and `context.session_id`
(none is a value too). An impersonator's session and adjustment are the impersonator's, and not the actor's. The time
between `*.timer-paused` and `*.timer-resumed` does not count. Adjustments are separate events, so the time recorded
first is never lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from daybook.clock import SECOND, parse_time
from daybook.events.native import NativeActor
from query.answers import Adjustment, SessionDescription

Native = dict[str, Any]


@dataclass
class Session:
    opening: Native
    closing: Native | None = None
    paused_ms: int = 0
    adjustments: list[Native] = field(default_factory=list)
    _paused_since: int | None = None

    @property
    def actor(self) -> NativeActor:
        return who_acted(self.opening)

    @property
    def opened_ms(self) -> int:
        return parse_time(self.opening["occurred_at"])

    @property
    def closed_ms(self) -> int | None:
        return None if self.closing is None else parse_time(self.closing["occurred_at"])

    @property
    def seconds(self) -> int:
        """Whole seconds; 0 while it is open."""
        return 0 if self.closed_ms is None else max(0, self.closed_ms - self.opened_ms - self.paused_ms) // SECOND

    @property
    def effective_seconds(self) -> int:
        """After the last adjustment."""
        adjusted = [change["to"] for event in self.adjustments for change in _seconds_of(event)]
        return adjusted[-1] if adjusted else self.seconds

    def pause(self, moment_ms: int) -> None:
        if self._paused_since is None:
            self._paused_since = moment_ms

    def resume(self, moment_ms: int) -> None:
        if self._paused_since is not None:
            self.paused_ms += moment_ms - self._paused_since
            self._paused_since = None

    def close(self, closing: Native) -> None:
        """Closes the session, and a pause that was not ended before."""
        self.resume(parse_time(closing["occurred_at"]))
        self.closing = closing

    def covers(self, moment_ms: int) -> bool:
        return self.opened_ms <= moment_ms and (self.closed_ms is None or moment_ms <= self.closed_ms)

    def described(self) -> SessionDescription:
        return SessionDescription(
            actor=self.actor,
            opened_at=self.opening["occurred_at"],
            closed_at=None if self.closing is None else self.closing["occurred_at"],
            seconds=self.seconds,
            adjustments=[
                Adjustment(before=change["from"], after=change["to"], by=who_acted(event), at=event["occurred_at"])
                for event in self.adjustments
                for change in _seconds_of(event)
            ],
            effective_seconds=self.effective_seconds,
        )


def sessions_in(history: Iterable[Native]) -> list[Session]:
    """The sessions in a target's own events, which come oldest first, in the order in which they were opened."""
    sessions: list[Session] = []
    running: dict[tuple[str, str | None], Session] = {}
    by_opening: dict[str, Session] = {}
    adjustments: list[Native] = []
    for event in history:
        whose = identity_of(who_acted(event)), event["context"]["session_id"]
        moment_ms = parse_time(event["occurred_at"])
        match event["activity"].rpartition(".")[2]:
            case "opened":
                running[whose] = by_opening[event["id"]] = Session(event)
                sessions.append(running[whose])
            case "closed" if whose in running:
                running.pop(whose).close(event)
            case "timer-paused" if whose in running:
                running[whose].pause(moment_ms)
            case "timer-resumed" if whose in running:
                running[whose].resume(moment_ms)
            case "time-adjusted":
                adjustments.append(event)
    # This comes last: of two events in one millisecond the later one may come first.
    for event in adjustments:
        if (opening := (event["params"] or {}).get("session")) in by_opening:
            by_opening[opening].adjustments.append(event)
    return sessions


def who_acted(event: Native) -> NativeActor:
    """The actor, or the impersonator as an actor, because that is the person who really acted."""
    actor: NativeActor = event["actor"]
    by = actor["impersonator"]
    return actor if by is None else {"type": "user", **by, "user_type": None, "roles": None, "impersonator": None}


def identity_of(actor: NativeActor) -> str:
    """Identifies an actor: by the GUID, or by type and names if the actor is not a person."""
    return actor["id"] or f"{actor['type']} {actor['username']} {actor['client_id']}"


def _seconds_of(event: Native) -> list[dict[str, Any]]:
    """The event's changes of a session's seconds to a whole number."""
    return [
        change
        for change in event["changes"] or ()
        if change["field"] == "seconds" and isinstance(change["to"], int) and not isinstance(change["to"], bool)
    ]
