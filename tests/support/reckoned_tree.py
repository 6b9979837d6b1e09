"""A Merkle tree reckoned from RFC 6962's recursive definitions alone: slow, and written without looking at ours."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

EMPTY = hashlib.sha256(b"").digest()


class ReckonedTree:
    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries
        self._known: dict[tuple[int, int], bytes] = {}

    @cached_property
    def root(self) -> bytes:
        return self.mth(0, len(self.entries))

    def mth(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop])."""
        if start == stop:
            return EMPTY
        if (start, stop) not in self._known:
            self._known[start, stop] = self._reckoned(start, stop)
        return self._known[start, stop]

    def _reckoned(self, start: int, stop: int) -> bytes:
        if stop - start == 1:
            return hashlib.sha256(b"\x00" + self.entries[start]).digest()
        k = start + split(stop - start)
        return hashlib.sha256(b"\x01" + self.mth(start, k) + self.mth(k, stop)).digest()

    def path(self, m: int, start: int, stop: int) -> list[bytes]:
        """PATH(m, D[start:stop]), where m is counted from `start`."""
        if stop - start == 1:
            return []
        k = split(stop - start)
        if m < k:
            return [*self.path(m, start, start + k), self.mth(start + k, stop)]
        return [*self.path(m - k, start + k, stop), self.mth(start, start + k)]

    def proof(self, m: int, start: int, stop: int, whole: bool = True) -> list[bytes]:
        """SUBPROOF(m, D[start:stop], whole)."""
        if m == stop - start:
            return [] if whole else [self.mth(start, stop)]
        k = split(stop - start)
        if m <= k:
            return [*self.proof(m, start, start + k, whole), self.mth(start + k, stop)]
        return [*self.proof(m - k, start + k, stop, whole=False), self.mth(start, start + k)]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k
