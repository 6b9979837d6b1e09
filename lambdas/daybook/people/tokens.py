"""Free text without the names of an event's people: each name becomes a token that points at a person's sealed field.

A token is `~person.slot;`: the person's place in the event's cast and the slot of the sealed list that holds the very
text which stood there, in its own case. `~` itself is written `~~`, so `untokenise(tokenise(x))` is x for every text
and every cast. A forgotten person's tokens read as the person's GUID.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from daybook.people.identities import folded

SHORTEST_NAME = 3
"""ASCII names of fewer characters are words as well (`an`, `al`), or stand between any two dots; they stay, unless they
are the whole text."""

SHORTEST_BEYOND_ASCII = 2
"""Two letters beyond ASCII are a whole name where names are written so: most Chinese ones are."""

_TOKEN = re.compile(r"~(?:~|(\d+)\.(\d+);)", re.ASCII)
_WORD = re.compile(r"\w*")


_Sought = tuple[str, int, bool]
"""A name levelled, whose it is, and whether it is found at word boundaries alone. One with letters beyond ASCII is
found anywhere, since there languages join names with endings, or write no spaces at all."""


class Cast:
    """The people of one event, as their names may stand in its texts; who is added first has a name that two share.

    `note(person, value)` gives the slot for what differs from the person's own fields, in its case say: it is kept,
    sealed, since the text must come back as it was.
    """

    def __init__(self, note: Callable[[int, Any], int]) -> None:
        self._note = note
        self._exact: dict[tuple[int, str], int] = {}
        self._named: dict[str, int] = {}
        self._identified: dict[str, int] = {}
        self._levelled: dict[str, tuple[int, bool]] = {}
        self._sought: list[_Sought] | None = None

    def add_name(self, text: str, person: int, slot: int) -> None:
        """A text that names the person also where it stands alone, whatever its case."""
        self._named.setdefault(folded(text), person)
        self._exact.setdefault((person, text), slot)
        if is_sought(text):
            self._seek(text, person)

    def add_id(self, text: str, person: int, slot: int) -> None:
        """The client's id: as a whole text it is told apart by case."""
        self._identified.setdefault(text, person)
        self.add_trace(text, person, slot)

    def add_trace(self, text: str, person: int, slot: int) -> None:
        """A text that is the person's and names nobody, an address say: it is found in texts."""
        self._exact.setdefault((person, text), slot)
        # What is a number is not looked for, unless it is a name: it could as well be an amount.
        if is_sought(text) and not text.isdecimal():
            self._seek(text, person)

    def _seek(self, text: str, person: int) -> None:
        self._levelled.setdefault(_levelled(text)[0], (person, _is_plain(text)))
        self._sought = None

    def text(self, text: str) -> str:
        """Free text: names at word boundaries."""
        return self._replaced(text, *_levelled(text), anywhere=False)

    def label(self, text: str) -> str:
        """Free text that may be a name as a whole, whatever its length."""
        return self._tokenised(text, anywhere=False)

    def identifier(self, text: str) -> str:
        """Ids: names anywhere, and as a whole."""
        return self._tokenised(text, anywhere=True)

    def whole(self, person: int, value: Any) -> str:
        """A token for a value of a person, which need not be a name nor a string."""
        slot = self._exact.get((person, value)) if isinstance(value, str) else None
        return token(person, self._note(person, value) if slot is None else slot)

    def exactly(self, text: str) -> str | None:
        """A token where the whole text is somebody's name or id, whatever its length."""
        person = self._named.get(folded(text))
        if person is None:
            person = self._identified.get(text)
        return None if person is None else self.whole(person, text)

    def _tokenised(self, text: str, *, anywhere: bool) -> str:
        return self.exactly(text) or self._replaced(text, *_levelled(text), anywhere=anywhere)

    def _replaced(self, text: str, levelled: str, starts: Sequence[int] | None, *, anywhere: bool) -> str:
        if self._sought is None:
            found = self._levelled
            self._sought = [(name, *found[name]) for name in sorted(found, key=len, reverse=True)]
        for each in self._sought:
            if each[0] in levelled:
                break
        else:
            return escape(text)
        pieces: list[str] = []
        done = 0
        for start, end, person in sorted(_found(text, levelled, starts, self._sought, anywhere=anywhere)):
            pieces += (escape(text[done:start]), self.whole(person, text[start:end]))
            done = end
        return "".join(pieces) + escape(text[done:])


