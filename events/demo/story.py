"""A story: events that belong together, each later than the one before it.

All of a story's chance follows from its product, day and name. If it is told again, on the same day or a month
later, it has the same events at the same times with the same ids. Daybook stores an event once, so it stores
nothing new.
"""

import random
from typing import Any

from daybook.clock import DAY, HOUR, MINUTE, format_time
from events.demo.people import Person

Event = dict[str, Any]
Reference = dict[str, str]
"""The reference by which a later event names an earlier one: its sender's id and its time."""

SYSTEM = {"type": "system"}
OPERATIONS = {"type": "operations"}

_WORKING_DAYS = 5


def weekday(day: int) -> int:
    """The weekday, 0 for Monday, of a day counted from 1970-01-01, which was a Thursday."""
    return (day + 3) % 7


def working_day(day: int) -> int | None:
    """The number of working days before it since 1970. None at a weekend."""
    weeks, place = divmod(day + 3, 7)
    return weeks * _WORKING_DAYS + place if place < _WORKING_DAYS else None


def week_of(day: int) -> int:
    """The number of Mondays since 1970 up to and including this day."""
    return (day + 3) // 7


def date_of(day: int) -> str:
    return format_time(day * DAY)[:10]


def chance(*of: object) -> random.Random:
    return random.Random("/".join(map(str, of)))  # noqa: S311  the same stories each time is what is wanted


class Story:
    """The story begins within the half hour after `hour` (UTC) of `day`."""

    def __init__(self, product: str, day: int, name: str, hour: float = 9.0) -> None:
        self.chance = chance(product, day, name)
        self.name = f"{date_of(day)}-{name}"
        self.moment = day * DAY + int(hour * HOUR) + self.chance.randrange(30 * MINUTE)
        self.events: list[Event] = []

    def tell(self, actor: Person | dict[str, Any], activity: str, *, after: float = 1, **fields: Any) -> Reference:
        """Adds an event `after` so many minutes plus less than one. Absent fields may be given as None."""
        self.moment += int(after * MINUTE) + self.chance.randrange(1, MINUTE)
        return self.note(actor, activity, **fields)

    def note(self, actor: Person | dict[str, Any], activity: str, **fields: Any) -> Reference:
        """Adds an event at the current time of the story."""
        reference = {"id": f"{self.name}-{len(self.events) + 1}", "occurred_at": format_time(self.moment)}
        if isinstance(actor, Person):
            fields["context"] = actor.context | fields.get("context", {})
            actor = actor.actor
        present = {name: value for name, value in fields.items() if value is not None}
        self.events.append({**reference, "activity": activity, "actor": actor, **present})
        return reference

    def next_morning(self, hour: float = 9.0) -> None:
        """Continues within the half hour after `hour` of the next working day."""
        day = self.moment // DAY + 1
        while working_day(day) is None:
            day += 1
        self.moment = day * DAY + int(hour * HOUR) + self.chance.randrange(30 * MINUTE)
