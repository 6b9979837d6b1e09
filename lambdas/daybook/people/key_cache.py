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


class PersonKeys:
    """Keys by GUID, cached for 30 seconds. A missing key is never cached: a GUID without a key shows as forgotten."""

    def __init__(self, read: ReadRows, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._kept: dict[tuple[EnvironmentKey, str], tuple[int, bytes]] = {}
        self._forgotten: dict[EnvironmentKey, int] = {}
        self._lock = threading.Lock()

    def of(self, environment: EnvironmentKey, guids: Iterable[str]) -> dict[str, bytes]:
        """The keys that exist. `read` is strongly consistent, so a key that it does not find is gone."""
        now = self._clock()
        found: dict[str, bytes] = {}
        missing: list[str] = []
        wanted = dict.fromkeys(guids)
        with self._lock:
            self._drop_old(now)
            for guid in wanted:
                kept = self._kept.get((environment, guid))
                if kept is not None and now - kept[0] < MAX_KEPT_MS:
                    found[guid] = kept[1]
                else:
                    missing.append(guid)
        if missing:
            # Without the lock: publishing for one tenant must not wait for another tenant's read.
            rows = self._read(environment, [id_row(guid) for guid in missing])
            keys = {guid: rows[id_row(guid)]["key"] for guid in missing if id_row(guid) in rows}
            with self._lock:
                if len(self._kept) > _MAX_KEPT:
                    self._kept.clear()
                for guid, key in keys.items():
                    self._kept.pop(
                        (environment, guid), None
                    )  # another thread may have inserted it; it must move to the end
                    self._kept[environment, guid] = now, key
            found |= keys
        return found

    def drop_if_forgotten(self, environment: EnvironmentKey, forgotten: int) -> None:
        """Drops the environment's keys if somebody was forgotten since they were read. All keys that are then used were
        read after the count was. `forgotten`: the count now, of `daybook.people.forgettings`.
        """
        with self._lock:
            if self._forgotten.get(environment) != forgotten:
                self._kept = {key: kept for key, kept in self._kept.items() if key[0] != environment}
                self._forgotten[environment] = forgotten

    def _drop_old(self, now: int) -> None:
        """Keys are kept in the order of insertion, so the oldest come first."""
        while self._kept:
            oldest = next(iter(self._kept))
            if now - self._kept[oldest][0] < MAX_KEPT_MS:
                return
            del self._kept[oldest]
