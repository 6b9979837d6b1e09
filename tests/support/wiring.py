"""The functions' own wiring, over the stores, clock and randomness that a test hands in."""

import random
from collections.abc import Callable
from typing import Any

from benchmarks.typical import NOW, SECRET
from daybook.aws.wiring import Tables, Wiring
from daybook.clock import Clock


def seeded_bytes(seed: int | str = 1) -> Callable[[int], bytes]:
    """Randomness that a test can repeat."""
    return random.Random(seed).randbytes  # noqa: S311


def wiring_over(
    dynamodb: Any, tables: Tables, clock: Clock = lambda: NOW, seed: int | str = 1, **replaced: Any
) -> Wiring:
    """`replaced`: by the names of the wiring's properties, other stores and services."""
    return Wiring(dynamodb, tables, lambda: SECRET, clock, seeded_bytes(seed), replaced)
