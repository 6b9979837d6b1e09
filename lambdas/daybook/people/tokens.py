"""Free text without the names of an event's people: each name becomes a token that refers to a person's sealed field.

A token is `~person.slot;`: the person's index in the event's cast, and the slot of the sealed list that holds the exact
text, in its original case. `~` itself is written `~~`, so `untokenise(tokenise(x))` is x for every text and every cast.
A forgotten person's tokens read as the person's GUID.

Sealed texts are tokenised too, so that a text of one person keeps no name of another who is forgotten. A username, an
e-mail and an id stay as they are, though. A full name gives way only to full names and e-mails that are shorter, so no
two names refer to each other.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from daybook.text import composed, decomposed, folded, letters

SHORTEST_NAME = 3
"""Shorter ASCII names are often words (`an`, `al`), or parts between dots. They are replaced only as a whole text."""

SHORTEST_BEYOND_ASCII = 2
"""Two letters beyond ASCII can be a full name: most Chinese names are that short."""

_LONGEST_TEXT = 32 * 1024
"""No text of an event has more characters, as far as names are searched for in it."""

_USUAL_LETTER = 8
"""How many characters a letter and its marks may be for the cache. Senders choose how many marks a letter has."""

_TOKEN = re.compile(r"~(?:~|(\d+)\.(\d+);)", re.ASCII)
_WORD = re.compile(r"\w*")

_SearchName = tuple[str, int, bool]
"""A normalised name, whose it is, and whether it is found only at word boundaries. A name with letters beyond ASCII is
found anywhere, since many languages add endings to names, or write no spaces at all."""


class Cast:
    """The people of one event, as their names may appear in its texts. A name that two people share belongs to the one
    added first.

    `note(person, value)` gives the slot for a value that differs from the person's own fields, for example in its case.
    The value is sealed, since the text must come back unchanged.
    """

    def __init__(self, note: Callable[[int, Any], int]) -> None:
        self._note = note
        self._full_names: list[tuple[str, int]] = []
        self._emails: list[tuple[str, int]] = []
        self._named_in_full: set[int] = set()
        """Who has a full name or an e-mail."""
        self._exact: dict[tuple[int, str], int] = {}
        self._named: dict[str, int] = {}
        self._identified: dict[str, int] = {}
        self._normalised: dict[str, tuple[int, bool]] = {}
        self._search_names: list[_SearchName] | None = None
        self._in_full_names: list[_SearchName] | None = None
        self._rests: dict[str, set[str]] = {}
        self._cut_full_names: list[str] = []

    def add_full_name(self, text: str, person: int, slot: int) -> None:
        """A name that is replaced within the full names of others, too. So is an e-mail."""
        self.add_name(text, person, slot)
        self._full_names.append((text, person))
        self._named_in_full.add(person)

    def add_email(self, text: str, person: int, slot: int) -> None:
        self.add_name(text, person, slot)
        self._emails.append((text, person))
        self._named_in_full.add(person)

    def add_name(self, text: str, person: int, slot: int) -> None:
        """A text that names the person even as a whole text, whatever its case."""
        self._exact.setdefault((person, text), slot)
        if text.isascii():  # the same result, several times as fast
            name = text.lower()
            self._named.setdefault(name, person)
            if len(name) >= SHORTEST_NAME:
                self._normalised.setdefault(name, (person, True))
                self._search_names = None
        else:
            self._named.setdefault(folded(text), person)
            if is_searchable(text):
                self._add_search_name(text, person)

    def add_id(self, text: str, person: int, slot: int) -> None:
        """The client's id. As a whole text it is case-sensitive."""
        self._identified.setdefault(composed(text), person)
        self.add_trace(text, person, slot)

    def add_trace(self, text: str, person: int, slot: int) -> None:
        """A text that belongs to the person but names nobody, such as an address. It is found within texts."""
        self._exact.setdefault((person, text), slot)
        # A number is not searched for unless it is a name: it could as well be an amount.
        if is_searchable(text) and not text.isdecimal():
            self._add_search_name(text, person)

    def add_rest(self, kept: str, uncut: str, person: int, *, is_full_name: bool) -> None:
        """How a name goes on that was cut. Where a text goes on in the same way, so far is it replaced: the text may
        have been cut, too.
        """
        begin, whole = _normalised(kept)[0], _normalised(uncut[:_LONGEST_TEXT])[0]
        begin = begin[: _common_length(begin, whole)]  # less than all if the cut went through a letter and its marks
        person, bounded = self._normalised.get(begin, (person, True))
        self._normalised[begin] = person, bounded and _is_plain(uncut)
        self._search_names = None
        self._rests.setdefault(begin, set()).add(whole[len(begin) :])
        if is_full_name:
            self._cut_full_names.append(begin)

    def _add_search_name(self, text: str, person: int) -> None:
        self._normalised.setdefault(_normalised(text)[0], (person, _is_plain(text)))
        self._search_names = None

    def text(self, text: str) -> str:
        """Free text: names are found at word boundaries."""
        return self._with_tokens(text, *_normalised(text), self._searched(), anywhere=False)

    def label(self, text: str) -> str:
        """Free text that may as a whole be a name of any length."""
        return self._tokenised(text, anywhere=False)

    def identifier(self, text: str) -> str:
        """An id: names are found anywhere in it, and as the whole id."""
        return self._tokenised(text, anywhere=True)

    def whole(self, person: int, value: Any) -> str:
        """A token for a person's value, which need not be a name or a string."""
        slot = self._exact.get((person, value)) if isinstance(value, str) else None
        return token(person, self._note(person, value) if slot is None else slot)

    def token_for_whole(self, text: str) -> str | None:
        """A token if the whole text is somebody's name or id, whatever its length; otherwise None."""
        person = self._named.get(folded(text))
        if person is None:
            person = self._identified.get(composed(text))
        return None if person is None else self.whole(person, text)

    def is_full_name(self, text: str) -> bool:
        """Whether the text is somebody's full name, in any case and composition."""
        normalised = _normalised(text)[0]
        return any(_normalised(name)[0] == normalised for name, _ in self._full_names) or any(
            map(normalised.startswith, self._cut_full_names)
        )

    def full_name(self, person: int, text: str) -> str:
        """A full name as it is sealed: of the full names and e-mails of others, those that are shorter are replaced."""
        if self._named_in_full <= {person}:
            return escape(text)
        if self._in_full_names is None:
            every = (*self._full_names, *self._emails)
            known = [(_normalised(each)[0], whose, True) for each, whose in every if is_searchable(each)]
            self._in_full_names = sorted(known, key=_longest_first)
        normalised, starts = _normalised(text)
        for name, whose, _ in self._in_full_names:
            if whose != person and name in normalised and name != normalised:
                break
        else:
            return escape(text)
        names = [each for each in self._in_full_names if each[1] != person and len(each[0]) < len(normalised)]
        return self._with_tokens(text, normalised, starts, names, anywhere=False)

    def about(self, person: int, text: str) -> str:
        """Free text as it is sealed for the person whom it is about. The person's own names stay."""
        normalised, starts = _normalised(text)
        names = [each for each in self._searched() if each[1] != person and each[0] in normalised]
        if names:
            own = {_normalised(name)[0] for whose, name in self._exact if whose == person}
            names = [each for each in names if each[0] not in own]
        return self._with_tokens(text, normalised, starts, names, anywhere=False)

    def _tokenised(self, text: str, *, anywhere: bool) -> str:
        if not text.isascii():
            whole = self.token_for_whole(text)
            return whole or self._with_tokens(text, *_normalised(text), self._searched(), anywhere=anywhere)
        lowered = text.lower()  # folded and normalised: the same, but faster
        person = self._named.get(lowered)
        if person is None:
            person = self._identified.get(text)
        if person is not None:
            return self.whole(person, text)
        return self._with_tokens(text, lowered, None, self._search_names or self._searched(), anywhere=anywhere)

    def _searched(self) -> list[_SearchName]:
        if self._search_names is None:
            found = self._normalised
            self._search_names = [(name, *found[name]) for name in sorted(found, key=len, reverse=True)]
        return self._search_names

    def _with_tokens(
        self,
        text: str,
        normalised: str,
        starts: Sequence[int] | None,
        names: Sequence[_SearchName],
        *,
        anywhere: bool,
    ) -> str:
        for each in names:
            if each[0] in normalised:
                break
        else:
            return text.replace("~", "~~") if "~" in text else text
        pieces: list[str] = []
        done = 0
        found = _occurrences(text, normalised, starts, names, self._rests, anywhere=anywhere)
        for start, end, person in sorted(found):
            pieces += (escape(text[done:start]), self.whole(person, text[start:end]))
            done = end
        return "".join(pieces) + escape(text[done:])


