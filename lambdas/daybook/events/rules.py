"""Rules of an event's form that concern several fields at once, and need neither catalogue nor settings."""

from collections.abc import Iterator
from typing import Any

from daybook.catalogue.aliases import is_user
from daybook.errors import FieldError
from daybook.events.rejected import Rejected
from daybook.events.schema import SentEvent
from daybook.people.identities import MAX_CLIENT_ID
from daybook.text import composed

_NEEDED = "is required for a person without an id"


def broken_rules(sent: Any) -> Iterator[Rejected]:
    """One for each fault of a parsed event, which may have faults of other kinds too: wrong types are passed over."""
    if "id" in sent and "occurred_at" not in sent:
        yield Rejected("id_needs_time", FieldError("occurred_at", "is required if the event has an id"))
    actor = _object(sent, "actor")
    if actor:
        yield from _of_actor(actor)
    for index, person in enumerate(_list(sent, "people")):
        if isinstance(person, dict) and not _is_named(person):
            yield Rejected("missing_field", FieldError(f"people[{index}].username", _NEEDED))
    target = _object(sent, "target")
    if target:
        yield from _of_target(target)


def surely_keeps_rules(event: SentEvent) -> bool:
    """Whether none of these rules is broken: a cheap check that knows most events. False: perhaps one is."""
    actor, target = event.actor, event.target
    if actor.id is None and actor.username is None and actor.type in ("user", "unknown"):
        return False
    if actor.impersonator is not None or event.people or (event.id is not None and event.occurred_at is None):
        return False
    if target is None:
        return True
    if target.within is not None and is_user(target.within.type):
        return False
    if not is_user(target.type):
        return target.username is None
    # A character has at most three in NFC.
    return len(target.id) <= MAX_CLIENT_ID // 3 if target.id is not None else target.username is not None


def _of_actor(actor: dict[str, Any]) -> Iterator[Rejected]:
    kind = actor.get("type")
    if not _is_named(actor):
        if kind == "user":
            yield Rejected("missing_field", FieldError("actor.username", "is required for a user without an id"))
        elif kind == "unknown" and ("name" in actor or "email" in actor):
            message = "is required beside a name or an e-mail, unless there is an id"
            yield Rejected("missing_field", FieldError("actor.username", message))
    if "impersonator" in actor:
        if kind != "user":
            yield Rejected(
                "invalid_value", FieldError("actor.impersonator", "is allowed only for an actor of type user")
            )
        impersonator = actor["impersonator"]
        if isinstance(impersonator, dict) and not _is_named(impersonator):
            yield Rejected("missing_field", FieldError("actor.impersonator.username", _NEEDED))


def _of_target(target: dict[str, Any]) -> Iterator[Rejected]:
    if not _is_user(target):
        if "username" in target:
            yield Rejected("invalid_value", FieldError("target.username", "is allowed only for a target of type user"))
    elif not _is_named(target):
        yield Rejected("missing_field", FieldError("target.username", "is required for a user without an id"))
    elif _is_too_long(target):
        yield Rejected("invalid_length", FieldError("target.id", _TOO_LONG))
    within = _object(target, "within")
    if within and _is_user(within) and _is_too_long(within):
        yield Rejected("invalid_length", FieldError("target.within.id", _TOO_LONG))


_TOO_LONG = f"must have at most {MAX_CLIENT_ID} characters: it is a user's id"


def _is_user(target: dict[str, Any]) -> bool:
    kind = target.get("type")
    return isinstance(kind, str) and is_user(kind)


def _is_too_long(user: dict[str, Any]) -> bool:
    identifier = user.get("id")
    return isinstance(identifier, str) and len(composed(identifier)) > MAX_CLIENT_ID


def _is_named(person: dict[str, Any]) -> bool:
    return "id" in person or "username" in person


def _object(holder: Any, name: str) -> dict[str, Any]:
    held = holder.get(name)
    return held if isinstance(held, dict) else {}


def _list(holder: Any, name: str) -> list[Any]:
    held = holder.get(name)
    return held if isinstance(held, list) else []
