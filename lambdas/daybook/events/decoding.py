"""Decodes events, and validates and adjusts their form.

Ordinary events pass `msgspec` and a few quick checks. Only an event that does not is read by `daybook.shape`, which
adjusts it or finds all its faults.

An event whose normal form has over 64 KB is cut to fit, since end users could fill it to keep it from the log. The cut
is the first of these under which it fits:

1. details, values in changes, and texts in parameters have at most 16,384 characters, then half of that, down to 256;
2. texts that are a parameter by themselves stay there, and the others have at most 128 characters, then half of that,
   down to 1;
3. the others stay there, and texts that are a parameter by themselves have at most 128 characters, then 64.

A parameter may be a username or the id of an event: so it is cut last, and never too short for an id. Ids, usernames,
names, e-mails, addresses and the target's name are not cut here. The order is frozen with the normal form.
"""

import re
from bisect import bisect_left
from typing import Any, NamedTuple

import msgspec

from daybook.clock import parse_time
from daybook.documents import Doubled, parse_without_empties
from daybook.errors import FieldError
from daybook.events.adjustment import with_integers
from daybook.events.normal_form import encode, is_surely_composed, normal_form
from daybook.events.rejected import Rejected
from daybook.events.rules import broken_rules, surely_keeps_rules
from daybook.events.schema import PARAMETER_NAME, SentEvent
from daybook.shape import MAX_FAULTS, Reading, read
from daybook.text import ACTIVITY, TYPE

MAX_EVENTS = 500
MAX_EVENT_BYTES = 64 * 1024
DEEPEST = 32

# How unclean text looks in JSON: an escape after an even number of backslashes, or a control character in UTF-8.
_UNCLEAN_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\[ubf]")
_UNCLEAN_BYTES = re.compile(rb"\xc2[\x80-\x9f]")

_CUTS = [
    *((2**power, 2**power) for power in range(14, 7, -1)),
    *((2**power, 256) for power in range(7, -1, -1)),
    (1, 128),
    (1, 64),
]
"""The longest texts, and the longest ones that are a parameter by themselves."""


class Unreadable(ValueError):  # noqa: N818  the contract's word
    """The body is not JSON, or not of the required shape."""


class Sent(NamedTuple):
    """The 1 to 500 events of a body, not validated yet."""

    events: list[Any]
    levels: int
    """How many levels each of them may be nested."""


def decode_events(body: bytes) -> Sent:
    """What is null, `[]` or `{}` is absent from the events already. Raises `Unreadable`."""
    try:
        document = parse_without_empties(body)
    except ValueError:
        raise Unreadable("The body must be JSON in UTF-8.") from None
    if isinstance(document, Doubled):
        # Of two lists of events, either may be the intended one. A single event is rejected later, naming the key.
        if document.key == "events":
            raise Unreadable('A batch has one key "events".')
        return Sent([document], DEEPEST)
    if not isinstance(document, dict) or not document:  # an empty list of events is absent too
        raise Unreadable(f"The body must be an event, or an object with a list of 1 to {MAX_EVENTS} events.")
    if "events" not in document:
        return Sent([document], DEEPEST)
    events = document["events"]
    if len(document) > 1 or not isinstance(events, list):
        raise Unreadable('A batch is an object with one key, "events", a list.')
    if len(events) > MAX_EVENTS:
        raise Unreadable(f"A batch holds 1 to {MAX_EVENTS} events.")
    return Sent(events, DEEPEST - 2)  # the envelope and its list are levels too


class Received(msgspec.Struct, frozen=True):
    """An event with a valid form, and the values computed from it once."""

    event: SentEvent
    """As it was sent, but for integers as ids, which are text here, and for the `adjusted` texts."""
    occurred_ms: int | None
    encoded: bytes
    """Its normal form. Two sent events are the same if these bytes are."""
    adjusted: tuple[str, ...] = ()
    """The paths of texts that were cut, or in which characters were replaced; sorted."""
    uncut: dict[str, str] = {}
    """Those that were cut, as they were sent, by path: other texts of the event may hold the whole name of a person."""


