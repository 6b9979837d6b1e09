"""Events as each product shows them: a profile's columns, filled from the native event.

Columns are data (`profiles/*.toml`). This module defines the values that they name. An absent value is the empty
string.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

import msgspec

from daybook.catalogue.aliases import Aliases, appearance, shown_name
from daybook.catalogue.profile import OWN_ACTIVITIES, Profile

WORK_ITEM = "work-item"


@dataclass(frozen=True)
class Shown:
    """One native event and what decides how it is shown: the tenant's name and aliases, the view and the time zone."""

    native: dict[str, Any]
    alias: str | None
    """The alias of an actor that is no person, is known by an address alone, or is unknown and has no username. None:
    it is shown as a person, also where the username is like an alias.
    """
    tenant_name: str
    aliases: Aliases
    view: Profile
    zone: ZoneInfo

    @property
    def moment(self) -> datetime:
        return _moment(self.native["occurred_at"], self.zone)

    @property
    def milliseconds(self) -> int:
        return self.moment.microsecond // 1_000

    @property
    def target(self) -> dict[str, Any]:
        return self.native["target"] or {}

    @property
    def actor(self) -> dict[str, Any]:
        actor: dict[str, Any] = self.native["actor"]
        return actor


@lru_cache(16)
def _moment(occurred_at: str, zone: ZoneInfo) -> datetime:
    """Cached, since several columns of one event need it."""
    return datetime.fromisoformat(occurred_at).astimezone(zone)


def show(shown: Shown) -> dict[str, str]:
    """One event as a mapping from the view's labels to values, in the view's order."""
    return {column.label: VALUES[column.value](shown) or "" for column in shown.view.columns}


def labels(view: Profile) -> list[str]:
    return [column.label for column in view.columns]


def _user(shown: Shown) -> str | None:
    """Who acted, as most products show it: the username, or the alias of an actor that is no person."""
    return _own_caller(shown) or _alias(shown) or _name(shown, shown.actor, "username", "name", "client_id", "id")


def _person_name(shown: Shown) -> str | None:
    """The full name of a person who has one, also where an alias stands for the username."""
    if own := _own_caller(shown):
        return own
    is_named = shown.actor["id"] is not None and shown.actor["name"]
    return (None if is_named else _alias(shown)) or _name(shown, shown.actor, "name", "username", "client_id", "id")


def _own_caller(shown: Shown) -> str | None:
    """Which key was used, in Daybook's own records: no product's document has these, and an alias would hide who
    looked.
    """
    is_own = shown.native["activity"].startswith(OWN_ACTIVITIES)
    return _actor(shown) if is_own and shown.actor["type"] == "api" else None


def _alias(shown: Shown) -> str | None:
    """A forgotten person is shown by the GUID, even if only an address was known before."""
    return None if shown.actor["forgotten"] else shown.alias


def _name(shown: Shown, person: Mapping[str, Any], *fields: str) -> str | None:
    name = next((person[field] for field in fields if person.get(field)), None)
    return None if name is None else shown_name(name, shown.aliases)


def _actor(shown: Shown) -> str | None:
    """Who acted, with what the products' documents leave out: which API, and who really acted in a person's name."""
    actor, alias = shown.actor, _alias(shown)
    if alias is None:
        name = _unmistakable(shown, actor)
        impersonator = actor.get("impersonator")
        return f"{name} (by {_unmistakable(shown, impersonator)})" if impersonator else name
    names = (actor["username"], actor["name"], actor["client_id"]) if actor["type"] == "api" else ()
    label = next((name for name in names if name and name != alias), None)
    return alias if label is None else f"{alias} ({label})"


def _unmistakable(shown: Shown, person: Mapping[str, Any]) -> str:
    """A name that looks like an API with its label, or like somebody with an impersonator, is also quoted."""
    name: str = next(person[field] for field in ("username", "name", "client_id", "id") if person[field])
    _, *behind = (name if name.isascii() else normalize("NFKC", name)).split("(")
    is_composed = any(appearance(part).startswith("by") for part in behind)
    return f'"{name}"' if is_composed else shown_name(name, shown.aliases)


def _target_text(shown: Shown) -> str | None:
    target = shown.target
    if "username" in target:  # the target is a person
        return _name(shown, target, "username", "name", "client_id", "id")
    return next((target[name] for name in ("name", "id") if target.get(name)), None)


