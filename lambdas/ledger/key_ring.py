"""The keys that sign checkpoints now, and those that ever did.

A pair of keys signs from its first use on until its successor has been in use for a year. So whoever checks at least
once a year always meets a signature of a key that they know, beside that of the next one.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from daybook.clock import DAY, Clock
from daybook.ledger.notes import Sign, VerifierKey
from daybook.ledger.signing import PublishedKey, PublishedKeys

TOGETHER_MS = 365 * DAY


class SigningKey(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


class Pair(NamedTuple):
    head: SigningKey
    time: SigningKey


class _InUse(NamedTuple):
    head: PublishedKey
    sign_head: Sign
    time: PublishedKey
    sign_time: Sign


class KeyRing:
    def __init__(self, pairs: Sequence[Pair], published: PublishedKeys, cosigner: str, clock: Clock) -> None:
        """`pairs`: the oldest first. `cosigner`: the name of a key for times that was not published before."""
        self._pairs = pairs
        self._published = published
        self._cosigner = cosigner
        self._clock = clock

    def signers(self, origin: str, time_s: int) -> list[tuple[VerifierKey, Sign, int | None]]:
        """Of a log's checkpoint: the head's signatures, then the times."""
        now = self._clock()
        followed = [*(each.head.since_ms for each in self._in_use[1:]), None]
        active = [
            each
            for each, since in zip(self._in_use, followed, strict=True)
            if since is None or now < since + TOGETHER_MS
        ]
        return [
            *((each.head.verifies(origin), each.sign_head, None) for each in active),
            *((each.time.verifies(origin), each.sign_time, time_s) for each in active),
        ]

    def verifiers(self, origin: str) -> list[VerifierKey]:
        """All keys that ever signed checkpoints of this log."""
        return [key.verifies(origin) for key in self._known.values()]

    @cached_property
    def _known(self) -> dict[str, PublishedKey]:
        """By their ids, also those of this ring: no key signs before it is published."""
        known = {key.id: key for key in self._published.published()}
        lacking = [
            (key, cosigner)
            for pair in self._pairs
            for key, cosigner in ((pair.head, None), (pair.time, self._cosigner))
            if key.id not in known
        ]
        for key, cosigner in lacking:
            self._published.publish(PublishedKey(key.id, key.public, cosigner, self._clock()))
        return {key.id: key for key in self._published.published()} if lacking else known

    @cached_property
    def _in_use(self) -> list[_InUse]:
        known = self._known
        return [
            _InUse(known[pair.head.id], pair.head.sign, known[pair.time.id], pair.time.sign) for pair in self._pairs
        ]


def pairs(heads: str, times: str, key_of: Callable[[str], SigningKey]) -> list[Pair]:
    """Of two settings that list ARNs."""
    return [Pair(key_of(head), key_of(time)) for head, time in zip(heads.split(), times.split(), strict=True)]
