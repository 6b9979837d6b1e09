"""`itertools.batched`, which Python 3.11 lacks: a laptop may have no newer one."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """The items in order, `size` at a time; the last batch may be shorter. Reads no further than asked."""
    rest = iter(items)
    while some := tuple(islice(rest, size)):
        yield some
