"""Free text without the names of an event's people: each name becomes a token that points at a person's sealed field.

A token is `~person.slot;`: the person's place in the event's cast and the slot of the sealed list that holds the very
text which stood there, in its own case. `~` itself is written `~~`, so `untokenise(tokenise(x))` is x for every text
and every cast. A forgotten person's tokens read as the person's GUID.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

SHORTEST_NAME = 3
"""Names of fewer characters would be found in half of all words; they stay, unless they are the whole text."""

_TOKEN = re.compile(r"~(?:~|(\d+)\.(\d+);)")


class Name(NamedTuple):
    """A text by which one of the cast may be named in free text."""

    text: str
    person: int
    slot: int


class Cast:
    """The people of one event, as their names may stand in its texts.

    `names` are looked for in free text, `ids` only recognised where they are the whole of a text. `note(person, value)`
    gives the slot for what differs from the person's own fields, in its case say: it is kept, sealed, since the text
    must come back as it was.
    """

    def __init__(self, names: Sequence[Name], ids: Sequence[Name], note: Callable[[int, Any], int]) -> None:
        self._note = note
        self._exact: dict[tuple[int, str], int] = {}
        self._whole: dict[str, Name] = {}
        self._sought: list[tuple[str, Name]] = []
        for name in names:
            self._exact.setdefault((name.person, name.text), name.slot)
            if self._whole.setdefault(name.text.casefold(), name) is name and len(name.text) >= SHORTEST_NAME:
                self._sought.append((_levelled(name.text), name))
        for name in ids:
            self._exact.setdefault((name.person, name.text), name.slot)
            self._whole.setdefault(name.text, name)
        self._sought.sort(key=_by_length)

    def text(self, text: str) -> str:
        """Free text: names at word boundaries; a name with letters beyond ASCII anywhere, since there languages join
        names with endings or write no spaces at all.
        """
        return self._replaced(text, anywhere=False)

    def label(self, text: str) -> str:
        """Free text that may be a name as a whole, whatever its length."""
        person = self.person_named(text)
        return self._replaced(text, anywhere=False) if person is None else self.whole(person, text)

    def identifier(self, text: str) -> str:
        """Ids: names anywhere, and as a whole."""
        person = self.person_named(text)
        return self._replaced(text, anywhere=True) if person is None else self.whole(person, text)

    def person_named(self, text: str) -> int | None:
        """The person one of whose names or ids is the whole text."""
        name = self._whole.get(text.casefold()) or self._whole.get(text)
        return None if name is None else name.person

    def whole(self, person: int, value: Any) -> str:
        """A token for a value of a person, which need not be a name nor a string."""
        slot = self._exact.get((person, value)) if isinstance(value, str) else None
        return token(person, self._note(person, value) if slot is None else slot)

    def _replaced(self, text: str, *, anywhere: bool) -> str:
        levelled = _levelled(text)
        sought = [(folded, name) for folded, name in self._sought if folded in levelled]
        if not sought:
            return escape(text)
        pieces: list[str] = []
        done = 0
        while (found := _first(text, levelled, sought, done, anywhere=anywhere)) is not None:
            start, end, name = found
            pieces += (escape(text[done:start]), self.whole(name.person, text[start:end]))
            done = end
        return "".join(pieces) + escape(text[done:])


def _first(
    text: str, levelled: str, sought: list[tuple[str, Name]], start: int, *, anywhere: bool
) -> tuple[int, int, Name] | None:
    """The leftmost name from `start` on; the longest, where several begin there."""
    best: tuple[int, int, Name] | None = None
    for folded, name in sought:
        at = levelled.find(folded, start)
        while at >= 0 and not (anywhere or not _plain(folded) or _stands_alone(text, at, at + len(folded))):
            at = levelled.find(folded, at + 1)
        if at >= 0 and (best is None or at < best[0]):
            best = (at, at + len(folded), name)
    return best


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (start > 0 and _in_word(text[start - 1]) and _in_word(text[start])) and not (
        end < len(text) and _in_word(text[end]) and _in_word(text[end - 1])
    )


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _plain(text: str) -> bool:
    return text.isascii() or all(character.isascii() for character in text if character.isalpha())


def _levelled(text: str) -> str:
    """Lower case, character by character, so that a place in it is the same place in the text."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join([lower if len(lower := character.lower()) == 1 else character for character in text])


def _by_length(sought: tuple[str, Name]) -> int:
    return -len(sought[0])


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
