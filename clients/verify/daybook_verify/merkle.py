"""The Merkle tree of RFC 6962, section 2.1, with SHA-256."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Self

from daybook_verify.errors import NotGenuine

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Edge:
    """A tree of which only the complete subtrees of its right edge are known, the largest first. It can grow."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size, self.hashes = size, [*hashes]
        if len(self.hashes) != size.bit_count() or any(len(each) != HASH_BYTES for each in self.hashes):
            raise NotGenuine(f"the edge has not the hashes of a tree of {size} entries")

    def append(self, leaf: bytes) -> None:
        """`leaf`: the leaf hash of the next entry."""
        merged, size = leaf, self.size
        while size & 1:
            merged = node_hash(self.hashes.pop(), merged)
            size >>= 1
        self.hashes.append(merged)
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        *rest, root = self.hashes
        for each in reversed(rest):
            root = node_hash(each, root)
        return root

    def copy(self) -> Self:
        return type(self)(self.size, self.hashes)


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion path leads to (RFC 9162, section 2.1.3.2). NotGenuine where its length is wrong."""
    if not 0 <= index < size:
        raise NotGenuine(f"the log of {size} entries has no entry {index}")
    node, last, root, rest = index, size - 1, leaf, [*path]
    while last > 0:
        if node & 1 or node < last:
            if not rest:
                raise NotGenuine("the inclusion path is too short")
            sibling = rest.pop(0)
            root = node_hash(sibling, root) if node & 1 else node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    if rest:
        raise NotGenuine("the inclusion path is too long")
    return root
