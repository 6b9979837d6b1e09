"""Binds references to people, given the rows that were read, and collects the new rows in the order to insert them."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from daybook.crypto.sealing import PERSON_KEY_BYTES
from daybook.people.identities import (
    FOR_ADDRESS,
    FOR_CLIENT_ID,
    People,
    Person,
    Reference,
    Row,
    called_row,
    claim_row,
    ext_of,
    had_client_id,
    had_row,
    id_row,
    many_row,
    more_row,
    name_row,
    renamed_row,
)
from daybook.people.names import Name
from daybook.people.timeline import Holding
from daybook.people.tombstones import forgotten_since

_NOBODY: Row = {}


class Seen:
    """How a request names one person: the moments of its events, and the full names that they give."""

    def __init__(self, reference: Reference, name: str | None) -> None:
        self.reference = reference
        self.ext = ext_of(reference)
        self.name = name
        """The username as it is part of keys."""
        self.moments: set[int] = set()
        self.full_names: list[tuple[int, str]] = []


class Binding:
    """One attempt. If other requests wrote one of the rows first, the next attempt starts from what it reads then.

    `rows` holds the rows that were read, `ids_gone` the tombstone of each row `ext#` that has one.
    """

    def __init__(
        self,
        rows: dict[str, Row],
        names: Mapping[str, Name],
        ids_gone: Mapping[str, Row],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._rows = rows
        self._names = names
        self._ids_gone = ids_gone
        self._random = random_bytes
        self._meant: defaultdict[Reference, dict[int, tuple[str, bool]]] = defaultdict(dict)
        self._always: dict[Reference, str] = {}
        self._shown: dict[tuple[str, str], Seen] = {}
        self._cut_off: set[tuple[str, str]] = set()
        self._bare: set[str] = set()
        self.new: dict[str, Row] = {}
        """The rows `id#` of new people."""
        self.claims: dict[str, Row] = {}
        """Client ids of people who were known without one."""
        self.contested: set[str] = set()
        """Those of `claims` for which another request may have written different content."""
        self.exts: dict[str, Row] = {}
        self._claims_of_new: dict[str, Row] = {}

    def bind(self, everyone: Iterable[Seen]) -> None:
        """Ids go before bare names, since an event that has both tells who holds the name. Within each, the moments of
        the events decide, and not the order in which they came.
        """
        known: list[Seen] = []
        unknown: list[Seen] = []
        bare: list[Seen] = []
        for seen in everyone:
            (bare if seen.ext is None else known if seen.ext in self._rows else unknown).append(seen)
        shown = []
        for seen in known:
            guid = self._rows[seen.ext or ""]["guid"]
            if moments := self._but_late(seen):
                self._claimed(guid, seen.ext or "")
                self._means(seen, guid, moments)
                shown.append((min(moments), guid, seen))
        for moment_ms, guid, seen in sorted(shown, key=lambda each: each[0]):
            self._shows(seen, guid, moment_ms)
        for seen, moment_ms in _in_order(unknown, self._but_late):
            self._identify(seen, moment_ms)
        for seen, moment_ms in _in_order(bare, lambda seen: seen.moments):
            self._guess(seen, moment_ms)

    def meant(self) -> set[str]:
        """The GUIDs of those who are meant by any event and not known to be forgotten."""
        timed = {guid for each in self._meant.values() for guid, is_gone in each.values() if not is_gone}
        return timed | set(self._always.values())

    def people(self) -> People:
        timed: defaultdict[int, dict[Reference, Person]] = defaultdict(dict)
        always = {reference: self._person(guid) for reference, guid in self._always.items()}
        for reference, meant in self._meant.items():
            (guid, is_gone), *others = set(meant.values())
            if not (is_gone or others or reference in always):
                always[reference] = self._person(guid)
                continue
            for moment_ms, (guid, is_gone) in meant.items():
                timed[moment_ms][reference] = Person(guid, None) if is_gone else self._person(guid)
        return People(always, timed)

    def finders(self, *, of_bare: bool) -> dict[str, Row]:
        """The finders of new people: of those known by the name alone, or of the others."""
        called = {key: row for guid, key, row in self._called() if id_row(guid) in self.new and guid in self._bare}
        if of_bare:
            return called
        others = {key: row for guid, key, row in self._called() if id_row(guid) in self.new and guid not in self._bare}
        return self._claims_of_new | others

    def early_finders(self) -> dict[str, Row]:
        """The finders of existing people."""
        return self.claims | {key: row for guid, key, row in self._called() if id_row(guid) not in self.new}

    def firsts(self) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for text, name in self._names.items():
            if name.taken_by is not None:
                seen = self._shown[text, name.taken_by]
                beside = {} if seen.ext is None else {"ext": seen.ext}
                rows[name_row(text)] = {"guid": name.taken_by, "from": f"{name.added[name.taken_by]:013}", **beside}
        return rows

    def more(self) -> dict[str, Row]:
        """Rows that were read are inserted again: forgetting may have deleted them since."""
        return {
            more_row(text): {"name": text}
            for text, name in self._names.items()
            if name.has_too_many or name.is_adrift or (name.added and (name.has_more or self._has_second(name)))
        }

    def had(self, *, of_bare: bool) -> dict[str, Row]:
        full = [text for text, name in self._names.items() if name.has_too_many]
        rows: dict[str, Row] = {} if of_bare else {many_row(text): {"name": text} for text in full}
        for (text, guid), row in self._holders():
            if (guid in self._bare) is of_bare:
                rows[had_row(text, int(row["from"]), guid)] = row
        return rows

    def _but_late(self, seen: Seen) -> Collection[int]:
        """The moments of events that mean somebody living by this id; the others are bound to the forgotten."""
        gone = self._ids_gone.get(seen.ext or "")
        if gone is None:
            return seen.moments
        left = []
        for moment_ms in seen.moments:
            guid = forgotten_since(gone, moment_ms)
            if guid is None:
                left.append(moment_ms)
            else:
                self._meant[seen.reference][moment_ms] = guid, True
        return left

    def _means(self, seen: Seen, guid: str, moments: Collection[int]) -> None:
        if len(moments) == len(seen.moments):
            self._always[seen.reference] = guid
        else:
            self._meant[seen.reference].update((moment_ms, (guid, False)) for moment_ms in moments)

    def _claimed(self, guid: str, ext: str) -> None:
        """A request that was cut off bound the id and did not write the claim."""
        if id_row(guid) in self._rows and claim_row(guid) not in self._rows:
            self._rows[claim_row(guid)] = self.claims[claim_row(guid)] = {"ext": ext}

    def _identify(self, seen: Seen, moment_ms: int) -> None:
        """Binds an unknown id to the holder of the name at that moment, if that person has no id, else to a new person.

        A holder who was forgotten since is whom the event means, and the id stays unknown.
        """
        ext = seen.ext or ""
        if ext not in self._rows:
            holder = None if seen.name is None else self._holder_for(ext, self._names[seen.name], moment_ms)
            if holder is not None and holder.forgotten_ms is not None and not holder.had_id:
                self._meant[seen.reference][moment_ms] = holder.guid, True
                return
            guid = self._adopted(holder.guid, ext) if holder is not None else None
            if guid is None:
                guid = self._make(seen.reference)
                self._rows[claim_row(guid)] = self._claims_of_new[claim_row(guid)] = {"ext": ext}
            beside = {} if seen.name is None else {"name": seen.name}
            self._rows[ext] = self.exts[ext] = {"guid": guid, **beside}
        guid = self._rows[ext]["guid"]
        self._meant[seen.reference][moment_ms] = guid, False
        self._shows(seen, guid, moment_ms)

    def _holder_for(self, ext: str, name: Name, moment_ms: int) -> Holding | None:
        """The holder whom a request that was cut off claimed for this id, else the one at that moment."""
        for guid, froms in name.timeline.living.items():
            claim = self._rows.get(claim_row(guid))
            if claim is not None and claim["ext"] == ext:
                return Holding(froms[0], guid)
        return name.timeline.at(moment_ms)

    def _adopted(self, guid: str, ext: str) -> str | None:
        person, claim = self._rows.get(id_row(guid)), self._rows.get(claim_row(guid))
        if person is None or had_client_id(person) or (claim is not None and claim["ext"] != ext):
            return None
        if claim is None:
            self.contested.add(claim_row(guid))
        self._rows[claim_row(guid)] = self.claims[claim_row(guid)] = {"ext": ext}
        return guid

    def _guess(self, seen: Seen, moment_ms: int) -> None:
        """Binds a bare name."""
        name = self._names[seen.name or ""]
        holder = name.timeline.at(moment_ms)
        if holder is not None:
            guid = holder.guid
        elif name.first is not None and name.first["guid"] in name.timeline.living:
            guid = name.first["guid"]  # they took the name between the reading of tombstones and rows
        else:
            guid = self._make(seen.reference)
            self._bare.add(guid)
        self._meant[seen.reference][moment_ms] = guid, holder is not None and holder.forgotten_ms is not None
        if holder is None or holder.forgotten_ms is None:
            self._shows(seen, guid, moment_ms)

    def _make(self, reference: Reference) -> str:
        guid = str(uuid.UUID(bytes=self._random(16), version=4))
        row: dict[str, Any] = {"key": self._random(PERSON_KEY_BYTES)}
        if reference.client_id is not None or reference.caller is not None:
            row[FOR_CLIENT_ID] = True
        if reference.address is not None:
            row[FOR_ADDRESS] = True
        self._rows[id_row(guid)] = self.new[id_row(guid)] = row
        return guid

    def _shows(self, seen: Seen, guid: str, moment_ms: int) -> None:
        """An event shows the person under a name. A forgotten person gets no further rows."""
        if seen.name is None or id_row(guid) not in self._rows:
            return
        name, first = self._names[seen.name], self._names[seen.name].first
        is_added = name.show(guid, moment_ms, is_bare=guid in self._bare)
        if (
            first is not None
            and first["guid"] == guid
            and had_row(seen.name, int(first["from"]), guid) not in self._rows
        ):
            # A request bound the name to its first holder and was cut off before it wrote the last row.
            self._cut_off.add((seen.name, guid))
            is_added = True
        if is_added:
            self._shown[seen.name, guid] = seen

    def _person(self, guid: str) -> Person:
        row = self._rows.get(id_row(guid))
        return Person(guid, None if row is None else row["key"])

    def _holders(self) -> Iterator[tuple[tuple[str, str], Row]]:
        """The rows to write of each name and holder."""
        for turn, ((text, guid), seen) in enumerate(self._shown.items()):
            name, full_name = self._names[text], self._full_name(seen, guid)
            row: dict[str, Any] = {"guid": guid, "name": text, "username": seen.reference.username}
            row |= {} if full_name is None else {"full_name": full_name}
            froms = [int((name.first or {})["from"])] if (text, guid) in self._cut_off else []
            for from_ms in [*froms, name.added[guid]] if guid in name.added else froms:
                # `turn`: the place among the names that the same call shows.
                yield (text, guid), row | {"from": f"{from_ms:013}", "turn": f"{turn:04}"}

    def _called(self) -> Iterator[tuple[str, str, Row]]:
        """The finders of names: for each the person, the sort key and the row. Earlier moments need none."""
        first: set[str] = set()
        for (text, guid), row in self._holders():
            if self._names[text].is_written(guid) and (text, guid) not in self._cut_off:
                continue
            if id_row(guid) in self.new and guid not in first:
                first.add(guid)
                yield guid, called_row(guid), row
            else:
                yield guid, called_row(guid, text), row
                yield guid, renamed_row(guid), _NOBODY

    def _full_name(self, seen: Seen, guid: str) -> str | None:
        """The first one that is given at a moment when the reference means this person."""
        meant, always = self._meant.get(seen.reference, {}), self._always.get(seen.reference)
        for moment_ms, full_name in seen.full_names:
            if meant.get(moment_ms, (always, False)) == (guid, False):
                return full_name
        return None

    def _has_second(self, name: Name) -> bool:
        return any(guid != name.taken_by and not name.is_written(guid) for guid in name.added)


def _in_order(everyone: Iterable[Seen], moments_of: Callable[[Seen], Collection[int]]) -> list[tuple[Seen, int]]:
    """Each event's reference to a person, those with names first: only they can say whom an id belongs to."""
    pairs = [(seen, moment_ms) for seen in everyone for moment_ms in moments_of(seen)]
    return sorted(pairs, key=lambda pair: (pair[0].name is None, pair[1]))
