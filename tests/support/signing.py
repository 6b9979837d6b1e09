"""Signing in a test: keys in memory, an archive in memory, and logs that grow."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from daybook.aws.wiring import Wiring
from daybook.ledger.log import Head
from daybook.ledger.logs import Log
from daybook.ledger.signing import SignRequest
from ledger.key_ring import KeyRing, Pair
from ledger.signer import Signer
from tests.support.ledger import append_of, delta_of, log_of, stored


class HeldKey:
    """A key as KMS has it, whose private half is derived from its id."""

    def __init__(self, identifier: str) -> None:
        self.id = identifier
        self._private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(identifier.encode()).digest())
        self.public = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


PAIR = Pair(HeldKey("head-1"), HeldKey("time-1"))
NEXT_PAIR = Pair(HeldKey("head-2"), HeldKey("time-2"))


class MemoryArchive:
    """The bucket of checkpoints."""

    def __init__(self) -> None:
        self.notes: dict[tuple[str, int], str] = {}

    def newest(self, log: Log) -> str | None:
        sizes = [size for name, size in self.notes if name == log.name]
        return self.notes[log.name, max(sizes)] if sizes else None

    def keep(self, log: Log, size: int, note: str) -> str:
        return self.notes.setdefault((log.name, size), note)


class MemorySignQueue:
    def __init__(self) -> None:
        self.sent: list[tuple[SignRequest, int]] = []

    def send(self, requests: Sequence[SignRequest], delay_seconds: int) -> None:
        self.sent += [(request, delay_seconds) for request in requests]


@dataclass
class SigningHouse:
    """A tenant's logs on a store, with what signs them."""

    wiring: Wiring
    pairs: Sequence[Pair] = (PAIR,)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    queue: MemorySignQueue = field(default_factory=MemorySignQueue)
    counted: Counter[str] = field(default_factory=Counter)
    _events: int = 0

    @property
    def ring(self) -> KeyRing:
        return KeyRing(self.pairs, self.wiring.published_keys, "daybook/time", self.wiring.clock)

    @property
    def signer(self) -> Signer:
        return Signer(
            logs=self.wiring.logs,
            appends=self.wiring.appends,
            fold=self.wiring.fold,
            checkpoints=self.wiring.checkpoints,
            archive=self.archive,
            keys=self.ring,
            log_origin="daybook",
            clock=self.wiring.clock,
            random_bytes=self.wiring.random_bytes,
            count=lambda name, value: self.counted.update({name: value}),
        )

    def begin(self, log: Log | None = None) -> Log:
        return self.wiring.logs.begin(log or log_of())

    def grow(self, log: Log, entries: int, number: int | None = None) -> Head:
        """Appends so many events, from event `number` on: by default ones that no log has."""
        first = self._events if number is None else number
        self._events = max(self._events, first + entries)
        events = [stored(each) for each in range(first, first + entries)]
        append = append_of(self.wiring.appends.head(log), events)
        assert self.wiring.appends.put(log, append, delta_of(events))
        return append.head
