"""What the reads answer."""

from msgspec import UNSET, Struct, UnsetType

from daybook.clock import Time
from daybook.events.native import NativeActor, NativeEvent
from daybook.search.planner import Index


class EventPage(Struct):
    """A page of native events."""

    events: list[NativeEvent]
    next_cursor: str | None
    """Null at the end only: a page may be short or empty and still have a cursor."""
    scanned: int
    """The number of events that were looked at."""
    reached: Time | None
    """When the last event occurred that was looked at: the newest, where the oldest come first; in any other order, the
    oldest. Null: none was."""
    index: Index
    """The index that answered; `timeline` is the whole log."""


class ViewPage(Struct):
    """A page of events in a profile's view."""

    columns: list[str]
    """The view's labels, in order."""
    events: list[dict[str, str]]
    """Each event has one text for each label; absent is `""`."""
    next_cursor: str | None
    """Null at the end only: a page may be short or empty and still have a cursor."""
    scanned: int
    """The number of events that were looked at."""
    reached: Time | None
    """When the last event occurred that was looked at: the newest, where the oldest come first; in any other order, the
    oldest. Null: none was."""
    index: Index
    """The index that answered; `timeline` is the whole log."""
    native: list[NativeEvent] | UnsetType = UNSET
    """With `with=native`: the same events in the same order."""


class TargetSummary(Struct):
    target: str
    last_updated: Time | None
    last_event: str | None
    """The id of the last event."""
    last_actor: NativeActor | None
    events: int | None
    """Null where there are more than one request may read."""


class Adjustment(Struct, rename={"before": "from", "after": "to"}):
    before: int | None
    after: int
    by: NativeActor
    at: Time


class SessionDescription(Struct):
    """A session on the target, from an `opened` event to the next `closed` event of the same person and session. An
    impersonator takes the actor's place, here and in all sums.
    """

    actor: NativeActor
    opened_at: Time
    closed_at: Time | None
    """Null while the session is open."""
    seconds: int
    """Without pauses; 0 while the session is open."""
    adjustments: list[Adjustment]
    effective_seconds: int
    """As adjusted last."""


class ActorTime(Struct):
    actor: NativeActor
    seconds: int


class TargetTime(Struct):
    """The time that was spent on a target. All sums are of effective seconds."""

    sessions: list[SessionDescription]
    by_actor: list[ActorTime]
    total_seconds: int


class Candidate(Struct):
    actor: NativeActor
    opened_at: Time
    closed_at: Time | None


class TargetAttribution(Struct):
    """Who could have made a change that names nobody."""

    target: str
    at: Time
    candidates: list[Candidate]
    """Who had the target, or what contains it, open at that time."""
    conclusion: NativeActor | None
    """The person, where exactly one actor had it open."""
    basis: str
    """The reason for the conclusion, in one sentence."""