def read_event(raw: Any, levels: int = DEEPEST) -> Received:
    """Validates the form of one decoded event, and adjusts what end users may choose.

    Raises `Rejected` naming the fields, and `Unreadable` if the event is nested deeper than `levels`.
    """
    return _as_sent(raw) or _adjusted(raw, levels)


def _as_sent(raw: Any) -> Received | None:
    """None if the event has a fault, or may have to be adjusted."""
    try:
        event = msgspec.convert(raw, SentEvent)
        if not _has_proper_names(event) or not (surely_keeps_rules(event) or not any(broken_rules(raw))):
            return None
        occurred_ms = None if event.occurred_at is None else parse_time(event.occurred_at)
        encoded = encode(raw, occurred_ms)
    except (msgspec.ValidationError, ValueError):
        return None
    if len(encoded) > MAX_EVENT_BYTES or not _is_clean(encoded):
        return None
    if not encoded.isascii() and not is_surely_composed(encoded):
        return None
    return Received(event, occurred_ms, encoded)


def _is_clean(encoded: bytes) -> bool:
    """Whether the texts of a JSON document are clean. Looks first for what most clean documents do not have."""
    if b"\\" in encoded and _UNCLEAN_ESCAPE.search(encoded):
        return False
    return b"\x7f" not in encoded and not (b"\xc2" in encoded and _UNCLEAN_BYTES.search(encoded))


def _has_proper_names(event: SentEvent) -> bool:
    """Whether the names have the forms that `msgspec` does not check: see `schema`."""
    if not ACTIVITY.fullmatch(event.activity):
        return False
    if event.params and not PARAMETER_NAME.fullmatch("".join(event.params)):  # no name is empty
        return False
    target = event.target
    return target is None or bool(
        TYPE.fullmatch(target.type) and (target.within is None or TYPE.fullmatch(target.within.type))
    )


def _adjusted(raw: Any, levels: int) -> Received:
    reading = Reading()
    try:
        sent = _read(raw, reading)
    except Rejected:
        if _deeper_than(raw, levels):  # no valid event is
            raise Unreadable(f"JSON may be nested {DEEPEST} levels deep.") from None
        raise
    occurred_ms = parse_time(sent["occurred_at"]) if "occurred_at" in sent else None
    encoded = normal_form(sent, occurred_ms)
    adjusted, uncut = reading.adjusted, reading.uncut
    if len(encoded) > MAX_EVENT_BYTES:
        sent, more = _cut_to_fit(sent, occurred_ms)
        encoded = normal_form(sent, occurred_ms)
        adjusted |= more.adjusted
        uncut = {**more.uncut, **uncut}
    if len(encoded) > MAX_EVENT_BYTES:
        raise Rejected("too_large", FieldError("", f"an event has at most {MAX_EVENT_BYTES} bytes of JSON"))
    return Received(msgspec.convert(sent, SentEvent), occurred_ms, encoded, tuple(sorted(adjusted)), uncut)


def _cut_to_fit(sent: Any, occurred_ms: int | None) -> tuple[Any, Reading]:
    """The event under the first cut by which it fits, else under the last; and what was cut."""
    sent = with_integers(sent)  # what counts is no text any more

    def cut_by(place: int) -> tuple[Any, Reading]:
        reading = Reading(dict(zip(("text", "parameter"), _CUTS[place], strict=True)))
        return _read(sent, reading), reading

    def fits(place: int) -> bool:
        return len(normal_form(cut_by(place)[0], occurred_ms)) <= MAX_EVENT_BYTES

    return cut_by(bisect_left(range(len(_CUTS) - 1), True, key=fits))


def _read(raw: Any, reading: Reading) -> Any:
    sent = read(raw, SentEvent, reading)
    faults = [Rejected(fault.code, fault.error) for fault in reading.faults]
    if isinstance(sent, dict):
        faults += broken_rules(sent)
    if faults:
        raise Rejected(faults[0].code, *[error for fault in faults for error in fault.errors][:MAX_FAULTS])
    return sent


def _deeper_than(value: Any, levels: int) -> bool:
    reached = [value]
    for _ in range(levels):
        reached = [inner for outer in reached for inner in _inner(outer)]
    return any(isinstance(inner, dict | list) for inner in reached)


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
