"""Which characters a text may hold, and which texts are names of activities and types."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

ACTIVITY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,126}[A-Za-z0-9])?")
"""Names of activities. Most products' own names fit: `user.signed_in`, `ConsoleLogin`, `repo:create`. No character of
it separates the parts of a key.
"""

TYPE = re.compile(r"[A-Za-z0-9._-]+")
"""Types of targets and of what contains them."""

UNCLEAN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no text may hold: control characters other than tabs and line breaks, and halves of surrogate pairs."""

UNCLEAN_IN_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no text of one line may hold: tabs and line breaks too."""

UNCLEAN_MESSAGE = "contains a control character or half of a surrogate pair"


_SHORT = 1_000
"""Of so few characters `unicodedata` sorts the worst run of marks in a quarter of a millisecond."""

_BEGINNING_WITH_MARKS = "\u0f73\u0f75\u0f81"
"""Vowel signs that are no marks by their class, but decompose into marks."""


def composed(text: str) -> str:
    """The text in NFC: two compositions of the same letters are the same text. Takes no more than linear time, nearly.

    `unicodedata` sorts a letter's marks by insertion: 60,000 marks would take a second, a million of them minutes.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", _in_order(text))


def decomposed(text: str) -> str:
    """The text in NFD. Takes no more than linear time, nearly."""
    return text if text.isascii() else unicodedata.normalize("NFD", _in_order(text))


def folded(text: str) -> str:
    """The form in which names and texts are compared: without regard to case and to how letters are composed."""
    if text.isascii():  # the same result, ten times as fast
        return text.lower()
    return composed(decomposed(text).casefold())


def letters(text: str) -> list[str]:
    """The characters of the text, each with the marks behind it. Equal texts have equally many, however composed,
    but for Hangul.
    """
    return _patterns().letter.findall(text)


class _Patterns(NamedTuple):
    letter: re.Pattern[str]
    run_of_marks: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    characters = map(chr, range(0x300, 0x1F000))  # no marks lie beyond
    marks = "".join(each for each in characters if unicodedata.combining(each) or each in _BEGINNING_WITH_MARKS)
    return _Patterns(re.compile(f"(?s:.)[{marks}]*"), re.compile(f"[{marks}]{{2,}}"))


def _in_order(text: str) -> str:
    """An equal text, with the marks of long runs in their order."""
    return text if len(text) <= _SHORT else _patterns().run_of_marks.sub(_sorted_marks, text)


def _sorted_marks(run: re.Match[str]) -> str:
    """In canonical order (Unicode's D108), which sorting by insertion only has to confirm."""
    single = "".join(unicodedata.normalize("NFD", each) for each in run[0])
    return "".join(sorted(single, key=unicodedata.combining))


def is_clean(value: str) -> bool:
    """Whether a value is not empty and holds nothing unclean."""
    return bool(value) and not UNCLEAN.search(value)
