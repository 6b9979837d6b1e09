"""Sign-ins before work and sign-outs after it for everyone who acts on a day. Some first mistype the password.

The times depend only on person, day and environment and not on other events. A later start of the demo has a window
that cuts off other stories, and it must not move these times.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from daybook.clock import DAY, HOUR, MINUTE, SECOND, format_time, parse_time
from events.demo.people import Person, Team
from events.demo.story import Event, chance

EARLIEST = 7 * HOUR + 20 * MINUTE
LATEST = 8 * HOUR + 55 * MINUTE
"""Nobody's work begins before 9:00 or continues after 17:20."""
HOME_TIME = 17 * HOUR + 20 * MINUTE

_MISTYPED = 0.06
_SIGNS_OUT = 0.3  # most people just close the window


@dataclass(frozen=True)
class Attendance:
    """`fields` are added to each of these events. `on_oneself` makes the person the target too."""

    team: Team
    sign_in: str
    sign_out: str
    fields: dict[str, Any] = field(default_factory=dict)
    on_oneself: bool = False

    def around(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events before and after the work of each person, day and environment."""
        present = {
            (event["actor"].get("username"), parse_time(event["occurred_at"]) // DAY, event.get("environment"))
            for event in events
        }
        for username, day, environment in sorted(present, key=str):
            if username in self.team:
                yield from self._of(self.team[username], day, environment)

    def _of(self, person: Person, day: int, environment: str | None) -> Iterator[Event]:
        luck = chance(self.sign_in, person.username, day, environment)
        arrives = day * DAY + luck.randrange(EARLIEST, LATEST)
        if luck.random() < _MISTYPED:
            mistyped = arrives - luck.randrange(20 * SECOND, 50 * SECOND)
            yield self._event(person, self.sign_in, "failed", mistyped, environment) | {"status": "failure"}
        yield self._event(person, self.sign_in, "in", arrives, environment)
        if luck.random() < _SIGNS_OUT:
            leaves = day * DAY + HOME_TIME + luck.randrange(50 * MINUTE)
            yield self._event(person, self.sign_out, "out", leaves, environment)

    def _event(self, person: Person, activity: str, what: str, moment: int, environment: str | None) -> Event:
        event: Event = {
            "id": f"{format_time(moment)[:10]}-sign-{what}-{person.number}",
            "occurred_at": format_time(moment),
            "activity": activity,
            "actor": person.actor,
            "context": person.context,
            **self.fields,
        }
        if environment is not None:
            event["environment"] = environment
        if self.on_oneself:
            event["target"] = person.target
        return event
