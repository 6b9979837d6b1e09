"""Records for a customer's stream, made of events as they are stored."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from daybook.catalogue.profile import OWN_ACTIVITIES, profile
from daybook.delivery.destination import Chosen, Destination, Place
from daybook.delivery.formats import FORMATS
from daybook.events.reader import Opened, Row, content_of, people_of
from daybook.tenant import Tenant

MAX_KEY = 256
"""Bytes of a partition key; as many characters are Kinesis's own limit."""

KeysOf = Callable[[Tenant, Iterable[str]], Mapping[str, bytes]]


class Inserted(NamedTuple):
    """An item of the events table, as far as publishing needs it."""

    partition: str
    id: str
    packed: bytes
    received_ms: int
    by_actor: str
    by_target: str | None

    @property
    def place(self) -> Place:
        tenant, environment, _ = self.partition.split("#")
        return Place(Tenant(tenant), environment)

    @property
    def key(self) -> str:
        """What a parcel holds of it: the shard and the id."""
        return f"{self.partition.rpartition('#')[2]}#{self.id}"


class Record(NamedTuple):
    partition_key: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes as Kinesis counts them."""
        return len(self.data) + len(self.partition_key.encode())


class Written(NamedTuple):
    """The rows that the destination asks for, each with its record; and those of which none could be made."""

    rows: Sequence[Inserted]
    records: Sequence[Record]
    broken: Sequence[Inserted]


class Records:
    def __init__(self, keys_of: KeysOf) -> None:
        self._keys_of = keys_of

    def of(self, destination: Destination, rows: Sequence[Inserted]) -> Written:
        """In the order of the rows. One that can't be read spoils no other."""
        wanted, broken = select(destination.chosen, rows)
        tenant = destination.place.tenant
        keys = self._keys_of(tenant, (guid for _, content in wanted for guid in people_of(content)))
        aliases = profile(destination.profile).aliases
        write = FORMATS[destination.chosen.format]
        made: list[tuple[Inserted, Record]] = []
        for row, content in wanted:
            try:
                native = Opened(content, keys).native(row.received_ms, aliases)
                made.append((row, Record(partition_key(row, content), write(native, aliases))))
            except Exception:  # noqa: BLE001  whatever is wrong with it is wrong with this one event
                broken.append(row)
        return Written([row for row, _ in made], [record for _, record in made], broken)


def select(chosen: Chosen, rows: Sequence[Inserted]) -> tuple[list[tuple[Inserted, dict[str, Any]]], list[Inserted]]:
    """The rows that a destination asks for with their contents, and the rows that can't be read.

    What only operations may read is no customer's; what Daybook records of itself goes where it is asked for.
    """
    wanted: list[tuple[Inserted, dict[str, Any]]] = []
    broken: list[Inserted] = []
    for row in rows:
        try:
            content = content_of(Row(row.id, row.packed, row.received_ms))
            own = content["activity"].startswith(OWN_ACTIVITIES)
        except Exception:  # noqa: BLE001  as above
            broken.append(row)
            continue
        if "visibility" not in content and (chosen.include_audit_log or not own):
            wanted.append((row, content))
    return wanted, broken


def partition_key(row: Inserted, content: Mapping[str, Any]) -> str:
    """The target where there is one, else the actor: one object's history stays in one shard, in order.

    As in the indexes' keys, so that it names nobody and stays when somebody is forgotten. A target without an id goes
    by its name as it is stored, hashed.
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
