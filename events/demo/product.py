"""The content of a product's module: its people, how they sign in, and what happens on a given day."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from events.demo.attendance import Attendance
from events.demo.story import Story


@dataclass(frozen=True)
class Product:
    """`stories(day)` tells the stories that begin on that day (since 1970). The same day always has the same
    stories.
    """

    name: str
    company: str
    """The company whose log it is, which is the demo tenant's name."""
    days: int
    """How many days the demo covers: a quarter, or the product's retention if that is shorter."""
    environments: tuple[str, ...]
    attendance: Attendance
    stories: Callable[[int], Iterable[Story]]
    once: Callable[[], Iterable[Story]] = tuple
    """Stories with fixed times, which do not depend on the day."""
