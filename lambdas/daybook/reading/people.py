"""Whom a reader means: a username, a client's id or a GUID, resolved to the people who are or ever were called so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from daybook.caller import Tenant
from daybook.catalogue import Aliases
from daybook.identities import MOST_NAME_BYTES, Row, ext_row, folded, had_prefix, id_row

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

MOST_CLIENT_ID = 128


class IdentityReader(Protocol):
    def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows there are, by sort key."""

    def query(self, tenant: Tenant, prefix: str) -> list[Row]:
        """The rows whose sort key begins so."""


@dataclass(frozen=True)
class Named:
    """What one value of a reader's stands for."""

    text: str
    guids: frozenset[str] = frozenset()
    """Everyone whose GUID or client id it is, or who ever had the name."""
    aliases: frozenset[str] = frozenset()
    """The aliases that it equals, in their own letters."""
    by_address: bool = field(default=False, compare=False)
    """Whether somebody of these is known by an address alone: shown, and indexed, under an alias."""

    @property
    def is_known(self) -> bool:
        return bool(self.guids or self.aliases)


def resolve(reader: IdentityReader, tenant: Tenant, aliases: Aliases, texts: Iterable[str]) -> dict[str, Named]:
    """What each of the texts stands for. Nobody at all is an answer too."""
    wanted = list(dict.fromkeys(texts))
    rows = reader.read(tenant, [key for text in wanted for key in _rows_of(text)]) if wanted else {}
    all_aliases = {aliases.system, aliases.api, aliases.operations, aliases.unknown}
    return {text: _named(reader, tenant, text, rows, all_aliases) for text in wanted}


def _rows_of(text: str) -> list[str]:
    keys = [ext_row(text)] if len(text) <= MOST_CLIENT_ID else []
    return [*keys, id_row(text.lower())] if GUID.fullmatch(text) else keys


def _named(reader: IdentityReader, tenant: Tenant, text: str, rows: dict[str, Row], aliases: set[str]) -> Named:
    name = folded(text)
    guids: set[str] = set()
    by_address = False
    if GUID.fullmatch(text):
        # Also without a row: a forgotten person's GUID still finds what that person did.
        guids.add(text.lower())
        by_address = "address" in rows.get(id_row(text.lower()), {})
    if ext_row(text) in rows:
        guids.add(rows[ext_row(text)]["guid"])
    if len(name.encode()) <= MOST_NAME_BYTES:
        # A name may hold #, so a prefix alone does not tell whose row it is.
        guids |= {row["guid"] for row in reader.query(tenant, had_prefix(name)) if row["name"] == name}
    return Named(text, frozenset(guids), frozenset(alias for alias in aliases if folded(alias) == name), by_address)
