"""What the domain needs from the store of events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # the authorizer, which knows Throttled, stores no events
    from daybook.events.item import StoredEvent


Key = tuple[str, str]
"""Partition and id."""


class Append(Enum):
    """The outcome for one appended event."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """There is an event with this id already; it is unchanged."""
    THROTTLED = "throttled"
    """Not known to be stored when the time was up."""


class Kept(NamedTuple):
    """What is stored under an id."""

    fingerprint: bytes | None
    """None: the sender gave no id."""
    packed: bytes


class EventStore(Protocol):
    def append(self, events: "Sequence[StoredEvent]", remaining_seconds: Callable[[], float]) -> Mapping[Key, Append]:
        """Writes events, whose keys must all differ. Never overwrites. STORED means durable."""

    def find(self, keys: Iterable[Key]) -> Mapping[Key, Kept]:
        """What is stored under these keys. Strongly consistent. Raises `Throttled`."""