def _work_item(shown: Shown) -> str | None:
    target = shown.target
    within = target.get("within") or {}
    return next((place["id"] for place in (target, within) if place.get("type") == WORK_ITEM), None)


def _change(shown: Shown, side: str) -> str | None:
    """The value before or after: from the parameters, otherwise from the changes."""
    value = (shown.native["params"] or {}).get(side)
    if isinstance(value, dict):
        return _name(shown, value, "user")
    if value is not None:
        return _text(value)
    changes = shown.native["changes"] or []
    return ", ".join(text for change in changes if (text := _text(change[side])))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _details(shown: Shown) -> str | None:
    """Without details, the changes in words: `nickname: Ani → (empty); age: 7 → 8`."""
    return shown.native["details"] or "; ".join(map(_changed, shown.native["changes"] or ()))


def _changed(change: Mapping[str, Any]) -> str:
    before, after = change["from"], change["to"]
    field = _word(change["field"])
    return f"{field}: changed" if before is None and after is None else f"{field}: {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return _word(value) if value else "(empty)"
    return _text(value)


_AMBIGUOUS = re.compile(r"\(|[\s\"]|.*([;→\"\r\n]|: |\s$)", re.DOTALL)


def _word(text: str) -> str:
    """In quotation marks if it could be mistaken for more than one value: senders' users choose what stands in it."""
    return msgspec.json.encode(text).decode() if _AMBIGUOUS.match(text) else text


def _letters(label: str | None) -> str:
    # First the case: `ΐ` in upper case is a letter and two marks.
    return "".join(character for character in (label or "").upper() if character.isalnum())


def _zone_mark(shown: Shown) -> str:
    mark = shown.moment.strftime("%Z")
    return "GMT" if mark == "UTC" else mark


def _iso_time(shown: Shown) -> str:
    moment = shown.moment
    offset = moment.utcoffset()
    if not offset:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{shown.milliseconds:03d}Z"
    # Offsets in RFC 3339 have no seconds. The same moment is written with the closest valid offset (section 5.8).
    nearest = timezone(timedelta(minutes=round(offset / timedelta(minutes=1))))
    return moment.astimezone(nearest).isoformat(timespec="milliseconds")


VALUES: Mapping[str, Callable[[Shown], str | None]] = {
    "actor": _actor,
    "activity": lambda shown: shown.native["activity"],
    "action-target": _target_text,
    "category": lambda shown: shown.native["category"],
    "component": lambda shown: shown.native["component"],
    "component-letters": lambda shown: _letters(shown.native["component"]),
    "date": lambda shown: shown.moment.date().isoformat(),
    "date-time": lambda shown: shown.moment.replace(tzinfo=None).isoformat(" ", "seconds"),
    "details": lambda shown: shown.native["details"],
    "details-or-changes": _details,
    "enate-time": lambda shown: f"{shown.moment:%Y/%m/%d %H:%M:%S} {_zone_mark(shown)}",
    "environment": lambda shown: shown.native["environment"],
    "event": lambda shown: shown.native["event"],
    "event-letters": lambda shown: _letters(shown.native["event"]),
    "from": lambda shown: _change(shown, "from"),
    "ip": lambda shown: shown.native["context"]["ip"],
    "jiffy-time": lambda shown: f"{shown.moment:%b %d, %Y @ %H:%M:%S}.{shown.milliseconds:03d}",
    "origin": lambda shown: shown.native["origin"],
    "person-name": _person_name,
    "platform": lambda _: "AWS Connect",
    "seconds-time": lambda shown: f"{shown.moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    "source-type": lambda shown: (shown.native["source"] or {}).get("type") or shown.view.default_source_type,
    "status": lambda shown: shown.native["status"],
    "status-title": lambda shown: shown.native["status"].title(),
    "target": _target_text,
    "tenant": lambda shown: shown.native["tenant"],
    "tenant-name": lambda shown: shown.tenant_name,
    "time": _iso_time,
    "time-of-day": lambda shown: shown.moment.time().isoformat("seconds"),
    "to": lambda shown: _change(shown, "to"),
    "user": _user,
    "user-type": lambda shown: shown.actor["user_type"],
    "username": _user,
    "work-item": _work_item,
}
