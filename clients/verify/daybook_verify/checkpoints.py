"""Checkpoints (C2SP `tlog-checkpoint`): the signed head of a log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from daybook_verify import notes
from daybook_verify.errors import NotGenuine
from daybook_verify.merkle import EMPTY_ROOT, HASH_BYTES
from daybook_verify.notes import ED25519, Signature, VerifierKey
from daybook_verify.report import Report
from daybook_verify.strict import decimal, from_base64

_LAST = 253_402_300_799
"""The last second of the year 9999, the latest that can be written down."""


@dataclass(frozen=True)
class Checkpoint:
    """What a note says, whoever signed it."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Trust:
    """Whom the auditor trusts."""

    keys: tuple[VerifierKey, ...]
    """Of the log."""
    cosigners: tuple[VerifierKey, ...] = ()
    origin: str | None = None
    """The log that the keys speak for. Without it a key speaks for the log that has the key's name, and no other."""


@dataclass(frozen=True)
class Signed:
    """A checkpoint that the log has signed."""

    checkpoint: Checkpoint
    note: str
    signatures: tuple[Signature, ...]
    """Of the log's keys and of trusted cosigners. Only these have been verified."""

    def cosigned_at(self, keys: Sequence[VerifierKey]) -> int | None:
        """The earliest second at which one of the keys says it saw this checkpoint."""
        times = [each.time for each in self.signatures if each.time is not None and each.key in keys]
        return min(times, default=None)


def parse(text: str) -> Checkpoint:
    """Of a note's text."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise NotGenuine("the signed text is not a checkpoint")
    root = from_base64(lines[2], "the checkpoint's root")
    if len(root) != HASH_BYTES:
        raise NotGenuine("the checkpoint's root is not a SHA-256")
    size = decimal(lines[1], "the checkpoint's size")
    if size == 0 and root != EMPTY_ROOT:
        raise NotGenuine("the checkpoint of an empty log has another root than an empty tree")
    return Checkpoint(lines[0], size, root)


def opened(note: str, trust: Trust) -> Signed:
    """The checkpoint, if a key of the log signed it. NotGenuine if none did, or if it is another log's."""
    parsed = notes.parse(note)
    checkpoint = parse(parsed.text)
    signatures = notes.verified(parsed, (*trust.keys, *trust.cosigners))
    if not any(
        each.key in trust.keys and each.key.kind == ED25519 and _speaks_for(each.key, checkpoint.origin, trust)
        for each in signatures
    ):
        given = ", ".join(dict.fromkeys(key.name for key in trust.keys))
        raise NotGenuine(
            f"the checkpoint is of the log {checkpoint.origin}, and no given key of that log has signed it."
            f" You gave keys of {given}"
        )
    return Signed(checkpoint, note, signatures)


def describe(signed: Signed, report: Report) -> None:
    """Also what cosignatures say of when: a checkpoint by itself has no time."""
    head = signed.checkpoint
    report.ok(f"checkpoint of the log {head.origin} at {head.size} entries, signed by its key")
    for each in signed.signatures:
        if each.time is not None:
            moment = datetime.fromtimestamp(min(each.time, _LAST), UTC).isoformat().replace("+00:00", "Z")
            report.note(f"{each.key.name} says that it saw the checkpoint at {moment}")


def _speaks_for(key: VerifierKey, origin: str, trust: Trust) -> bool:
    return origin == (key.name if trust.origin is None else trust.origin)
