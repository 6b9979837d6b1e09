"""Which characters a text may hold, and which texts are names of activities and types."""

import re
import unicodedata

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


def composed(text: str) -> str:
    """The text in NFC: two compositions of the same letters are the same text."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_clean(value: str) -> bool:
    """Whether a value is not empty and holds nothing unclean."""
    return bool(value) and not UNCLEAN.search(value)
