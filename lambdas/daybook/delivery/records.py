"""Makes the records of a customer's stream from stored events."""

import hashlib
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from daybook.catalogue.profile import OWN_ACTIVITIES, profile
from daybook.delivery.destination import Destination, StreamChoice
from daybook.delivery.formats import FORMATS
from daybook.events.item import environment_of
from daybook.events.reader import Opened, content_of, people_of
from daybook.observability import logger
from daybook.tenant import EnvironmentKey

MAX_KEY = 256
"""The most bytes in a partition key. Kinesis's own limit is 256 characters."""

MAX_GUID = 36

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
        """The shard and the id. A parked row has it for each of its events."""
        return f"{self.partition.rpartition('#')[2]}#{self.id}"


class Record(NamedTuple):
    partition_key: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes as Kinesis counts them."""
        return len(self.data) + len(self.partition_key.encode())


class WantedEvent(NamedTuple):
    row: InsertedEvent
    content: dict[str, Any]
    people: Sequence[str]
    """The GUIDs of the people whose keys are needed to open it."""


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
        keys = self._keys_of(destination.environment, dict.fromkeys(guid for one in wanted for guid in one.people))
        aliases = profile(destination.profile).aliases
        write = FORMATS[destination.chosen.format]
        made: list[tuple[InsertedEvent, Record]] = []
        for row, content, _ in wanted:
            try:
                opened = Opened(content, keys)
                data = write(opened.native(aliases), opened.alias(aliases), aliases)
                made.append((row, Record(partition_key(row, content), data)))
            except Exception as error:  # noqa: BLE001  any error concerns this one event only
                broken.append(_reported(row, error))
        return WrittenRecords([row for row, _ in made], [record for _, record in made], broken)


def select(chosen: StreamChoice, rows: Sequence[InsertedEvent]) -> tuple[list[WantedEvent], list[InsertedEvent]]:
    """The rows that a destination asks for, and the rows that can't be read.

    Events that only operations may read are never sent to a customer. Daybook's own audit events are sent only to
    destinations that ask for them.
    """
    own = chosen.include_audit_log
    wanted: list[WantedEvent] = []
    broken: list[InsertedEvent] = []
    for row in rows:
        try:
            content = content_of(row.packed)
            if "visibility" not in content and (own or not content["activity"].startswith(OWN_ACTIVITIES)):
                wanted.append(WantedEvent(row, content, _people(content)))
        except Exception as error:  # noqa: BLE001  any error concerns this one event only
            broken.append(_reported(row, error))
    return wanted, broken


def _people(content: Mapping[str, Any]) -> list[str]:
    """Raises `ValueError` for what can't be a GUID: one read fetches the keys for all events."""
    guids = people_of(content)
    if not all(isinstance(guid, str) and len(guid) <= MAX_GUID for guid in guids):
        raise ValueError("a person without a GUID")
    return guids


def _reported(row: InsertedEvent, error: Exception) -> InsertedEvent:
    """Logs where the error was raised. Its text may hold what somebody sent."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    where = f"{frame.filename}:{frame.lineno}"
    logger.error("no record can be made", extra={"event": row.id, "error": type(error).__name__, "where": where})
    return row


def partition_key(row: InsertedEvent, content: Mapping[str, Any]) -> str:
    """The target if there is one, otherwise the person who acted. So one object's history stays in one shard.

    Actors that are no people, such as the system, act everywhere: one key for all of their events would fill a shard.
    Their events without a target are spread by id.

    The key takes the same form as in the indexes' keys: it names nobody, and it does not change when somebody is
    forgotten. For a target without an id, the key is the hash of the stored name.
    """
    target = content.get("target")
    if row.by_target is not None:
        key = row.by_target.removeprefix(f"{row.partition}#")
    elif target is not None and target.get("name"):
        key = f"{target['type']}#{_hashed(target['name'])}"
    elif "alias" in content["actor"]:
        key = row.id
    else:
        key = row.by_actor.removeprefix(f"{row.partition}#")
    return key if len(key.encode()) <= MAX_KEY else _hashed(key)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
