"""An event's id: ten characters of time and 26 of identity, in Crockford's base32, so that ids sort by time.

The identity is a keyed hash of whose event it is and the sender's own id, or random where the sender gave none. It
hashes nothing that can change between two tries, so a retry always meets its first try; and it is keyed, or an id that
holds a person's name could be confirmed by guessing.
"""

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FORM = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}[0-7][0-9A-HJKMNP-TV-Z]{25}")
IDENTITY_BYTES = 16
HIGHEST_ID = "Z" * 36
"""What no id lies above."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
# Two characters at a time: an id is written once for each event, and this halves its cost.
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def event_id(occurred_ms: int, identity: bytes) -> str:
    """36 characters; `occurred_ms` below 2^50 in whole milliseconds, `identity` 16 bytes."""
    number = occurred_ms << 130 | int.from_bytes(identity, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(170, -1, -10)])


def lowest_id(occurred_ms: int) -> str:
    """What no id of that moment lies below, and every id of an earlier moment does."""
    return event_id(occurred_ms, bytes(IDENTITY_BYTES))


def neighbour(identifier: str, step: int) -> str:
    """The id `step` places further on; the outermost ids have no neighbour beyond them and give themselves."""
    number = (occurred_ms(identifier) << 128 | int.from_bytes(identity_of(identifier), "big")) + step
    number = min(max(number, 0), (1 << 178) - 1)
    return event_id(number >> 128, (number & (1 << 128) - 1).to_bytes(IDENTITY_BYTES, "big"))


def occurred_ms(identifier: str) -> int:
    value = 0
    for character in identifier[:10]:
        value = value << 5 | _VALUES[character]
    return value


def shard(identifier: str, shards: int) -> int:
    """By the identity's last 32 bits."""
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
