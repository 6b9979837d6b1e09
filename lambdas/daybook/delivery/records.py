"""Makes the records of a customer's stream from stored events."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from daybook.catalogue.profile import OWN_ACTIVITIES, profile
from daybook.delivery.destination import Destination, StreamChoice
from daybook.delivery.formats import FORMATS
from daybook.events.item import environment_of
from daybook.events.reader import Opened, content_of, people_of
from daybook.tenant import EnvironmentKey

MAX_KEY = 256
"""The most bytes in a partition key. Kinesis's own limit is 256 characters."""

KeysOf = Callable[[EnvironmentKey, Iterable[str]], Mapping[str, bytes]]


class InsertedEvent(NamedTuple):
    """The parts of an item of the events table that delivery needs."""

    partition: str
    id: str
    packed: bytes
    by_actor: str
    by_target: str | None

    @property
    def environment(self) -> EnvironmentKey:
        return environment_of(self.partition)

    @property
    def key(self) -> str:
        """The shard and the id. A batch of the backlog stores this for each event."""
        return f"{self.partition.rpartition('#')[2]}#{self.id}"


class Record(NamedTuple):
    partition_key: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes as Kinesis counts them."""
        return len(self.data) + len(self.partition_key.encode())


class WrittenRecords(NamedTuple):
    """The rows that the destination asks for with one record each, and the rows from which no record can be made."""

    rows: Sequence[InsertedEvent]
    records: Sequence[Record]
    broken: Sequence[InsertedEvent]


class Records:
    def __init__(self, keys_of: KeysOf) -> None:
        self._keys_of = keys_of

    def of(self, destination: Destination, rows: Sequence[InsertedEvent]) -> WrittenRecords:
        """The records come in the order of the rows. A row that can't be read does not affect the others."""
        wanted, broken = select(destination.chosen, rows)
        environment = destination.environment
        keys = self._keys_of(environment, (guid for _, content in wanted for guid in people_of(content)))
        aliases = profile(destination.profile).aliases
        write = FORMATS[destination.chosen.format]
        made: list[tuple[InsertedEvent, Record]] = []
        for row, content in wanted:
            try:
                opened = Opened(content, keys)
                data = write(opened.native(aliases), opened.alias, aliases)
                made.append((row, Record(partition_key(row, content), data)))
            except Exception:  # noqa: BLE001  any error concerns this one event only
                broken.append(row)
        return WrittenRecords([row for row, _ in made], [record for _, record in made], broken)


def select(
    chosen: StreamChoice, rows: Sequence[InsertedEvent]
) -> tuple[list[tuple[InsertedEvent, dict[str, Any]]], list[InsertedEvent]]:
    """The rows that a destination asks for with their contents, and the rows that can't be read.

    Events that only operations may read are never sent to a customer. Daybook's own audit events are sent only to
    destinations that ask for them.
    """
    wanted: list[tuple[InsertedEvent, dict[str, Any]]] = []
    broken: list[InsertedEvent] = []
    for row in rows:
        try:
            content = content_of(row.packed)
            own = content["activity"].startswith(OWN_ACTIVITIES)
        except Exception:  # noqa: BLE001  any error concerns this one event only
            broken.append(row)
            continue
        if "visibility" not in content and (chosen.include_audit_log or not own):
            wanted.append((row, content))
    return wanted, broken


def partition_key(row: InsertedEvent, content: Mapping[str, Any]) -> str:
    """The target if there is one, otherwise the actor. So one object's history stays in one shard, in order.

    The key takes the same form as in the indexes' keys: it names nobody, and it does not change when somebody is
    forgotten. For a target without an id, the key is the hash of the stored name.
    """
    target = content.get("target")
    if row.by_target is not None:
        key = row.by_target.removeprefix(f"{row.partition}#")
    elif target is not None and target.get("name"):
        key = f"{target['type']}#{_hashed(target['name'])}"
    else:
        key = row.by_actor.removeprefix(f"{row.partition}#")
    return key if len(key.encode()) <= MAX_KEY else _hashed(key)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
