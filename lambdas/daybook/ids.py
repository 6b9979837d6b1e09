"""Event ids: 10 characters of time and 26 of identity, in Crockford's base32, so that ids sort by time.

The identity is a keyed hash of the event's owner and the sender's own id, or random when the sender gave none. It
covers nothing that can change between two tries, so a retry always finds its first try. It is keyed because a sender's
id may hold a person's name, which an unkeyed hash would let others confirm by guessing.
"""

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FORM = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}[0-7][0-9A-HJKMNP-TV-Z]{25}")
IDENTITY_BYTES = 16
HIGHEST_ID = "Z" * 36
"""No id is above it."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
# Every event writes one id. Two characters at a time halve the cost.
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def event_id(occurred_ms: int, identity: bytes) -> str:
    """36 characters; `occurred_ms` below 2^50 in whole milliseconds, `identity` 16 bytes."""
    number = occurred_ms << 130 | int.from_bytes(identity, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(170, -1, -10)])


def lowest_id(occurred_ms: int) -> str:
    """No id of that moment is below it, and every id of an earlier moment is."""
    return event_id(occurred_ms, bytes(IDENTITY_BYTES))


def neighbour(identifier: str, step: int) -> str:
    """The id `step` places after this one, or the first or last id of all when there are not so many."""
    number = (occurred_ms(identifier) << 128 | int.from_bytes(identity_of(identifier), "big")) + step
    number = min(max(number, 0), (1 << 178) - 1)
    return event_id(number >> 128, (number & (1 << 128) - 1).to_bytes(IDENTITY_BYTES, "big"))


def occurred_ms(identifier: str) -> int:
    value = 0
    for character in identifier[:10]:
        value = value << 5 | _VALUES[character]
    return value


def shard(identifier: str, shards: int) -> int:
    """The shard of an id, from the last 32 bits of its identity."""
    if shards == 1:
        return 0
    value = 0
    for character in identifier[-7:]:
        value = value << 5 | _VALUES[character]
    return (value & 0xFFFFFFFF) % shards


def identity_of(identifier: str) -> bytes:
    number = 0
    for character in identifier[10:]:
        number = number << 5 | _VALUES[character]
    return number.to_bytes(IDENTITY_BYTES, "big")
