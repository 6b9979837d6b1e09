"""Events as they were stored when the format was defined. No later change may alter a byte of them unnoticed.

Each file in `fixed/` has an event as sent and what is stored of it with the keys below. If a test fails here, proofs
and retries of stored events would fail too. The format never changes in place: a change adds a new version beside the
old one. Packed bytes may differ between builds of zlib, but the packed bytes in the files must open for ever.
"""

import hashlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daybook.clock import parse_time
from daybook.events.canonical import leaf
from daybook.events.decoding import decode_events
from daybook.events.item import StoredEvent
from daybook.events.packing import unpack
from daybook.http.caller import Caller
from ingest.handler import ingest_over
from tests.support.ingest import settings
from tests.support.memory_stores import MemoryEvents, memory_wiring

FIXED = sorted(Path(__file__).with_name("fixed").glob("*.json"))
SECRET = b"the secret of the fixed examples"


def numbered_bytes() -> Callable[[int], bytes]:
    """The nth answer depends only on n. It gives people's GUIDs and keys, and ids that the sender left out."""
    numbers = itertools.count()
    return lambda length: hashlib.shake_256(b"%d" % next(numbers)).digest(length)


def stored(example: dict[str, Any]) -> StoredEvent:
    events, chance = MemoryEvents(), numbered_bytes()
    now_ms = parse_time(example["received_at"])
    ingest = ingest_over(memory_wiring(SECRET, lambda: now_ms, chance, events=events))
    caller = Caller("producer", "acme", "*", "k", "")
    sent = decode_events(json.dumps(example["sent"]).encode())
    (result,) = ingest.store(settings(example["profile"]), caller, sent, lambda: 10.0)
    assert result.status == "stored", result
    (event,) = events.events.values()
    return event


def as_file(event: StoredEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "canonical": unpack(event.packed).decode(),
        "leaf": event.leaf.hex(),
        "fingerprint": None if event.fingerprint is None else event.fingerprint.hex(),
        "expires_at": event.expires_at,
        "keys": {
            "pk": event.partition,
            "by_actor": event.by_actor,
            "by_activity": event.by_activity,
            "by_target": event.by_target,
            "by_within": event.by_within,
        },
    }


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_it_is_stored_as_it_was(path: Path) -> None:
    """The comparison covers id, canonical bytes, leaf, fingerprint, expiry and every key."""
    example = json.loads(path.read_text("utf-8"))
    assert as_file(stored(example)) == example["stored"]


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path.stem)
def test_what_was_packed_then_opens_now(path: Path) -> None:
    """It gives the same bytes and leaf."""
    example = json.loads(path.read_text("utf-8"))
    encoded = unpack(bytes.fromhex(example["packed"]))
    assert encoded == example["stored"]["canonical"].encode()
    assert leaf(encoded).hex() == example["stored"]["leaf"]


def test_there_are_fixed_events() -> None:
    """A glob that finds nothing would prove nothing."""
    assert len(FIXED) >= 6
