"""The tree, against published vectors and against RFC 6962's own definition."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook_verify.errors import NotGenuine
from daybook_verify.merkle import EMPTY_ROOT, Edge, leaf_hash, root_of_path
from tests.support.page_verifier import agree_on
from tests.unit.ledger.test_merkle import LEAVES, ROOTS
from tests.verify import made_log
from tests.verify.made_log import b64


def entries(size: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(size)]


def grown(leaves: list[bytes]) -> Edge:
    edge = Edge()
    for each in leaves:
        edge.append(leaf_hash(each))
    return edge


def test_published_roots() -> None:
    """Those of Certificate Transparency's first log server."""
    assert [grown(LEAVES[:size]).root.hex() for size in range(len(LEAVES) + 1)] == ROOTS
    assert Edge().root == EMPTY_ROOT


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_tree_grows_from_any_edge(first: int, more: int) -> None:
    """The edge and what comes behind it give the root of the whole."""
    whole = entries(first + more)
    edge = Edge(first, made_log.edge(whole[:first]))
    assert edge.root == made_log.root(whole[:first])
    agree_on("root", lambda: page_tree(whole), size=first, hashes=edge.hashes, leaves=whole[first:])
    for each in whole[first:]:
        edge.append(leaf_hash(each))
    assert (edge.size, edge.root, edge.hashes) == (len(whole), made_log.root(whole), made_log.edge(whole))


def page_tree(whole: list[bytes]) -> list[Any]:
    """As the page's verifier answers it."""
    return [len(whole), b64(made_log.root(whole)), [b64(each) for each in made_log.edge(whole)]]


@given(st.integers(1, 300), st.data())
def test_an_inclusion_path_leads_to_the_root(size: int, data: st.DataObject) -> None:
    """And any other index, size or hash leads elsewhere."""
    index = data.draw(st.integers(0, size - 1))
    whole = entries(size)
    path, root, leaf = made_log.path(whole, index), made_log.root(whole), leaf_hash(whole[index])
    assert leads(leaf, index, size, path, root)
    other = data.draw(st.integers(0, size + 5))
    if other != index:
        assert not leads(leaf, other, size, path, root)
    assert not leads(leaf, index, size, [*path, bytes(32)], root)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not leads(leaf, index, size, path[:at] + path[at + 1 :], root)
        assert not leads(leaf, index, size, [*path[:at], bytes(32), *path[at + 1 :]], root)


def leads(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    given = {"leaf": leaf, "index": index, "size": size, "path": path}
    try:
        return bool(agree_on("path", lambda: b64(root_of_path(leaf, index, size, path)), **given) == b64(root))
    except NotGenuine:
        return False


@pytest.mark.parametrize(("size", "hashes"), [(0, 1), (1, 0), (3, 1), (255, 7), (256, 2), (1 << 62, 62)])
def test_an_edge_has_a_hash_for_each_bit_of_its_size(size: int, hashes: int) -> None:
    """No more, no less."""
    with pytest.raises(NotGenuine):
        Edge(size, [bytes(32)] * hashes)
    with pytest.raises(NotGenuine):
        Edge(1, [bytes(31)])
