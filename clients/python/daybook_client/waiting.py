"""How long to wait before the next try."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from time import time
from typing import Callable

FIRST = 0.5  # seconds
LONGEST = 60.0
DENIED = 60.0
MAX_ASKED = 3600.0  # an answer may ask for a longer wait, which would look like a hang


class Waits:
    """Exponential back-off with full jitter: a random part of a bound that doubles. `chance` is from 0 up to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0

    def reset(self) -> None:
        """Something got through."""
        self._failures = 0

    def after_failure(self, asked: float | None = None) -> float:
        """Seconds to wait. What an answer asks for is the least, and up to a tenth comes on top of it."""
        bound = min(FIRST * 2.0**self._failures, LONGEST)
        self._failures = min(self._failures + 1, 30)
        if asked is None:
            return max(self._chance() * bound, 0.01)
        return asked + self._chance() * max(asked * 0.1, min(bound, 1.0))

    def after_denial(self, asked: float | None) -> float:
        """Seconds to wait until somebody may have mended the key or the URL."""
        return max(DENIED * (0.9 + 0.2 * self._chance()), asked or 0.0)


def asked_seconds(value: str) -> float | None:
    """What `Retry-After` asks for, a number or a date (RFC 9110, 10.2.3); an hour at most, None if it is neither."""
    value = value.strip()
    if not value:
        return None
    try:
        seconds = float(int(value)) if value.isdecimal() else parsedate_to_datetime(value).timestamp() - time()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_ASKED)
