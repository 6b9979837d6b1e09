"""Who is who: the people that events name, bound to GUIDs of ours, each with a key of its own.

Rows of a tenant, by sort key:

- `id#GUID`: the person's key, and nothing that says who it is: left behind by a lost race, it names nobody;
- binders, `ext#<client's id>` and `name#<name>` (whom a bare username means);
- finders, by which forgetting finds all the others from the GUID: `claim#GUID` (the client id that has this person, or
  the address' hash), `called#GUID` (the first name), `called#GUID#<name>` and `renamed#GUID` (further names, and that
  there are such);
- `had#<name>#GUID`: everyone who ever had a name.

They are only ever inserted, never changed: whoever comes second takes what the first one wrote. Forgetting alone
deletes them (`daybook.people.forgetter`), and leaves tombstones `gone#…` (`daybook.people.tombstones`).
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from daybook.people.tombstones import forgotten_since
from daybook.tenant import Tenant

MAX_NAME_BYTES = 512
"""Of a folded username: it becomes part of a sort key of at most 1,024 bytes."""

MAX_CLIENT_ID = 128

FOR_CLIENT_ID, FOR_ADDRESS = "for_client_id", "for_address"
"""What a row `id#GUID` may say of the person: that it was made for a client id, or for an address."""


class Reference(NamedTuple):
    """How an event names a person: by the client's id, by a username, by both, or by an address alone."""

    client_id: str | None = None
    username: str | None = None
    address: str | None = None
    """A keyed hash, in hex; only where there is neither of the others."""


class Sighting(NamedTuple):
    """A person as one place of an event names them."""

    reference: Reference
    occurred_ms: int
    full_name: str | None = None


class Person(NamedTuple):
    guid: str
    key: bytes | None
    """None: forgotten, and nothing of theirs can be sealed."""


Row = Mapping[str, Any]


class People:
    """Who is meant by which reference: the same person at any time, unless somebody who was called so is forgotten."""

    def __init__(self, living: Mapping[Reference, Person], gone: Mapping[Reference, Sequence[Row]]) -> None:
        self._living = living
        self._gone = gone

    def at(self, moment_ms: int) -> Mapping[Reference, Person]:
        """Those of the references of an event of that moment."""
        if not self._gone:
            return self._living
        late = {reference: forgotten_since(stones, moment_ms) for reference, stones in self._gone.items()}
        return {**self._living, **{reference: Person(guid, None) for reference, guid in late.items() if guid}}


class IdentityStore(Protocol):
    def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows there are, by sort key; strongly consistent."""

    def insert(self, tenant: Tenant, rows: Mapping[str, Row]) -> frozenset[str]:
        """Writes what is not there yet, in any order, and answers the sort keys that were there already."""


def folded(username: str) -> str:
    """The form in which usernames are matched, without regard to case."""
    if username.isascii():  # the same, ten times as fast
        return username.lower()
    return unicodedata.normalize("NFC", username).casefold()


def distinct_people(references: Iterable[Reference]) -> int:
    """How many people these are at least, whoever is known already: a bare name is one of those who carry it."""
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
    """Without a name: of the first one, so that what many people are called costs no query for each."""
    return f"called#{guid}" if name is None else f"called#{guid}#{name}"


def called_prefix(guid: str) -> str:
    return f"called#{guid}"


def renamed_row(guid: str) -> str:
    return f"renamed#{guid}"


def claim_row(guid: str) -> str:
    return f"claim#{guid}"


def had_client_id(person: Row) -> bool:
    """Whether a row `id#GUID` is of somebody who was made for a client id, so that no other one adopts them."""
    return FOR_CLIENT_ID in person


def may_be_by_address(person: Row | None) -> bool:
    """Whether somebody is, or before being forgotten may have been, known by an address alone: indexed by an alias."""
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
    """What a person is known by other than names."""
    if reference.client_id is not None:
        return {"client_id": reference.client_id}
    return {} if reference.address is None else {"address": reference.address}
