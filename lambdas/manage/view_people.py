"""Whom a saved view names: in its filters, which keep people by GUID, and in its name, which the log shows."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

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
from daybook.people.tombstones import gone_of, tombstone
from daybook.tenant import EnvironmentKey
from daybook.text import folded

_WORDS_OF_A_USERNAME = 3
_AROUND_A_WORD = "\"'“”()[],;:!?"

Guids = Mapping[str, Sequence[str]]
"""Of each text that means somebody."""


@dataclass(frozen=True)
class ViewPeople:
    """In the time of one request. Calls raise `Throttled`."""

    reader: IdentityReader
    environment: EnvironmentKey
    aliases: Aliases
    keys: TenantKeys

    def guids(self, texts: Iterable[str], ids: Container[str] | None = None) -> Guids:
        """Everyone who has or ever had each name or id, forgotten people too. A text that means nobody is not in it,
        and neither is an alias, nor a name that too many people have. Such a name raises `TooManyPeople` where `ids`
        are given and it is none of them.
        """
        asked = {text: self._binders(text) for text in texts if not self.aliases.types_called(text)}
        stones = {text: [self._stone(binder) for binder in binders] for text, (*binders, _) in asked.items()}
        rows = self.reader.read(self.environment, dict.fromkeys(chain(*asked.values(), *stones.values())))
        held = [text for text, binders in asked.items() if any(binder in rows for binder in binders)]
        named = resolve(
            self.reader, self.environment, self.aliases, held, self.keys.name, ids=held if ids is None else ids
        )
        found: dict[str, Sequence[str]] = {}
        for text in asked:
            gone = {guid for stone in stones[text] for guid in gone_of(rows.get(stone, {}))}
            some = gone | (named[text].guids if text in named else frozenset())
            if some and not (text in named and named[text].is_crowded):
                found[text] = sorted(some)
        return found

    def in_name(self, name: str, guids: Iterable[str]) -> dict[str, list[Person]]:
        """Who of the living is named in the name of a view, by text: by a username, or, of those with these GUIDs, by
        the full name.
        """
        filtered = sorted(guids)
        texts = {text: set(some) for text, some in self.guids(_candidates(name)).items()}
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
    """What may be a username in it: so many words in a row."""
    words = name.split()
    runs = (
        words[start : start + length] for start in range(len(words)) for length in range(1, _WORDS_OF_A_USERNAME + 1)
    )
    return list(dict.fromkeys(text for run in runs if (text := " ".join(run).strip(_AROUND_A_WORD))))
