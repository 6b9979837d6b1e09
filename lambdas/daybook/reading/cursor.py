"""Where a read goes on: signed, so that none can be forged to read without a search being recorded.

A cursor holds the id that the next page begins after, the moment of the first page, the retention's edge then, and whom
the query's names meant then. The signature covers these, the query, and whose it is; the client repeats the query.
"""

import base64
import hmac
import uuid
from typing import NamedTuple

import msgspec

from daybook.caller import Tenant
from daybook.clock import DAY
from daybook.derivation import length_prefixed, tag
from daybook.problem import Problem

LASTS_MS = DAY
MOST_PEOPLE = 64
_TAG_BYTES = 16


class Position(NamedTuple):
    after: str
    moment_ms: int
    edge_ms: int
    people: tuple[tuple[str, ...], ...] | None = None
    """The GUIDs that each name of the query stood for, by the names' order, and last the groups' members; None where
    they are over 64.
    """
    groups: tuple[int, ...] = ()
    """The versions of the query's groups, by their names' order; empty where `people` tells who was in them."""
    given: int = 0
    """Events given so far, in an order other than by time."""


class _Packed(msgspec.Struct, array_like=True):
    after: str
    moment_ms: int
    edge_ms: int
    people: list[list[bytes]] | None
    groups: list[int]
    given: int


class Owner(NamedTuple):
    """Whose query it is: part of what is signed, and not of what is sent."""

    tenant: Tenant
    environment: str
    credential: str
    query: bytes


def write_cursor(position: Position, owner: Owner, key: bytes) -> str:
    """Well below the 10 KB that a request line may have: 64 people take 1.5 KB."""
    people = position.people
    if people is not None and sum(map(len, people)) > MOST_PEOPLE:
        people = None
    packed = msgspec.msgpack.encode(
        _Packed(
            position.after,
            position.moment_ms,
            position.edge_ms,
            None if people is None else [[uuid.UUID(guid).bytes for guid in guids] for guids in people],
            list(position.groups) if people is None else [],
            position.given,
        )
    )
    return _written(_signature(packed, owner, key) + packed)


def read_cursor(cursor: str, owner: Owner, key: bytes, now_ms: int) -> Position:
    """Raises `Problem` 400 `cursor_mismatch` for what was not written for this query and caller within 24 hours."""
    try:
        blob = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise mismatch() from None
    signature, packed = blob[:_TAG_BYTES], blob[_TAG_BYTES:]
    # Base64 has several ways to write the same bytes; a cursor is the one that was given out.
    if cursor != _written(blob) or not hmac.compare_digest(signature, _signature(packed, owner, key)):
        raise mismatch()
    read = msgspec.msgpack.decode(packed, type=_Packed)
    if now_ms - read.moment_ms > LASTS_MS:
        raise mismatch()
    people = None
    if read.people is not None:
        people = tuple(tuple(str(uuid.UUID(bytes=guid)) for guid in guids) for guids in read.people)
    return Position(read.after, read.moment_ms, read.edge_ms, people, tuple(read.groups), read.given)


def _written(blob: bytes) -> str:
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


def _signature(packed: bytes, owner: Owner, key: bytes) -> bytes:
    owned = length_prefixed(owner.tenant, owner.environment, owner.credential)
    return tag(key, owned + len(owner.query).to_bytes(4, "big") + owner.query + packed)


def mismatch() -> Problem:
    return Problem(400, "cursor_mismatch", "The cursor is of another query or credential, or over 24 hours old.")
