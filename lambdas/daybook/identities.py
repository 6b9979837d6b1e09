"""Who is who: the people that events name, bound to GUIDs of ours, each with a key of its own.

Rows of a tenant, by sort key:

- `id#GUID`: the person's key, and nothing that says who it is: left behind by a lost race, it names nobody;
- binders, `ext#<client's id>` and `name#<name>` (whom a bare username means);
- finders, by which forgetting finds all the others from the GUID: `claim#GUID` (the client id that has this person, or
  the address' hash), `called#GUID` (the first name), `called#GUID#<name>` and `renamed#GUID` (further names, and that
  there are such);
- `had#<name>#GUID`: everyone who ever had a name.

They are only ever inserted, never changed: whoever comes second takes what the first one wrote. Forgetting alone
deletes them (`daybook.forgetting`), and leaves tombstones `gone#…` (`daybook.tombstones`).
"""

import unicodedata
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from daybook.caller import Tenant
from daybook.clock import Clock, format_time, system_clock
from daybook.sealing import PERSON_KEY_BYTES
from daybook.tombstones import adoptable, forgotten_since, tombstone

MOST_NAME_BYTES = 512
"""Of a folded username: it becomes part of a sort key of at most 1,024 bytes."""

MOST_CLIENT_ID = 128

_MOST_ROUNDS = 6


class Reference(NamedTuple):
    """How an event names a person: by the client's id, by a username, by both, or by an address alone."""

    client_id: str | None = None
    username: str | None = None
    address: str | None = None
    """A keyed hash, in hex; only where there is neither of the others."""


class Sighting(NamedTuple):
    """A person as one place of an event names them."""

    reference: Reference
    occurred_ms: int
    full_name: str | None = None


class Person(NamedTuple):
    guid: str
    key: bytes | None
    """None: forgotten, and nothing of theirs can be sealed."""


Row = Mapping[str, Any]


class People:
    """Who is meant by which reference: the same person at any time, unless somebody who was called so is forgotten."""

    def __init__(self, living: Mapping[Reference, Person], gone: Mapping[Reference, Sequence[Row]]) -> None:
        self._living = living
        self._gone = gone

    def at(self, moment_ms: int) -> Mapping[Reference, Person]:
        """Those of the references of an event of that moment."""
        if not self._gone:
            return self._living
        late = {reference: forgotten_since(stones, moment_ms) for reference, stones in self._gone.items()}
        return {**self._living, **{reference: Person(guid, None) for reference, guid in late.items() if guid}}


