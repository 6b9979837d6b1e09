"""By when an entry had arrived, whatever it says itself: a head that covers it existed then."""

from bisect import bisect_right
from collections.abc import Sequence

from daybook_verify.checkpoints import Signed, Trust
from daybook_verify.kept import Kept

CLOCKS_MS = 5 * 60 * 1_000
"""How far clocks may differ."""

_APPENDED_WITHIN_MS = 60 * 60 * 1_000
"""Events are appended in about the order of their arrival. Daybook gives up an export whose completion is not appended
within a quarter of an hour.
"""


class Arrivals:
    """`completed_at`: index and arrival of the event of the completion. What lies before it was appended earlier."""

    def __init__(self, signed: Signed, trust: Trust, kept: Sequence[Kept], *, completed_at: tuple[int, int]) -> None:
        index, completed_ms = completed_at
        known = [(index + 1, completed_ms + _APPENDED_WITHIN_MS)]
        known += [(each.checkpoint.size, each.seen_ms + CLOCKS_MS) for each in kept]
        cosigned = signed.cosigned_at((*trust.keys, *trust.cosigners))
        if cosigned is not None:
            known.append((signed.checkpoint.size, cosigned * 1_000 + CLOCKS_MS))
        self._sizes: list[int] = []
        self._latest: list[int] = []
        for size, latest_ms in sorted(known, reverse=True):
            self._sizes.append(size)
            self._latest.append(min([latest_ms, *self._latest[-1:]]))
        self._sizes.reverse()
        self._latest.reverse()

    def could_be(self, index: int, received_ms: int) -> bool:
        """Whether the entry of this index can have been received at this moment."""
        at = bisect_right(self._sizes, index)
        return at == len(self._sizes) or received_ms <= self._latest[at]
