"""Whether a name could pass for one of the aliases that actors who are no people are shown as."""

import unicodedata
from functools import cache

import msgspec

USER = "user"


class Aliases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What actors that are no people are shown as, by actor type."""

    system: str
    api: str
    operations: str
    unknown: str

    @property
    def all(self) -> tuple[str, ...]:
        return self.system, self.api, self.operations, self.unknown

    def of(self, actor_type: str) -> str | None:
        """The alias of an actor of this type; None for a user."""
        return None if actor_type == "user" else getattr(self, actor_type)


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
