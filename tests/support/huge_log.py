"""A log of ten million entries, made of hashes alone but for the entries that a proof reads.

Of most tiles nobody knows the entries, only the root: the tree is one of RFC 6962 all the same.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property

from daybook.aws.wiring import Wiring
from daybook.clock import SECOND
from daybook.ledger.checkpoints import Checkpoint
from daybook.ledger.entries import Entry, encode
from daybook.ledger.log import MAX_ENTRIES, Append
from daybook.ledger.logs import LogKey
from daybook.ledger.merkle import HASH_BYTES, Edge, Node, complete_subtrees, leaf_hash, tree_root
from daybook.ledger.notes import sign_note
from daybook.ledger.signing import SignedCheckpoint
from daybook.ledger.tiles import WIDTH, Tile, place_of
from tests.support.ledger import log_of
from tests.support.sealed_log import HEADS, KEYS

SIZE = 10_000_000
LEVELS = 3
"""256^3 are 16.7 million."""


class HugeLog:
    def __init__(self, wiring: Wiring, key: LogKey, events: dict[int, Entry], at_once: int = MAX_ENTRIES) -> None:
        """`events` stand at these indices. Around them there are appends of `at_once` entries."""
        self._wiring = wiring
        self._events = events
        self.log = wiring.logs.begin(log_of(key))
        tiles = {index // WIDTH for index in events} | {SIZE // WIDTH}
        self._known = {tile: tree_root(map(leaf_hash, map(self.entry, self._span(tile)))) for tile in tiles}
        for start in sorted({index // at_once * at_once for tile in tiles for index in self._span(tile)}):
            self._append(start, min(start + at_once, SIZE))
        for published in KEYS:
            wiring.published_keys.publish(published)
        for level in range(LEVELS - 1):
            whole = {index // WIDTH ** (level + 2) for index in events}
            self._put(level, whole)
        self.edge = Edge(SIZE, tuple(map(self._subtree, complete_subtrees(0, SIZE))))
        at_s = wiring.clock() // SECOND
        signer = KEYS[0].verifies(self.log.origin)
        note = sign_note(Checkpoint(self.log.origin, SIZE, self.edge.root).text, [(signer, HEADS.sign, None)])
        wiring.checkpoints.keep(self.log, SignedCheckpoint(SIZE, note, self.edge, at_s * SECOND))

    def entry(self, index: int) -> bytes:
        """Ten are received in ten seconds."""
        received_ms = self._wiring.clock() + index % MAX_ENTRIES * SECOND
        return encode(self._events.get(index) or Entry(f"{index:036}", received_ms, bytes(HASH_BYTES)))

    @cached_property
    def _levels(self) -> list[Sequence[bytes]]:
        """The hashes of each level above the entries: the roots of the tiles below it."""
        roots = [self._known.get(tile) or hashlib.sha256(str(tile).encode()).digest() for tile in range(SIZE // WIDTH)]
        levels: list[Sequence[bytes]] = [roots]
        while len(levels[-1]) >= WIDTH:
            below = levels[-1]
            levels.append([tree_root(below[at : at + WIDTH]) for at in range(0, len(below) // WIDTH * WIDTH, WIDTH)])
        return levels

    def _span(self, tile: int) -> range:
        return range(tile * WIDTH, min((tile + 1) * WIDTH, SIZE))

    def _append(self, start: int, stop: int) -> None:
        """Its edge and root are those of nothing: a proof does not read them."""
        entries = b"".join(map(self.entry, range(start, stop)))
        edge = Edge(stop, (bytes(HASH_BYTES),) * stop.bit_count())
        append = Append(start, entries, edge, edge.root, self._wiring.clock(), "nonce")
        assert self._wiring.appends.put(self.log, append, b"")

    def _put(self, level: int, above: set[int]) -> None:
        """The roots of the tiles that stand in these tiles of the level above."""
        self._wiring.tile_roots.put(self.log, dict(self._roots(level, above)))

    def _roots(self, level: int, above: set[int]) -> Iterator[tuple[Tile, bytes]]:
        for tile in sorted(above):
            for index in range(tile * WIDTH, min((tile + 1) * WIDTH, len(self._levels[level]))):
                yield Tile(level, index), self._levels[level][index]

    def _subtree(self, node: Node) -> bytes:
        place = place_of(node)
        if place.level == 0:
            return tree_root(leaf_hash(self.entry(index)) for index in range(place.first, place.first + place.count))
        return tree_root(self._levels[place.level - 1][place.first : place.first + place.count])
