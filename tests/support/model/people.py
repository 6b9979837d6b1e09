"""Identifies people by the contract's rules only: a client id has priority over a name, and names ignore case."""

import unicodedata
from collections import defaultdict


def fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


class People:
    """People are numbers in the order in which they first appeared."""

    def __init__(self) -> None:
        self.client_ids: dict[str, int] = {}
        self.addresses: dict[str, int] = {}
        self.guids: dict[int, str] = {}
        """Whoever loads the events fills this in, because the model can't know the GUIDs."""
        self.groups: dict[str, set[int]] = {}
        self._names: dict[str, int] = {}
        self._had: defaultdict[str, set[int]] = defaultdict(set)
        self._with_client_id: set[int] = set()
        self._count = 0

    def bind(self, client_id: str | None, username: str | None, address: str | None = None) -> int:
        if client_id is not None:
            person = self._by_client_id(client_id, username)
        elif username is not None:
            person = self._names[fold(username)] if fold(username) in self._names else self._new()
        else:
            assert address
            person = self.addresses[address] if address in self.addresses else self._new()
            self.addresses[address] = person
        if username is not None:
            self._names.setdefault(fold(username), person)
            self._had[fold(username)].add(person)
        return person

    def resolved_by(self, text: str) -> set[int]:
        """Everyone who ever had the name, and the people with this client id or GUID."""
        by_guid = {person for person, guid in self.guids.items() if guid == text.lower()}
        by_id = {self.client_ids[text]} if text in self.client_ids else set()
        return by_guid | by_id | self._had.get(fold(text), set())

    def members(self, spelt: str) -> set[int]:
        """The people that a group gets for a username (everyone who ever had it) or a GUID."""
        by_guid = {person for person, guid in self.guids.items() if guid == spelt}
        return by_guid | self._had.get(fold(spelt), set())

    @property
    def names(self) -> dict[str, int]:
        """The person that each bare name refers to."""
        return self._names

    def _by_client_id(self, client_id: str, username: str | None) -> int:
        if client_id not in self.client_ids:
            of_name = None if username is None else self._names.get(fold(username))
            adopted = of_name if of_name is not None and of_name not in self._with_client_id else None
            self.client_ids[client_id] = self._new() if adopted is None else adopted
            self._with_client_id.add(self.client_ids[client_id])
        return self.client_ids[client_id]

    def _new(self) -> int:
        self._count += 1
        return self._count
