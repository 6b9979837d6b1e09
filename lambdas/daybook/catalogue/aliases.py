"""The aliases under which actors other than people are shown, and whether a name looks like one of them."""

import unicodedata
from functools import cache

import msgspec

USER = "user"


class FormerAliases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What earlier releases showed, by actor type: an event shows the alias of its time for ever."""

    system: tuple[str, ...] = ()
    api: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Aliases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What actors other than people are shown as, by actor type."""

    system: str
    api: str
    operations: str
    unknown: str
    former: FormerAliases = FormerAliases()

    @property
    def all(self) -> tuple[str, ...]:
        return self.system, self.api, self.operations, self.unknown

    def types_called(self, name: str) -> frozenset[str]:
        """The types of actors that are or were shown by this alias. It may be written in any case."""
        called = name.casefold()
        return frozenset(
            kind
            for kind in ("system", "api", "operations", "unknown")
            if any(alias.casefold() == called for alias in (getattr(self, kind), *getattr(self.former, kind)))
        )

    def of(self, actor_type: str) -> str | None:
        """The alias of an actor of this type; None for a user."""
        return None if actor_type == "user" else getattr(self, actor_type)


def looks_like_alias(name: str, aliases: Aliases) -> bool:
    """Compares without regard to width, case, blanks at the ends and characters without width.

    Letters of other scripts that look alike stay different: too many people have such names.
    """
    return _appearance(name) in _alias_appearances(aliases)


@cache
def _alias_appearances(aliases: Aliases) -> frozenset[str]:
    return frozenset(map(_appearance, aliases.all))


def _appearance(name: str) -> str:
    if not name.isascii():
        visible = (character for character in name if unicodedata.category(character) != "Cf")
        name = unicodedata.normalize("NFKC", "".join(visible))
    return name.casefold().strip()
