"""Which characters a text may hold, and which texts are names of activities and types."""

import re
import unicodedata
from functools import cache

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


def composed(text: str) -> str:
    """The text in NFC: two compositions of the same letters are the same text. Takes no more than linear time, nearly.

    `unicodedata` sorts a letter's marks by insertion: 60,000 marks would take a second, a million of them minutes.
    """
    if text.isascii():
        return text
    if len(text) > _SHORT:
        text = _runs_of_marks().sub(_sorted_marks, text)
    return unicodedata.normalize("NFC", text)


@cache
def _runs_of_marks() -> re.Pattern[str]:
    characters = map(chr, range(0x300, 0x1F000))  # no marks lie beyond
    marks = "".join(each for each in characters if unicodedata.combining(unicodedata.normalize("NFD", each)[0]))
    return re.compile(f"[{marks}]{{2,}}")


def _sorted_marks(run: re.Match[str]) -> str:
    """In canonical order (Unicode's D108), which sorting by insertion only has to confirm."""
    single = "".join(unicodedata.normalize("NFD", each) for each in run[0])
    return "".join(sorted(single, key=unicodedata.combining))


def is_clean(value: str) -> bool:
    """Whether a value is not empty and holds nothing unclean."""
    return bool(value) and not UNCLEAN.search(value)