def _longest_first(name: _SearchName) -> int:
    return -len(name[0])


def _normalised(text: str) -> tuple[str, Sequence[int] | None]:
    """The text in the form in which names are found: equal for texts that differ in case and composition only.

    The second result gives the position in the text for each position of that form, -1 within a letter and its marks.
    None: the positions are the same.
    """
    if text.isascii():
        return text.lower(), None
    pieces: list[str] = []
    starts: list[int] = []
    place = 0
    for letter in letters(text):
        piece = _normalised_letter(letter) if len(letter) <= _USUAL_LETTER else _normal(letter)
        pieces.append(piece)
        starts.append(place)
        if len(piece) > 1:
            starts += [-1] * (len(piece) - 1)
        place += len(letter)
    starts.append(place)
    return "".join(pieces), starts


def _normal(letter: str) -> str:
    """At least one character. Folding may compose characters again, so they are decomposed twice."""
    return decomposed(decomposed(letter).casefold())


_normalised_letter = lru_cache(4_096)(_normal)


def _occurrences(  # noqa: PLR0913  what a text is, and what is searched for
    text: str,
    normalised: str,
    starts: Sequence[int] | None,
    search_names: Sequence[_SearchName],
    rests: Mapping[str, AbstractSet[str]],
    *,
    anywhere: bool,
) -> list[tuple[int, int, int]]:
    """Where the names occur in the text, and whose they are. Text covered by a longer name is not searched again.

    `rests` says how those names go on that were cut.

    The search continues after a match, and after a word in which no name can begin: the cost of a long text must not
    grow with the square of its length.
    """
    found: list[tuple[int, int, int]] = []
    taken = bytearray(len(normalised))
    for name, person, bounded in search_names:
        at = normalised.find(name)
        while at >= 0:
            after = at + len(name)
            if name in rests:
                limit = taken.find(1, after)
                ahead = normalised[after : len(taken) if limit < 0 else limit]
                after += max(_common_length(ahead, rest) for rest in rests[name])
                while starts is not None and starts[after] < 0 and after > at + len(name):
                    after -= 1
            start, end = (at, after) if starts is None else (starts[at], starts[after])
            next_start = at + 1
            if (first := taken.find(1, at, after)) >= 0:
                free = taken.find(0, first)
                next_start = len(taken) if free < 0 else free
            elif start >= 0 and end >= 0:
                if anywhere or not bounded or _stands_alone(text, start, end):
                    found.append((start, end, person))
                    taken[at:after] = b"\1" * (after - at)
                    next_start = after
                elif name in rests:
                    next_start = after
                elif _in_word(normalised[at]):
                    next_start = max(next_start, _end_of_word(normalised, at))
            at = normalised.find(name, next_start)
    return found


