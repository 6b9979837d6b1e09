"""The people that events name. Each is bound to a GUID that we make, and has a key of its own.

A tenant's rows, by sort key:

- `id#GUID`: the person's key, and nothing that says who it is. A row left behind by a lost race names nobody;
- binders, `ext#<client's id>` and `name#<name>` (the person whom a bare username means);
- finders, which lead forgetting from the GUID to all other rows: `claim#GUID` (the person's client id, or the address'
  hash), `called#GUID` (the first name), `called#GUID#<name>` and `renamed#GUID` (further names, and that there are
  such);
- `had#<name>#GUID`: everyone who ever had a name.

Rows are only inserted, never changed: the second writer takes what the first one wrote. Only forgetting deletes them
(`daybook.people.forgetter`), and leaves tombstones `gone#…` (`daybook.people.tombstones`).
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from daybook.people.tombstones import forgotten_since
from daybook.tenant import EnvironmentKey

MAX_NAME_BYTES = 512
"""Of a folded username, which becomes part of a sort key of at most 1,024 bytes."""

MAX_CLIENT_ID = 128

FOR_CLIENT_ID, FOR_ADDRESS = "for_client_id", "for_address"
"""Attributes of a row `id#GUID`: the person was made for a client id, or for an address."""


class Reference(NamedTuple):
    """How an event names a person: by the client's id, by a username, by both, or by an address alone."""

    client_id: str | None = None
    username: str | None = None
    address: str | None = None
    """A keyed hash, in hex; only if there is neither a client id nor a username."""


class Sighting(NamedTuple):
    """A person as one place of an event names them."""

    reference: Reference
    occurred_ms: int
    full_name: str | None = None


class Person(NamedTuple):
    guid: str
    key: bytes | None
    """None: the person is forgotten, and nothing of theirs can be sealed."""


Row = Mapping[str, Any]


class People:
    """Whom each reference means. The answer depends on the moment only if somebody of that name or id was forgotten."""

    def __init__(self, living: Mapping[Reference, Person], gone: Mapping[Reference, Sequence[Row]]) -> None:
        self._living = living
        self._gone = gone

    def at(self, moment_ms: int) -> Mapping[Reference, Person]:
        """Whom the references of an event of that moment mean."""
        if not self._gone:
            return self._living
        late = {reference: forgotten_since(stones, moment_ms) for reference, stones in self._gone.items()}
        return {**self._living, **{reference: Person(guid, None) for reference, guid in late.items() if guid}}


class IdentityStore(Protocol):
    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by sort key; strongly consistent."""

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        """Inserts the rows that do not exist yet, in any order. Returns the sort keys that existed already."""


def folded(username: str) -> str:
    """The form in which usernames are compared, without regard to case."""
    if username.isascii():  # the same result, ten times as fast
        return username.lower()
    return unicodedata.normalize("NFC", username).casefold()


def distinct_people(references: Iterable[Reference]) -> int:
    """The least number of people that these references can mean. A bare name means one of those who carry it."""
    ids: set[str] = set()
    names: set[str] = set()
    bare: set[str] = set()
    addresses: set[str] = set()
    for client_id, username, address in references:
        if client_id is not None:
            ids.add(client_id)
        if username is not None:
            (bare if client_id is None else names).add(folded(username))
        if address is not None:
            addresses.add(address)
    return len(ids) + len(bare - names) + len(addresses)


def id_row(guid: str) -> str:
    return f"id#{guid}"


def ext_row(client_id: str) -> str:
    return f"ext#{client_id}"


def address_row(address: str) -> str:
    return f"ext#ip:{address}"


def name_row(name: str) -> str:
    return f"name#{name}"


def had_row(name: str, guid: str) -> str:
    return f"had#{name}#{guid}"


def had_prefix(name: str) -> str:
    return f"had#{name}#"


def called_row(guid: str, name: str | None = None) -> str:
    """Without a name: the row of the first name, so that the names of many people need no query each."""
    return f"called#{guid}" if name is None else f"called#{guid}#{name}"


def called_prefix(guid: str) -> str:
    return f"called#{guid}"


def renamed_row(guid: str) -> str:
    return f"renamed#{guid}"


def claim_row(guid: str) -> str:
    return f"claim#{guid}"


def had_client_id(person: Row) -> bool:
    """Whether a row `id#GUID` belongs to a person made for a client id, whom no other client id may adopt."""
    return FOR_CLIENT_ID in person


def may_be_by_address(person: Row | None) -> bool:
    """Whether a person is, or before being forgotten may have been, known by an address alone and so indexed by an
    alias.
    """
    return person is None or FOR_ADDRESS in person


def binders_of(reference: Reference) -> list[str]:
    """The rows that bind a reference, the strongest first."""
    rows = []
    if reference.client_id is not None:
        rows.append(ext_row(reference.client_id))
    if reference.username is not None:
        rows.append(name_row(folded(reference.username)))
    return rows or [address_row(reference.address or "")]


def claim_of(reference: Reference) -> Row:
    """What identifies a person besides names."""
    if reference.client_id is not None:
        return {"client_id": reference.client_id}
    return {} if reference.address is None else {"address": reference.address}
