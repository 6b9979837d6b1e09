"""Finds people by the beginnings of any words of a username or name, in any order.

No index has the words, so the rows of names are read in their order, up to a bound. Below a few thousand people one
request reads them all; beyond that a page can be short, or empty, and has a cursor.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from daybook.clock import SECOND, Clock
from daybook.crypto.keys import TenantKeys
from daybook.people.identities import Row, called_prefix, had_row, id_row
from daybook.people.lookup import GUID, IdentityReader
from daybook.people.tombstones import gone_of, tombstone
from daybook.tenant import EnvironmentKey
from daybook.text import folded

MAX_NAMES_READ = 5_000
MAX_MILLISECONDS = SECOND
"""After which no further rows are read."""

_ROWS_A_READ = 1_000

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]"
)
"""A letter of Thai, Lao, Burmese, Khmer, Chinese, Japanese or Korean: their names are written without spaces."""


class Names(IdentityReader, Protocol):
    def names(
        self, environment: EnvironmentKey, prefix: str, after: str | None, limit: int
    ) -> tuple[list[Row], str | None]:
        """At most `limit` rows of names that begin with `prefix`, in order, after the row `after`; and the last row's
        sort key when there may be more.
        """


class NamedActor(Struct):
    """A person, under one of the usernames that the person has or had."""

    id: str
    """The person's GUID."""
    username: str
    """Of a forgotten person, the GUID."""
    name: str | None
    """The name that came with the username first."""
    forgotten: bool


def named(row: Row) -> NamedActor:
    return NamedActor(row["guid"], row["username"], row.get("full_name"), forgotten=False)


@dataclass(frozen=True)
class ActorSearch:
    names: Names
    clock: Clock

    def find(
        self, environment: EnvironmentKey, text: str, after: str | None, limit: int
    ) -> tuple[list[NamedActor], str | None]:
        """At most `limit` people, in the order of usernames, after the row `after`; and where the next page begins, if
        there may be more. Each person once. Raises `Throttled`.
        """
        wanted, deadline_ms, read = folded(text).split(), self.clock() + MAX_MILLISECONDS, 0
        people: dict[str, NamedActor] = {}
        place = after
        while True:
            rows, last = self.names.names(environment, "", place, _ROWS_A_READ)
            for row in rows:
                if "guid" not in row:
                    continue  # stands for people who are not written down
                if begin_words(wanted, f"{row['username']} {row.get('full_name', '')}"):
                    if row["guid"] not in people and len(people) == limit:
                        return list(people.values()), place
                    people.setdefault(row["guid"], named(row))
                place = had_row(row["name"], int(row["from"]), row["guid"])
            read += len(rows)
            if last is None:
                return list(people.values()), None
            place = last
            if read >= MAX_NAMES_READ or self.clock() >= deadline_ms:
                return list(people.values()), place

    def by_guid(self, environment: EnvironmentKey, guid: str, keys: TenantKeys) -> list[NamedActor]:
        """The person under the latest username, or as forgotten. Empty for nobody, and for who never had a username."""
        stone = tombstone(keys.gone, environment, id_row(guid))
        rows = self.names.read(environment, [stone])
        if guid in gone_of(rows.get(stone, {})):
            return [NamedActor(guid, guid, None, forgotten=True)]
        (called,) = self.names.query(environment, [called_prefix(guid)])
        return [named(max(called, key=lambda row: (row["from"], row["turn"])))] if called else []


def guid_in(text: str) -> str | None:
    return text.lower() if GUID.fullmatch(text) else None


def begin_words(wanted: Sequence[str], text: str) -> bool:
    """Whether each of them begins a word of the text, or the text from a word on. They are folded.

    In names that are written without spaces every letter begins a word.
    """
    searched = folded(text)
    return all(
        any(_begins_word(searched, match.start()) for match in re.finditer(f"(?={re.escape(each)})", searched))
        for each in wanted
    )


def _begins_word(searched: str, at: int) -> bool:
    """A mark belongs to the letter before it."""
    if not at or _UNSPACED.match(searched, at):
        return True
    before = searched[at - 1]
    return not before.isalnum() and not unicodedata.combining(before)
