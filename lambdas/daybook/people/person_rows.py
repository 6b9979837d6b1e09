"""Finds the rows that are left of a person, from the GUID and from texts that may be theirs.

The finders lead from the GUID alone to every binder (`daybook.people.identities`). If a writer was killed before it
wrote the finders, its binder is found by the text that the caller gives. Each binder names the one written with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from daybook.people.identities import (
    HAD_ROWS_READ,
    Row,
    called_prefix,
    called_row,
    claim_row,
    ext_row,
    had_client_id,
    had_prefix,
    id_row,
    more_row,
    name_in_keys,
    name_row,
    renamed_row,
)
from daybook.tenant import EnvironmentKey

_NAME = name_row("")


class IdentityRows(Protocol):
    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by sort key; strongly consistent."""

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        """For each prefix, the rows whose sort key begins with it, in order; strongly consistent."""


class PersonRows(NamedTuple):
    """The rows of one person, as read once."""

    guid: str
    own: Mapping[str, Row]
    """The rows found by the GUID alone, without those of names after the first."""
    binders: Sequence[str]
    """The sort keys of all binders that bind the person, did so, or still may: ids before names."""
    bound: Mapping[str, Row]
    """The binders that exist, whomever they bind."""
    is_called: bool
    """Whether there is a finder of any name."""
    had: Mapping[str, Sequence[Row]]
    """For each name, the rows of all its holders."""
    shared: frozenset[str]
    """The names with a row `more#`."""

    @property
    def has_key(self) -> bool:
        return id_row(self.guid) in self.own

    @property
    def is_left(self) -> bool:
        bound = any(row["guid"] == self.guid for row in self.bound.values())
        return bool(self.own) or self.is_called or bound or any(map(self.froms, self.names))

    @property
    def ids(self) -> list[str]:
        """The binders that are not names."""
        return [binder for binder in self.binders if not binder.startswith(_NAME)]

    @property
    def names(self) -> list[str]:
        """As they are part of keys; the first name comes first."""
        return _names(self.binders)

    @property
    def has_id(self) -> bool:
        """Whether the person has a client id or address, so that no other client id would have adopted the person."""
        return bool(self.ids) or had_client_id(self.own.get(id_row(self.guid), {}))

    def binds(self, binder: str) -> bool:
        return binder in self.bound and self.bound[binder]["guid"] == self.guid

    def froms(self, name: str) -> list[int]:
        """Since when the person held the name, as the rows `had#` say."""
        return self.froms_of(name, self.guid)

    def froms_of(self, name: str, guid: str) -> list[int]:
        return [int(row["from"]) for row in self.had.get(name, ()) if row.get("guid") == guid]

    def has_others(self, name: str) -> bool:
        """Whether the name has or had holders beside this one."""
        return any(row.get("guid") != self.guid for row in self.had.get(name, ()))


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
    shared: set[str] = set()
    unread = dict.fromkeys([*theirs, *candidates])
    while unread:
        more = {more_row(name): name for name in _names(unread)}
        read = rows.read(environment, [*unread, *more])
        shared |= {name for key, name in more.items() if read.pop(key, None) is not None}
        found |= read
        bound = {binder: row for binder, row in read.items() if row["guid"] == guid}
        theirs |= dict.fromkeys(bound)
        beside = dict.fromkeys(binder for row in bound.values() for binder in _binders(row))
        theirs |= beside
        unread = {binder: None for binder in beside if binder not in found and binder not in unread}
    held = list(dict.fromkeys(_names([*theirs, *candidates])))
    had = dict(zip(held, rows.query(environment, [had_prefix(name) for name in held], HAD_ROWS_READ), strict=True))
    theirs |= dict.fromkeys(
        name_row(name) for name, some in had.items() if any(row.get("guid") == guid for row in some)
    )
    return PersonRows(
        guid,
        own,
        sorted(theirs, key=lambda binder: binder.startswith(_NAME)),
        found,
        is_called=bool(called),
        had=had,
        shared=frozenset(shared),
    )


def binders_of_text(text: str, name_key: bytes) -> list[str]:
    """The rows that would bind this text: as a client id, and as a username."""
    return [ext_row(text), name_row(name_in_keys(text, name_key))]


def _names(binders: Iterable[str]) -> list[str]:
    return [binder.removeprefix(_NAME) for binder in binders if binder.startswith(_NAME)]


def _binders(row: Row) -> list[str]:
    """The binders that a claim, or another binder, names."""
    told = [row["ext"]] if "ext" in row else []
    return told + ([name_row(row["name"])] if "name" in row else [])
