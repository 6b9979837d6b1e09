"""Resolves a reader's username, client id or GUID to the people who have or ever had it."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daybook.catalogue.aliases import Aliases
from daybook.errors import TooManyPeople
from daybook.people.identities import (
    HAD_ROWS_READ,
    MAX_HOLDERS,
    Row,
    ext_row,
    had_prefix,
    id_row,
    may_be_by_address,
    name_in_keys,
)
from daybook.tenant import EnvironmentKey

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


class IdentityReader(Protocol):
    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by sort key."""

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        """For each prefix, the rows whose sort key begins with it, in order."""


@dataclass(frozen=True)
class Named:
    """What one value of a query stands for."""

    text: str
    guids: frozenset[str] = frozenset()
    """Everyone who has this GUID or client id, or ever had this name."""
    types: frozenset[str] = frozenset()
    """The types of actors that it is an alias of, a present or a former one."""
    is_certain: bool = False
    """Whether it is an alias, or the GUID of a person who is not forgotten. Any other value may also be the id or name
    of an actor that is not a person, because outsiders can take a name: by a failed sign-in, say.
    """
    by_address: bool = False
    """Whether one of them is, or before being forgotten may have been, known by an address alone and so indexed by
    its type."""

    is_crowded: bool = False
    """Whether more people had this name than a search looks for; they are not in `guids`. Only for ids of targets."""

    @property
    def is_known(self) -> bool:
        """Whether it is an alias or means anybody. A forgotten person's GUID is not known."""
        return self.is_certain or bool(self.guids - {self.text.lower()})


class ResolvedQuery(NamedTuple):
    """Whom a query means."""

    named: dict[str, Named]
    """For each of `Filters.names`."""
    members: frozenset[str] | None = None
    """The GUIDs of the groups' members; None if the query names no group."""
    member_by_address: bool = False
    """As `Named.by_address`, for the members."""
    excluded: frozenset[str] | None = None
    """The GUIDs of the members of the groups that the query excludes; None if it excludes no group."""


def resolve(  # noqa: PLR0913  whose names, what they are, and what they are for
    reader: IdentityReader,
    environment: EnvironmentKey,
    aliases: Aliases,
    texts: Iterable[str],
    name_key: bytes,
    *,
    ids: Container[str] = (),
) -> dict[str, Named]:
    """What each text stands for. A text may mean nobody at all. Raises `TooManyPeople`, but not for those in `ids`.

    `name_key`: the tenant's key for names. `ids`: the texts that are only ids of targets other than users.
    """
    wanted = list(dict.fromkeys(texts))
    if not wanted:
        return {}
    rows = reader.read(environment, dict.fromkeys(key for text in wanted for key in _rows_of(text)))
    names = {text: name_in_keys(text, name_key) for text in wanted}
    held = list(dict.fromkeys(names.values()))
    found = reader.query(environment, [had_prefix(name) for name in held], HAD_ROWS_READ)
    had = dict(zip(held, found, strict=True))
    return {text: _named(text, rows, _had(text, had[names[text]], ids), aliases) for text in wanted}


def _had(text: str, had: Iterable[Row], ids: Container[str]) -> set[str] | None:
    """None for a crowd."""
    try:
        return holders(text, had)
    except TooManyPeople:
        if text in ids:
            return None
        raise


def holders(name: str, had: Iterable[Row]) -> set[str]:
    """Everyone who ever had the name, from its rows `had#`. Raises `TooManyPeople`."""
    guids = {row.get("guid") for row in had}
    if None in guids or len(guids) > MAX_HOLDERS:
        raise TooManyPeople(name)
    return {guid for guid in guids if guid is not None}


def _rows_of(text: str) -> list[str]:
    return [ext_row(text), id_row(text.lower())] if GUID.fullmatch(text) else [ext_row(text)]


def _named(text: str, rows: Mapping[str, Row], had: set[str] | None, aliases: Aliases) -> Named:
    guids = set(had or ())
    types = aliases.types_called(text)
    is_certain, by_address = bool(types), False
    if GUID.fullmatch(text):
        # Even without a row: a forgotten person's GUID still finds what that person did.
        guids.add(text.lower())
        row = rows.get(id_row(text.lower()))
        is_certain |= row is not None
        by_address = may_be_by_address(row)
    if ext_row(text) in rows:
        guids.add(rows[ext_row(text)]["guid"])
    return Named(text, frozenset(guids), types, is_certain, by_address, had is None)
