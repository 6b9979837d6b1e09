"""Signs the head of a log. It signs nothing that does not extend what was signed before.

What was signed is read from S3, where no restore and no change of a table reaches. The entries since then are hashed
anew, so that no hash of the table is believed. Several signers may work on one log: each head extends the ones before,
and of one size the first checkpoint stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from daybook.clock import SECOND, Clock
from daybook.ledger.checkpoints import Checkpoint, parse
from daybook.ledger.entries import ENTRY_BYTES
from daybook.ledger.log import Appends, Head
from daybook.ledger.logs import Log, Logs, new_log
from daybook.ledger.merkle import EMPTY, Edge, leaf_hash
from daybook.ledger.notes import open_note, sign_note
from daybook.ledger.signing import Checkpoints, SignedCheckpoint
from daybook.observability import LOGS_SIGNED, SIGNING_REFUSED, logger
from ledger.key_ring import KeyRing


class Archive(Protocol):
    """Signed notes where tables do not reach. Reads see every write before. Calls raise `Throttled`."""

    def newest(self, log: Log) -> str | None: ...

    def keep(self, log: Log, size: int, note: str) -> str:
        """Returns the note of this size: the first one stays."""


class Fold(Protocol):
    def run(self, log: Log) -> None: ...


@dataclass(frozen=True)
class Signer:
    logs: Logs
    appends: Appends
    fold: Fold
    checkpoints: Checkpoints
    archive: Archive
    keys: KeyRing
    log_origin: str
    clock: Clock
    random_bytes: Callable[[int], bytes]
    count: Callable[[str, int], None]

    def sign(self, log: Log) -> None:
        """Does nothing where the log has not grown. Raises `Throttled`."""
        # Before the head: a checkpoint that another signer adds meanwhile may be larger than the head that is read.
        signed = self._newest(log)
        head = self.appends.head(log)
        known = self.checkpoints.newest(log)
        if head.size == (0 if known is None else known.size) and (signed is None or signed.size == head.size):
            return
        if not self._extends(log, head, signed):
            self._refuse(log, head, signed)
            return
        self.fold.run(log)  # no proof of what is signed needs more than the roots of tiles that it writes
        note = self._note(log, head, 0 if known is None else known.at_ms)
        kept = self.archive.keep(log, head.size, note)
        self.checkpoints.keep(log, self._checked(log, head, kept))
        self.count(LOGS_SIGNED, 1)

    def _newest(self, log: Log) -> Checkpoint | None:
        """The newest checkpoint: of S3, or of the table where S3 has none. Raises `BadNote` if it is not ours."""
        note = self.archive.newest(log)
        if note is None:
            known = self.checkpoints.newest(log)
            if known is None:
                return None
            note = known.note
        text, _ = open_note(note, self.keys.verifiers(log.origin))
        return parse(text)

    def _extends(self, log: Log, head: Head, signed: Checkpoint | None) -> bool:
        """Whether the tree that was signed, with the entries since then, is the head's tree."""
        edge = EMPTY if signed is None else self._edge(log, signed.size)
        if edge is None or (signed is not None and (edge.root != signed.root or signed.origin != log.origin)):
            return False
        for append in self.appends.appends(log, edge.size, head.size):
            if append.start != edge.size:
                return False
            entries = append.entries
            edge = edge.extended(
                leaf_hash(entries[place : place + ENTRY_BYTES]) for place in range(0, len(entries), ENTRY_BYTES)
            )
        return edge == head.edge and edge.root == head.root

    def _edge(self, log: Log, size: int) -> Edge | None:
        """The tree's edge at a size that was a head. None: the log has no such head any more."""
        appends = self.appends.appends(log, size - 1, size)
        return next((append.edge for append in appends if append.stop == size), None)

    def _note(self, log: Log, head: Head, before_ms: int) -> str:
        """Its time is taken behind the read of the head, and never goes back."""
        time_s = max(self.clock(), before_ms) // SECOND
        return sign_note(Checkpoint(log.origin, head.size, head.root).text, self.keys.signers(log.origin, time_s))

    def _checked(self, log: Log, head: Head, note: str) -> SignedCheckpoint:
        """Raises `BadNote` for a note that does not verify, `ValueError` for one of another tree."""
        text, signatures = open_note(note, self.keys.verifiers(log.origin))
        if parse(text) != Checkpoint(log.origin, head.size, head.root):
            raise ValueError(f"two checkpoints of one size: {log.name}")
        time_s = min(each.time_s for each in signatures if each.time_s is not None)
        return SignedCheckpoint(head.size, note, head.edge, time_s * SECOND)

    def _refuse(self, log: Log, head: Head, signed: Checkpoint | None) -> None:
        """A new log begins in its place, which names it. The sweep appends to it what is stored."""
        self.count(SIGNING_REFUSED, 1)
        begun = self.logs.begin(new_log(log.key, self.log_origin, self.clock(), self.random_bytes, log))
        logger.error(
            "a head does not extend what was signed; a new log begins",
            extra={
                "log": log.name,
                "size": head.size,
                "signed_size": None if signed is None else signed.size,
                "new_log": begun.name,
            },
        )
