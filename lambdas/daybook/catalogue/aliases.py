"""The aliases under which actors other than people are shown, and names that look like one of them."""

import re
import unicodedata
from functools import cache

import msgspec

USER = "user"
ACTOR_TYPES = ("system", "api", "operations", "unknown")
"""Those of actors that an alias may stand for."""


def is_user(kind: str) -> bool:
    """Whether a target of this type is a person. The type's case does not matter."""
    return kind.lower() == USER


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

    def ever(self, actor_type: str) -> tuple[str, ...]:
        """What actors of this type are and were shown as."""
        return getattr(self, actor_type), *getattr(self.former, actor_type)

    def types_called(self, name: str) -> frozenset[str]:
        """The types of actors that are or were shown by this alias. It may be written in any case."""
        called = name.casefold()
        return frozenset(kind for kind in ACTOR_TYPES if any(alias.casefold() == called for alias in self.ever(kind)))

    def of(self, actor_type: str) -> str | None:
        """The alias of an actor of this type; None for a user."""
        return None if actor_type == "user" else getattr(self, actor_type)


def shown_name(name: str, aliases: Aliases) -> str:
    """A person's name as views show it: in quotation marks if it could be mistaken for one of the aliases, also for one
    with a label behind it.

    Different names are never shown alike. A name that has quotation marks itself gets one more pair.
    """
    before, *behind = (name if name.isascii() else unicodedata.normalize("NFKC", name)).split("(", 1)
    is_alike = looks_like_alias(name, aliases) or (behind and looks_like_alias(before, aliases))
    return f'"{name}"' if is_alike else name


def looks_like_alias(name: str, aliases: Aliases) -> bool:
    """Compares letters and digits alone, without regard to case, width and composition.

    Letters of other scripts that look alike stay different: too many people have such names.
    """
    return appearance(name) in _alias_appearances(aliases)


@cache
def _alias_appearances(aliases: Aliases) -> frozenset[str]:
    return frozenset(appearance(alias) for kind in ACTOR_TYPES for alias in aliases.ever(kind))


_NO_LETTER = re.compile(r"[\W_\u115f\u1160]+")
"""Also two letters of Hangul that have no shape."""


def appearance(name: str) -> str:
    """The letters and digits of a name, for comparison by eye."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return _NO_LETTER.sub("", name.lower())
