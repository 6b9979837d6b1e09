"""A cache of the keys that open people's fields."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from daybook.clock import SECOND, Clock
from daybook.people.identities import id_row
from daybook.tenant import EnvironmentKey

MAX_KEPT_MS = 30 * SECOND
"""The longest that a forgotten person's key stays in a warm Lambda; the response to forgetting states it."""

_MAX_KEPT = 20_000

ReadRows = Callable[[EnvironmentKey, Iterable[str]], dict[str, Any]]


class _Kept:
    """What the readers of one function keep, so that each of them drops what is old of all."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, EnvironmentKey, str], tuple[int, bytes]] = {}
        """By reader, environment and GUID."""
        self.forgotten: dict[tuple[str, EnvironmentKey], int] = {}
        self.lock = threading.Lock()


class PersonKeys:
    """Keys by GUID, cached for 30 seconds. A missing key is never cached: a GUID without a key shows as forgotten."""

    def __init__(self, read: ReadRows, clock: Clock, reader: str = "", kept: _Kept | None = None) -> None:
        self._read = read
        self._clock = clock
        self._reader = reader
        self._kept = kept or _Kept()

    def read_by(self, reader: str, read: ReadRows) -> "PersonKeys":
        """Another reader, who is given no key that this one has read."""
        return PersonKeys(read, self._clock, reader, self._kept)

    def of(self, environment: EnvironmentKey, guids: Iterable[str]) -> dict[str, bytes]:
        """The keys that exist. `read` is strongly consistent, so a key that it does not find is gone."""
        now = self._clock()
        found: dict[str, bytes] = {}
        missing: list[str] = []
        wanted = dict.fromkeys(guids)
        with self._kept.lock:
            self._drop_old(now)
            for guid in wanted:
                kept = self._kept.keys.get((self._reader, environment, guid))
                if kept is not None and now - kept[0] < MAX_KEPT_MS:
                    found[guid] = kept[1]
                else:
                    missing.append(guid)
        if missing:
            # Without the lock: publishing for one tenant must not wait for another tenant's read.
            rows = self._read(environment, [id_row(guid) for guid in missing])
            keys = {guid: rows[id_row(guid)]["key"] for guid in missing if id_row(guid) in rows}
            with self._kept.lock:
                if len(self._kept.keys) > _MAX_KEPT:
                    self._kept.keys.clear()
                for guid, key in keys.items():
                    place = self._reader, environment, guid
                    self._kept.keys.pop(place, None)  # another thread may have inserted it; it must move to the end
                    self._kept.keys[place] = now, key
            found |= keys
        return found

    def drop_if_forgotten(self, environment: EnvironmentKey, forgotten: int) -> None:
        """Drops the environment's keys if somebody was forgotten since they were read. All keys that are then used were
        read after the count was. `forgotten`: the count now, of `daybook.people.forgettings`.
        """
        with self._kept.lock:
            own = self._reader, environment
            if self._kept.forgotten.get(own) != forgotten:
                for place in [place for place in self._kept.keys if place[:2] == own]:
                    del self._kept.keys[place]
                self._kept.forgotten[own] = forgotten

    def _drop_old(self, now: int) -> None:
        """Keys are kept in the order of insertion, so the oldest come first."""
        keys = self._kept.keys
        while keys:
            oldest = next(iter(keys))
            if now - keys[oldest][0] < MAX_KEPT_MS:
                return
            del keys[oldest]
