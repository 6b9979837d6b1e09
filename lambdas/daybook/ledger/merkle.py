"""The Merkle tree of RFC 6962, section 2.1, with SHA-256.

Only complete subtrees have hashes that stay: those over 2^level leaves, from a multiple of 2^level on. Every other hash
(the root of most trees, the right end of most paths) is made of those.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

_LEAF = b"\x00"
_NODE = b"\x01"


@dataclass(frozen=True, slots=True)
class Node:
    """A complete subtree: the leaves from `index << level` up to `(index + 1) << level`. Level 0 is a leaf."""

    level: int
    index: int


Hashes = Callable[[Sequence[Node]], Mapping[Node, bytes]]
"""Reads the hashes of complete subtrees, all of a path's at once, so that a store can answer in few calls."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: the roots of the complete subtrees that it is made of, the largest one first.

    The edge gives the root, and the edge of any tree that grew out of this one.
    """

    size: int
    hashes: tuple[bytes, ...]

    def extended(self, leaf_hashes: Iterable[bytes]) -> "Edge":
        """The edge after these leaves were appended. At most two hashes a leaf."""
        size, hashes = self.size, [*self.hashes]
        for leaf in leaf_hashes:
            root, full = leaf, size
            while full & 1:
                root = node_hash(hashes.pop(), root)
                full >>= 1
            hashes.append(root)
            size += 1
        return Edge(size, tuple(hashes))

    @property
    def root(self) -> bytes:
        return _joined(self.hashes) if self.hashes else EMPTY_ROOT

    @property
    def nodes(self) -> dict[Node, bytes]:
        return dict(zip(complete_subtrees(0, self.size), self.hashes, strict=True))

    def to_bytes(self) -> bytes:
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Edge":
        """Raises `ValueError` if the edge of that size has another length."""
        if size < 0 or len(data) != size.bit_count() * HASH_BYTES:
            raise ValueError("an edge of another size")
        return cls(size, tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))


EMPTY = Edge(0, ())


def tree_root(leaf_hashes: Iterable[bytes]) -> bytes:
    """MTH of the leaves with these hashes. Of 256 hashes of a tile it is the tile's root."""
    return EMPTY.extended(leaf_hashes).root


def complete_subtrees(start: int, stop: int) -> list[Node]:
    """What the hash of the leaves from `start` to `stop` is made of, from the left.

    `start` has to be one where RFC 6962 begins a subtree of this size: a multiple of a power of two not below it.
    """
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def inclusion_path(index: int, size: int, read: Hashes) -> list[bytes]:
    """PATH(index, D[size]) of section 2.1.1: from the leaf's sibling up to the root's child.

    Raises `ValueError` for an index that is not in the tree.
    """
    if not 0 <= index < size:
        raise ValueError("no such entry in this tree")
    return _hashes([*_siblings(index, size)][::-1], read)


def consistency_path(old: int, new: int, read: Hashes) -> list[bytes]:
    """PROOF(old, D[new]) of section 2.1.2; nothing for an empty old tree. Raises `ValueError` if `old` is larger."""
    if not 0 <= old <= new:
        raise ValueError("the old tree is larger than the new one")
    return _hashes([*_growth(old, new)][::-1], read) if old else []


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with this hash is entry `index` of the tree of that size and root. RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, made = index, size - 1, leaf
    for hash_ in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            made = node_hash(hash_, made)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            made = node_hash(made, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of size `old` and that root is the beginning of the new one. RFC 9162, section 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not path and old_root == (new_root if old else EMPTY_ROOT)
    whole = old & (old - 1) == 0  # one complete subtree, whose hash is the old root
    first, *rest = [old_root, *path] if whole else path or [b""]
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    made_old = made_new = first
    for hash_ in rest:
        if last == 0:
            return False
        if at & 1 or at == last:
            made_old, made_new = node_hash(hash_, made_old), node_hash(hash_, made_new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            made_new = node_hash(made_new, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and made_old == old_root and made_new == new_root


def _siblings(index: int, size: int) -> Iterator[tuple[int, int]]:
    """The leaves below each hash of an inclusion path, from the root down."""
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _left(stop - start)
        if index < middle:
            yield middle, stop
            stop = middle
        else:
            yield start, middle
            start = middle


def _growth(old: int, new: int) -> Iterator[tuple[int, int]]:
    """The leaves below each hash of a consistency path, from the root down."""
    start, stop = 0, new
    while old != stop:
        middle = start + _left(stop - start)
        if old <= middle:
            yield middle, stop
            stop = middle
        else:
            yield start, middle
            start = middle
    if start:
        yield start, stop


def _left(leaves: int) -> int:
    """The largest power of two below the number of leaves: so many are in the left subtree."""
    return 1 << (leaves - 1).bit_length() - 1


def _hashes(ranges: Sequence[tuple[int, int]], read: Hashes) -> list[bytes]:
    parts = [complete_subtrees(start, stop) for start, stop in ranges]
    known = read([node for nodes in parts for node in nodes])
    return [_joined([known[node] for node in nodes]) for nodes in parts]


def _joined(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that stand one beside the other, the largest one first."""
    *left, root = hashes
    for hash_ in reversed(left):
        root = node_hash(hash_, root)
    return root
