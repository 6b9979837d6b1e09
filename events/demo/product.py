"""What a product's module offers: who works there, how they sign in, and what happens on a given day."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from events.demo.attendance import Attendance
from events.demo.story import Story


@dataclass(frozen=True)
class Product:
    """`stories(day)` tells the stories that begin on that day (since 1970), always the same ones for the same day."""

    name: str
    company: str
    """Whose log it is: the demo tenant's name."""
    days: int
    """How far back the demo reaches: a quarter, or the product's retention where that is shorter."""
    environments: tuple[str, ...]
    attendance: Attendance
    stories: Callable[[int], Iterable[Story]]
    once: Callable[[], Iterable[Story]] = tuple
    """Stories of fixed times, told whatever the day is."""
