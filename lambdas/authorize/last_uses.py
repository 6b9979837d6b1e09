"""Notes when a key was last used. Nothing of it may fail a call."""

from typing import Protocol

from daybook.clock import HOUR, MINUTE, Clock
from daybook.observability import logger


class Store(Protocol):
    def note_use(self, key_id: str, hour: int) -> None:
        """Notes the hour since 1970 in which a key was used. Writes nothing if this hour or a later one is noted."""


class LastUses:
    """Asks the store once an hour for each key. After a failure it waits a minute: a store that is slow would delay
    the calls of every key.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._hour = 0
        self._noted: set[str] = set()
        self._waits_until_ms = 0

    def note(self, key_id: str) -> None:
        now_ms = self._clock()
        if self._hour != now_ms // HOUR:
            self._hour, self._noted = now_ms // HOUR, set()
        if key_id in self._noted or now_ms < self._waits_until_ms:
            return
        try:
            self._store.note_use(key_id, self._hour)
        except Exception:
            logger.exception("last_use_not_noted")
            self._waits_until_ms = now_ms + MINUTE
        else:
            self._noted.add(key_id)
