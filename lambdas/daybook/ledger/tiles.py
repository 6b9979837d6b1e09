"""The tiles in which a tree is served, and their paths: https://c2sp.org/tlog-tiles.

A tile of level L holds 256 hashes, each of them the hash of 256^L entries. A bundle holds 256 entries themselves.
The last tile of a level may be partial.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from daybook.ledger.merkle import Node

WIDTH = 256
HEIGHT = 8
"""A tile is a subtree of this height: 2^8 = 256."""

ENTRIES = -1
"""The level of a bundle of entries, which stands under the tile of level 0 with the same index."""

PATH = re.compile(r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile or a bundle. Its width is 256, or less for a partial one."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Behind a log's prefix and `tile/`. The index stands in elements of three digits: `x001/x234/067`."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        elements = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        elements[:-1] = [f"x{element}" for element in elements[:-1]]
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{level}/{'/'.join(elements)}{partial}"

    @property
    def first(self) -> int:
        """The place of its first hash, or entry, among those of its level."""
        return self.index * WIDTH


def parse_path(path: str) -> Tile | None:
    """The tile that the path behind `tile/` names. None for a path that the standard writes otherwise."""
    match = PATH.fullmatch(path)
    if match is None:
        return None
    level, index, width = match.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(index.replace("x", "").replace("/", "")),
        int(width or WIDTH),
    )
    return tile if tile.path == path else None


def width_in(tile: Tile, size: int) -> int:
    """How many hashes, or entries, of this tile a tree of that size has: 0 to 256."""
    return min(max((size >> HEIGHT * max(tile.level, 0)) - tile.first, 0), WIDTH)


def tiles_of(size: int) -> Iterator[Tile]:
    """The tiles of a tree of that size, full ones and partial ones, the lowest level first."""
    level, hashes = 0, size
    while hashes:
        for index in range(-(-hashes // WIDTH)):
            yield Tile(level, index, min(hashes - index * WIDTH, WIDTH))
        level, hashes = level + 1, hashes >> HEIGHT


def completed(old: int, new: int) -> Iterator[Tile]:
    """The tiles that become full while a tree grows from one size to the other, the lowest level first."""
    level, old, new = 0, old >> HEIGHT, new >> HEIGHT
    while new:
        for index in range(old, new):
            yield Tile(level, index)
        level, old, new = level + 1, old >> HEIGHT, new >> HEIGHT


@dataclass(frozen=True, slots=True)
class Place:
    """The hashes of one tile that a complete subtree is made of: `count` of them, from the `first` of the level on."""

    level: int
    first: int
    count: int


def place_of(node: Node) -> Place:
    """The highest level on which the subtree is made of whole hashes, so that they are as few as can be."""
    level, height = divmod(node.level, HEIGHT)
    return Place(level, node.index << height, 1 << height)
