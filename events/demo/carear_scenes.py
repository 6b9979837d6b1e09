"""The changes on CareAR's portal in turn: experiences, connectors, surveys, settings."""

from collections.abc import Mapping
from typing import NamedTuple


class Change(NamedTuple):
    activity: str
    kind: str
    name: str
    details: str
    roles: tuple[str, ...]
    """The roles of which one person makes it."""
    changes: tuple[Mapping[str, str | int | bool], ...] = ()


_EDITORS = ("Experience Editor",)
_ADMINS = ("Tenant Admin",)
_ANALYSTS = ("Analyst", "Experience Editor")


def _experience(event: str, name: str, details: str, *changes: Mapping[str, str | int | bool]) -> Change:
    return Change(f"experiences.{event}", "experience", name, details, _EDITORS, changes)


def _connector(event: str, name: str, details: str, *changes: Mapping[str, str | int | bool]) -> Change:
    return Change(f"connector-center.{event}", "connector", name, details, _ADMINS, changes)


def _survey(event: str, name: str, details: str, *changes: Mapping[str, str | int | bool]) -> Change:
    return Change(f"surveys.{event}", "survey", name, details, _ANALYSTS, changes)


def _setting(name: str, details: str, was: str | int | bool, becomes: str | int | bool) -> Change:
    field = name.lower().replace(" ", "_")
    change = {"field": field, "from": was, "to": becomes}
    return Change("administration-settings.update", "setting", name, details, _ADMINS, (change,))


CHANGES = (
    _experience("add", "Pump repair", "Experience Pump repair added"),
    _experience(
        "update", "Pump repair", "Steps 3 and 4 of Pump repair rewritten", {"field": "steps", "from": 6, "to": 7}
    ),
    _survey("add", "After the visit", "Survey After the visit added"),
    _experience("publish", "Pump repair", "Experience Pump repair published"),
    _setting("Session recording", "Session recording switched on", False, True),
    _connector("add", "Ticket desk", "Connector Ticket desk added"),
    _connector("update", "Ticket desk", "Credentials of Ticket desk renewed"),
    _survey("update", "After the visit", "A question on waiting times", {"field": "questions", "from": 4, "to": 5}),
    _experience("update", "Boiler check", "Pictures of Boiler check replaced"),
    _setting("Guest links", "Guest links now live for 24 hours", 72, 24),
    _experience("publish", "Boiler check", "Experience Boiler check published"),
    _connector("delete", "Old directory", "Connector Old directory deleted"),
    _survey("delete", "Spring campaign", "Survey Spring campaign deleted"),
    _experience("delete", "Fax line", "Experience Fax line deleted"),
    _setting("Retention of recordings", "Recordings are kept for 60 days", 90, 60),
)
