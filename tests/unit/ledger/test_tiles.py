"""Tiles: which ones a tree has, what they hold, how their paths are written."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.ledger.merkle import EMPTY, Edge, Node, complete_subtrees, leaf_hash, tree_root
from daybook.ledger.tiles import ENTRIES, Tile, completed, parse_path, place_of, tiles_of, width_in
from tests.support.reckoned_tree import ReckonedTree

SIZES = (0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 70_000)
LEVELS = st.integers(-1, 63)


@cache
def reckoned() -> ReckonedTree:
    return ReckonedTree([number.to_bytes(3, "big") for number in range(max(SIZES))])


def specified(tile: Tile) -> list[bytes]:
    """The hashes as tlog-tiles writes them: MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])."""
    leaves = 256**tile.level
    starts = [(tile.index * 256 + i) * leaves for i in range(tile.width)]
    return [reckoned().mth(start, start + leaves) for start in starts]


@pytest.mark.parametrize("size", SIZES)
def test_the_tiles_of_a_tree_hold_what_the_standard_says(size: int) -> None:
    """Widths are floor(s / 256^l) mod 256 for partial tiles. The root of a full one is the hash above it."""
    tiles = [*tiles_of(size)]
    hashes = {(tile.level, tile.index): specified(tile) for tile in tiles}
    for level in range(4):
        widths = [tile.width for tile in tiles if tile.level == level]
        full, rest = divmod(size // 256**level, 256)
        assert widths == [256] * full + [rest] * (rest > 0)
        assert [tile.index for tile in tiles if tile.level == level] == [*range(len(widths))]
    for tile in tiles:
        assert width_in(tile, size) == tile.width
        if tile.width == 256:
            above = hashes[tile.level + 1, tile.index // 256]
            assert tree_root(hashes[tile.level, tile.index]) == above[tile.index % 256]
    assert max((tile.level for tile in tiles), default=-1) < 4


def test_the_example_of_the_standard() -> None:
    """70,000 entries: 273 full tiles and one of 112, one full tile and one of 17, and one of 1."""
    tiles = [*tiles_of(70_000)]
    assert len(tiles) == 273 + 1 + 1 + 1 + 1
    assert [tile for tile in tiles if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [*tiles_of(256)] == [Tile(0, 0), Tile(1, 0, 1)]


@pytest.mark.parametrize("size", SIZES)
def test_the_tiles_give_the_tree_back(size: int) -> None:
    """Every complete subtree of its edge is made of hashes that stand together in one tile of the tree."""
    served = {(tile.level, tile.index): specified(tile) for tile in tiles_of(size)}

    def read(node: Node) -> bytes:
        place = place_of(node)
        index, first = divmod(place.first, 256)
        return tree_root(served[place.level, index][first : first + place.count])

    nodes = complete_subtrees(0, size)
    edge = Edge(size, tuple(map(read, nodes)))
    assert edge.root == reckoned().mth(0, size)
    assert edge == EMPTY.extended(map(leaf_hash, reckoned().entries[:size]))


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_tiles_are_completed_once(one: int, other: int) -> None:
    """However the growth of a tree is cut, each full tile of it is completed in one part."""
    old, new = sorted((one, other))
    full = {tile for tile in tiles_of(new) if tile.width == 256}
    before, after = [*completed(0, old)], [*completed(old, new)]
    assert {*before} | {*after} == full
    assert len(before) + len(after) == len(full)
    assert [tile.level for tile in after] == sorted(tile.level for tile in after)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(0, 1_234_067), "0/x001/x234/067"),
        (Tile(63, 999, 1), "63/999.p/1"),
        (Tile(2, 1_000, 255), "2/x001/000.p/255"),
        (Tile(ENTRIES, 273, 112), "entries/273.p/112"),
    ],
)
def test_paths_are_written_as_the_standard_says(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@given(LEVELS, st.integers(0, 10**18), st.integers(1, 256))
def test_paths_come_back(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("", "0", "0/", "/0/000", "0/000/", "0/0", "0/00", "0/0000", "0/1234", "0/x001", "0/001/234", "0/x1/234"),
        *("00/000", "01/000", "64/000", "100/000", "-1/000", "+1/000", "٣/000", "0/٣٣٣", "entries", "Entries/000"),
        *("0/x000/001", "0/x000/x001/234", "0/X001/234", "0/000.p", "0/000.p/", "0/000.p/0", "0/000.p/01"),
        *("0/000.p/256", "0/000.p/1000", "0/000.p/-1", "0/000.p/1/", "0/000 ", " 0/000", "0/000\n", "0/000?x"),
        "0/" + "x001/" * 7 + "000",
    ],
)
def test_paths_that_are_written_otherwise_name_nothing(path: str) -> None:
    """Each tile has one address, so caches hold it once."""
    assert parse_path(path) is None


@given(st.integers(0, 10**7), LEVELS, st.integers(0, 10**5))
def test_a_tile_beyond_the_tree_is_empty(size: int, level: int, index: int) -> None:
    """What it holds counts whole subtrees, so a tile is never wider than the tree allows."""
    width = width_in(Tile(level, index), size)
    hashes = size // 256 ** max(level, 0)
    assert width == len(range(hashes)[index * 256 : (index + 1) * 256])
