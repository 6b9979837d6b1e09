"""The normal form of a sent event: the bytes that its fingerprint `f` covers, which tells a retry from another event.

These rules are frozen, like the adjusting of texts in `daybook.shape` and the sizes in `daybook.events.schema`: what is
stored was fingerprinted by them. Other rules need another first byte of `f`. The normal form is the RFC 8785 encoding
of the event as adjusted, in which

- what is null, `[]` or `{}` is absent, bottom-up, and so is an empty `ip` or `user_agent`;
- `environment` is absent, because the event's id covers it;
- `status` is there: `success` unless the sender said otherwise;
- ids that were sent as integers are their decimal text;
- the seconds of an adjustment are integers: where the activity ends in `.time-adjusted`, `from` and `to` of the changes
  of the field `seconds`, if they are decimal text of 1 to 16 ASCII digits, below 2^53;
- times, also those in references to events, are in UTC with milliseconds, finer digits cut off;
- texts are in NFC. Names of fields and parameters are ASCII.

Texts are adjusted by their own limits first, and then cut further if the normal form has over 64 KB: see
`daybook.events.decoding`.

It holds nothing that the sender did not send: no default of `occurred_at`, no variant that the catalogue chose, no
sender, no time of receipt, no salt.
"""

import unicodedata
from typing import Any

from daybook.clock import format_time, parse_time
from daybook.events.adjustment import with_integers
from daybook.events.canonical import canonical
from daybook.text import composed

Sent = dict[str, Any]

_SMALL = 4_096


def normal_form(sent: Sent, occurred_ms: int | None) -> bytes:
    """Of a parsed event with a valid form and without empties.

    Raises ValueError for a time in a reference that does not exist, and for half of a surrogate pair.
    """
    return canonical(_composed(_normal(sent, occurred_ms)))


def encode(sent: Sent, occurred_ms: int | None) -> bytes:
    """The normal form if the texts are in NFC already. Raises ValueError as `normal_form` does."""
    return canonical(_normal(sent, occurred_ms))


def is_surely_composed(encoded: bytes) -> bool:
    r"""True only if all texts in a JSON document are in NFC.

    False also where an escape ends in a letter that composes with the mark behind it (`\n` before U+0303), and for a
    large document beyond ASCII: see `daybook.text.composed` for what it would take to find out.
    """
    return encoded.isascii() or (len(encoded) <= _SMALL and unicodedata.is_normalized("NFC", encoded.decode()))


def _normal(sent: Sent, occurred_ms: int | None) -> Sent:
    normal = {"status": "success", **with_integers(sent)}
    normal.pop("environment", None)
    if occurred_ms is not None:
        normal["occurred_at"] = format_time(occurred_ms)
    if isinstance(caused_by := normal.get("caused_by"), dict):
        normal["caused_by"] = _with_normal_time(caused_by)
    params = normal.get("params")
    if params and dict in map(type, params.values()):
        normal["params"] = {
            name: _with_normal_time(value) if isinstance(value, dict) else value for name, value in params.items()
        }
    return normal


def _with_normal_time(held: Sent) -> Sent:
    if "occurred_at" not in held:
        return held
    return {**held, "occurred_at": format_time(parse_time(held["occurred_at"]))}


def _composed(value: Any) -> Any:
    if isinstance(value, str):
        return composed(value)
    if isinstance(value, dict):
        return {name: _composed(held) for name, held in value.items()}
    return [_composed(each) for each in value] if isinstance(value, list) else value
