"""What the domain asks of the store of events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # the authorizer, which knows Throttled, stores no events
    from daybook.events.item import StoredEvent


Key = tuple[str, str]
"""Partition and id."""


class Append(Enum):
    """What became of one event appended."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """Something stands under this id already; it was left untouched."""
    THROTTLED = "throttled"
    """Not known to be stored, by the end of the time there was."""


class Kept(NamedTuple):
    """What stands under an id."""

    fingerprint: bytes
    packed: bytes
    received_ms: int


class EventStore(Protocol):
    def append(self, events: "Sequence[StoredEvent]", remaining_seconds: Callable[[], float]) -> Mapping[Key, Append]:
        """Writes events whose keys all differ, each once for ever; durable where it answers STORED."""

    def find(self, keys: Iterable[Key]) -> Mapping[Key, Kept]:
        """What stands under these keys, strongly consistent. Raises `Throttled`."""
