"""Cursors tell where a read continues. They are signed, so that nobody can forge one to read without a recorded search.
The key is rotated, so a cursor begins with the number of the key's generation.

A cursor holds the id after which the next page begins, the moment of the first page, the retention's edge then, and
whom the query's names and groups meant then. The signature also covers the query and its owner; the client repeats the
query with each cursor.
"""

import base64
import hmac
import uuid
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from daybook.clock import DAY, MINUTE
from daybook.crypto.generations import Generations
from daybook.crypto.hkdf import length_prefixed, tag
from daybook.http.problem import Problem
from daybook.tenant import EnvironmentKey

LIFETIME_MS = DAY
MAX_PEOPLE = 64

CHANGE_MS = MINUTE
"""How much the clocks of functions may differ: so long after its end, one may still write with a replaced key."""

_NUMBER_BYTES = 2
_TAG_BYTES = 16


class Position(NamedTuple):
    after: str
    moment_ms: int
    edge_ms: int
    people: tuple[tuple[str, ...], ...] | None = None
    """The GUIDs that each name of the query stood for, in the order of the names; None if there are more than 64."""
    members: tuple[tuple[str, ...], ...] | None = None
    """The members of each group of the query, in the order of their names; None for more than 64 people in all."""
    groups: tuple[int, ...] = ()
    """The versions of the same groups; empty if `members` holds the members."""
    given: int = 0
    """The number of events on earlier pages, if not ordered by time. The next page starts there if `after` is gone."""
    mark: bytes = b""
    """Shows whether the sort value of the event `after` is unchanged, if not ordered by time."""


class _Packed(msgspec.Struct, array_like=True):
    after: str
    moment_ms: int
    edge_ms: int
    people: list[list[bytes]] | None
    members: list[list[bytes]] | None
    groups: list[int]
    given: int
    mark: bytes


class Owner(NamedTuple):
    """Whose query it is. Part of what is signed, but not of what is sent."""

    environment: EnvironmentKey
    caller: str
    query: bytes


def write_cursor(position: Position, owner: Owner, keys: Generations, now_ms: int) -> str:
    """Far below the 10 KB limit of a request line: 64 people take 1.5 KB."""
    people, members = position.people, position.members
    if people is not None and sum(map(len, people)) > MAX_PEOPLE:
        people = None
    if members is not None and sum(map(len, (*members, *(people or ())))) > MAX_PEOPLE:
        members = None
    packed = msgspec.msgpack.encode(
        _Packed(
            position.after,
            position.moment_ms,
            position.edge_ms,
            None if people is None else [_packed(guids) for guids in people],
            None if members is None else [_packed(guids) for guids in members],
            list(position.groups) if members is None else [],
            position.given,
            position.mark,
        )
    )
    generation = keys.current(now_ms)
    number = generation.number.to_bytes(_NUMBER_BYTES, "big")
    return _encoded(number + _signature(packed, owner, generation.key) + packed)


def read_cursor(cursor: str, owner: Owner, keys: Generations, now_ms: int) -> Position:
    """Raises `Problem` 400 `cursor_mismatch` unless it was written for this query and caller in the last 24 hours."""
    try:
        blob = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise mismatch() from None
    number, signed = int.from_bytes(blob[:_NUMBER_BYTES], "big"), blob[_NUMBER_BYTES:]
    signature, packed = signed[:_TAG_BYTES], signed[_TAG_BYTES:]
    key = _key(keys, number, now_ms)
    # Base64 can write the same bytes in several ways; only the one that we write is a cursor.
    if key is None or cursor != _encoded(blob) or not hmac.compare_digest(signature, _signature(packed, owner, key)):
        raise mismatch()
    read = msgspec.msgpack.decode(packed, type=_Packed)
    if now_ms - read.moment_ms > LIFETIME_MS:
        raise mismatch()
    return Position(
        read.after,
        read.moment_ms,
        read.edge_ms,
        None if read.people is None else tuple(map(_unpacked, read.people)),
        None if read.members is None else tuple(map(_unpacked, read.members)),
        tuple(read.groups),
        read.given,
        read.mark,
    )


def _packed(guids: Sequence[str]) -> list[bytes]:
    return [uuid.UUID(guid).bytes for guid in guids]


def _unpacked(packed: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(str(uuid.UUID(bytes=guid)) for guid in packed)


def _encoded(blob: bytes) -> str:
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


def _key(keys: Generations, number: int, now_ms: int) -> bytes | None:
    """None where no cursor can be left that was written with it."""
    generation, replaced_ms = keys.numbered(number), keys.replaced_ms(number)
    if generation is None or (replaced_ms is not None and now_ms > replaced_ms + LIFETIME_MS + CHANGE_MS):
        return None
    return generation.key


def _signature(packed: bytes, owner: Owner, key: bytes) -> bytes:
    owned = length_prefixed(owner.environment, owner.caller)
    return tag(key, owned + len(owner.query).to_bytes(4, "big") + owner.query + packed)


def mismatch() -> Problem:
    return Problem(
        400, "cursor_mismatch", "The cursor belongs to another query or credential, or is more than 24 hours old."
    )
