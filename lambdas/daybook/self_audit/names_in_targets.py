"""Whom texts of targets name among other things: `mike.mars` in `folder:mike.mars-files`.

In an event the sender says who is mentioned; in a search nobody does, and its record must hold no name all the same. So
what may be a name in such a text is looked up: the text itself, what stands between its word boundaries, and within
words beyond ASCII any part, as `daybook.people.tokens` finds names. Longer texts have more
such parts than are looked up.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from daybook.people.identities import MAX_NAME_BYTES, ext_row, folded, name_row
from daybook.people.lookup import IdentityReader, Named
from daybook.people.tokens import is_sought
from daybook.people.tombstones import tombstone
from daybook.tenant import Tenant

MAX_KEYS = 100  # BatchGetItem's own limit

_MAX_TEXTS = MAX_KEYS // 3
"""A text takes a key as an id, and two for each part: whom it means, and who was forgotten under it."""

_WORD = re.compile(r"\w+")


class Within(NamedTuple):
    """By text: the parts of it that name somebody, and the texts that must not be written: a part of these named
    somebody who is forgotten, or they were too many to be looked at.
    """

    parts: Mapping[str, Mapping[str, Named]] = {}
    hidden: frozenset[str] = frozenset()

    @property
    def named(self) -> dict[str, Named]:
        return {part: one for parts in self.parts.values() for part, one in parts.items()}


def names_within(reader: IdentityReader, tenant: Tenant, gone_key: bytes, texts: Iterable[str]) -> Within:
    """One read, of at most 100 keys for all texts together; none without a text."""
    wanted = list(dict.fromkeys(texts))
    if not wanted:
        return Within()
    looked_at, beyond = wanted[:_MAX_TEXTS], wanted[_MAX_TEXTS:]
    most = (MAX_KEYS // len(looked_at) - 1) // 2
    parts = {text: list(islice(_parts(text), most)) for text in looked_at}
    stones = {
        text: [tombstone(gone_key, tenant, binder) for binder in (ext_row(text), *map(_binder, some))]
        for text, some in parts.items()
    }
    binders = [_binder(part) for some in parts.values() for part in some]
    rows = reader.read(tenant, dict.fromkeys([*binders, *(stone for some in stones.values() for stone in some)]))
    found = {
        text: {
            part: Named(part, frozenset({rows[_binder(part)]["guid"]}), is_known=True)
            for part in some
            if _binder(part) in rows
        }
        for text, some in parts.items()
    }
    gone = [text for text, some in stones.items() if any(stone in rows for stone in some)]
    return Within(found, frozenset([*gone, *beyond]))


def _binder(part: str) -> str:
    return name_row(folded(part))


def _parts(text: str) -> Iterator[str]:
    """What may be a name, the likeliest first: all of it, few words before many, then parts of words beyond ASCII."""
    words = list(_WORD.finditer(text))
    seen = set()
    for part in (text, *_of_words(text, words), *_of_letters(words)):
        if part not in seen and (part == text or is_sought(part)) and len(folded(part).encode()) <= MAX_NAME_BYTES:
            seen.add(part)
            yield part


def _of_words(text: str, words: list[re.Match[str]]) -> Iterator[str]:
    for count in range(1, len(words) + 1):
        for first, last in zip(words, words[count - 1 :], strict=False):
            yield text[first.start() : last.end()]


def _of_letters(words: list[re.Match[str]]) -> Iterator[str]:
    beyond = [word[0] for word in words if not word[0].isascii()]
    for length in range(2, max(map(len, beyond), default=0)):
        for word in beyond:
            yield from (word[start : start + length] for start in range(len(word) - length + 1))
