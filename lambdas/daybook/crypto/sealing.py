"""A person's fields in one event, sealed so that deleting the person's key erases them and disturbs no proof.

The fields are a JSON list, padded with spaces to a multiple of 32 bytes, sealed with AES-256-SIV (RFC 5297) under a key
of that event and person alone, with tenant, environment, event and person as associated data. So equal addresses do not
show as equal, a sealed blob opens nowhere else, and a proof can disclose one event's key and nothing more. SIV does not
commit to its key, so 16 bytes that do stand in front: without them a blob could be made that opens to two different
texts under two disclosed keys.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from daybook.crypto.hkdf import Pads, expanded, extracted, hkdf, length_prefixed
from daybook.tenant import Tenant

PERSON_KEY_BYTES = 32
_EVENT_KEY_BYTES = 64
_COMMITMENT_BYTES = 16
_PADDING = 32
_PURPOSE = b"daybook 1 seal"
_STANDARD = bytes.maketrans(b"-_", b"+/")  # base64url as base64: the standard library's own is a slower way round


class SealBroken(Exception):  # noqa: N818  a finding about the data
    """A blob was not sealed under this key for this event and person, or has been altered."""


class Place(NamedTuple):
    """The one event and person that a key and a blob are for."""

    tenant: Tenant
    environment: str
    event_id: str
    person: str


def event_key(person_key: bytes, place: Place) -> bytes:
    """The 64 bytes that open one person's fields in one event: what a proof may disclose."""
    return hkdf(person_key, _PURPOSE + length_prefixed(*place), _EVENT_KEY_BYTES)


def seal(fields: list[Any], key: bytes, place: Place) -> str:
    """The fields under an `event_key`, in unpadded base64url; the same input gives the same blob."""
    plain = msgspec.json.encode(fields)
    plain += b" " * (-len(plain) % _PADDING)
    blob = _commitment(key) + AESSIV(key).encrypt(plain, [part.encode() for part in place])
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


def open_sealed(sealed: str, key: bytes, place: Place) -> list[Any]:
    """What `seal` was given. Raises `SealBroken`."""
    return _opened(sealed, key, [part.encode() for part in place])


class Unsealing:
    """Opens many fields of one tenant and environment: half the cost of one at a time.

    It keeps what it derives of people's keys, so it must not outlive the 30 seconds that these may be kept.
    """

    def __init__(self, tenant: Tenant, environment: str) -> None:
        self._parts = [tenant.encode(), environment.encode()]
        self._info = _PURPOSE + length_prefixed(tenant, environment)
        self._extracted: dict[bytes, Pads] = {}

    def open(self, sealed: str, person_key: bytes, event_id: str, person: str) -> list[Any]:
        """As `open_sealed` under the `event_key` of that place. Raises `SealBroken`."""
        extracted_key = self._extracted.get(person_key)
        if extracted_key is None:
            extracted_key = self._extracted[person_key] = extracted(person_key)
        key = expanded(extracted_key, self._info + length_prefixed(event_id, person), _EVENT_KEY_BYTES)
        return _opened(sealed, key, [*self._parts, event_id.encode(), person.encode()])


def _opened(sealed: str, key: bytes, parts: list[bytes]) -> list[Any]:
    blob = binascii.a2b_base64(sealed.encode().translate(_STANDARD) + b"==")
    if not hmac.compare_digest(blob[:_COMMITMENT_BYTES], _commitment(key)):
        raise SealBroken
    try:
        plain = AESSIV(key).decrypt(blob[_COMMITMENT_BYTES:], parts)
    except InvalidTag:
        raise SealBroken from None
    fields: list[Any] = msgspec.json.decode(plain)
    return fields


def _commitment(key: bytes) -> bytes:
    return hashlib.sha256(b"daybook 1 commitment" + key).digest()[:_COMMITMENT_BYTES]
