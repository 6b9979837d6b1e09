"""Binds references to people, given the rows that were read, and collects the new rows in the order to insert them."""

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
"""Marks the name whose finder is the row without a name in its sort key."""


class Binding:
    """One attempt. If other requests wrote one of the rows first, the next attempt starts from what it reads then."""

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
        self._new_names = 0
        self._binders_of_new: dict[str, str] = {}
        self._waiting: dict[str, tuple[str, Row]] = {}
        self.people: dict[str, Row] = {}
        self.finders: dict[str, Row] = {}
        """Finders of existing people. Those that were read are inserted again: they may have been deleted since."""
        self.contested: set[str] = set()
        """Those of `finders` for which another request may have written different content."""
        self.binders: dict[str, Row] = {}
        self.had_rows: dict[str, Row] = {}

    def finders_of_new(self, lost: Collection[str]) -> dict[str, Row]:
        """The finders of new people, without those whose binder another request wrote first."""
        return {key: row for key, (binder, row) in self._waiting.items() if binder not in lost}

    def bind(self, reference: Reference) -> str:
        """The GUID of the person whom the reference means. A forgotten person gets no further rows."""
        guid = self._person_of(reference)
        if reference.username is not None and id_row(guid) in self._rows:
            self._bind_name(guid, folded(reference.username), reference)
        return guid

    def _bind_name(self, guid: str, name: str, reference: Reference) -> None:
        """Binds the name to the person if it is bound to nobody, even if the person had this name before."""
        binder, had = name_row(name), self._rows.get(had_row(name, guid))
        if had is not None and binder in self._rows:
            return
        waits_for = self._binders_of_new.get(guid)
        if binder not in self._rows:
            self._add(self.binders, binder, _binder_row(guid, client_id=reference.client_id))
            waits_for = waits_for and binder
        row = had or self._name(guid, name, reference)
        if _FIRST in row:
            self._add_finder(called_row(guid), row, waits_for)
        else:
            self._add_finder(called_row(guid, name), row, waits_for)
            self._add_finder(renamed_row(guid), {}, waits_for)
        self._add(self.had_rows, had_row(name, guid), row)

    def _add_finder(self, finder: str, row: Row, waits_for: str | None) -> None:
        """`waits_for`: the binder that must be written before this finder of a new person."""
        if waits_for is None:
            self.finders[finder] = row
        else:
            self._waiting.setdefault(finder, (waits_for, row))

    def _person_of(self, reference: Reference) -> str:
        binder = binders_of(reference)[0]
        claim = claim_of(reference)
        if binder in self._rows:
            guid: str = self._rows[binder]["guid"]
            if claim and id_row(guid) in self._rows and claim_row(guid) not in self._rows:
                # The request that bound it stopped before it wrote the claim.
                self._rows[claim_row(guid)] = claim
                self._add_finder(claim_row(guid), claim, None)
            return guid
        guid = self._adopt(reference) or self._new_person(reference)
        name = None if reference.client_id is None or reference.username is None else folded(reference.username)
        self._add(self.binders, binder, _binder_row(guid, name=name))
        return guid

    def _adopt(self, reference: Reference) -> str | None:
        """The person of the username, if that person has no client id yet."""
        if reference.client_id is None or reference.username is None:
            return None
        row = self._rows.get(name_row(folded(reference.username)))
        if row is None:
            return None
        guid: str = row["guid"]
        person, claim, claimed = self._rows.get(id_row(guid)), claim_of(reference), self._rows.get(claim_row(guid))
        if person is None or had_client_id(person) or claimed not in (None, claim):
            return None
        if guid in self._binders_of_new:
            # No other request can have seen this person, so the key's own row can say that there is a client id.
            self._rows[id_row(guid)] = self.people[id_row(guid)] = {**person, FOR_CLIENT_ID: True}
            self._add_finder(claim_row(guid), claim, ext_row(reference.client_id))
        else:
            if claimed is None:
                self.contested.add(claim_row(guid))
            self._add_finder(claim_row(guid), claim, None)
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
        self._binders_of_new[guid] = binder = binders_of(reference)[0]
        if claim := claim_of(reference):
            self._rows[claim_row(guid)] = claim
            self._add_finder(claim_row(guid), claim, binder)
        return guid

    def _name(self, guid: str, name: str, reference: Reference) -> Row:
        row: dict[str, Any] = {"guid": guid, "name": name, "username": reference.username, **self._since()}
        if reference in self._full_names:
            row["full_name"] = self._full_names[reference]
        if guid in self._binders_of_new and called_row(guid) not in self._waiting:
            row[_FIRST] = True
        return row

    def _since(self) -> dict[str, str]:
        """When the person got the name, and its place among the new names of the same call."""
        self._new_names += 1
        return {"since": self._now, "turn": f"{self._new_names:04}"}

    def _add(self, to: dict[str, Row], sort_key: str, row: Row) -> None:
        if sort_key not in self._rows:
            self._rows[sort_key] = to[sort_key] = row


def _binder_row(guid: str, **beside: str | None) -> Row:
    """A binder names what else was bound together with it: if its writer stops early, there is no finder to tell."""
    return {"guid": guid, **{name: text for name, text in beside.items() if text is not None}}
