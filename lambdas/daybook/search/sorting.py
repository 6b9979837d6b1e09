"""Orders other than by time: by what is shown, over what had been received by the first page.

The matching events are gathered, up to a number and within the bound on reading, and sorted by the code points
of the value that the view presents; ties stand newest first, whichever way the order goes. What is absent is the empty
string. Pages count the events given; for them to fit together each covers what had been received by the first one.
"""

from collections.abc import Callable, Iterable, Mapping

from daybook.catalogue.profile import Profile
from daybook.catalogue.views import VALUES, Shown
from daybook.search.gather import Found
from daybook.search.parameters import Order

FIELDS: Mapping[str, tuple[str, ...]] = {
    "actor": ("user", "username", "person-name"),
    "category": ("category",),
    "component": ("component", "component-letters"),
    "activity": ("activity", "event", "event-letters"),
    "status": ("status", "status-title"),
    "target": ("target", "action-target", "work-item"),
    "ip": ("ip",),
}
"""What each order goes by: the first of these values that is a column of the view, else the very first."""


class TooManyToSort(Exception):  # noqa: N818  a fact about the question
    """More events match than may be sorted, or finding out takes more than the bound on reading."""


def presented(field: str, view: Profile | None) -> Callable[[Shown], str]:
    """The value that a view presents of a field; `view` None: the native form."""
    values = FIELDS[field]
    columns = () if view is None else [column.value for column in view.columns]
    value = VALUES[next((each for each in values if each in columns), values[0])]
    if view is None and field == "actor":
        return lambda shown: shown.actor["username"] or ""
    return lambda shown: value(shown) or ""


def in_order(
    events: Iterable[Found], order: Order, shown: Callable[[Found], Shown], view: Profile | None, most: int
) -> list[Found]:
    """Raises `TooManyToSort` for more than `most` events; what `events` raises escapes."""
    value = presented(order.field, view)
    gathered: list[tuple[str, Found]] = []
    for event in events:
        gathered.append((value(shown(event)), event))
        if len(gathered) > most:
            raise TooManyToSort
    gathered.sort(key=lambda pair: pair[1].id, reverse=True)
    # Sorting keeps the order of ties, also in reverse.
    gathered.sort(key=lambda pair: pair[0], reverse=order.descending)
    return [event for _, event in gathered]
