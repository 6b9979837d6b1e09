"""A log made without Daybook: a tree by RFC 6962's own definition, notes, proofs, and events in the stored format."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ED25519, COSIGNATURE = 1, 4
MINUTE, DAY = 60_000, 86_400_000
NOW = 1_795_000_000_000
ORIGIN = "daybook/abcdefghijklmnopqrstuvwxyz"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def event_id(occurred_ms: int, number: int) -> str:
    value = occurred_ms << 130 | int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:16], "big")
    return "".join(ALPHABET[value >> shift & 31] for shift in range(175, -1, -5))


def entry_of(event: bytes) -> bytes:
    content: dict[str, str] = json.loads(event)
    received = datetime.fromisoformat(content["received_at"]) - datetime.fromtimestamp(0, UTC)
    milliseconds = (received.days * 86_400 + received.seconds) * 1_000 + received.microseconds // 1_000
    leaf = hashlib.sha256(b"\x00" + event).digest()
    return b"\x01" + content["id"].encode() + milliseconds.to_bytes(6, "big") + leaf


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def levels(entries: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from its leaves up. A node without a neighbour moves up as it is."""
    level = [hashlib.sha256(b"\x00" + each).digest() for each in entries]
    found = [level]
    while len(level) > 1:
        paired = [node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = [*paired, *level[len(paired) * 2 :]]
        found.append(level)
    return found


def root(entries: Sequence[bytes]) -> bytes:
    return levels(entries)[-1][0] if entries else hashlib.sha256(b"").digest()


def path(entries: Sequence[bytes], index: int) -> list[bytes]:
    found = []
    for level in levels(entries)[:-1]:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        index >>= 1
    return found


def edge(entries: Sequence[bytes]) -> list[bytes]:
    """Roots of the largest complete subtrees, from the left."""
    size, at, found = len(entries), 0, []
    for bit in (1 << each for each in range(size.bit_length() - 1, -1, -1)):
        if size & bit:
            found.append(root(entries[at : at + bit]))
            at += bit
    return found


@dataclass(frozen=True)
class Signer:
    """A key by a name of its own."""

    name: str
    kind: int = ED25519
    seed: bytes = bytes(32)

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def _typed(self) -> bytes:
        return bytes([self.kind]) + self._private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self._typed).digest()[:4]

    @property
    def line(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(self._typed)}"

    def sign(self, text: str, seconds: int = 0) -> str:
        """The line below a note."""
        stamp = f"cosignature/v1\ntime {seconds}\n" if self.kind == COSIGNATURE else ""
        behind = seconds.to_bytes(8, "big") if self.kind == COSIGNATURE else b""
        return f"— {self.name} {b64(self.id + behind + self._private.sign((stamp + text).encode()))}\n"


LOG = Signer(ORIGIN)
LOGS_TIME = Signer(ORIGIN, COSIGNATURE, b"t" * 32)
WITNESS = Signer("witness.example/w1", COSIGNATURE, b"w" * 32)
STRANGER = Signer("stranger.example", ED25519, b"s" * 32)


@dataclass
class MadeLog:
    """Entries, and the events behind those that are events of the tenant."""

    origin: str = ORIGIN
    entries: list[bytes] = field(default_factory=list)

    def add(self, event: bytes) -> int:
        """Its index."""
        self.entries.append(entry_of(event))
        return len(self.entries) - 1

    def note(
        self, size: int | None = None, seconds: int = NOW // 1_000, signers: Sequence[Signer] = (LOG, LOGS_TIME)
    ) -> str:
        covered = self.entries[:size]
        text = f"{self.origin}\n{len(covered)}\n{b64(root(covered))}\n"
        return text + "\n" + "".join(each.sign(text, seconds) for each in signers)

    def proof(self, event: bytes, index: int, note: str | None = None, **more: Any) -> dict[str, Any]:
        """The answer of the API."""
        hashes = "".join(f"{b64(each)}\n" for each in path(self.entries, index))
        return {
            "event_id": json.loads(event)["id"],
            "canonical": b64(event),
            "leaf": hashlib.sha256(b"\x00" + event).hexdigest(),
            "index": index,
            "entry": b64(self.entries[index]),
            "proof": f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{note or self.note()}",
            **more,
        }


def sealed(key: bytes, place: Sequence[str], slots: Sequence[Any]) -> str:
    plain = json.dumps(slots, ensure_ascii=False, separators=(",", ":")).encode()
    plain += b" " * (-len(plain) % 32)
    blob = hashlib.sha256(b"daybook 1 commitment" + key).digest()[:16] + AESSIV(key).encrypt(
        plain, [each.encode() for each in place]
    )
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


def event_key(guid: str, identifier: str) -> bytes:
    return hmac.digest(guid.encode(), identifier.encode(), "sha512")
