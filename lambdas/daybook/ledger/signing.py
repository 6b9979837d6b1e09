"""Signed checkpoints: what they are made of, who keeps them, and how one is asked for.

Each log's key lines are made of few keys of the deployment: a log's name is its origin, so the same public key has
another line for each log. The key of the times is one cosigner's, whose name is its own.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from daybook.clock import MINUTE, Clock
from daybook.ledger.logs import Log, Visibility
from daybook.ledger.merkle import Edge
from daybook.ledger.notes import COSIGNATURE, ED25519, VerifierKey
from daybook.observability import logger
from daybook.tenant import EnvironmentKey

ASKED_EVERY_MS = MINUTE
"""How often a log is signed because somebody asked."""


class SignedCheckpoint(NamedTuple):
    size: int
    note: str
    edge: Edge
    """The tree's right edge at this size."""
    at_ms: int
    """What the cosignature of the log's own key says, in whole seconds. It never goes back with the size."""


class Checkpoints(Protocol):
    """Every read is strongly consistent. Calls raise `Throttled`."""

    def newest(self, log: Log) -> SignedCheckpoint | None: ...

    def covering(self, log: Log, index: int) -> SignedCheckpoint | None:
        """The newest checkpoint, if it covers the entry with this index."""

    def at(self, log: Log, size: int) -> SignedCheckpoint | None: ...

    def before(self, log: Log, at_ms: int) -> SignedCheckpoint | None:
        """The newest of those that were signed then or earlier. About as many reads as the size has binary digits."""

    def keep(self, log: Log, checkpoint: SignedCheckpoint) -> None:
        """Does nothing if a checkpoint of this size is kept: the first one stays."""


class PublishedKey(NamedTuple):
    id: str
    """Of the key in KMS."""
    public: bytes
    """32 bytes."""
    cosigner: str | None
    """Its name, for a key that signs times. None: it signs heads, and is named as the log is."""
    since_ms: int
    """When it was first published."""

    def verifies(self, origin: str) -> VerifierKey:
        """The key as it signs the checkpoints of a log."""
        if self.cosigner is None:
            return VerifierKey(origin, ED25519, self.public)
        return VerifierKey(self.cosigner, COSIGNATURE, self.public)


class PublishedKeys(Protocol):
    """Calls raise `Throttled`."""

    def published(self) -> Sequence[PublishedKey]:
        """All keys that ever signed, the first published first."""

    def publish(self, key: PublishedKey) -> None:
        """Does nothing if the key is published: what was said of it first stays."""


def key_lines(log: Log, keys: Iterable[PublishedKey]) -> list[str]:
    """What an auditor gives a verifier of this log: the lines of the keys that sign heads, then of those for times."""
    ordered = sorted(keys, key=lambda key: (key.cosigner is not None, key.since_ms))
    return [key.verifies(log.origin).line for key in ordered]


class SignRequest(msgspec.Struct, frozen=True):
    """Asks for a checkpoint of an environment's current log."""

    environment: EnvironmentKey
    visibility: Visibility
    size: int
    """The size of the log that has to be signed: a checkpoint of it, or of a larger one, will do."""


class SignQueue(Protocol):
    def send(self, requests: Sequence[SignRequest], delay_seconds: int) -> None:
        """Sends all of them durably. Raises if one of them could not be sent."""


class AskToSign:
    """Asks at most once a minute for each log; the signer holds to that among all who ask. Safe to share by threads."""

    def __init__(self, queue: SignQueue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock
        self._asked: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, log: Log, size: int) -> None:
        """Asks for a checkpoint of at least this size.

        Only current logs are signed: asking for a former one does nothing in the end. A request that can't be sent is
        logged. Whoever waits asks again, and the schedule has the log signed anyway.
        """
        now = self._clock()
        with self._lock:
            self._asked = {name: at for name, at in self._asked.items() if now - ASKED_EVERY_MS < at <= now}
            if log.name in self._asked:
                return
            self._asked[log.name] = now
        try:
            self._queue.send([SignRequest(log.key.environment, log.key.visibility, size)], 0)
        except Exception:
            logger.exception("a checkpoint was not asked for", extra={"log": log.name})
            with self._lock:
                self._asked.pop(log.name, None)
