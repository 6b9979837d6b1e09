"""Who is who by the contract's rules only, in one environment. Independent of how people are stored.

A client id means one person. A bare name means whoever held it last at the event's time; before the first holder, the
first one. Whoever is forgotten stays a holder for events from before; for later events nobody from before is meant.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_DAY = 24 * 3_600_000


def fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Named(NamedTuple):
    """How an event of a moment names somebody."""

    moment: int
    client_id: str | None = None
    username: str | None = None
    address: str | None = None


class _Hold(NamedTuple):
    since: int
    person: int
    until: int | None = None
    """When the person was forgotten."""


class People:
    """People are numbers in the order in which they first appeared."""

    def __init__(self) -> None:
        self.client_ids: dict[str, int] = {}
        self.addresses: dict[str, int] = {}
        self.guids: dict[int, str] = {}
        """Whoever loads the events fills this in, because the model can't know the GUIDs."""
        self.groups: dict[str, set[int]] = {}
        self.forgotten: dict[int, int] = {}
        self._held: defaultdict[str, dict[int, list[int]]] = defaultdict(dict)
        self._once: defaultdict[str, list[_Hold]] = defaultdict(list)
        self._ids_once: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        self._identified: set[int] = set()
        self._count = 0

    def request(self, named: Sequence[Named]) -> list[int]:
        """Whom the events of one request name. Ids come before bare names, and earlier events before later ones."""
        before = {name: {person: list(since) for person, since in held.items()} for name, held in self._held.items()}
        written: dict[tuple[str, int], int] = {}
        meant: dict[int, int] = {}
        known = [place for place, each in enumerate(named) if self._known(each) is not None]
        places = sorted(known, key=lambda place: named[place].moment)
        unknown = [place for place, each in enumerate(named) if place not in known and (each.client_id or each.address)]
        places += sorted(unknown, key=lambda place: (named[place].username is None, named[place].moment))
        bare = [place for place in range(len(named)) if place not in places]
        for place in [*places, *sorted(bare, key=lambda place: named[place].moment)]:
            each = named[place]
            person = meant[place] = self._person(each)
            if each.username is not None and not self.is_late(person, each.moment):
                self._show(fold(each.username), person, each.moment, before, written)
        return [meant[place] for place in range(len(named))]

    def may_adopt_late(self, named: Named) -> bool:
        """Whether an unknown id may mean somebody forgotten and so stay unknown. If such a request is killed after it
        bound the id for another of its events, its repeat finds the id known.
        """
        if named.client_id is None or named.username is None or self._known(named) is not None:
            return False
        return any(hold.person not in self._identified for hold in self._once[fold(named.username)])

    def forget(self, person: int, moment: int) -> None:
        self.forgotten[person] = moment
        for kind, ids in (("id", self.client_ids), ("address", self.addresses)):
            for text in [text for text, whose in ids.items() if whose == person]:
                del ids[text]
                self._ids_once[kind, text].append((moment, person))
        for name, held in self._held.items():
            for since in held.pop(person, []):
                self._once[name].append(_Hold(min(since, moment), person, moment))

    def is_late(self, person: int, moment: int) -> bool:
        """Whether an event of that moment names somebody who was forgotten since."""
        return moment < self.forgotten.get(person, moment)

    def resolved_by(self, text: str) -> set[int]:
        """Everyone who ever had the name, and the people with this client id or GUID."""
        by_guid = {person for person, guid in self.guids.items() if guid == text.lower()}
        by_id = {self.client_ids[text]} if text in self.client_ids else set()
        return by_guid | by_id | set(self._held[fold(text)])

    def members(self, spelt: str) -> set[int]:
        """The people that a group gets for a username (everyone who ever had it) or a GUID."""
        by_guid = {person for person, guid in self.guids.items() if guid == spelt}
        return by_guid | set(self._held[fold(spelt)])

    @property
    def names(self) -> dict[str, set[int]]:
        """Everyone who ever had each name."""
        return {name: set(held) for name, held in self._held.items() if held}

    def whom(self, name: str, moment: int) -> int | None:
        """Whom a bare name means; None: nobody yet."""
        holds = [_Hold(since, person) for person, all_since in self._held[name].items() for since in all_since]
        holds = sorted(holds + self._once[name])
        earlier = [hold for hold in holds if hold.since <= moment]
        if earlier and _is_there(earlier[-1], moment):
            return earlier[-1].person
        later = (hold.person for hold in holds if hold.since > moment and _is_there(hold, moment))
        return next(later, None)

    def _known(self, named: Named) -> int | None:
        """The person whom the id has meant at that moment, or means."""
        if named.client_id is None and named.address is None:
            return None
        kind, text, ids = (
            ("id", named.client_id, self.client_ids)
            if named.client_id is not None
            else ("address", named.address, self.addresses)
        )
        assert text is not None
        late = [(moment, person) for moment, person in self._ids_once[kind, text] if named.moment < moment]
        return min(late)[1] if late else ids.get(text)

    def _person(self, named: Named) -> int:
        person = self._known(named)
        if person is not None:
            return person
        if named.address is not None:
            person = self.addresses[named.address] = self._new()
            self._identified.add(person)
            return person
        held_by = None if named.username is None else self.whom(fold(named.username), named.moment)
        if named.client_id is None:
            return self._new() if held_by is None else held_by
        adopted = held_by if held_by is not None and held_by not in self._identified else None
        if adopted is not None and self.is_late(adopted, named.moment):
            return adopted  # the id stays unknown
        person = self.client_ids[named.client_id] = self._new() if adopted is None else adopted
        self._identified.add(person)
        return person

    def _show(
        self,
        name: str,
        person: int,
        moment: int,
        before: Mapping[str, Mapping[int, Iterable[int]]],
        written: dict[tuple[str, int], int],
    ) -> None:
        """A holder is one from the first moment on; an earlier event adds a moment, at most one a day."""
        since = self._held[name].setdefault(person, [])
        recorded = sorted(before.get(name, {}).get(person, []))
        if (name, person) in written:
            if moment < written[name, person]:
                since.remove(written[name, person])
                since.append(moment)
                written[name, person] = moment
        elif not recorded or (moment < recorded[0] and (len(recorded) == 1 or recorded[0] // _DAY != moment // _DAY)):
            since.append(moment)
            written[name, person] = moment

    def _new(self) -> int:
        self._count += 1
        return self._count


def _is_there(hold: _Hold, moment: int) -> bool:
    return hold.until is None or moment < hold.until
