"""What is left of a forgotten person's name or id, so that an event that arrives late does not name them anew.

A tombstone `gone#<keyed hash>` stands for one text that was bound to a person, and contains no name. Its attributes are
GUIDs, each with the id of the event that records the forgetting, which also gives the moment. It is the only part of an
identity that forgetting leaves. It lasts as long as an event from before that moment may still be accepted.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from daybook.clock import DAY, SECOND
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.ids import FORM, occurred_ms
from daybook.tenant import EnvironmentKey

TOMBSTONES = "gone#"
"""The prefix of their sort keys."""

LASTS = "expires_at"
"""The one attribute that is not a GUID: the expiry, for DynamoDB's TTL."""


def tombstone(key: bytes, environment: EnvironmentKey, binder: str) -> str:
    """The sort key of the tombstone of a binder (`ext#…`, `name#…`) or of the person's own row `id#…`."""
    return f"{TOMBSTONES}{tag(key, length_prefixed(environment, binder)).hex()}"


def adoptable(name: str) -> str:
    """Stands for a name whose person had no client id: an unknown client id with that name would have adopted them."""
    return f"adoptable#{name}"


def events_of(row: Mapping[str, Any]) -> dict[str, str]:
    """For each GUID, the event that records the forgetting."""
    return {name: value for name, value in row.items() if name != LASTS and FORM.fullmatch(value)}


def forgotten_since(rows: Iterable[Mapping[str, Any]], moment_ms: int) -> str | None:
    """The person whom these tombstones' texts meant at that moment, if that person was forgotten later. The rows come
    the strongest first. If several people had the name one after the other, it is the first who was forgotten after
    the moment.
    """
    for row in rows:
        later = [(event, guid) for guid, event in events_of(row).items() if occurred_ms(event) > moment_ms]
        if later:
            return min(later)[1]
    return None


def lasts_until(forgotten_ms: int, longest_retention_days: int | None) -> int | None:
    """In whole seconds; None: for ever. Based on the longest retention that the tenant can ever set, not today's."""
    if longest_retention_days is None:
        return None
    return (forgotten_ms + (longest_retention_days + 1) * DAY) // SECOND + 1
