"""Signed notes and verifier keys (C2SP `signed-note`), with timestamped cosignatures (C2SP `tlog-cosignature`).

Of the signature types two are known: 0x01, Ed25519 over the text, and 0x04, Ed25519 over the text and a time.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.strict import from_base64

ED25519 = 0x01
COSIGNATURE = 0x04
_PUBLIC_BYTES = 32
_ID_BYTES = 4
_TIME_BYTES = 8
_MAX_BYTES = 1_000_000
_MAX_SIGNATURES = 100
"""The specification demands that at least 16 are accepted."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+]+")
_HEX = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class VerifierKey:
    """A key that the auditor trusts. `kind` is the type of its signatures."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    @property
    def line(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


@dataclass(frozen=True)
class Signature:
    """A signature that was verified. `time` is in seconds, and only a cosignature has one."""

    key: VerifierKey
    time: int | None


@dataclass(frozen=True)
class Note:
    """A note whose signatures nobody has verified."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]
    """Name, key id and signature of each."""


def parse_key(line: str) -> VerifierKey:
    """A line `<name>+<id>+<base64>`. CannotTell where it is mistyped or of another type."""
    parts = line.strip().split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]) or not _HEX.fullmatch(parts[1]):
        raise CannotTell(f"{line!r} is not a verifier key")
    try:
        data = from_base64(parts[2], "the key")
        line.encode()
    except (NotGenuine, UnicodeEncodeError) as error:
        raise CannotTell(f"{line!r} is not a verifier key") from error
    if not data or data[0] not in (ED25519, COSIGNATURE):
        raise CannotTell(f"{line!r} is a key of a type that this version does not know")
    key = VerifierKey(parts[0], data[0], data[1:])
    if len(key.public) != _PUBLIC_BYTES or key.id.hex() != parts[1]:
        raise CannotTell(f"{line!r} is mistyped: its parts do not belong together")
    return key


def parse(note: str) -> Note:
    """NotGenuine where the note is malformed."""
    if len(note) > _MAX_BYTES or _CONTROL.search(note):
        raise NotGenuine("the signed note is too large or has control characters")
    body, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise NotGenuine("the signed note is cut off or has no signatures")
    each = lines[:-1].split("\n")
    if len(each) > _MAX_SIGNATURES:
        raise NotGenuine("the signed note has too many signatures")
    return Note(body + "\n", tuple(map(_signature, each)))


def verified(note: Note, keys: Iterable[VerifierKey]) -> tuple[Signature, ...]:
    """What these keys have signed, perhaps nothing. NotGenuine where a signature in the name of one does not verify.

    Signatures of other keys are ignored, as the specification demands.
    """
    known = {(key.name, key.id): key for key in keys}
    found = [(known.get((name, identifier)), signature) for name, identifier, signature in note.signatures]
    return tuple(_verify(note.text, key, signature) for key, signature in found if key is not None)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = from_base64(encoded, "a signature of the note")
    if dash != "\N{EM DASH}" or not _NAME.fullmatch(name) or len(data) <= _ID_BYTES:
        raise NotGenuine("a signature line of the note is malformed")
    return name, data[:_ID_BYTES], data[_ID_BYTES:]


def _verify(text: str, key: VerifierKey, signature: bytes) -> Signature:
    message, time = text.encode(), None
    if key.kind == COSIGNATURE:
        time, signature = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
        message = f"cosignature/v1\ntime {time}\n".encode() + message
    try:
        if time is None or time < 1 << 63:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
            return Signature(key, time)
    except (InvalidSignature, ValueError):
        pass
    raise NotGenuine(f"the signature of {key.name} on the checkpoint is false")
