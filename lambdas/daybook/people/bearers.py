"""Whom somebody may mean who asks to forget a person by a username or an id."""

from collections.abc import Iterable
from typing import NamedTuple

from daybook.crypto.keys import TenantKeys
from daybook.people.identities import (
    HAD_ROWS_READ,
    called_prefix,
    called_row,
    claim_row,
    had_prefix,
    id_row,
    name_in_keys,
    renamed_row,
)
from daybook.people.person_rows import IdentityRows, binders_of_text
from daybook.people.tombstones import gone_of, tombstone
from daybook.tenant import EnvironmentKey


class Bearers(NamedTuple):
    guids: list[str]
    """In order. The forgotten are among them where somebody else has the text now, or where rows of theirs are left."""
    are_all: bool
    """Whether there are no more of them. A name that very many people had is not written down for each."""


def bearers(rows: IdentityRows, environment: EnvironmentKey, keys: TenantKeys, text: str) -> Bearers:
    """The people who have or ever had this username or client id. A bounded number of calls, however many they are."""
    binders = binders_of_text(text, keys.name)
    found = rows.read(environment, binders)
    (had,) = rows.query(environment, [had_prefix(name_in_keys(text, keys.name))], HAD_ROWS_READ)
    there = {row["guid"] for row in (*found.values(), *had) if "guid" in row}
    stones = rows.read(environment, [tombstone(keys.gone, environment, binder) for binder in binders])
    once = {guid for row in stones.values() for guid in gone_of(row)} - there
    there |= set() if there else _with_rows(rows, environment, once)
    return Bearers(sorted(there | once) if there else [], all("guid" in row for row in had))


def _with_rows(rows: IdentityRows, environment: EnvironmentKey, guids: Iterable[str]) -> set[str]:
    """Those whose forgetting has not ended."""
    wanted = sorted(guids)
    own = {guid: (id_row(guid), claim_row(guid), renamed_row(guid), called_row(guid)) for guid in wanted}
    there = rows.read(environment, [key for keys in own.values() for key in keys])
    called = rows.query(environment, [called_prefix(guid) for guid in wanted], 1)
    return {guid for guid, names in zip(wanted, called, strict=True) if names or any(key in there for key in own[guid])}
