"""How views name people and targets, in quotation marks where a name could be mistaken for another's."""

import unicodedata

from daybook_verify.rows.aliases import Aliases
from daybook_verify.rows.native import Native, is_user


class Names:
    def __init__(self, aliases: Aliases) -> None:
        """`aliases` are those of the tenant's own profile, whatever the view."""
        self._aliases = {*map(letters, aliases)}

    def user(self, person: Native) -> str:
        return self.marked(_name(person))

    def full_name(self, person: Native) -> str:
        """As `user`, with the full name first."""
        return self.marked(person["name"] or _name(person))

    def among_others(self, person: Native) -> str:
        """As `user`, in a column that also has impersonators' names in brackets."""
        name = _name(person)
        _, *behind = unicodedata.normalize("NFKC", name).split("(")
        return f'"{name}"' if any(letters(each).startswith("by") for each in behind) else self.marked(name)

    def target(self, target: Native | None) -> str:
        if target is None:
            return ""
        return self.user(target) if is_user(target["type"]) else str(target["name"] or target["id"] or "")

    def marked(self, name: str) -> str:
        """In quotation marks where it passes for an alias."""
        ahead, *behind = unicodedata.normalize("NFKC", name).split("(")
        alike = letters(name) in self._aliases or (behind and letters(ahead) in self._aliases)
        return f'"{name}"' if alike else name


def _name(person: Native) -> str:
    return person["username"] or person["name"] or person["client_id"] or person["id"] or ""


def letters(text: str) -> str:
    """Letters and digits alone, without regard to case and to compatible forms of a letter."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())
