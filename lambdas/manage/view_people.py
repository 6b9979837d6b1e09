"""Whom a saved view names: in its filters, which keep people by GUID, and in its name, which the log shows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from daybook.catalogue.aliases import Aliases
from daybook.crypto.keys import TenantKeys
from daybook.people.identities import (
    Person,
    called_prefix,
    ext_row,
    id_row,
    more_row,
    name_in_keys,
    name_row,
)
from daybook.people.lookup import IdentityReader, resolve
from daybook.people.tokens import is_searchable
from daybook.people.tombstones import gone_of, tombstone
from daybook.tenant import EnvironmentKey
from daybook.text import folded

_WORDS_OF_A_USERNAME = 3
_AROUND_A_WORD = "\"'“”()[],;:!?"
_PIECES = (re.compile(r"[\w.@+\s-]+"), re.compile(r"[\w.@+\s'\u2019-]+"))
"""Between all other punctuation, as slashes and dashes. An apostrophe may belong to a name, or end it."""
_AT_ITS_END, _BEFORE_IT = ".-+", "@"

Guids = Mapping[str, Sequence[str]]
"""By text."""


class Meant(NamedTuple):
    """Whom the texts of a view mean. A text that means nobody is in none of these."""

    people: Guids
    """Everyone who has or ever had each name or id, forgotten people too."""
    forgotten: Guids
    """Those of `people` whose text means nobody living."""
    ids: Guids
    """Of targets that are no users: the forgotten people who had such an id as a username that nobody living has. Any
    other id is not in it, since a search finds that target by the text alone.
    """


@dataclass(frozen=True)
class ViewPeople:
    """In the time of one request. Calls raise `Throttled`."""

    reader: IdentityReader
    environment: EnvironmentKey
    aliases: Aliases
    keys: TenantKeys

    def meant(self, texts: Iterable[str], ids: Iterable[str] = (), *, strict: bool = False) -> Meant:
        """`texts` mean users, `ids` are of other targets. An alias means nobody here, and neither does a name that too
        many people have: where `strict`, it raises `TooManyPeople`.
        """
        asked = {text: self._binders(text) for text in texts if not self.aliases.types_called(text)}
        stones = {text: [self._stone(binder) for binder in binders] for text, (*binders, _) in asked.items()}
        stones_of_ids = {text: self._stone(name_row(name_in_keys(text, self.keys.name))) for text in ids}
        wanted = dict.fromkeys(chain(*asked.values(), *stones.values(), stones_of_ids.values()))
        rows = self.reader.read(self.environment, wanted)
        held = [text for text, binders in asked.items() if any(binder in rows for binder in binders)]
        gone_ids = {text: sorted(gone_of(rows[stone])) for text, stone in stones_of_ids.items() if stone in rows}
        may_be_crowds = gone_ids.keys() - asked.keys() if strict else {*held, *gone_ids}
        named = resolve(
            self.reader, self.environment, self.aliases, [*held, *gone_ids], self.keys.name, ids=may_be_crowds
        )
        people: dict[str, Sequence[str]] = {}
        forgotten: dict[str, Sequence[str]] = {}
        for text in asked:
            gone = {guid for stone in stones[text] for guid in gone_of(rows.get(stone, {}))}
            living = named[text].guids if text in named else frozenset()
            if (gone or living) and not (text in named and named[text].is_crowded):
                people[text] = sorted(gone | living)
                if not living:
                    forgotten[text] = people[text]
        free = {text: gone for text, gone in gone_ids.items() if not named[text].guids and not named[text].is_crowded}
        return Meant(people, forgotten, free)

    def in_name(self, name: str, guids: Iterable[str]) -> dict[str, list[Person]]:
        """Who of the living is named in the name of a view, by text: by a username, or, of those with these GUIDs, by
        the full name.
        """
        filtered = sorted(guids)
        texts = {text: set(some) for text, some in self.meant(_candidates(name)).people.items()}
        called = self.reader.query(self.environment, list(map(called_prefix, filtered)))
        for row in chain.from_iterable(called):
            for text in (row["username"], row.get("full_name", "")):
                if text and folded(text) in folded(name):
                    texts.setdefault(text, set()).add(row["guid"])
        keys = self.reader.read(self.environment, {id_row(guid): None for some in texts.values() for guid in some})
        people = {
            text: [Person(guid, keys[id_row(guid)]["key"]) for guid in sorted(some) if id_row(guid) in keys]
            for text, some in texts.items()
        }
        return {text: some for text, some in people.items() if some}

    def _binders(self, text: str) -> list[str]:
        """The rows that bind the text; the last one has no tombstone."""
        name = name_in_keys(text, self.keys.name)
        return [ext_row(text), name_row(name), more_row(name)]

    def _stone(self, binder: str) -> str:
        return tombstone(self.keys.gone, self.environment, binder)


def _candidates(name: str) -> list[str]:
    """What may be a username in it: so many words in a row, with and without the punctuation that may belong to the
    sentence. Left out is what is too short for the record to seal within a text.
    """
    runs = [
        " ".join(words[start : start + length])
        for words in map(str.split, chain([name], *(pieces.findall(name) for pieces in _PIECES)))
        for start in range(len(words))
        for length in range(1, _WORDS_OF_A_USERNAME + 1)
    ]
    texts = chain.from_iterable(map(_forms, dict.fromkeys(runs)))
    return [text for text in dict.fromkeys(texts) if text and (is_searchable(text) or text == name)]


def _forms(run: str) -> Iterator[str]:
    bare = run.strip(_AROUND_A_WORD)
    for text in (bare, bare.removesuffix("'s").removesuffix("\u2019s")):
        yield text
        yield text.rstrip(_AT_ITS_END)
        yield text.strip(_AT_ITS_END + _BEFORE_IT)
