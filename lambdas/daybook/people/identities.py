"""The people that events name. Each is bound to a GUID that we make, and has a key of its own.

The rows of one environment, by sort key:

- `id#GUID`: the person's key, and nothing that says who it is. A row left behind by a lost race names nobody;
- `ext#<client's id>`, or the keyed hash of an address or of an OIDC caller: the person whom it identifies;
- `name#<name>`: the first who held a username, and since when;
- `more#<name>`: others held it too, or its first holder was forgotten. Then only the rows `had#` say whom it means;
- `had#<name>␟<from>␟GUID`: a holder from that moment on (`daybook.people.timeline`). Without a GUID, and from 0 on:
  more people than are written down held the name;
- `forgotten#<number>`: how many people of the environment were forgotten (`daybook.people.forgettings`);
- `disclosed#GUID#<event>`: a proof disclosed the person's key of one event (`daybook.people.disclosures`);
- finders, which lead forgetting from the GUID to all other rows: `claim#GUID` (the row `ext#` of the person),
  `called#GUID` (the first name), `called#GUID#<name>` and `renamed#GUID` (further names, and that there are such).

Rows are only inserted, never changed: the second writer takes what the first one wrote. Only forgetting deletes them
(`daybook.people.forgetter`), counts, and leaves tombstones `gone#…` (`daybook.people.tombstones`).
"""

import hashlib
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from daybook.crypto.hkdf import tag
from daybook.tenant import EnvironmentKey
from daybook.text import composed, folded

MAX_NAME_BYTES = 512
"""Of a name or id within a sort key, which has at most 1,024 bytes."""

MAX_CLIENT_ID = 128

MAX_HOLDERS = 64
"""People who are written down as holders of one name. A search for a name that more people held is refused."""

MAX_HAD_ROWS = 256
"""Rows of one name, after which earlier events of its holders are no longer written down."""

HAD_ROWS_READ = 512
"""More than concurrent writers can make of `MAX_HAD_ROWS`, so that no name is read without a bound."""

FOR_CLIENT_ID, FOR_ADDRESS = "for_client_id", "for_address"
"""Attributes of a row `id#GUID`: the person was made for a client id or an OIDC caller, or for an address."""

_SEPARATOR = "\x1f"  # no sender can send it, so no name and no id can contain it
_MANY = ""  # in place of a GUID


class Reference(NamedTuple):
    """How an event names a person: by an id, by a username, or by both. At most one of the ids is given."""

    client_id: str | None = None
    username: str | None = None
    address: str | None = None
    """The keyed hash of an address, in hex; only if there is neither a client id nor a username."""
    caller: str | None = None
    """The keyed hash of an OIDC caller's issuer and subject, in hex."""


class Sighting(NamedTuple):
    """A person as one place of an event names them."""

    reference: Reference
    occurred_ms: int
    full_name: str | None = None


class Person(NamedTuple):
    guid: str
    key: bytes | None
    """None: the person is forgotten, and nothing of theirs can be sealed."""


Row = Mapping[str, Any]


class People:
    """Whom each reference means. `timed` holds those references whose meaning depends on the moment."""

    def __init__(self, always: dict[Reference, Person], timed: Mapping[int, dict[Reference, Person]]) -> None:
        self._always = always
        self._timed = timed

    def at(self, moment_ms: int) -> Mapping[Reference, Person]:
        """Whom the references of an event of that moment mean."""
        timed = self._timed.get(moment_ms)
        return self._always if timed is None else ChainMap(timed, self._always)


class IdentityStore(Protocol):
    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by sort key; strongly consistent."""

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        """For each prefix, the rows whose sort keys begin with it, in order; strongly consistent."""

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        """Inserts the rows that do not exist yet, in any order. Returns the sort keys that existed already."""


def name_in_keys(username: str, key: bytes) -> str:
    """The folded name as it is part of sort keys. `key`: the tenant's key for names.

    A name that is too long is replaced by a keyed hash: nobody can choose a short name that equals it.
    """
    name = folded(username)
    if len(name) <= MAX_NAME_BYTES // 4 or len(name.encode()) <= MAX_NAME_BYTES:
        return name
    return f"~{tag(key, name.encode()).hex()}"


def distinct_people(references: Iterable[Reference]) -> int:
    """The least number of people that these references can mean. A bare name means one of those who carry it."""
    ids: set[str] = set()
    names: set[str] = set()
    bare: set[str] = set()
    for reference in references:
        identified = ext_of(reference)
        if identified is not None:
            ids.add(identified)
        if reference.username is not None:
            (bare if identified is None else names).add(folded(reference.username))
    return len(ids) + len(bare - names)


def id_row(guid: str) -> str:
    return f"id#{guid}"


def ext_row(client_id: str) -> str:
    """An id that is too long, or looks like the hash of one, is replaced by its hash."""
    text = composed(client_id)
    if text[:1] == "~" or (len(text) > MAX_NAME_BYTES // 4 and len(text.encode()) > MAX_NAME_BYTES):
        text = f"~{hashlib.sha256(text.encode()).hexdigest()}"
    return f"ext#{text}"


def address_row(address: str) -> str:
    return f"ext#{_SEPARATOR}ip{_SEPARATOR}{address}"


def caller_row(caller: str) -> str:
    return f"ext#{_SEPARATOR}oidc{_SEPARATOR}{caller}"


def ext_of(reference: Reference) -> str | None:
    """The row that identifies the person, unless the reference is a bare username."""
    if reference.client_id is not None:
        return ext_row(reference.client_id)
    if reference.caller is not None:
        return caller_row(reference.caller)
    return None if reference.address is None else address_row(reference.address)


def name_row(name: str) -> str:
    return f"name#{name}"


def more_row(name: str) -> str:
    return f"more#{name}"


def had_row(name: str, from_ms: int, guid: str) -> str:
    return f"{had_prefix(name)}{from_ms:013}{_SEPARATOR}{guid}"


def had_prefix(name: str) -> str:
    return f"had#{name}{_SEPARATOR}"


def many_row(name: str) -> str:
    """Says that more people held the name than are written down. It comes before all of them."""
    return had_row(name, 0, _MANY)


def called_row(guid: str, name: str | None = None) -> str:
    """Without a name: the row of the first name, so that the names of many people need no query each."""
    return f"called#{guid}" if name is None else f"called#{guid}#{name}"


def called_prefix(guid: str) -> str:
    return f"called#{guid}"


def renamed_row(guid: str) -> str:
    return f"renamed#{guid}"


def claim_row(guid: str) -> str:
    return f"claim#{guid}"


def had_client_id(person: Row) -> bool:
    """Whether a row `id#GUID` belongs to a person made for a client id, whom no other client id may adopt."""
    return FOR_CLIENT_ID in person


def may_be_by_address(person: Row | None) -> bool:
    """Whether a person is, or before being forgotten may have been, known by an address alone and so indexed by the
    actor's type.
    """
    return person is None or FOR_ADDRESS in person
