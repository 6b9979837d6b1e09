"""Fits values to an event's limits and rules, so that Daybook takes what a mapping made of any record.

Ids and labels that are too long keep their beginning and get a hash behind it, so that they still tell things apart.
Free texts are cut. What a rule does not allow is left out here; the record's own value then goes to `params`.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from daybook_client.importing.converters import activity, kind, status, text
from daybook_client.importing.report import count
from daybook_client.importing.times import time

MAX_TEXT = 4_000
MAX_DETAILS = 32 * 1024
LARGEST_INTEGER = 2**53 - 1

UNCLEAN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

_LABELS = {"variant": 128, "environment": 64, "source.type": 128, "actor.user_type": 128}
_IDS = {
    **dict.fromkeys(("actor.id", "actor.impersonator.id"), 128),
    **dict.fromkeys(("target.id", "target.within.id"), 512),
    **dict.fromkeys(("context.session_id", "context.request_id"), 256),
}
_FREE = {
    **{f"{who}.{name}": 256 for who in ("actor", "actor.impersonator") for name in ("username", "name", "email")},
    "target.username": 256,
    "target.name": 512,
    "details": MAX_DETAILS,
    "context.ip": 256,
    "context.user_agent": 1_024,
}
_TO_128 = 128
_ACTOR_TYPES = frozenset(("user", "system", "api", "operations", "unknown"))


def fitted(path: str, value: Any, cuts: Counter[str]) -> Any:  # noqa: C901, PLR0911  a table of fields
    """The value as the event's field at `path` takes it, or None. Counts what is cut."""
    if path in _FREE:
        return cut(path, text(value), _FREE[path], cuts)
    if path in _IDS or path in _LABELS:
        return short_id(path, text(value), _IDS.get(path) or _LABELS[path], cuts)
    if path == "activity":
        return activity(value)
    if path in ("target.type", "target.within.type"):
        return kind(value)
    if path == "actor.type":
        return value if value in _ACTOR_TYPES else None
    if path == "status":
        return status(value)
    if path == "actor.roles":
        roles = [short_id(path, text(each), _TO_128, cuts) for each in _listed(value)]
        return _few(path, [each for each in roles if each], 50, cuts)
    if path == "people":
        return _few(path, [each for each in (_person(one, cuts) for one in _listed(value)) if each], 50, cuts)
    if path == "changes":
        return _few(path, [each for each in (_change(one, cuts) for one in _listed(value)) if each], 100, cuts)
    if path.startswith("params."):
        return parameter(path, value, cuts)
    return time(value)  # occurred_at: what its converter has written stays as it is


def parameter(path: str, value: Any, cuts: Counter[str]) -> Any:
    """A parameter's value: integers from 2^53 on and numbers with a point as text, objects as JSON."""
    if isinstance(value, str):
        return cut(path, value, MAX_TEXT, cuts)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_INTEGER else str(value)[:MAX_TEXT]
    if isinstance(value, list):
        texts = [cut(path, text(each), MAX_TEXT, cuts) for each in value]
        return _few(path, [each for each in texts if each], 100, cuts)
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("user"), str):
        user = cut(path, value["user"], 256, cuts)
        return {"user": user} if user else None
    return cut(path, text(value), MAX_TEXT, cuts)


def cut(path: str, value: str | None, most: int, cuts: Counter[str]) -> str | None:
    if not value:
        return None
    if len(value) > most:
        count(cuts, path)
        value = value[:most]
    return value


def short_id(path: str, value: str | None, most: int, cuts: Counter[str]) -> str | None:
    """Lengths count in NFC, as Daybook counts them."""
    if not value or (len(value) <= most and value.isascii() and not UNCLEAN.search(value)):
        return value or None
    clean = normalize("NFC", UNCLEAN.sub("\ufffd", value))
    if len(clean) <= most:
        return clean
    count(cuts, path)
    return f"{clean[: most - 17]}~{sha256(clean.encode()).hexdigest()[:16]}"


def keep_rules(event: dict[str, Any]) -> None:
    """Mends, in place, what rules about several fields forbid. The result always has an actor of a known type."""
    _mend_actor(event)
    _mend_target(event)
    if event["activity"].lower().startswith("audit-log"):
        event["activity"] = f"imported.{event['activity']}"[:128].rstrip("._:-")
    elif event["activity"].lower().endswith(".time-adjusted"):
        event["activity"] = imported(event["activity"])


def imported(activity_id: str) -> str:
    """A name beside one with a meaning that the record can't fulfil."""
    return f"{activity_id[: 128 - len('.imported')].rstrip('._:-')}.imported"


def _mend_actor(event: dict[str, Any]) -> None:
    actor = event.setdefault("actor", {})
    kind_of = actor.get("type")
    is_named = _name_by_what_there_is(actor)
    if kind_of is None:
        actor["type"] = "user" if is_named else "unknown"
    elif kind_of == "user" and not is_named:
        actor["type"] = "unknown"
    impersonator = actor.get("impersonator")
    if impersonator is not None and (actor["type"] != "user" or not _name_by_what_there_is(impersonator)):
        del actor["impersonator"]


def _name_by_what_there_is(person: dict[str, Any]) -> bool:
    """A person without id and username is known by the e-mail, else by the name. False: by nothing."""
    if "id" not in person and "username" not in person:
        known = person.get("email") or person.get("name")
        if not known:
            return False
        person["username"] = known
    return True


def _mend_target(event: dict[str, Any]) -> None:
    target = event.get("target")
    if target is None:
        return
    within = target.get("within")
    if within is not None and not ("type" in within and "id" in within):
        del target["within"]
    if "type" not in target:
        del event["target"]
    elif target["type"].lower() == "user":
        if "id" not in target and "username" not in target:
            if "name" in target:
                target["username"] = target["name"][:256]
            else:
                del event["target"]
        elif len(normalize("NFC", str(target.get("id", "")))) > _TO_128:
            target["id"] = short_id("target.id", target["id"], _TO_128, Counter())
    elif "username" in target:
        target.setdefault("name", target.pop("username"))
        target.pop("username", None)
    if within is not None and within.get("type", "").lower() == "user" and "id" in within:
        within["id"] = short_id("target.within.id", within["id"], _TO_128, Counter())


def _person(value: Any, cuts: Counter[str]) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        value = {"username": value}
    person = {}
    for name in ("id", "username", "name", "email"):
        found = text(value.get(name))
        most = _TO_128 if name == "id" else 256
        found = (short_id if name == "id" else cut)(f"people.{name}", found, most, cuts)
        if found:
            person[name] = found
    return person if _name_by_what_there_is(person) else None


def _change(value: Any, cuts: Counter[str]) -> dict[str, Any] | None:
    name = short_id("changes.field", text(value.get("field")), _TO_128, cuts) if isinstance(value, dict) else None
    if name is None:
        return None
    change: dict[str, Any] = {"field": name}
    for side in ("from", "to"):
        found = value.get(side)
        if found == "":
            change[side] = ""
        elif isinstance(found, (bool, int)) and abs(found) <= LARGEST_INTEGER:
            change[side] = found
        elif (fits := cut(f"changes.{side}", text(found), MAX_TEXT, cuts)) is not None:
            change[side] = fits
    return change


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _few(path: str, values: list[Any], most: int, cuts: Counter[str]) -> list[Any] | None:
    if len(values) > most:
        count(cuts, path)
    return values[:most] or None
