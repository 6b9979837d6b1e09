"""Tiles and entry bundles (C2SP `tlog-tiles`): their paths, and the check that a log serves the right ones."""

from collections.abc import Iterator, Sequence

from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.fetching import Log
from daybook_verify.merkle import HASH_BYTES, Edge

WIDTH = 256
_HEIGHT = 8
_LENGTH_BYTES = 2


def path(level: int | str, index: int, width: int = WIDTH) -> str:
    """`level` is `entries` for a bundle of entries. A width below 256 is that of a partial tile."""
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    spelt = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{spelt}" + (f".p/{width}" if width < WIDTH else "")


def bundle(log: Log, index: int, width: int) -> list[bytes]:
    """The first `width` entries of a bundle."""
    data = _fetch(log, "entries", index, width)
    entries, at = list[bytes](), 0
    while len(entries) < width:
        begins = at + _LENGTH_BYTES
        at = begins + int.from_bytes(data[at:begins], "big")
        if begins > len(data) or at > len(data):
            raise NotGenuine(f"bundle {index} of the log's entries is cut off")
        entries.append(data[begins:at])
    return entries


class Level:
    """The tiles of one level.

    It takes the level's hashes one by one, and holds each tile that they fill against the one that the log serves.
    Roots of full tiles go to the level above.
    """

    def __init__(self, log: Log, level: int, before: Edge, size: int) -> None:
        """`before`: the tree whose tiles are known. `size`: of the tree that is walked to."""
        self._log, self._level = log, level
        self._before, self._size = before, size
        self._count = before.size >> _HEIGHT * level
        self._hashes: list[bytes] = []
        self._served: dict[int, list[bytes]] = {}
        self._above: Level | None = None
        self.checked = 0
        if self._count < size >> _HEIGHT * level and self._count % WIDTH:
            self._hashes = self._known(self._count % WIDTH)

    def add(self, node: bytes) -> None:
        self._hashes.append(node)
        self._count += 1
        if self._count % WIDTH == 0:
            self._compare(self._count // WIDTH - 1, WIDTH)
            if self._above is None:
                self._above = Level(self._log, self._level + 1, self._before, self._size)
            self._above.add(_root(self._hashes))
            self._hashes = []

    def finish(self) -> int:
        """The partial tiles at the end of the tree. Answers how many tiles were compared on this level and above."""
        if self._hashes:
            self._compare(self._count // WIDTH, self._count % WIDTH)
        return self.checked + (self._above.finish() if self._above else 0)

    def _compare(self, index: int, width: int) -> None:
        served = self._served.get(index) or _tile(self._log, self._level, index, width)
        if served != self._hashes:
            raise NotGenuine(f"tile {index} of level {self._level} does not have the hashes of the log's entries")
        self.checked += 1

    def _known(self, width: int) -> list[bytes]:
        """The hashes in the first tile that were there before, which the known edge must confirm."""
        index = self._count // WIDTH
        wide = min(WIDTH, (self._size >> _HEIGHT * self._level) - index * WIDTH)
        self._served[index] = _tile(self._log, self._level, index, wide)
        hashes = self._served[index][:width]
        known = [node for height, node in self._subtrees() if self._level <= height // _HEIGHT < self._level + 1]
        at = 0
        for bit, node in zip(
            (1 << each for each in range(_HEIGHT - 1, -1, -1) if width >> each & 1), known, strict=True
        ):
            if _root(hashes[at : at + bit]) != node:
                raise NotGenuine(f"tile {index} of level {self._level} contradicts the log as it was before")
            at += bit
        return hashes

    def _subtrees(self) -> Iterator[tuple[int, bytes]]:
        """Height and root of each, the largest first."""
        size = self._before.size
        heights = [height for height in range(size.bit_length() - 1, -1, -1) if size >> height & 1]
        return zip(heights, self._before.hashes, strict=True)


def _root(hashes: Sequence[bytes]) -> bytes:
    edge = Edge()
    for each in hashes:
        edge.append(each)
    return edge.root


def _tile(log: Log, level: int, index: int, width: int) -> list[bytes]:
    data = _fetch(log, level, index, width)
    if len(data) not in (width * HASH_BYTES, WIDTH * HASH_BYTES):
        raise NotGenuine(f"tile {index} of level {level} has not {width} hashes")
    return [data[at : at + HASH_BYTES] for at in range(0, width * HASH_BYTES, HASH_BYTES)]


def _fetch(log: Log, level: int | str, index: int, width: int) -> bytes:
    """A log may drop a partial tile once the tile is full."""
    data = log(path(level, index, width))
    if data is None and width < WIDTH:
        data = log(path(level, index))
    if data is None:
        raise CannotTell(f"the log does not serve {path(level, index, width)}, which its checkpoint promises")
    return data
