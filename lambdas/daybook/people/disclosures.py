"""Keys of single events that were handed out with a proof. Forgetting a person lists them: what was read stays read.

The row `disclosed#GUID#<event id>` of the identities table says which record in the log tells of it. It holds nothing
of the person, so it stays when the person is forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from daybook.crypto.sealing import Place, event_key
from daybook.people.identities import Row, id_row
from daybook.tenant import EnvironmentKey


class DisclosingStore(Protocol):
    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by sort key; strongly consistent."""

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        """Inserts the rows that do not exist yet, in any order. Returns the sort keys of those that existed already."""


class DisclosureRows(Protocol):
    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        """For each prefix, the rows whose sort keys begin with it, in order; strongly consistent."""


class DisclosedEvent(NamedTuple):
    """The event whose keys are asked for."""

    tenant: str
    """As its content writes it, as `environment`."""
    environment: str
    id: str
    people: Sequence[str]
    """The GUIDs of those with sealed fields."""


def disclose(
    store: DisclosingStore, environment: EnvironmentKey, event: DisclosedEvent, record: str
) -> dict[str, bytes]:
    """By GUID the keys that open the event's sealed fields, of all its people who are not forgotten.

    `record`: the id of the event that records it, which is durable. Raises `Throttled`.

    The rows come before the keys. So whoever is forgotten meanwhile has no key any more, or is listed: forgetting
    deletes the key before it looks for disclosures.
    """
    if not event.people:
        return {}
    store.insert(environment, {disclosed_row(guid, record): {"event": record} for guid in event.people})
    rows = store.read(environment, [id_row(guid) for guid in event.people])
    return {
        guid: event_key(rows[id_row(guid)]["key"], Place(*event[:3], guid))
        for guid in event.people
        if id_row(guid) in rows
    }


def disclosures_of(store: DisclosureRows, environment: EnvironmentKey, guid: str) -> list[str]:
    """The ids of the events that record them, oldest first."""
    (rows,) = store.query(environment, [disclosed_row(guid, "")])
    return [row["event"] for row in rows]


def disclosed_row(guid: str, record: str) -> str:
    return f"disclosed#{guid}#{record}"
