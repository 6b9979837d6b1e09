"""A refused event without anything that may be somebody's: names of fields, and of values the type and length.

Of values only words are shown that the contract, the catalogue or the tenant's settings list, and names of activities,
which every event holds in the clear.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.documents import Doubled
from daybook.errors import FieldError
from daybook.events import schema
from daybook.tenants.settings import TenantSettings
from daybook.text import ACTIVITY

MAX_FIELDS = 40
MAX_ITEMS = 3
MAX_VALUES = 150

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
"""A field's name, as programmers write them. Other names may be somebody's."""

_OBJECTS = frozenset(
    {
        *("", "actor", "actor.impersonator", "changes[]", "context", "params", "people[]"),
        *("source", "target", "target.within"),
    }
)
"""Where the contract has an object with names of fields. Elsewhere a name may be somebody's."""

_PLACES = re.compile(r"\[\d+\]")
_MORE = "…"

_ACTOR_TYPES = frozenset(get_args(schema.Actor.__annotations__["type"]))
_STATUSES = frozenset({"success", "failure"})


def _field_names() -> frozenset[str]:
    forms = [each for each in vars(schema).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    return frozenset(name for form in forms for name in form.__struct_encode_fields__)


_FIELDS = _field_names()


class Redaction:
    """For the events of one tenant."""

    def __init__(self, settings: TenantSettings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue

    def event(self, raw: Any) -> Any:
        variants = self._variants(activity_of(raw))
        words: Mapping[str, Callable[[str], bool]] = {
            "activity": _is_activity,
            "variant": variants.__contains__,
            "status": _STATUSES.__contains__,
            "actor.type": _ACTOR_TYPES.__contains__,
            "source.type": (self._catalogue.profile.source_types or frozenset()).__contains__,
            "environment": self._settings.environments.__contains__,
        }
        return _Writing(words).value(raw, "")

    def _variants(self, activity: str | None) -> frozenset[str]:
        known = self._catalogue.activity(activity) if activity else None
        return frozenset(known.by_name) if known else frozenset()


def activity_of(raw: Any) -> str | None:
    """The name of the event's activity; None for what can't be one."""
    activity = raw.get("activity") if isinstance(raw, dict) else None
    return activity if isinstance(activity, str) and _is_activity(activity) else None


def error(given: FieldError) -> FieldError:
    """With the names in its path that senders made up only where they look like names of fields.

    Messages hold no sender's text: they say what would be accepted.
    """
    *above, last = _PLACES.sub("", given.path).split(".")
    known = all(name in _FIELDS for name in above) and (last in _FIELDS or not last or _NAME.fullmatch(last))
    return given if known else FieldError("(another field)", given.message)


def _is_activity(text: str) -> bool:
    return ACTIVITY.fullmatch(text) is not None


class _Writing:
    """Writes at most `MAX_VALUES` values of one event."""

    def __init__(self, words: Mapping[str, Callable[[str], bool]]) -> None:
        self._words = words
        self._left = MAX_VALUES

    def value(self, value: Any, path: str) -> Any:
        self._left -= 1
        if self._left < 0:
            return _MORE
        if isinstance(value, dict):
            return self._object(value, path)
        if isinstance(value, list):
            some = [self.value(each, f"{path}[]") for each in value[:MAX_ITEMS]]
            return [*some, f"{_MORE} {len(value) - MAX_ITEMS} more"] if len(value) > MAX_ITEMS else some
        if isinstance(value, str):
            shown = path in self._words and self._words[path](value)
            return value if shown else f"text of {len(value)} characters"
        return _described(value)

    def _object(self, value: dict[str, Any], path: str) -> Any:
        if path not in _OBJECTS:
            return f"object of {len(value)} fields"
        found = {
            name if _NAME.fullmatch(name) else f"(name of {len(name)} characters)": self.value(
                each, f"{path}.{name}" if path else name
            )
            for name, each in list(value.items())[:MAX_FIELDS]
        }
        return {**found, _MORE: f"{len(value) - MAX_FIELDS} more"} if len(value) > MAX_FIELDS else found


def _described(value: Any) -> str:
    if isinstance(value, Doubled):
        return "object in which a name appears more than once"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "number"
    return "null"
