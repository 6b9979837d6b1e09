"""What waits for a stream that failed: keys of events, in parcels, on a queue. No content and nobody's name."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from daybook.clock import HOUR
from daybook.delivery.destination import Destination, Place
from daybook.tenant import Tenant

KEYS_A_PARCEL = 500


class BacklogBatch(msgspec.Struct, frozen=True):
    """Keys, `<shard>#<id>`, for one destination."""

    tenant: Tenant
    environment: str
    subscription: str
    keys: tuple[str, ...]
    parked_at: int
    """Milliseconds: when its events were parked first, to within an hour."""
    parcel: str
    """Its name: the same keys parked again are the same parcel."""

    @property
    def place(self) -> Place:
        return Place(self.tenant, self.environment)

    @property
    def partitions(self) -> list[tuple[str, str]]:
        """The keys as the events table has them: partition and id."""
        split = (key.partition("#") for key in self.keys)
        return [(f"{self.tenant}#{self.environment}#{shard}", identifier) for shard, _, identifier in split]


def parcels_of(destination: Destination, keys: Iterable[str], parked_at: int) -> Iterator[BacklogBatch]:
    """Sorted and each once, so that the same keys make the same parcels."""
    every = sorted(set(keys))
    for start in range(0, len(every), KEYS_A_PARCEL):
        yield _parcel(destination, tuple(every[start : start + KEYS_A_PARCEL]), parked_at)


def merged(destination: Destination, parcels: Sequence[BacklogBatch]) -> list[BacklogBatch]:
    """Fewer parcels with the same keys: a failing stream's parcels pass by every few minutes, and small ones add up.

    Only those go together that were parked within the same hour, so that no event is given up early.
    """
    hours: dict[int, list[BacklogBatch]] = {}
    for parcel in parcels:
        hours.setdefault(parcel.parked_at // HOUR, []).append(parcel)
    found: list[BacklogBatch] = []
    for together in hours.values():
        keys = [key for parcel in together for key in parcel.keys]
        fewer = list(parcels_of(destination, keys, max(parcel.parked_at for parcel in together)))
        found += fewer if len(fewer) < len(together) else together
    return found


def _parcel(destination: Destination, keys: tuple[str, ...], parked_at: int) -> BacklogBatch:
    named = hashlib.sha256("\n".join((destination.subscription, *keys)).encode()).hexdigest()[:32]
    place = destination.place
    return BacklogBatch(place.tenant, place.environment, destination.subscription, keys, parked_at, named)


write = msgspec.json.Encoder().encode
read = msgspec.json.Decoder(BacklogBatch).decode