def _levelled(text: str) -> tuple[str, Sequence[int] | None]:
    """A text in the form in which names are found: without regard to case and to how letters with marks are written.

    Beside it, for each place in it, the place in the text, -1 within what was one character there. None: the same
    places.
    """
    if text.isascii():
        return text.lower(), None
    pieces: list[str] = []
    starts: list[int] = []
    for place, character in enumerate(text):
        piece = _levelled_character(character)
        pieces.append(piece)
        starts.append(place)
        if len(piece) > 1:
            starts += [-1] * (len(piece) - 1)
    starts.append(len(text))
    return "".join(pieces), starts


@lru_cache(4_096)
def _levelled_character(character: str) -> str:
    """At least one character. Folding may compose anew, so it is taken apart twice."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", character).casefold())


def _found(
    text: str, levelled: str, starts: Sequence[int] | None, sought: Sequence[_Sought], *, anywhere: bool
) -> list[tuple[int, int, int]]:
    """Where in the text the names stand, and whose they are: the longest first; what it takes is not looked at again.

    Goes on behind what was taken, and behind a word in which a name can't begin: a long text must not cost its length
    squared.
    """
    found: list[tuple[int, int, int]] = []
    taken = bytearray(len(levelled))
    for name, person, bounded in sought:
        at = levelled.find(name)
        while at >= 0:
            behind = at + len(name)
            start, end = (at, behind) if starts is None else (starts[at], starts[behind])
            following = at + 1
            if (first := taken.find(1, at, behind)) >= 0:
                free = taken.find(0, first)
                following = len(taken) if free < 0 else free
            elif start >= 0 and end >= 0:
                if anywhere or not bounded or _stands_alone(text, start, end):
                    found.append((start, end, person))
                    taken[at:behind] = b"\1" * len(name)
                    following = behind
                elif _in_word(levelled[at]):
                    following = max(following, _end_of_word(levelled, at))
            at = levelled.find(name, following)
    return found


def _end_of_word(text: str, start: int) -> int:
    word = _WORD.match(text, start)
    return start if word is None else word.end()


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (start > 0 and _in_word(text[start - 1]) and _in_word(text[start])) and not (
        end < len(text) and _in_word(text[end]) and _in_word(text[end - 1])
    )


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.combining(character) != 0


def _is_plain(text: str) -> bool:
    return text.isascii() or all(character.isascii() for character in text if character.isalpha())


def is_sought(text: str) -> bool:
    """Whether a name is found within a text. A letter with its marks is one character, however it is written."""
    if len(text) >= SHORTEST_NAME or _is_plain(text):
        return len(text) >= SHORTEST_NAME
    return sum(not unicodedata.combining(character) for character in text) >= SHORTEST_BEYOND_ASCII


def token(person: int, slot: int) -> str:
    return f"~{person}.{slot};"


def escape(text: str) -> str:
    return text.replace("~", "~~")


def untokenise(text: str, value_of: Callable[[int, int], Any]) -> Any:
    """The text as it was; `value_of(person, slot)` gives what a token stands for.

    A text that is one token gives that very value, which need not be a string.
    """
    if "~" not in text:
        return text
    match = _TOKEN.fullmatch(text)
    if match is not None and match[1] is not None:
        return value_of(int(match[1]), int(match[2]))
    return _TOKEN.sub(lambda found: "~" if found[1] is None else str(value_of(int(found[1]), int(found[2]))), text)


def people_in(text: str) -> list[int]:
    """The places in the cast of those who stand in a tokenised text."""
    return [int(person) for person, _ in _TOKEN.findall(text) if person] if "~" in text else []
