"""Decodes events and validates their form. Faults name the field.

The standard library's decoder finds repeated keys and checks every number, because `msgspec` would keep the last key
and accept huge integers. Then `msgspec` validates the result against `schema.SentEvent`.
"""

import json
import re
from typing import Any, NamedTuple, NoReturn

import msgspec

from daybook.clock import format_time
from daybook.complaints import join_path, read_complaint
from daybook.errors import FieldError
from daybook.events.canonical import canonical
from daybook.events.rejected import Rejected
from daybook.events.schema import LARGEST_INTEGER, PARAMETER_NAME, SLUG, Actor, Parameter, SentEvent
from daybook.events.times import read_time
from daybook.text import DOTTED_SLUGS, UNCLEAN, UNCLEAN_MESSAGE

MAX_EVENTS = 500
MAX_EVENT_BYTES = 64 * 1024
DEEPEST = 32

_ANY_PARAMETER = "params[...]"

# How unclean text may look in JSON. A text that contains such an escape literally looks the same.
_SUSPICIOUS = re.compile(rb"\\[ubf]|\x7f|\xc2[\x80-\x9f]")


class Unreadable(ValueError):  # noqa: N818  the contract's word
    """The body is not JSON, or not of the required shape."""


class _Doubled:
    """Replaces an object in which a key appears more than once. No form accepts its type."""

    def __init__(self, key: str) -> None:
        self.key = key


class Sent(NamedTuple):
    """The 1 to 500 events of a body, not validated yet."""

    events: list[Any]
    levels: int
    """How many levels each of them may be nested."""


def decode_events(body: bytes) -> Sent:
    """Raises `Unreadable`."""
    try:
        document = _decoder.decode(body.decode())
    except (ValueError, RecursionError):
        raise Unreadable("The body must be JSON in UTF-8.") from None
    if isinstance(document, _Doubled):
        # Of two lists of events, either may be the intended one. A single event is rejected later, naming the key.
        if document.key == "events":
            raise Unreadable('A batch has one key "events".')
        return Sent([document], DEEPEST)
    if not isinstance(document, dict):
        raise Unreadable("The body must be an event, or an object with a list of events.")
    if "events" not in document:
        return Sent([document], DEEPEST)
    events = document["events"]
    if len(document) > 1 or not isinstance(events, list):
        raise Unreadable('A batch is an object with one key, "events", a list.')
    if not 1 <= len(events) <= MAX_EVENTS:
        raise Unreadable(f"A batch holds 1 to {MAX_EVENTS} events.")
    return Sent(events, DEEPEST - 2)  # the envelope and its list are levels too


class Received(msgspec.Struct, frozen=True):
    """An event with a valid form, and the values computed from it once."""

    event: SentEvent
    occurred_ms: int | None
    encoded: bytes
    """The event as it was sent, in RFC 8785's form with normalised times. It tells a retry from another event."""
    adjusted: tuple[str, ...] = ()
    """The paths of texts that were cut, or in which characters were replaced; sorted."""


def read_event(raw: Any, levels: int = DEEPEST) -> Received:
    """Validates the form of one decoded event.

    Raises `Rejected` naming the field, and `Unreadable` if the event is nested deeper than `levels`.
    """
    try:
        event = msgspec.convert(raw, SentEvent)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # the second one: a lone surrogate in a name
        if _deeper_than(raw, levels):
            raise Unreadable(f"JSON may be nested {DEEPEST} levels deep.") from None
        _reject(raw, error)
    _check_slugs(event)
    _check_impersonator(event.actor)
    occurred_ms = None if event.occurred_at is None else read_time(event.occurred_at, "occurred_at")
    encoded = _encoded(raw, occurred_ms)
    if len(encoded) > MAX_EVENT_BYTES:
        raise Rejected("too_large", FieldError("", f"an event has at most {MAX_EVENT_BYTES} bytes of JSON"))
    return Received(event, occurred_ms, encoded)


def _check_slugs(event: SentEvent) -> None:
    if not DOTTED_SLUGS.fullmatch(event.activity):
        raise Rejected("invalid_value", FieldError("activity", "must be slugs of a-z, 0-9 and -, joined by ."))
    if event.target is not None:
        if not SLUG.fullmatch(event.target.type):
            raise Rejected("invalid_value", FieldError("target.type", "must be a slug of a-z, 0-9 and -"))
        if event.target.within is not None and not SLUG.fullmatch(event.target.within.type):
            raise Rejected("invalid_value", FieldError("target.within.type", "must be a slug of a-z, 0-9 and -"))
    for name in event.params or ():
        if not PARAMETER_NAME.fullmatch(name):
            raise _bad_name(name)


