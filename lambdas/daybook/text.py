"""Which text is clean, and which text is a slug."""

import re

DOTTED_SLUGS = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")


UNCLEAN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


_UNCLEAN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def is_clean(value: str) -> bool:
    """Whether a value holds a character, and none that no text may hold."""
    return bool(value) and not _UNCLEAN.search(value)