class IdentityStore(Protocol):
    def read(self, tenant: Tenant, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows there are, by sort key; strongly consistent."""

    def insert(self, tenant: Tenant, rows: Mapping[str, Row]) -> frozenset[str]:
        """Writes what is not there yet, in any order, and answers the sort keys that were there already."""


class Contended(Exception):  # noqa: N818  a state of the store
    """Others kept writing the same people; trying again will do."""


def folded(username: str) -> str:
    """The form in which usernames are matched, without regard to case."""
    if username.isascii():  # the same, ten times as fast
        return username.lower()
    return unicodedata.normalize("NFC", username).casefold()


def distinct_people(references: Iterable[Reference]) -> int:
    """How many people these are at least, whoever is known already: a bare name is one of those who carry it."""
    ids: set[str] = set()
    names: set[str] = set()
    bare: set[str] = set()
    addresses: set[str] = set()
    for client_id, username, address in references:
        if client_id is not None:
            ids.add(client_id)
        if username is not None:
            (bare if client_id is None else names).add(folded(username))
        if address is not None:
            addresses.add(address)
    return len(ids) + len(bare - names) + len(addresses)


def id_row(guid: str) -> str:
    return f"id#{guid}"


def ext_row(client_id: str) -> str:
    return f"ext#{client_id}"


def address_row(address: str) -> str:
    return f"ext#ip:{address}"


def name_row(name: str) -> str:
    return f"name#{name}"


def had_row(name: str, guid: str) -> str:
    return f"had#{name}#{guid}"


def had_prefix(name: str) -> str:
    return f"had#{name}#"


def called_row(guid: str, name: str | None = None) -> str:
    """Without a name: of the first one, so that what many people are called costs no query for each."""
    return f"called#{guid}" if name is None else f"called#{guid}#{name}"


def called_prefix(guid: str) -> str:
    return f"called#{guid}"


def renamed_row(guid: str) -> str:
    return f"renamed#{guid}"


def claim_row(guid: str) -> str:
    return f"claim#{guid}"


def had_client_id(person: Row) -> bool:
    """Whether a row `id#GUID` is of somebody who was made for a client id, so that no other one adopts them."""
    return _FOR_CLIENT_ID in person


def may_be_by_address(person: Row | None) -> bool:
    """Whether somebody is, or before being forgotten may have been, known by an address alone: indexed by an alias."""
    return person is None or _FOR_ADDRESS in person


class Identities:
    """Binds references to people, making those up that are not known yet."""

    def __init__(self, store: IdentityStore, random_bytes: Callable[[int], bytes], clock: Clock = system_clock) -> None:
        self._store = store
        self._random = random_bytes
        self._clock = clock

    def resolve(self, tenant: Tenant, references: Iterable[Reference]) -> dict[Reference, Person]:
        """The person whom each reference means from now on; all of them durable on return. Raises `Contended`."""
        latest = dict.fromkeys(references, _NO_MOMENT)
        return dict(self._resolved(tenant, latest, {}, {}).at(_NO_MOMENT))

    def resolve_seen(self, tenant: Tenant, sightings: Iterable[Sighting], gone_key: bytes) -> People:
        """The people of events; all of them durable on return. Nothing is cached: a warm cache would seal under a key
        that has been deleted. Full names are kept beside usernames that are new, for who looks them up.

        A client id binds before a name. An unknown client id adopts the name's person if that one has no client id
        yet; else it is a new person. Who was forgotten after an event occurred is meant by it all the same: then no
        row is written, whatever the event calls them. Raises `Contended`.
        """
        latest: dict[Reference, int] = {}
        names: dict[Reference, list[tuple[int, str]]] = {}
        for reference, occurred_ms, full_name in sightings:
            latest[reference] = max(occurred_ms, latest.get(reference, occurred_ms))
            if full_name is not None:
                names.setdefault(reference, []).append((occurred_ms, full_name))
        stones = {each: [tombstone(gone_key, tenant, text) for text in _remembered(each)] for each in latest}
        return self._resolved(tenant, latest, names, stones)

    def _resolved(
        self,
        tenant: Tenant,
        latest: Mapping[Reference, int],
        names: Mapping[Reference, Sequence[tuple[int, str]]],
        stones: Mapping[Reference, Sequence[str]],
    ) -> People:
        if not latest:
            return People({}, {})
        keyless: set[str] = set()
        for _ in range(_MOST_ROUNDS):
            rows = self._read(tenant, latest, stones)
            gone = {each: found for each, keys in stones.items() if (found := _tombstones(each, rows, keys))}
            wanted = [each for each, last_ms in latest.items() if not forgotten_since(gone.get(each, ()), last_ms)]
            binding = _Binding(rows, self._random, _full_names(names, gone), self._clock())
            guids = {reference: binding.bind(reference) for reference in wanted}
            beaten = self._insert(tenant, binding)
            missing = {guid for guid in guids.values() if id_row(guid) not in rows}
            # A key that is missing was deleted: between the two reads, and then nobody is bound to it at the next
            # ones; or of the rows that bind to it not all are deleted yet, and they still mean who is forgotten.
            if not beaten and missing <= keyless:
                living = {each: Person(guid, rows.get(id_row(guid), _NO_KEY)["key"]) for each, guid in guids.items()}
                return People(living, gone)
            keyless |= missing
        raise Contended

    def _read(
        self, tenant: Tenant, references: Iterable[Reference], stones: Mapping[Reference, Sequence[str]]
    ) -> dict[str, Row]:
        rows = self._store.read(tenant, dict.fromkeys(key for reference in references for key in _binders(reference)))
        more: dict[str, None] = {}
        for reference in references:
            for binder in _binders(reference):
                if binder not in rows:
                    continue
                guid = rows[binder]["guid"]
                more[id_row(guid)] = None
                more[claim_row(guid)] = None
                if reference.username is not None:
                    more[had_row(folded(reference.username), guid)] = None
            # Not beside the binders: a batch is not read at one moment, and a binder found deleted must not come with
            # a tombstone read before that was left.
            more |= dict.fromkeys(stones.get(reference, ()))
        rows.update(self._store.read(tenant, more) if more else {})
        return rows

    def _insert(self, tenant: Tenant, binding: "_Binding") -> bool:
        """Whether somebody else was faster with a row that binds.

        Then what was bound may be wrong, and nothing that rests on it is written: a client id bound to a person whom
        another client id has just claimed would stay so for ever.
        """
        # Of people who were there before, finders come before what they find: whoever forgets the person meanwhile
        # sees them, and so does the sweep after it. Of new ones nobody knows yet, and a binder lost is not theirs.
        early = {**binding.people, **binding.finders}
        if early and self._store.insert(tenant, early) & binding.contested:
            return True
        lost = self._store.insert(tenant, binding.binders) if binding.binders else frozenset()
        # What is looked for comes last: where a row of it stands, all the others stand too.
        for rows in (binding.finders_of_new(lost), {} if lost else binding.names_had):
            if rows:
                self._store.insert(tenant, rows)
        return bool(lost)


class _Binding:
    """What references bind to over the rows read, and the rows that this adds, in the order to insert them."""

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
        guid = self._bound(reference)
        if reference.username is not None and id_row(guid) in self._rows:
            self._call(guid, folded(reference.username), reference)
        return guid

    def _call(self, guid: str, name: str, reference: Reference) -> None:
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
        binder = _binders(reference)[0]
        claim = _claim(reference)
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
        person, claim, claimed = self._rows.get(id_row(guid)), _claim(reference), self._rows.get(claim_row(guid))
        if person is None or had_client_id(person) or claimed not in (None, claim):
            return None
        if guid in self._binder_of_new:
            # Nobody else can have seen this one: the key's own row says that it has a client id.
            self._rows[id_row(guid)] = self.people[id_row(guid)] = {**person, _FOR_CLIENT_ID: True}
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
            row[_FOR_CLIENT_ID] = True
        if reference.address is not None:
            row[_FOR_ADDRESS] = True
        self._add(self.people, id_row(guid), row)
        self._binder_of_new[guid] = binder = _binders(reference)[0]
        if claim := _claim(reference):
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


def _binders(reference: Reference) -> list[str]:
    """The rows that bind a reference, the strongest first."""
    rows = []
    if reference.client_id is not None:
        rows.append(ext_row(reference.client_id))
    if reference.username is not None:
        rows.append(name_row(folded(reference.username)))
    return rows or [address_row(reference.address or "")]


def _binding(guid: str, **beside: str | None) -> Row:
    """A binder says by what else the person was bound with it: should its writer come no further, no finder does."""
    return {"guid": guid, **{name: text for name, text in beside.items() if text is not None}}


def _claim(reference: Reference) -> Row:
    """What a person is known by other than names."""
    if reference.client_id is not None:
        return {"client_id": reference.client_id}
    return {} if reference.address is None else {"address": reference.address}


_FIRST = "is_first"
"""Marks the name whose finder is the row without a name."""

_FOR_CLIENT_ID, _FOR_ADDRESS = "for_client_id", "for_address"

_NO_MOMENT = 1 << 50
"""Later than every event's."""

_NO_KEY: Row = {"key": None}


def _remembered(reference: Reference) -> list[str]:
    """What the tombstones of this reference stand for, the strongest first, as its binders."""
    binders = _binders(reference)
    if reference.client_id is None or reference.username is None:
        return binders
    return [binders[0], adoptable(folded(reference.username))]


def _tombstones(reference: Reference, rows: Mapping[str, Row], keys: Sequence[str]) -> list[Row]:
    """Those there are of a reference, the strongest first; an id that means somebody living adopts nobody."""
    asked = keys[:1] if _binders(reference)[0] in rows else keys
    return [rows[key] for key in asked if key in rows]


def _full_names(
    names: Mapping[Reference, Sequence[tuple[int, str]]], gone: Mapping[Reference, Sequence[Row]]
) -> dict[Reference, str]:
    """The first that is said of each at a moment when it means somebody living."""
    found: dict[Reference, str] = {}
    for reference, said in names.items():
        stones = gone.get(reference, ())
        living = (name for moment_ms, name in said if not forgotten_since(stones, moment_ms))
        if (name := next(living, None)) is not None:
            found[reference] = name
    return found
