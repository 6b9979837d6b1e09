"""Reads the hashes of a log's tree in few calls: an edge, the roots of complete tiles, and the entries of one tile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from daybook.ledger.entries import encode
from daybook.ledger.log import Appends
from daybook.ledger.logs import Log
from daybook.ledger.merkle import Edge, Node, leaf_hash, tree_root
from daybook.ledger.tiles import WIDTH, Place, Tile, place_of


class TileRoots(Protocol):
    """The roots of complete tiles, which the fold writes. They never change. Calls raise `Throttled`."""

    def read(self, log: Log, level: int, first: int, count: int) -> Sequence[bytes]:
        """Those of `count` tiles of a level, from the `first` on. Fewer if the fold has not written all of them."""

    def put(self, log: Log, roots: Mapping[Tile, bytes]) -> None:
        """Durable on return. What is there stays."""


class NotFolded(Exception):  # noqa: N818  a fact, not a failure
    """The fold has not written these hashes yet. A checkpoint's own tree is always folded."""


@dataclass(frozen=True)
class Tree:
    """The tree of one log, as far as the fold goes."""

    log: Log
    appends: Appends
    roots: TileRoots

    def hashes(self, place: Place) -> Sequence[bytes]:
        """Hashes of one tile, one behind the other. Raises `NotFolded`."""
        if place.level == 0:
            entries = self.appends.read(self.log, place.first, place.first + place.count)
            found = [leaf_hash(encode(entry)) for _, entry in entries]
        else:
            found = [*self.roots.read(self.log, place.level - 1, place.first, place.count)]
        if len(found) != place.count:
            raise NotFolded
        return found

    def beside(self, edge: Edge, nodes: Iterable[Node]) -> dict[Node, bytes]:
        """The hashes of complete subtrees, as `merkle.Hashes` reads them: each tile once, and what the edge has never.

        `edge` is that of a tree which has all of them. Raises `NotFolded`.
        """
        known = edge.nodes
        wanted = {node: place_of(node) for node in nodes if node not in known}
        for covering in _covering(wanted.values()):
            read = self.hashes(covering)
            for node, place in wanted.items():
                if place.level == covering.level and 0 <= place.first - covering.first < covering.count:
                    start = place.first - covering.first
                    known[node] = tree_root(read[start : start + place.count])
        return known


def _covering(places: Iterable[Place]) -> Iterator[Place]:
    """One place for all those within a tile."""
    tiles: dict[tuple[int, int], list[Place]] = {}
    for place in places:
        tiles.setdefault((place.level, place.first // WIDTH), []).append(place)
    for (level, _), some in tiles.items():
        first = min(place.first for place in some)
        yield Place(level, first, max(place.first + place.count for place in some) - first)
