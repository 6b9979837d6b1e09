"""A story: events that belong together, each later than the one before it.

Whatever a story leaves to chance follows from its product, its day and its name. Told again, on the same day or a month
later, it has the same events at the same times under the same ids, and Daybook, which stores an event once, stores
nothing new.
"""

import random
from typing import Any

from daybook.clock import DAY, HOUR, MINUTE, format_time
from events.demo.people import Person

Event = dict[str, Any]
Reference = dict[str, str]
"""How a later event names an earlier one: its sender's id and its time."""

SYSTEM = {"type": "system"}
OPERATIONS = {"type": "operations"}

_WORKING_DAYS = 5


def weekday(day: int) -> int:
    """0 for Monday, of a day counted from 1970-01-01, a Thursday."""
    return (day + 3) % 7


def working_day(day: int) -> int | None:
    """How many working days came before it since 1970; None at a weekend."""
    weeks, place = divmod(day + 3, 7)
    return weeks * _WORKING_DAYS + place if place < _WORKING_DAYS else None


def week_of(day: int) -> int:
    """How many Mondays came before it since 1970, or on it."""
    return (day + 3) // 7


def date_of(day: int) -> str:
    return format_time(day * DAY)[:10]


def chance(*of: object) -> random.Random:
    return random.Random("/".join(map(str, of)))  # noqa: S311  the same stories each time is what is wanted


class Story:
    """Begins within the half hour after `hour` (UTC) of `day`."""

    def __init__(self, product: str, day: int, name: str, hour: float = 9.0) -> None:
        self.chance = chance(product, day, name)
        self.name = f"{date_of(day)}-{name}"
        self.moment = day * DAY + int(hour * HOUR) + self.chance.randrange(30 * MINUTE)
        self.events: list[Event] = []

    def tell(self, actor: Person | dict[str, Any], activity: str, *, after: float = 1, **fields: Any) -> Reference:
        """Adds an event `after` so many minutes and less than one more; absent fields may be given as None."""
        self.moment += int(after * MINUTE) + self.chance.randrange(1, MINUTE)
        return self.note(actor, activity, **fields)

    def note(self, actor: Person | dict[str, Any], activity: str, **fields: Any) -> Reference:
        """Adds an event at this very moment."""
        reference = {"id": f"{self.name}-{len(self.events) + 1}", "occurred_at": format_time(self.moment)}
        if isinstance(actor, Person):
            fields["context"] = actor.context | fields.get("context", {})
            actor = actor.actor
        present = {name: value for name, value in fields.items() if value is not None}
        self.events.append({**reference, "activity": activity, "actor": actor, **present})
        return reference

    def next_morning(self, hour: float = 9.0) -> None:
        """Goes on within the half hour after `hour` of the next working day."""
        day = self.moment // DAY + 1
        while working_day(day) is None:
            day += 1
        self.moment = day * DAY + int(hour * HOUR) + self.chance.randrange(30 * MINUTE)
