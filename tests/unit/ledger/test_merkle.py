"""The Merkle tree, against published vectors and against RFC 6962's definitions."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.ledger.merkle import (
    EMPTY,
    EMPTY_ROOT,
    Edge,
    Node,
    complete_subtrees,
    consistency_path,
    inclusion_path,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.support.reckoned_tree import ReckonedTree

# The vectors of google/certificate-transparency, merkletree/merkle_tree_test.cc, which transparency-dev/merkle has too.
LEAVES = [
    bytes.fromhex(data)
    for data in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}

TREE = ReckonedTree([number.to_bytes(2, "big") for number in range(600)])
SIZES = st.integers(0, len(TREE.entries))


class Subtrees:
    """The complete subtrees of the first `size` leaves of a tree, and of nothing behind them."""

    def __init__(self, tree: ReckonedTree, size: int) -> None:
        self.tree, self.size, self.reads = tree, size, 0

    def __call__(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        self.reads += 1
        assert all(node.index + 1 << node.level <= self.size for node in nodes)
        return {node: self.tree.mth(node.index << node.level, node.index + 1 << node.level) for node in nodes}


def test_the_published_roots() -> None:
    hashes = [*map(leaf_hash, LEAVES)]
    assert [tree_root(hashes[:size]).hex() for size in range(9)] == ROOTS
    assert ROOTS[0] == EMPTY_ROOT.hex() == EMPTY.root.hex()


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_published_inclusion_paths(index: int, size: int) -> None:
    path = inclusion_path(index, size, Subtrees(ReckonedTree(LEAVES), size))
    assert [hash_.hex() for hash_ in path] == INCLUSION[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_published_consistency_paths(old: int, new: int) -> None:
    path = consistency_path(old, new, Subtrees(ReckonedTree(LEAVES), new))
    assert [hash_.hex() for hash_ in path] == CONSISTENCY[old, new]


@given(st.lists(st.integers(0, 200), max_size=6))
def test_an_edge_grows_into_the_same_tree_however_it_is_cut(parts: list[int]) -> None:
    """And comes back from its bytes after each part."""
    edge = EMPTY
    for part in parts:
        grown = min(edge.size + part, len(TREE.entries))
        edge = edge.extended(leaf_hash(entry) for entry in TREE.entries[edge.size : grown])
        edge = Edge.from_bytes(edge.size, edge.to_bytes())
        assert edge.size == grown
        assert edge.root == TREE.mth(0, grown)
        assert edge.nodes == Subtrees(TREE, grown)(complete_subtrees(0, grown))


@pytest.mark.parametrize(("size", "data"), [(0, bytes(32)), (3, bytes(32)), (4, bytes(64)), (3, bytes(65)), (-1, b"")])
def test_an_edge_of_another_size_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(ValueError):
        Edge.from_bytes(size, data)


@given(st.data())
def test_every_entry_is_proved(data: st.DataObject) -> None:
    """With the path of the definition, read at once, and from complete subtrees of that tree alone."""
    size = data.draw(st.integers(1, len(TREE.entries)))
    index = data.draw(st.integers(0, size - 1))
    read = Subtrees(TREE, size)
    path = inclusion_path(index, size, read)
    assert path == TREE.path(index, 0, size)
    assert read.reads == 1
    assert verify_inclusion(leaf_hash(TREE.entries[index]), index, size, path, TREE.mth(0, size))


@given(SIZES, SIZES)
def test_every_tree_is_proved_to_be_the_beginning_of_a_larger_one(one: int, other: int) -> None:
    old, new = sorted((one, other))
    path = consistency_path(old, new, Subtrees(TREE, new))
    assert path == (TREE.proof(old, 0, new) if old else [])
    assert verify_consistency(old, new, path, TREE.mth(0, old), TREE.mth(0, new))


@given(st.data())
def test_any_other_inclusion_is_refused(data: st.DataObject) -> None:
    """Another leaf, index, size, root or path. None raises."""
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    leaf, path, root = leaf_hash(TREE.entries[index]), TREE.path(index, 0, size), TREE.mth(0, size)
    others = data.draw(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=3))
    at = data.draw(st.integers(0, len(path)))
    assert not verify_inclusion(leaf_hash(b"another"), index, size, path, root)
    assert not verify_inclusion(leaf, index, size, path, others[0])
    assert not verify_inclusion(leaf, index, size, [*path[:at], *others, *path[at:]], root)
    assert not verify_inclusion(leaf, index, size, [*path[:at], *others, *path[at + 1 :]], root)
    if path:
        assert not verify_inclusion(leaf, index, size, path[:-1], root)
        assert not verify_inclusion(leaf, index, size, path[1:], root)
    for other in {-1, index - 1, index + 1, size, size + 1, 2**64} - {index}:
        assert not verify_inclusion(leaf, other, size, path, root)


@given(st.data())
def test_any_other_growth_is_refused(data: st.DataObject) -> None:
    """Another root or path. None raises."""
    new = data.draw(st.integers(2, 300))
    old = data.draw(st.integers(1, new - 1))
    path, old_root, new_root = TREE.proof(old, 0, new), TREE.mth(0, old), TREE.mth(0, new)
    others = data.draw(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=3))
    at = data.draw(st.integers(0, len(path)))
    assert not verify_consistency(old, new, path, others[0], new_root)
    assert not verify_consistency(old, new, path, old_root, others[0])
    assert not verify_consistency(old, new, [*path[:at], *others, *path[at:]], old_root, new_root)
    assert not verify_consistency(old, new, [*path[:at], *others, *path[at + 1 :]], old_root, new_root)
    assert not verify_consistency(old, new, path[:-1], old_root, new_root)
    assert not verify_consistency(old, new, path[1:], old_root, new_root)
    assert not verify_consistency(new, old, path, new_root, old_root)
    assert not verify_consistency(-1, new, path, old_root, new_root)
    assert not verify_consistency(old, old, path, old_root, old_root)
    assert not verify_consistency(old, old, [], old_root, new_root)
    assert not verify_consistency(0, new, [], old_root, new_root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_no_path_leads_to_an_entry_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError):
        inclusion_path(index, size, Subtrees(TREE, size))


def test_no_tree_is_the_beginning_of_a_smaller_one() -> None:
    with pytest.raises(ValueError):
        consistency_path(3, 2, Subtrees(TREE, 3))
