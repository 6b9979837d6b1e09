"""The keys that open people's fields."""

from collections.abc import Callable, Iterable
from typing import Any

from daybook.caller import Tenant
from daybook.clock import SECOND, Clock
from daybook.identities import id_row

LONGEST_KEPT_MS = 30 * SECOND
"""A forgotten person's key lives on in a warm Lambda for as long at most; the answer to forgetting says so."""

_MOST_KEPT = 20_000

ReadRows = Callable[[Tenant, Iterable[str]], dict[str, Any]]


class PersonKeys:
    """Keys by GUID, kept for 30 seconds. That there is none is never kept: a GUID without a key shows as forgotten."""

    def __init__(self, read: ReadRows, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._kept: dict[tuple[Tenant, str], tuple[int, bytes]] = {}

    def of(self, tenant: Tenant, guids: Iterable[str]) -> dict[str, bytes]:
        """The keys there are; `read` is strongly consistent, so what it does not find is gone."""
        now = self._clock()
        self._drop_old(now)
        found: dict[str, bytes] = {}
        missing: list[str] = []
        for guid in dict.fromkeys(guids):
            kept = self._kept.get((tenant, guid))
            if kept is not None:
                found[guid] = kept[1]
            else:
                missing.append(guid)
        if missing:
            if len(self._kept) > _MOST_KEPT:
                self._kept.clear()
            rows = self._read(tenant, [id_row(guid) for guid in missing])
            for guid in missing:
                row = rows.get(id_row(guid))
                if row is not None:
                    found[guid] = row["key"]
                    self._kept[tenant, guid] = now, row["key"]
        return found

    def _drop_old(self, now: int) -> None:
        """Each key stands where it was put first, so the oldest stand in front."""
        while self._kept:
            oldest = next(iter(self._kept))
            if now - self._kept[oldest][0] < LONGEST_KEPT_MS:
                return
            del self._kept[oldest]
