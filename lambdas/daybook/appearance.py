"""Whether a name could pass for one of the aliases that actors who are no people are shown as."""

import unicodedata
from functools import cache

from daybook.catalogue import Aliases


def passes_for_alias(name: str, aliases: Aliases) -> bool:
    """Widths and cases are one, blanks at the ends and what has no width are not there.

    Letters of other scripts that look alike stay what they are: too many people are really called so.
    """
    return _appearance(name) in _taken(aliases)


@cache
def _taken(aliases: Aliases) -> frozenset[str]:
    return frozenset(map(_appearance, aliases.all))


def _appearance(name: str) -> str:
    if not name.isascii():
        visible = (character for character in name if unicodedata.category(character) != "Cf")
        name = unicodedata.normalize("NFKC", "".join(visible))
    return name.casefold().strip()
