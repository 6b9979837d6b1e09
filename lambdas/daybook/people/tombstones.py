"""What is left of a name or an id whose person was forgotten, so that an event that arrives late names nobody anew.

A tombstone `gone#<keyed hash>` stands for one text by which a person was bound, and says no name: its attributes are
GUIDs, each with the id of the event that records the forgetting, hence with its moment. It is the only thing of an
identity that forgetting leaves, and lasts as long as an event from before that moment may still be accepted.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from daybook.clock import DAY, SECOND
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.ids import FORM, occurred_ms
from daybook.tenant import Tenant

TOMBSTONES = "gone#"
"""What their sort keys begin with."""

LASTS = "expires_at"
"""The one attribute that is no GUID: when it may go, for DynamoDB's TTL."""


def tombstone(key: bytes, tenant: Tenant, binder: str) -> str:
    """The sort key of the tombstone of a row that bound somebody: `ext#…`, `name#…`, or the person's own `id#…`."""
    return f"{TOMBSTONES}{tag(key, length_prefixed(tenant, binder)).hex()}"


def adoptable(name: str) -> str:
    """Stands for a name whose person had no client id: an unknown client id with that name would have been theirs."""
    return f"adoptable#{name}"


def events_of(row: Mapping[str, Any]) -> dict[str, str]:
    """By GUID, the event that records the forgetting."""
    return {name: value for name, value in row.items() if name != LASTS and FORM.fullmatch(value)}


def forgotten_since(rows: Iterable[Mapping[str, Any]], moment_ms: int) -> str | None:
    """Whom the texts of these tombstones, the strongest first, meant at that moment, if that person was forgotten
    later: of several who were called so one after the other, the first to be forgotten after it.
    """
    for row in rows:
        later = [(event, guid) for guid, event in events_of(row).items() if occurred_ms(event) > moment_ms]
        if later:
            return min(later)[1]
    return None


def lasts_until(forgotten_ms: int, longest_retention_days: int | None) -> int | None:
    """In whole seconds; None: for ever. By the longest retention that the tenant can ever set, not today's."""
    if longest_retention_days is None:
        return None
    return (forgotten_ms + (longest_retention_days + 1) * DAY) // SECOND + 1