def _common_length(one: str, other: str) -> int:
    """How many characters both texts begin with."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


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
    """Whether all letters are ASCII, without marks."""
    return text.isascii() or not any(
        unicodedata.combining(each) or (each.isalpha() and not each.isascii()) for each in decomposed(text)
    )


def is_searchable(text: str) -> bool:
    """Whether a name is found within texts. A letter with its marks counts as one character, however it is encoded."""
    if text.isascii():
        return len(text) >= SHORTEST_NAME
    count = sum(not unicodedata.combining(each) for each in composed(text))
    return count >= (SHORTEST_NAME if _is_plain(text) else SHORTEST_BEYOND_ASCII)


def token(person: int, slot: int) -> str:
    return f"~{person}.{slot};"


def escape(text: str) -> str:
    return text.replace("~", "~~")


def untokenise(text: str, value_of: Callable[[int, int], Any]) -> Any:
    """The original text. `value_of(person, slot)` gives the value of a token.

    A text that consists of one token gives that value itself, which need not be a string.
    """
    if "~" not in text:
        return text
    match = _TOKEN.fullmatch(text)
    if match is not None and match[1] is not None:
        return value_of(int(match[1]), int(match[2]))
    return _TOKEN.sub(lambda found: "~" if found[1] is None else str(value_of(int(found[1]), int(found[2]))), text)


def people_in(text: str) -> list[int]:
    """The indexes of the people in the cast whom a tokenised text names."""
    return [int(person) for person, _ in _TOKEN.findall(text) if person] if "~" in text else []
