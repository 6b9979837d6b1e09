"""A log that is appended to, folded and signed by the pure code alone, over the tables that a test gives."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from daybook.aws.wiring import Tables, Wiring
from daybook.batching import batched
from daybook.clock import SECOND, parse_time
from daybook.events.canonical import leaf
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.ledger.checkpoints import Checkpoint
from daybook.ledger.entries import Entry, encode
from daybook.ledger.log import MAX_ENTRIES, Append
from daybook.ledger.logs import Log, LogKey, visibility_of
from daybook.ledger.merkle import EMPTY, leaf_hash, tree_root
from daybook.ledger.notes import VerifierKey, sign_note
from daybook.ledger.signing import PublishedKey, SignedCheckpoint
from daybook.ledger.tiles import HEIGHT, WIDTH, Tile, completed
from ledger.api_handler import operations
from tests.support.ledger import log_of
from tests.support.tenant_log import Reader, TenantLog

HEADS, TIMES = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2))
KEYS = (
    PublishedKey("heads", HEADS.public_key().public_bytes_raw(), None, 1),
    PublishedKey("times", TIMES.public_key().public_bytes_raw(), "daybook/times", 1),
)


class SealedLog:
    def __init__(
        self, wiring: Wiring, key: LogKey, seed: int = 1, previous: Log | None = None, log: Log | None = None
    ) -> None:
        self._wiring = wiring
        self.log = wiring.logs.begin(log or log_of(key, seed, previous))
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self._edge = EMPTY
        for published in KEYS:
            wiring.published_keys.publish(published)

    @property
    def size(self) -> int:
        return len(self.entries)

    @property
    def key(self) -> VerifierKey:
        return KEYS[0].verifies(self.log.origin)

    def append(self, entries: Iterable[Entry], at_once: int = MAX_ENTRIES) -> None:
        """And folds: writes the roots of the tiles that become complete."""
        old = self.size
        for some in batched(map(encode, entries), at_once):
            start = self.size
            self.entries += some
            self.leaves += map(leaf_hash, some)
            self._edge = self._edge.extended(self.leaves[start:])
            made = Append(start, b"".join(some), self._edge, self._edge.root, self._wiring.clock(), "nonce")
            assert self._wiring.appends.put(self.log, made, b"")
        self._wiring.tile_roots.put(self.log, dict(self._roots(old)))

    def _roots(self, old: int) -> Iterator[tuple[Tile, bytes]]:
        for tile in completed(old, self.size):
            leaves = WIDTH << HEIGHT * tile.level
            yield tile, tree_root(self.leaves[tile.index * leaves : (tile.index + 1) * leaves])

    def sign(self) -> SignedCheckpoint:
        at_s = self._wiring.clock() // SECOND
        text = Checkpoint(self.log.origin, self.size, self._edge.root).text
        heads, times = (published.verifies(self.log.origin) for published in KEYS)
        note = sign_note(text, [(heads, HEADS.sign, None), (times, TIMES.sign, at_s)])
        checkpoint = SignedCheckpoint(self.size, note, self._edge, at_s * SECOND)
        self._wiring.checkpoints.keep(self.log, checkpoint)
        return checkpoint


def stored_entries(dynamodb: Any, tables: Tables, key: LogKey) -> list[Entry]:
    """Of the events that are stored for a log, by id."""
    found = []
    for item in dynamodb.scan(TableName=tables.events)["Items"]:
        canonical = unpack(bytes(item["z"]["B"]))
        content = content_in(canonical)
        if item["pk"]["S"].startswith(f"{key.environment}#") and visibility_of(content) == key.visibility:
            found.append(entry_of(canonical))
    return sorted(found)


def entry_of(canonical: bytes) -> Entry:
    content = content_in(canonical)
    return Entry(content["id"], parse_time(content["received_at"]), leaf(canonical))


class LedgerReader(Reader):
    """Calls the function `ledger`. Nobody signs what it asks to be signed: it is listed."""

    def __init__(self, log: TenantLog, role: str = "auditor") -> None:
        self.asked: list[Log] = []
        super().__init__(log.wiring, log.tenant, role, lambda wiring: operations(wiring, self._ask))

    def _ask(self, log: Log, size: int) -> None:  # noqa: ARG002  of what it stands for
        self.asked.append(log)


def parts(text: str) -> tuple[int, list[bytes], str]:
    """Index, hashes and checkpoint of a c2sp.org/tlog-proof."""
    head, _, note = text.partition("\n\n")
    name, index, *hashes = head.split("\n")
    assert name == "c2sp.org/tlog-proof@v1"
    return int(index.removeprefix("index ")), [base64.b64decode(hash_, validate=True) for hash_ in hashes], note
