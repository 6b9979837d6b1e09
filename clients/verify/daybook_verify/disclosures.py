"""Events of Daybook's own that the evidence discloses, because they explain why entries of the span have no row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daybook_verify.arrivals import CLOCKS_MS
from daybook_verify.errors import NotGenuine
from daybook_verify.evidence import Sealed
from daybook_verify.log_copy import LogCopy
from daybook_verify.manifest import Manifest
from daybook_verify.rows import content_of
from daybook_verify.strict import milliseconds

_DAY_MS = 86_400_000
_UNLIMITED = "unlimited"
_EXPORTED, _RETENTION_CHANGED = "audit-log.exported", "audit-log.retention-changed"


@dataclass(frozen=True)
class RetentionChange:
    """One retention was in force until the change, the other from then on. So by then either allowed its deletions."""

    index: int
    at: str
    days: int
    """The shorter retention of the two."""
    gone_before_ms: int
    """Events from before may be gone."""


def retention_changes(disclosed: Sequence[Sealed], asked: Manifest, log: LogCopy) -> list[RetentionChange]:
    """Also accounts for the record of the request, which no row has. NotGenuine for whatever else is disclosed."""
    changes = []
    for each in disclosed:
        content = content_of(each.canonical)
        asked.check_place(content)
        if "sender" in content:
            raise NotGenuine(f"event {content['id']} is disclosed, and is none of Daybook's own")
        if content["id"] == asked.recorded_as:
            _check_record(content, asked)
            log.account_for(each.index, content, each.canonical)
            continue
        log.check(each.index, content, each.canonical)
        change = _change(each.index, content, asked)
        if change is not None:
            changes.append(change)
    return changes


def _check_record(content: Mapping[str, Any], asked: Manifest) -> None:
    """It names the file. So no other event can be left out under its name."""
    params = content.get("params", {})
    if content["activity"] != _EXPORTED or params.get("filename") != asked.fields["filename"]:
        raise NotGenuine(f"event {content['id']} is not the record of this export's request")


def _change(index: int, content: Mapping[str, Any], asked: Manifest) -> RetentionChange | None:
    """None where both retentions are for ever."""
    identifier, at = content["id"], content["occurred_at"]
    if content["activity"] != _RETENTION_CHANGED:
        raise NotGenuine(f"event {identifier} is disclosed, and is no change of the retention")
    occurred_ms = milliseconds(at, "occurred_at")
    # Daybook writes it when it happens. What changes after the request is in the manifest's own span.
    if content["received_at"] != at or occurred_ms > asked.received_until_ms + CLOCKS_MS:
        raise NotGenuine(f"event {identifier} changes the retention at another time than it was received, or too late")
    params = content.get("params", {})
    days = [_days(params.get(name)) for name in ("from_days", "to_days")]
    shortest = min((each for each in days if each is not None), default=None)
    return None if shortest is None else RetentionChange(index, at, shortest, occurred_ms - shortest * _DAY_MS)


def _days(value: object) -> int | None:
    """None: for ever."""
    if value == _UNLIMITED:
        return None
    if not isinstance(value, str) or not value.isdecimal() or not value.isascii() or not 0 < len(value) <= 6:
        raise NotGenuine("a disclosed change of the retention names no days")
    if int(value) < 1:
        raise NotGenuine("a disclosed change of the retention names less than a day")
    return int(value)
