"""What references bind to, over the rows that were read, and the rows that this adds, in the order to insert them."""

import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from daybook.clock import format_time
from daybook.crypto.sealing import PERSON_KEY_BYTES
from daybook.people.identities import (
    FOR_ADDRESS,
    FOR_CLIENT_ID,
    Reference,
    Row,
    binders_of,
    called_row,
    claim_of,
    claim_row,
    ext_row,
    folded,
    had_client_id,
    had_row,
    id_row,
    name_row,
    renamed_row,
)

_FIRST = "is_first"
"""Marks the name whose finder is the row without a name."""


class Binding:
    """One try: where others were faster with a row, the next one begins with what is read then."""

    def __init__(
        self,
        rows: dict[str, Row],
        random_bytes: Callable[[int], bytes],
        full_names: Mapping[Reference, str],
        now_ms: int,
    ) -> None:
        self._rows = rows
        self._random = random_bytes
        self._full_names = full_names
        self._now = format_time(now_ms)
        self._names_new = 0
        self._binder_of_new: dict[str, str] = {}
        self._late: dict[str, tuple[str, Row]] = {}
        self.people: dict[str, Row] = {}
        self.finders: dict[str, Row] = {}
        """Of people who were there before. Inserted also where they were read: they may have been deleted since."""
        self.contested: set[str] = set()
        """The ones of these that others may have written in another way."""
        self.binders: dict[str, Row] = {}
        self.names_had: dict[str, Row] = {}

    def finders_of_new(self, lost: Collection[str]) -> dict[str, Row]:
        """Those of what rests on no binder that was lost."""
        return {key: row for key, (binder, row) in self._late.items() if binder not in lost}

    def bind(self, reference: Reference) -> str:
        """The GUID of whom it means; who is forgotten gets no further row."""
        guid = self._bound(reference)
        if reference.username is not None and id_row(guid) in self._rows:
            self._call(guid, folded(reference.username), reference)
        return guid

    def _call(self, guid: str, name: str, reference: Reference) -> None:
        """The name means the person where it means nobody, also one that the person had before."""
        binder, had = name_row(name), self._rows.get(had_row(name, guid))
        if had is not None and binder in self._rows:
            return
        rests_on = self._binder_of_new.get(guid)
        if binder not in self._rows:
            self._add(self.binders, binder, _binding(guid, client_id=reference.client_id))
            rests_on = rests_on and binder
        row = had or self._name(guid, name, reference)
        if _FIRST in row:
            self._find(called_row(guid), row, rests_on)
        else:
            self._find(called_row(guid, name), row, rests_on)
            self._find(renamed_row(guid), {}, rests_on)
        self._add(self.names_had, had_row(name, guid), row)

    def _find(self, finder: str, row: Row, rests_on: str | None) -> None:
        """`rests_on`: the binder that a new person's finder must wait for."""
        if rests_on is None:
            self.finders[finder] = row
        else:
            self._late.setdefault(finder, (rests_on, row))

    def _bound(self, reference: Reference) -> str:
        binder = binders_of(reference)[0]
        claim = claim_of(reference)
        if binder in self._rows:
            guid: str = self._rows[binder]["guid"]
            if claim and id_row(guid) in self._rows and claim_row(guid) not in self._rows:
                # Whoever bound it came no further.
                self._rows[claim_row(guid)] = claim
                self._find(claim_row(guid), claim, None)
            return guid
        guid = self._adopted(reference) or self._new_person(reference)
        name = None if reference.client_id is None or reference.username is None else folded(reference.username)
        self._add(self.binders, binder, _binding(guid, name=name))
        return guid

    def _adopted(self, reference: Reference) -> str | None:
        """The person of the name, where that one has no client id yet."""
        if reference.client_id is None or reference.username is None:
            return None
        row = self._rows.get(name_row(folded(reference.username)))
        if row is None:
            return None
        guid: str = row["guid"]
        person, claim, claimed = self._rows.get(id_row(guid)), claim_of(reference), self._rows.get(claim_row(guid))
        if person is None or had_client_id(person) or claimed not in (None, claim):
            return None
        if guid in self._binder_of_new:
            # Nobody else can have seen this one: the key's own row says that it has a client id.
            self._rows[id_row(guid)] = self.people[id_row(guid)] = {**person, FOR_CLIENT_ID: True}
            self._find(claim_row(guid), claim, ext_row(reference.client_id))
        else:
            if claimed is None:
                self.contested.add(claim_row(guid))
            self._find(claim_row(guid), claim, None)
        self._rows[claim_row(guid)] = claim
        return guid

    def _new_person(self, reference: Reference) -> str:
        guid = str(uuid.UUID(bytes=self._random(16), version=4))
        row: dict[str, Any] = {"key": self._random(PERSON_KEY_BYTES)}
        if reference.client_id is not None:
            row[FOR_CLIENT_ID] = True
        if reference.address is not None:
            row[FOR_ADDRESS] = True
        self._add(self.people, id_row(guid), row)
        self._binder_of_new[guid] = binder = binders_of(reference)[0]
        if claim := claim_of(reference):
            self._rows[claim_row(guid)] = claim
            self._find(claim_row(guid), claim, binder)
        return guid

    def _name(self, guid: str, name: str, reference: Reference) -> Row:
        row: dict[str, Any] = {"guid": guid, "name": name, "username": reference.username, **self._since()}
        if reference in self._full_names:
            row["full_name"] = self._full_names[reference]
        if guid in self._binder_of_new and called_row(guid) not in self._late:
            row[_FIRST] = True
        return row

    def _since(self) -> dict[str, str]:
        """When a name was new to somebody, and which in its turn among those of the same call."""
        self._names_new += 1
        return {"since": self._now, "turn": f"{self._names_new:04}"}

    def _add(self, to: dict[str, Row], sort_key: str, row: Row) -> None:
        if sort_key not in self._rows:
            self._rows[sort_key] = to[sort_key] = row


def _binding(guid: str, **beside: str | None) -> Row:
    """A binder says by what else the person was bound with it: should its writer come no further, no finder does."""
    return {"guid": guid, **{name: text for name, text in beside.items() if text is not None}}
