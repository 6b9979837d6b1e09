"""A search's filters as Python spells them, and as the API reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any

SPELLED = {"from_": "from", "with_": "with"}
"""Python has keywords of its own."""

NOT = "_not"


def filters_of(given: Mapping[str, Any], environment: str | None = None) -> dict[str, list[str]]:
    """Each parameter with its values, as text; what is None is left out.

    `actor=["jane", "lee"]` means either. `component_not="Audit Log"` excludes; `**{"component!": "Audit Log"}` is the
    same. `from_` is the API's `from`. A datetime is sent in UTC; a date would leave open where its day begins.
    `environment` stands where `given` names none.
    Raises ValueError for a datetime without a zone, and for an empty list, which would find everything; TypeError for
    a value that is no text, number, truth value or datetime.
    """
    found: dict[str, list[str]] = {}
    for name, value in given.items():
        if value is None:
            continue
        values = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
        if not values:
            raise ValueError(f"{name} has no values: leave it out to find everything")
        found.setdefault(_name_of(name), []).extend(_text(name, one) for one in values)
    if environment is not None:
        found.setdefault("environment", [environment])
    return found


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC. Raises ValueError for a datetime without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: write datetime.now(timezone.utc), say")
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _name_of(name: str) -> str:
    if name in SPELLED:
        return SPELLED[name]
    return name[: -len(NOT)] + "!" if name.endswith(NOT) else name


def _text(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date) or not isinstance(value, (str, int)):
        raise TypeError(f"{name} can't be {value!r}: give a text, a number or a datetime")
    return str(value)