def _check_impersonator(actor: Actor) -> None:
    impersonator = actor.impersonator
    if impersonator is None:
        return
    if actor.type != "user":
        raise Rejected("invalid_value", FieldError("actor.impersonator", "is allowed only for an actor of type user"))
    if impersonator.id is None and impersonator.username is None:
        message = "is required for a person without an id"
        raise Rejected("missing_field", FieldError("actor.impersonator.username", message))


def _bad_name(parameter: str) -> Rejected:
    return Rejected("invalid_value", FieldError(f"params.{parameter}", "names are 1 to 40 of a-z, 0-9 and _"))


def _encoded(raw: dict[str, Any], occurred_ms: int | None) -> bytes:
    """Raises `Rejected` for unclean text and for an invalid time in a reference."""
    sent = dict(raw)
    if occurred_ms is not None:
        sent["occurred_at"] = format_time(occurred_ms)
    if isinstance(caused_by := sent.get("caused_by"), dict):
        sent["caused_by"] = _normalised(caused_by, "caused_by.occurred_at")
    if (params := sent.get("params")) and isinstance(session := params.get("session"), dict):
        sent["params"] = {**params, "session": _normalised(session, "params.session.occurred_at")}
    try:
        encoded = canonical(sent)
        unclean = _unclean(raw, "") if _SUSPICIOUS.search(encoded) else None
    except UnicodeEncodeError:
        unclean = _unclean(raw, "")
    if unclean is not None:
        raise _unclean_at(unclean)
    return encoded


def _unclean_at(path: str) -> Rejected:
    return Rejected("invalid_value", FieldError(path, UNCLEAN_MESSAGE))


def _normalised(reference: dict[str, Any], path: str) -> dict[str, Any]:
    if not isinstance(reference.get("occurred_at"), str):
        return reference
    return {**reference, "occurred_at": format_time(read_time(reference["occurred_at"], path))}


def _unclean(value: Any, path: str) -> str | None:
    """The path of the first text or name with a character that is not allowed."""
    if isinstance(value, str):
        return path if UNCLEAN.search(value) else None
    if isinstance(value, dict) and (name := next(filter(UNCLEAN.search, value), None)) is not None:
        return join_path(path, name)
    return next((found for name, inner in _inner(value, path) if (found := _unclean(inner, name)) is not None), None)


def _inner(value: Any, path: str) -> list[tuple[str, Any]]:
    """The values in an object or a list, each with its path."""
    if isinstance(value, dict):
        return [(join_path(path, name), held) for name, held in value.items()]
    if isinstance(value, list):
        return [(f"{path}[{index}]", held) for index, held in enumerate(value)]
    return []


def _object(pairs: list[tuple[str, Any]]) -> "dict[str, Any] | _Doubled":
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    return _Doubled(next(name for name in names if names.count(name) > 1))


def _integer(digits: str) -> int | float:
    # Longer numbers cannot be below 2^53, and Python refuses to parse very long ones.
    return int(digits) if len(digits) <= 17 else float("inf")


def _number(digits: str) -> int | float:
    value = float(digits)
    return int(value) if value.is_integer() and abs(value) <= LARGEST_INTEGER else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_no_constant
)


def _deeper_than(value: Any, levels: int) -> bool:
    reached = [value]
    for _ in range(levels):
        reached = [inner for outer in reached for _, inner in _inner(outer, "")]
    return any(isinstance(inner, dict | list) for inner in reached)


def _reject(raw: Any, error: Exception) -> NoReturn:
    """Turns msgspec's message into a code, a path and a message of the contract."""
    if (doubled := _doubled_key(raw, "")) is not None:
        raise Rejected("doubled_key", FieldError(doubled, "appears more than once")) from None
    if isinstance(error, UnicodeEncodeError):
        raise _unclean_at(_unclean(raw, "") or "") from None
    complaint = read_complaint(str(error))
    if complaint.of_key:  # only the names of parameters are bounded
        raise _bad_name(next(name for name in raw["params"] if not 1 <= len(name) <= 40)) from None
    path = complaint.path
    if path.startswith(_ANY_PARAMETER):
        path = join_path("params", _parameter_at_fault(raw["params"])) + path.removeprefix(_ANY_PARAMETER)
    raise Rejected(complaint.code, FieldError(path, complaint.message)) from None


def _parameter_at_fault(params: dict[str, Any]) -> str:
    for name, value in params.items():
        try:
            msgspec.convert(value, Parameter)
        except msgspec.ValidationError:
            return name
    raise AssertionError("msgspec rejected the parameters, but no single parameter")


def _doubled_key(value: Any, path: str) -> str | None:
    if isinstance(value, _Doubled):
        return join_path(path, value.key)
    return next(
        (found for name, inner in _inner(value, path) if (found := _doubled_key(inner, name)) is not None), None
    )
