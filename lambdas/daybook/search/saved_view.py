"""A search that a reader has given a name. Its filters may name people, and the row that keeps it must not.

So a person is kept by GUID, and everything but the view's name is sealed: free text, addresses and ids of targets may
hold a name that nobody declared.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct

from daybook.catalogue.aliases import is_user
from daybook.crypto.hkdf import hkdf
from daybook.crypto.keys import TenantKeys
from daybook.crypto.sealing import Place, open_sealed, seal
from daybook.people.lookup import GUID
from daybook.search.parameters import NOT
from daybook.tenant import EnvironmentKey, code_of

MAX_NAME = 128
MAX_VIEWS = 100

SHARED = ""
"""The owner of views that every reader of the environment sees."""

Pairs = Sequence[tuple[str, Sequence[str]]]
"""Filters and their values, in the order in which they were given."""

_KEY_BYTES = 64
_NAMING = frozenset({"actor", "impersonator", "target"})


class StoredView(NamedTuple):
    name: str
    owner: str
    """The credential: a key's id or a person's GUID; `SHARED`."""
    sealed: str


class SavedView(Struct, frozen=True):
    query: list[tuple[str, list[str]]]
    view: str
    columns: list[str]
    sort: str
    by: str
    """The credential that saved it last."""


def seal_view(saved: SavedView, name: str, owner: str, environment: EnvironmentKey, keys: TenantKeys) -> StoredView:
    place = _place(name, owner, environment)
    return StoredView(name, owner, seal([msgspec.to_builtins(saved)], _key(keys), place))


def open_view(stored: StoredView, environment: EnvironmentKey, keys: TenantKeys) -> SavedView:
    (saved,) = open_sealed(stored.sealed, _key(keys), _place(stored.name, stored.owner, environment))
    return msgspec.convert(saved, SavedView)


def with_guids(
    query: Pairs, people: Mapping[str, Sequence[str]], ids: Mapping[str, Sequence[str]]
) -> list[tuple[str, list[str]]]:
    """The filters with people by GUID: those that mean users by `people`, other targets' ids by `ids`, each by text.
    Any other text stays as it is.
    """

    def replace(text: str, *, is_id: bool) -> Sequence[str]:
        if is_id:  # a search tells its capital letters from small ones, also in the form of a GUID
            return ids.get(text, [text])
        return people.get(text, [text.lower() if GUID.fullmatch(text) else text])

    return _replaced(query, replace)


def with_names(query: Pairs, names: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The filters with people by the names in `names`, which is by GUID. Who is not in it stays a GUID."""
    return _replaced(query, lambda text, *, is_id: [names.get(text, text)])  # noqa: ARG005  both are people's GUIDs


def people_in(query: Pairs) -> set[str]:
    """The GUIDs in the filters that may name people."""
    return {text for text, _ in _naming(query) if GUID.fullmatch(text)}


def texts_in(query: Pairs) -> set[str]:
    """What else means users in them: aliases, ids, and names that nobody had when the view was saved."""
    return {text for text, is_id in _naming(query) if not is_id and not GUID.fullmatch(text)}


def ids_in(query: Pairs) -> set[str]:
    """The ids of targets that are no users. One may be a username all the same: that of a mailbox, say."""
    return {text for text, is_id in _naming(query) if is_id and not GUID.fullmatch(text)}


class _Replace(Protocol):
    def __call__(self, text: str, *, is_id: bool) -> Sequence[str]: ...


def _naming(query: Pairs) -> set[tuple[str, bool]]:
    """Each text that may name somebody, and whether it is the id of a target that is no user."""
    return {_split(name, value)[1:] for name, values in query if _base(name) in _NAMING for value in values}


def _replaced(query: Pairs, replace: _Replace) -> list[tuple[str, list[str]]]:
    """Each value once, in the order given."""
    found: list[tuple[str, list[str]]] = []
    for name, values in query:
        some: list[str] = []
        for value in values:
            kind, text, is_id = _split(name, value)
            some += [f"{kind}{each}" for each in replace(text, is_id=is_id)] if _base(name) in _NAMING else [value]
        found.append((name, list(dict.fromkeys(some))))
    return found


def _base(name: str) -> str:
    return name.removesuffix(NOT)


def _split(name: str, value: str) -> tuple[str, str, bool]:
    """A target's type and colon, the part of a value that may name somebody, and whether that is the id of a target
    that is no user.
    """
    if _base(name) != "target":
        return "", value, False
    kind, colon, text = value.partition(":")
    return f"{kind}{colon}", text, not is_user(kind)


def _key(keys: TenantKeys) -> bytes:
    return hkdf(keys.view, b"daybook 1 view", _KEY_BYTES)


def _place(name: str, owner: str, environment: EnvironmentKey) -> Place:
    return Place(code_of(environment), environment, owner, name)
