"""Orders other than by time: by the shown value, over the events received by the first page.

The matching events are collected, up to a number and within the bound on reading. They are sorted by the code points of
the value that the view shows. Events with equal values come newest first, in both directions. An absent value is the
empty string. For pages to fit together, each covers only the events that had been received by the first page.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from daybook.catalogue.profile import Profile
from daybook.catalogue.views import VALUES, Shown
from daybook.events.reader import Row
from daybook.search.gather import Found
from daybook.search.parameters import Order

FIELDS: Mapping[str, tuple[str, ...]] = {
    "actor": ("user", "username", "person-name", "actor"),
    "category": ("category",),
    "component": ("component", "component-letters"),
    "activity": ("activity", "event", "event-letters"),
    "status": ("status", "status-title"),
    "target": ("target", "action-target", "work-item"),
    "ip": ("ip",),
}
"""What each order sorts by: the first of these values that is a column of the view, otherwise the first one."""


class TooManyToSort(Exception):  # noqa: N818  a fact about the question
    """More events match than may be sorted."""


def shown_value(field: str, view: Profile | None) -> Callable[[Shown], str]:
    """The value that a view shows for a field; `view` None: the native form."""
    values = FIELDS[field]
    columns = () if view is None else [column.value for column in view.columns]
    value = VALUES[next((each for each in values if each in columns), values[0])]
    if view is None and field == "actor":
        return lambda shown: shown.actor["username"] or ""
    return lambda shown: value(shown) or ""


class Sorted(NamedTuple):
    """An event by its sort value and as it is stored, which is small: only those of a page are opened again."""

    value: str
    row: Row


def sort_events(
    events: Iterable[Found], order: Order, value_of: Callable[[Found], str], max_events: int
) -> list[Sorted]:
    """Raises `TooManyToSort` for more than `max_events` events. Errors of `events` are passed on."""
    gathered: list[Sorted] = []
    for event in events:
        gathered.append(Sorted(value_of(event), event.row))
        if len(gathered) > max_events:
            raise TooManyToSort
    gathered.sort(key=lambda each: each.row.id, reverse=True)
    # Sorting is stable, even in reverse.
    gathered.sort(key=lambda each: each.value, reverse=order.descending)
    return gathered
