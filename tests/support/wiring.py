"""The functions' own wiring, over the stores, clock and randomness that a test gives."""

import random
from collections.abc import Callable
from typing import Any

from benchmarks.typical import NOW, SECRET
from daybook.aws.wiring import Tables, Wiring
from daybook.clock import Clock
from tests.support.usage import MemoryUsage


def seeded_bytes(seed: int | str = 1) -> Callable[[int], bytes]:
    """Random bytes that a test can repeat."""
    return random.Random(seed).randbytes  # noqa: S311


def wiring_over(
    dynamodb: Any, tables: Tables, clock: Clock = lambda: NOW, seed: int | str = 1, **replaced: Any
) -> Wiring:
    """`replaced` are other stores and services, by the names of the wiring's properties."""
    return Wiring(dynamodb, tables, lambda: SECRET, clock, seeded_bytes(seed), {"usage": MemoryUsage(), **replaced})
