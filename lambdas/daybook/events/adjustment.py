"""Adjustments of the time that somebody worked: an event `*.time-adjusted` must mean one, so that it counts."""

import re
from typing import Any

from msgspec import structs

from daybook.documents import LARGEST_INTEGER
from daybook.errors import FieldError
from daybook.events.rejected import Rejected
from daybook.events.schema import Change, SentEvent
from daybook.ids import FORM

ADJUSTED = ".time-adjusted"
SECONDS = "seconds"

_DECIMAL = re.compile(r"[0-9]{1,16}", re.ASCII)


def with_integers(sent: dict[str, Any]) -> dict[str, Any]:
    """A sent event of valid form, with the seconds of an adjustment as integers where they have a meaning."""
    if not sent["activity"].endswith(ADJUSTED) or "changes" not in sent:
        return sent
    changes = [
        {side: value if (number := _whole_number(value)) is None else number for side, value in change.items()}
        if change["field"] == SECONDS
        else change
        for change in sent["changes"]
    ]
    return {**sent, "changes": changes}


def with_meaning(event: SentEvent) -> SentEvent:
    """The event, with the seconds of an adjustment as integers.

    An adjustment names the session by `params.session`, and its changes of the field `seconds` go from one whole number
    to another. Raises `Rejected` for one that does not.
    """
    if not event.activity.endswith(ADJUSTED):
        return event
    errors: list[FieldError] = []
    session = (event.params or {}).get("session")
    if session is None:
        errors.append(FieldError("params.session", "is required: the event that opened the session"))
    elif isinstance(session, str) and not FORM.fullmatch(session):
        errors.append(FieldError("params.session", "must be Daybook's id of an event, or your own with its time"))
    changes = [
        _in_seconds(change, f"changes[{place}]", errors) if change.field == SECONDS else change
        for place, change in enumerate(event.changes or ())
    ]
    if not any(change.field == SECONDS for change in changes):
        errors.append(FieldError("changes", f"must hold the field {SECONDS!r} with from and to"))
    if errors:
        raise Rejected("invalid_adjustment", *errors)
    return structs.replace(event, changes=changes)


def _in_seconds(change: Change, path: str, errors: list[FieldError]) -> Change:
    old, new = _whole_number(change.old), _whole_number(change.new)
    for name, value in (("from", old), ("to", new)):
        if value is None:
            errors.append(FieldError(f"{path}.{name}", "must be a whole number of seconds from 0 on"))
    return structs.replace(change, old=old, new=new)


def _whole_number(value: Any) -> int | None:
    """An integer from 0 on, or its decimal text; None for anything else."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    return value if type(value) is int and 0 <= value <= LARGEST_INTEGER else None
