"""Entries of a log: 0x01, an event's id, when Daybook received it, and the hash of what it says."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybook_verify.errors import NotGenuine
from daybook_verify.strict import milliseconds

ENTRY_BYTES = 75
EVENT = 0x01
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID = re.compile(f"[{_ALPHABET}]{{36}}")
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_TIME_LETTERS = 10


@dataclass(frozen=True)
class Entry:
    """An event in the log."""

    id: str
    received_ms: int
    leaf: bytes

    @property
    def occurred_ms(self) -> int:
        return occurred_ms(self.id)


def parse(data: bytes) -> Entry | None:
    """None for another kind of entry, which a newer Daybook may write. NotGenuine for a malformed one."""
    if not data:
        raise NotGenuine("an entry of the log is empty")
    if data[0] != EVENT:
        return None
    identifier = data[1:37].decode("ascii", "replace")
    if len(data) != ENTRY_BYTES or not _ID.fullmatch(identifier):
        raise NotGenuine("an entry of the log is malformed")
    return Entry(identifier, int.from_bytes(data[37:43], "big"), data[43:])


def occurred_ms(identifier: str) -> int:
    """The time in an id, in milliseconds since 1970."""
    value = 0
    for letter in identifier[:_TIME_LETTERS]:
        value = value << 5 | _VALUES[letter]
    return value


def leaf(canonical: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + canonical).digest()


def of_event(content: Mapping[str, Any], canonical: bytes) -> bytes:
    """The entry that an event must have. NotGenuine where its own times contradict each other."""
    identifier: str = content["id"]
    if not _ID.fullmatch(identifier):
        raise NotGenuine(f"the event has no id of Daybook's: {identifier!r}")
    if occurred_ms(identifier) != milliseconds(content["occurred_at"], "occurred_at"):
        raise NotGenuine(f"event {identifier}: its id and occurred_at are different times")
    received = milliseconds(content["received_at"], "received_at")
    if not 0 <= received < 1 << 48:
        raise NotGenuine(f"event {identifier}: received_at is out of range")
    return bytes([EVENT]) + identifier.encode() + received.to_bytes(6, "big") + leaf(canonical)
