"""Logs, entries and appends as tests make them."""

import hashlib
from collections.abc import Sequence

from daybook.ledger import delta
from daybook.ledger.delta import Counted
from daybook.ledger.entries import Entry, encode
from daybook.ledger.log import Append, Head, Stored
from daybook.ledger.logs import Log, LogKey, Visibility, new_log
from daybook.ledger.merkle import leaf_hash
from daybook.tenant import TenantCode, environment_key
from tests.support.wiring import seeded_bytes

RECEIVED = 1_764_000_000_000


def log_key(code: str = "ABC123", number: int = 1, visibility: Visibility = "all") -> LogKey:
    return LogKey(environment_key(TenantCode(code), number), visibility)


def log_of(key: LogKey | None = None, seed: int = 1, previous: Log | None = None) -> Log:
    return new_log(key or log_key(), "daybook", RECEIVED, seeded_bytes(seed), previous)


def stored(number: int, received_ms: int = RECEIVED) -> Stored:
    """The same event for the same number."""
    identifier = f"{number:036}"
    leaf = hashlib.sha256(identifier.encode()).digest()
    counted = Counted(0, "document.updated", "Documents", "Document", "success", f"actor-{number % 3}", "user")
    return Stored(Entry(identifier, received_ms, leaf), counted)


def append_of(head: Head, events: Sequence[Stored], at_ms: int = RECEIVED, nonce: str = "n") -> Append:
    """What comes behind this head."""
    entries = [encode(each.entry) for each in events]
    edge = head.edge.extended(map(leaf_hash, entries))
    return Append(head.size, b"".join(entries), edge, edge.root, at_ms, nonce)


def delta_of(events: Sequence[Stored]) -> bytes:
    return delta.write([each.counted for each in events])
