"""What is left of a forgotten person's name or id, so that an event that arrives late does not name them anew.

A tombstone `gone#<keyed hash>` stands for one text that was bound to people, and contains no name. Its attributes are
the GUIDs of those who were forgotten, each with the id of the event that records the forgetting (which also gives the
moment), whether the person had an id, and, for a name, since when the person held it. It is the only part of an
identity that forgetting leaves. It lasts as long as an event from before that moment may still be accepted.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from daybook.clock import DAY, SECOND
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.ids import occurred_ms
from daybook.people.timeline import Holding
from daybook.tenant import EnvironmentKey

TOMBSTONES = "gone#"
"""The prefix of their sort keys."""

LASTS = "expires_at"
"""The one attribute that is not a GUID: the expiry, for DynamoDB's TTL."""

MAX_GONE = 256
"""People in one tombstone; it then forgets the one forgotten first. Keeps the row small enough to read and write."""

MAX_FROMS = 16
"""Moments of one person in a tombstone: the earliest and the latest ones. What lies between them is lost: where others
held the name too, a late event of that time may mean one of them. With it a tombstone has at most 77 KB.
"""

_WITH_ID, _WITHOUT_ID = "id", "-"


class Gone(NamedTuple):
    """One person in a tombstone."""

    event_id: str
    had_id: bool = True
    froms: tuple[int, ...] = ()

    @property
    def forgotten_ms(self) -> int:
        return occurred_ms(self.event_id)

    @classmethod
    def read(cls, text: str) -> Self:
        event_id, had_id, *froms = text.split(" ")
        return cls(event_id, had_id == _WITH_ID, tuple(map(int, froms)))

    def __str__(self) -> str:
        froms = sorted(self.froms)
        kept = froms if len(froms) <= MAX_FROMS else [froms[0], *froms[1 - MAX_FROMS :]]
        return " ".join([self.event_id, _WITH_ID if self.had_id else _WITHOUT_ID, *map(str, kept)])

    def together_with(self, other: "Gone | None") -> "Gone":
        """What this call found, and an earlier one of the same person. This one's event counts."""
        if other is None:
            return self
        return Gone(self.event_id, self.had_id or other.had_id, tuple(sorted({*self.froms, *other.froms})))


def tombstone(key: bytes, environment: EnvironmentKey, binder: str) -> str:
    """The sort key of the tombstone of a binder (`ext#…`, `name#…`) or of the person's own row `id#…`."""
    return f"{TOMBSTONES}{tag(key, length_prefixed(environment, binder)).hex()}"


def gone_of(row: Mapping[str, Any]) -> dict[str, Gone]:
    """Those whom a tombstone stands for, by GUID."""
    return {guid: Gone.read(text) for guid, text in row.items() if guid != LASTS}


def holdings_of(row: Mapping[str, Any]) -> list[Holding]:
    """Who held a name until they were forgotten."""
    return [
        Holding(from_ms, guid, gone.forgotten_ms, gone.had_id)
        for guid, gone in gone_of(row).items()
        for from_ms in gone.froms
    ]


def forgotten_since(row: Mapping[str, Any], moment_ms: int) -> str | None:
    """The person whom an id's tombstone meant at that moment, if that person was forgotten later. If the id belonged
    to several people one after the other, it is the first who was forgotten after the moment.
    """
    later = [(gone.event_id, guid) for guid, gone in gone_of(row).items() if gone.forgotten_ms > moment_ms]
    return min(later)[1] if later else None


def too_old(row: Mapping[str, Any], guid: str) -> list[str]:
    """Those to leave out of a tombstone so that this person can be added."""
    others = {other: gone.event_id for other, gone in gone_of(row).items() if other != guid}
    return sorted(others, key=others.__getitem__)[: max(0, len(others) + 1 - MAX_GONE)]


def lasts_until(forgotten_ms: int, longest_retention_days: int | None) -> int | None:
    """In whole seconds; None: for ever. Based on the longest retention that the tenant can ever set, not today's."""
    if longest_retention_days is None:
        return None
    return (forgotten_ms + (longest_retention_days + 1) * DAY) // SECOND + 1
