"""The events that wait for a failing stream: batches of event keys on a queue, without content or names."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from daybook.clock import HOUR
from daybook.delivery.destination import Destination
from daybook.events.item import partition
from daybook.tenant import EnvironmentKey

KEYS_A_BATCH = 500


class BacklogBatch(msgspec.Struct, frozen=True, rename={"name": "parcel"}):  # as in the messages already queued
    """Keys, `<shard>#<id>`, for one destination."""

    environment: EnvironmentKey
    subscription: str
    keys: tuple[str, ...]
    parked_at: int
    """When its events were first parked, in milliseconds, accurate to an hour."""
    name: str
    """The batch's name. Parking the same keys again gives the same name."""

    @property
    def partitions(self) -> list[tuple[str, str]]:
        """The keys in the events table's form: partition and id."""
        split = (key.partition("#") for key in self.keys)
        return [(partition(self.environment, int(shard)), identifier) for shard, _, identifier in split]


def batches_of(destination: Destination, keys: Iterable[str], parked_at: int) -> Iterator[BacklogBatch]:
    """The keys are sorted and made unique, so that the same keys make the same batches."""
    every = sorted(set(keys))
    for start in range(0, len(every), KEYS_A_BATCH):
        yield _batch(destination, tuple(every[start : start + KEYS_A_BATCH]), parked_at)


def merged(destination: Destination, batches: Sequence[BacklogBatch]) -> list[BacklogBatch]:
    """Fewer batches with the same keys. A failing stream's batches come back every few minutes, so small ones add up.

    Only batches that were parked within the same hour are merged, so that no event is given up early.
    """
    hours: dict[int, list[BacklogBatch]] = {}
    for batch in batches:
        hours.setdefault(batch.parked_at // HOUR, []).append(batch)
    found: list[BacklogBatch] = []
    for together in hours.values():
        keys = [key for batch in together for key in batch.keys]
        fewer = list(batches_of(destination, keys, max(batch.parked_at for batch in together)))
        found += fewer if len(fewer) < len(together) else together
    return found


def _batch(destination: Destination, keys: tuple[str, ...], parked_at: int) -> BacklogBatch:
    named = hashlib.sha256("\n".join((destination.subscription, *keys)).encode()).hexdigest()[:32]
    return BacklogBatch(destination.environment, destination.subscription, keys, parked_at, named)


write = msgspec.json.Encoder().encode
read = msgspec.json.Decoder(BacklogBatch).decode
