"""Finds the rows that are left of a person, from the GUID and from texts that may be theirs.

The finders lead from the GUID alone to every binder (`daybook.people.identities`). If a writer was killed before it
wrote the finders, its binder is found by the text that the caller gives. Each binder names the one written with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from daybook.people.identities import (
    MAX_CLIENT_ID,
    MAX_NAME_BYTES,
    Row,
    address_row,
    called_prefix,
    called_row,
    claim_row,
    ext_row,
    folded,
    had_client_id,
    had_row,
    id_row,
    name_row,
    renamed_row,
)
from daybook.tenant import EnvironmentKey

_NAME = name_row("")


class IdentityRows(Protocol):
    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by sort key; strongly consistent."""

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str]) -> list[list[Row]]:
        """For each prefix, the rows whose sort key begins with it; strongly consistent."""


class PersonRows(NamedTuple):
    """The rows of one person, as read once."""

    guid: str
    own: Mapping[str, Row]
    """The rows found by the GUID alone, without those of names after the first."""
    binders: Sequence[str]
    """The sort keys of all binders that bind the person, did so, or still may: ids before names."""
    meaning: Mapping[str, str]
    """For each binder, the GUID that it binds now."""
    is_named: bool
    """Whether there is a row of any name."""

    @property
    def has_key(self) -> bool:
        return id_row(self.guid) in self.own

    @property
    def is_left(self) -> bool:
        return bool(self.own) or self.is_named or self.guid in self.meaning.values()

    @property
    def ids(self) -> list[str]:
        """The binders that are not names."""
        return [binder for binder in self.binders if not binder.startswith(_NAME)]

    @property
    def names(self) -> list[str]:
        """Folded; the first name comes first."""
        return [binder.removeprefix(_NAME) for binder in self.binders if binder.startswith(_NAME)]

    @property
    def has_id(self) -> bool:
        """Whether the person has a client id or address, so that no other client id would have adopted the person."""
        return bool(self.ids) or had_client_id(self.own.get(id_row(self.guid), {}))


def look_for(
    rows: IdentityRows,
    environment: EnvironmentKey,
    guid: str,
    *,
    candidates: Iterable[str] = (),
    known: Iterable[str] = (),
) -> PersonRows:
    """`candidates`: binders that may be the person's; `known`: binders that are, found by an earlier call."""
    own = rows.read(environment, [id_row(guid), claim_row(guid), renamed_row(guid), called_row(guid)])
    (called,) = rows.query(environment, [called_prefix(guid)])
    first = own.get(called_row(guid))
    names = [row["name"] for row in ([first] if first else []) + called]
    theirs = dict.fromkeys([*known, *_binders(own.get(claim_row(guid), {})), *map(name_row, names)])
    found: dict[str, Row] = {}
    unread = dict.fromkeys([*theirs, *candidates])
    while unread:
        read = rows.read(environment, unread)
        found |= read
        bound = {binder: row for binder, row in read.items() if row["guid"] == guid}
        theirs |= dict.fromkeys(bound)
        beside = dict.fromkeys(binder for row in bound.values() for binder in _binders(row))
        unread = {binder: None for binder in beside if binder not in found and binder not in unread}
    had = _names_had(rows, environment, guid, {*theirs, *candidates})
    theirs |= dict.fromkeys(map(name_row, had))
    return PersonRows(
        guid,
        own,
        sorted(theirs, key=lambda binder: binder.startswith(_NAME)),
        {binder: row["guid"] for binder, row in found.items()},
        is_named=bool(called or had),
    )


def binders_of_text(text: str) -> list[str]:
    """The rows that would bind this text: as a client id, and as a username."""
    name = folded(text)
    ids = [ext_row(text)] if len(text) <= MAX_CLIENT_ID else []
    return [*ids, name_row(name)] if len(name.encode()) <= MAX_NAME_BYTES else ids


def _binders(row: Row) -> list[str]:
    """The binders that a claim, or another binder, names."""
    told = [ext_row(row["client_id"])] if "client_id" in row else []
    told += [address_row(row["address"])] if "address" in row else []
    return told + ([name_row(row["name"])] if "name" in row else [])


def _names_had(rows: IdentityRows, environment: EnvironmentKey, guid: str, binders: Iterable[str]) -> list[str]:
    names = [binder.removeprefix(_NAME) for binder in binders if binder.startswith(_NAME)]
    there = rows.read(environment, [had_row(name, guid) for name in names])
    return [name for name in names if had_row(name, guid) in there]
