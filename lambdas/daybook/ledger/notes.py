"""Signed notes, and the keys that verify them: https://c2sp.org/signed-note.

Two types of key: 0x01, Ed25519 over the text, and 0x04, an Ed25519 cosignature with a time over a checkpoint
(https://c2sp.org/tlog-cosignature).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from daybook.ledger.base64 import decoded, encoded

ED25519 = 0x01
COSIGNATURE = 0x04

MAX_SIGNATURES = 100
"""The standard asks for 16 at least. More is refused, so that a note can't cost any time one likes."""

_ID_BYTES = 4
_TIME_BYTES = 8
_KEY_BYTES = 32
_DASH = "\N{EM DASH} "
_KEY_LINE = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(Exception):  # noqa: N818  a fact about a text
    """The text is no signed note, no known key signed it, or the signature of a known key is wrong."""


class VerifierKey(NamedTuple):
    name: str
    key_type: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes, which stand before each signature. No hash that one may trust."""
        named = self.name.encode() + b"\n" + bytes([self.key_type]) + self.public
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    @property
    def line(self) -> str:
        """The key as verifiers are given it, a "vkey"."""
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.key_type]) + self.public)}"


class Signature(NamedTuple):
    """A signature that was verified. `time_s`, seconds since 1970, is what a cosigner said; None for type 0x01."""

    key: VerifierKey
    time_s: int | None


Sign = Callable[[bytes], bytes]
"""Gives the 64 bytes of the Ed25519 signature over a message."""


def parse_key(line: str) -> VerifierKey:
    """Raises `ValueError` for a line that is mistyped, or whose key is of a type that we do not know."""
    match = _KEY_LINE.fullmatch(line)
    key = decoded(match[3]) if match else None
    if match is None or key is None or not _is_name(match[1]):
        raise ValueError("not a verifier key")
    if key[0] not in (ED25519, COSIGNATURE) or len(key) != 1 + _KEY_BYTES:
        raise ValueError("a verifier key of another type")
    parsed = VerifierKey(match[1], key[0], key[1:])
    if parsed.line != line:
        raise ValueError("a verifier key whose id is another key's")
    return parsed


def sign_note(text: str, signers: Iterable[tuple[VerifierKey, Sign, int | None]]) -> str:
    """The note with one line for each signer. A key of type 0x04 needs the time in seconds; the other takes None."""
    lines = []
    for key, sign, time_s in signers:
        stamp = b"" if time_s is None else time_s.to_bytes(_TIME_BYTES, "big")
        signature = key.id + stamp + sign(_message(key, text, time_s))
        lines.append(f"{_DASH}{key.name} {encoded(signature)}\n")
    return f"{text}\n{''.join(lines)}"


def open_note(note: str, keys: Sequence[VerifierKey]) -> tuple[str, list[Signature]]:
    """The text and the signatures of known keys, at least one. Signatures of unknown keys are ignored.

    Raises `BadNote` for a text that is no note, for one that no known key signed, and for one on which the signature of
    a known key is wrong.
    """
    text, signatures = _parted(note)
    known = {(key.name, key.id): key for key in keys}
    verified = [
        _verified(known[name, signature[:_ID_BYTES]], text, signature[_ID_BYTES:])
        for name, signature in signatures
        if (name, signature[:_ID_BYTES]) in known
    ]
    if not verified:
        raise BadNote("no known key signed this note")
    return text, verified


def _parted(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text, and name and signature of each line behind the last empty line."""
    head, empty, tail = note.rpartition("\n\n")
    if not empty or not tail.endswith("\n") or _CONTROL.search(note) or not _is_unicode(note):
        raise BadNote("not a signed note")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise BadNote("too many signatures")
    return f"{head}\n", [_signature_line(line) for line in lines]


def _signature_line(line: str) -> tuple[str, bytes]:
    name, space, written = line.removeprefix(_DASH).partition(" ")
    signature = decoded(written)
    if not line.startswith(_DASH) or not space or not _is_name(name) or not signature or len(signature) <= _ID_BYTES:
        raise BadNote("a line that is no signature")
    return name, signature


def _verified(key: VerifierKey, text: str, signature: bytes) -> Signature:
    time_s = None
    if key.key_type == COSIGNATURE:
        time_s, signature = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, _message(key, text, time_s))
    except (InvalidSignature, ValueError):
        raise BadNote("the signature of a known key is wrong") from None
    return Signature(key, time_s)


def _message(key: VerifierKey, text: str, time_s: int | None) -> bytes:
    """What the key signs. Raises `ValueError` for a time where none belongs, and for a missing one."""
    if (key.key_type == COSIGNATURE) == (time_s is None):
        raise ValueError("cosignatures have a time, and only they")
    return text.encode() if time_s is None else f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can write it: half a surrogate pair can't be written."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
