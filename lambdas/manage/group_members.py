"""Members of groups: which people the given names mean, and what these people are called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from daybook.crypto.keys import TenantKeys
from daybook.errors import ANSWER_SECONDS, Contended, Throttled
from daybook.http import forms
from daybook.people.identities import (
    IdentityStore,
    Reference,
    Row,
    called_prefix,
    called_row,
    id_row,
    name_in_keys,
    renamed_row,
)
from daybook.people.lookup import GUID
from daybook.people.resolver import Identities
from daybook.tenant import EnvironmentKey

_PEOPLE_AT_ONCE = 500
_NAMES_AT_ONCE = 1_000


class PersonRows(IdentityStore, Protocol):
    def with_time_limit(self, remaining_seconds: Callable[[], float]) -> Self:
        """The same rows, whose calls are tried until that time is nearly used up."""

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        """For each prefix, the rows whose sort keys begin with it."""

    def guids_of(self, environment: EnvironmentKey, names: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """The GUIDs of everyone who has or had each name, given as it is part of keys. Raises `TooManyPeople`."""


@dataclass(frozen=True)
class MembersGiven:
    """Resolves the members of one request within its time."""

    people: PersonRows
    identities: Identities
    keys: TenantKeys
    remaining_seconds: Callable[[], float]

    def added(self, environment: EnvironmentKey, members: Sequence[str]) -> dict[str, list[str]]:
        """The GUIDs that each member adds to those before it. Members that add nobody are left out."""
        resolved = self._named(environment, members)
        guids: set[str] = set()
        added: dict[str, list[str]] = {}
        for member in members:
            some = [member.lower()] if GUID.fullmatch(member) else resolved[self._in_keys(member)]
            if new := [guid for guid in some if guid not in guids]:
                added[member] = new
                guids.update(new)
        return added

    def _named(self, environment: EnvironmentKey, members: Sequence[str]) -> dict[str, Sequence[str]]:
        """Everyone who has or had each name. A name that nobody had gets a new person."""
        given = {self._in_keys(member): member for member in reversed(members) if not GUID.fullmatch(member)}
        names = sorted(given)  # neighbours are read together
        resolved: dict[str, Sequence[str]] = {}
        for start in range(0, len(names), _NAMES_AT_ONCE):
            self._check_time()
            resolved |= self.people.guids_of(environment, names[start : start + _NAMES_AT_ONCE])
        unseen = [name for name in names if not resolved[name]]
        for start in range(0, len(unseen), _PEOPLE_AT_ONCE):
            self._check_time()
            references = {name: Reference(username=given[name]) for name in unseen[start : start + _PEOPLE_AT_ONCE]}
            try:
                known = self.identities.resolve(environment, references.values(), self.keys)
            except Contended:
                raise Throttled from None
            resolved |= {name: [known[reference].guid] for name, reference in references.items()}
        return resolved

    def _in_keys(self, member: str) -> str:
        return name_in_keys(member, self.keys.name)

    def _check_time(self) -> None:
        """Raises `Throttled` while there is still time for that answer."""
        if self.remaining_seconds() <= ANSWER_SECONDS:
            raise Throttled


def usernames(people: PersonRows, environment: EnvironmentKey, guids: Sequence[str]) -> list[str]:
    """The current username of each member: the one that an event first showed last. The GUID stands for people without
    a name, and for forgotten ones.
    """
    rows = people.read(
        environment, [key for guid in guids for key in (id_row(guid), called_row(guid), renamed_row(guid))]
    )
    known = [guid for guid in guids if id_row(guid) in rows]
    names = {guid: rows[called_row(guid)]["username"] for guid in known if called_row(guid) in rows}
    renamed = [guid for guid in known if renamed_row(guid) in rows]
    for guid, called in zip(renamed, people.query(environment, [called_prefix(guid) for guid in renamed]), strict=True):
        # The mark of a renaming may lack its name, when the writer stopped between the two.
        if called:
            names[guid] = max(called, key=lambda row: (row["from"], row["turn"]))["username"]
    return [names.get(guid, guid) for guid in guids]


def check(member: str, path: str) -> None:
    """Raises `Problem` 422 for a text that can not be a member."""
    forms.text(path, member, 256)
