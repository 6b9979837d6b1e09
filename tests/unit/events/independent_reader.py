"""A reader of stored events, written from `docs/reference/format.md` alone. It uses nothing of Daybook's code."""

import base64
import hashlib
import hmac
import json
import re
import unicodedata
import zlib
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SLOTS = ("username", "name", "email", "client_id", "ip", "user_agent")


def lp(*parts: str) -> bytes:
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


def hkdf(key: bytes, info: bytes, length: int) -> bytes:
    extracted = hmac.digest(bytes(32), key, "sha256")
    out = block = b""
    while len(out) < length:
        block = hmac.digest(extracted, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def tag(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")[:16]


def tenant_key(secret: bytes, code: str, purpose: str) -> bytes:
    of_tenant = hkdf(secret, f"daybook 1 tenant {code}".encode(), 32)
    return hkdf(of_tenant, f"daybook 1 tenant {purpose}".encode(), 32)


def milliseconds(time: str) -> int:
    moment = datetime.fromisoformat(time) - datetime.fromtimestamp(0, UTC)
    return (moment.days * 86_400 + moment.seconds) * 1_000 + moment.microseconds // 1_000


def event_id(occurred_ms: int, identity: bytes) -> str:
    number = occurred_ms << 130 | int.from_bytes(identity, "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(175, -1, -5))


def derived_id(key: bytes, code: str, environment: int, client_id: str, occurred_ms: int) -> str:
    return event_id(occurred_ms, tag(key, lp(code, str(environment), unicodedata.normalize("NFC", client_id))))


def inflated(z: bytes, dictionaries: dict[int, bytes]) -> bytes:
    """A first byte that names no known dictionary is a KeyError: nothing may be shown of such an event."""
    return zlib.decompressobj(-12, dictionaries[z[0]]).decompress(z[1:])


def leaf(canonical: bytes) -> bytes:
    return hashlib.sha256(b"\0" + canonical).digest()


def unsealed(sealed: str, person_key: bytes, place: list[str]) -> list[Any]:
    key = hkdf(person_key, b"daybook 1 seal" + lp(*place), 64)
    blob = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert blob[:16] == hashlib.sha256(b"daybook 1 commitment" + key).digest()[:16]
    fields: list[Any] = json.loads(AESSIV(key).decrypt(blob[16:], [part.encode() for part in place]))
    return fields


class Event:
    """One event's content, opened with the keys that still exist."""

    def __init__(self, canonical: bytes, person_keys: dict[str, bytes]) -> None:
        content = self.content = json.loads(canonical)
        assert content["v"] == 1
        self.people = content.get("people", [])
        self._fields: list[list[Any] | None] = []
        for person in self.people:
            place = [content["tenant"], content["environment"], content["id"], person["id"]]
            key = person_keys.get(person["id"])
            known = key is not None and "sealed" in person
            self._fields.append(unsealed(person["sealed"], key or b"", place) if known else None)

    def text(self, value: Any) -> Any:
        """A value in which tokens may stand, as it was sent."""
        if isinstance(value, dict):
            return {name: self.text(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.text(each) for each in value]
        if not isinstance(value, str):
            return value
        if whole := re.fullmatch(r"~(\d+)\.(\d+);", value):
            return self._token(int(whole[1]), int(whole[2]))
        return re.sub(
            r"~(?:~|(\d+)\.(\d+);)",
            lambda found: str(self._token(int(found[1]), int(found[2]))) if found[1] else "~",
            value,
        )

    def _token(self, person: int, slot: int) -> Any:
        fields = self._fields[person]
        return self.people[person]["id"] if fields is None else self.text(fields[slot])

    def person(self, guid: str) -> dict[str, Any]:
        """What is sealed of a person; of a forgotten one nothing."""
        place = next(place for place, person in enumerate(self.people) if person["id"] == guid)
        fields = self._fields[place] or []
        return {name: self.text(value) for name, value in zip(SLOTS, fields, strict=False) if value is not None}

    def origin(self) -> dict[str, Any]:
        """Address and user agent, and whose they are."""
        context, actor = self.content.get("context", {}), self.content["actor"]
        guid = context.get("of", actor.get("id"))
        sealed = self.person(guid) if guid is not None else context
        return {name: sealed[name] for name in ("ip", "user_agent") if name in sealed}


def normal_form(sent: dict[str, Any]) -> bytes:
    """The bytes that `f` covers, of an event in which no text had to be adjusted."""
    normal: dict[str, Any] = {"status": "success", **without_empties(sent)}
    normal.pop("environment", None)
    if normal["activity"].endswith(".time-adjusted") and "changes" in normal:
        normal["changes"] = [
            {name: _seconds(each) for name, each in change.items()} if change["field"] == "seconds" else change
            for change in normal["changes"]
        ]
    return json.dumps(_normal(normal), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _seconds(value: Any) -> Any:
    digits = isinstance(value, str) and re.fullmatch("[0-9]{1,16}", value)
    return int(value) if digits and int(value) < 2**53 else value


def without_empties(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {name: without_empties(each) for name, each in value.items()}
    return {name: each for name, each in kept.items() if each is not None and each not in ([], {})}


def _normal(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {inner: _normal(each, inner) for inner, each in value.items()}
    if isinstance(value, list):
        return [_normal(each) for each in value]
    if name == "occurred_at":
        seconds, rest = divmod(milliseconds(value), 1_000)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
    if isinstance(value, int) and not isinstance(value, bool) and name in ("id", "session_id", "request_id"):
        return str(value)
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value
