"""What became of the events that a log's entries are of: found as they were sealed, gone, or missing."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from daybook.clock import format_time
from daybook.events.canonical import decode, leaf
from daybook.events.item import partition_of
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.events.store import Key
from daybook.ids import occurred_ms
from daybook.ledger.entries import Entry
from daybook.ledger.tampering import Times, may_be_gone
from daybook.observability import EVENTS_MISSING, TAMPER_FOUND, logger
from daybook.tenants.settings import TenantSettings

EXPIRED: Literal["expired"] = "expired"


class Events(Protocol):
    def packed(self, keys: Sequence[Key], *, consistent: bool) -> Mapping[Key, bytes]:
        """The packed contents of the events that are found. Raises `Throttled`."""


class Sealed(NamedTuple):
    """One entry, and its event where it is there."""

    place: int
    """The entry's index."""
    entry: Entry
    content: dict[str, Any] | None
    size: int
    """Bytes of the content, unpacked."""
    gone: Literal["expired"] | None = None
    """Why it is not there. Neither content nor this: nothing explains it."""


class SealedReader:
    """Reads the events of one environment's entries."""

    def __init__(
        self,
        events: Events,
        settings: TenantSettings,
        environment: str,
        now_ms: int,
        count: Callable[[str, int], None],
    ) -> None:
        self._events = events
        self._settings = settings
        self._environment = environment
        self._now_ms = now_ms
        self._edge_ms = settings.retention_edge(now_ms)
        self._count = count

    def read(self, entries: Sequence[tuple[int, Entry]]) -> list[Sealed]:
        """In the order of the entries. What is past retention is not read, and counts as gone.

        Raises `Throttled`, and `UnknownFormat` for an event that a newer release wrote.
        """
        kept = [(index, entry) for index, entry in entries if occurred_ms(entry.id) >= self._edge_ms]
        found = self._genuine(kept, consistent=False)
        absent = [(index, entry) for index, entry in kept if index not in found]
        if absent:
            found |= self._genuine(absent, consistent=True)
        return [found.get(index) or self._without(index, entry) for index, entry in entries]

    def _genuine(self, entries: Sequence[tuple[int, Entry]], *, consistent: bool) -> dict[int, Sealed]:
        """The events whose bytes are those that the ledger has sealed."""
        keys = {index: self._key(entry) for index, entry in entries}
        packed = self._events.packed(list(dict.fromkeys(keys.values())), consistent=consistent)
        found: dict[int, Sealed] = {}
        for index, entry in entries:
            stored = packed.get(keys[index])
            encoded = None if stored is None else _unpacked(stored)
            if encoded is not None and leaf(encoded) == entry.leaf:
                found[index] = Sealed(index, entry, content_in(encoded), len(encoded))
            elif stored is not None and consistent and not _is_of_another_storing(encoded, entry):
                self._count(TAMPER_FOUND, 1)
                logger.error("an event is not as it was sealed", extra={"event": entry.id})
        return found

    def _key(self, entry: Entry) -> Key:
        return partition_of(self._settings, self._environment, entry.id, occurred_ms(entry.id)), entry.id

    def _without(self, index: int, entry: Entry) -> Sealed:
        times = Times(occurred_ms(entry.id), entry.received_ms)
        if times.occurred_ms < self._edge_ms or may_be_gone(self._settings, times, self._now_ms):
            return Sealed(index, entry, None, 0, EXPIRED)
        self._count(EVENTS_MISSING, 1)
        about = {"environment": self._settings.environment_key(self._environment), "event": entry.id}
        logger.error("an event is missing", extra={**about, "received_at": format_time(entry.received_ms)})
        return Sealed(index, entry, None, 0)


def _unpacked(packed: bytes) -> bytes | None:
    """None for bytes that nothing was packed to."""
    try:
        return unpack(packed)
    except zlib.error:
        return None


def _is_of_another_storing(encoded: bytes | None, entry: Entry) -> bool:
    """Whether the event expired and was sent again. That storing has an entry of its own."""
    try:
        return encoded is not None and bool(decode(encoded)["received_at"] != format_time(entry.received_ms))
    except (msgspec.DecodeError, KeyError, TypeError):
        return False
