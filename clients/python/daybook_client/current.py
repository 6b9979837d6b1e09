"""Who is acting just now, and from where: what a middleware knows and `record` fills in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Union

Actor = Mapping[str, Any]
ActorSource = Union[Actor, Callable[[], Union[Actor, None]]]


@dataclass(frozen=True)
class Acting:
    """One request, or one task. `actor` may be a function, which is asked when an event is recorded."""

    actor: ActorSource | None = None
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    session_id: str | None = None

    def context(self) -> dict[str, str]:
        """What is known of the event's `context`."""
        known = {
            "ip": self.ip,
            "user_agent": self.user_agent,
            "request_id": self.request_id,
            "session_id": self.session_id,
        }
        return {name: value for name, value in known.items() if value}


_acting: ContextVar[Acting | None] = ContextVar("daybook_acting", default=None)


@contextmanager
def acting(
    *,
    actor: ActorSource | None = None,
    ip: str | None = None,
    user_agent: str | None = None,
    request_id: str | None = None,
    session_id: str | None = None,
) -> Iterator[None]:
    """Within this block, `record` fills these in where the event itself does not say. For tasks and command lines.

    The block is that of this thread or asyncio task, and of the tasks that it starts. In a block within a block, what
    the inner one does not name is the outer one's.
    """
    outer = _acting.get() or Acting()
    inner = Acting(
        actor if actor is not None else outer.actor,
        ip or outer.ip,
        user_agent or outer.user_agent,
        request_id or outer.request_id,
        session_id or outer.session_id,
    )
    with now_acting(inner):
        yield


@contextmanager
def now_acting(current: Acting) -> Iterator[None]:
    """Within this block that is all that is known, whatever was known outside. For middlewares."""
    token = _acting.set(current)
    try:
        yield
    finally:
        _acting.reset(token)


def actor() -> dict[str, Any] | None:
    """Who is acting just now. Raises what the function raises that was given for it."""
    current = _acting.get()
    if current is None:
        return None
    found = current.actor() if callable(current.actor) else current.actor
    return None if found is None else dict(found)


def fill(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event with what it does not say itself: its actor, and each value of its `context`.

    `event` is not changed; without anything to fill in it is what comes back.
    """
    current = _acting.get()
    if current is None:
        return event
    filled = dict(event)
    if not filled.get("actor"):
        found = actor()
        if found is not None:
            filled["actor"] = found
    known = current.context()
    own = filled.get("context") or {}
    if known and isinstance(own, Mapping):  # anything else is for Daybook to reject, as it stands
        filled["context"] = {**known, **{name: value for name, value in own.items() if value is not None}}
    return filled
