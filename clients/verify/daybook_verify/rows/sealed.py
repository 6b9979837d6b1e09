"""What an event says of a person, opened with the key of this person in this event.

The key is 64 bytes. The blob begins with a commitment to it; AES-256-SIV (RFC 5297) follows, with the place as
associated data, so that the blob opens nowhere else.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from daybook_verify.errors import NotGenuine
from daybook_verify.rows.canonical import is_encodable

KEY_BYTES = 64
_COMMITMENT = b"daybook 1 commitment"
_COMMITTED = 16
_PADDED_TO = 32

Slot = str | int | None


def opened(sealed: str, key: bytes, place: Sequence[str]) -> list[Slot]:
    """The slots. `place` is tenant, environment, the event's id and the person's GUID. NotGenuine for anything else."""
    if len(key) != KEY_BYTES:
        raise NotGenuine("an event key has another length")
    blob = _base64url(sealed)
    if not hmac.compare_digest(blob[:_COMMITTED], hashlib.sha256(_COMMITMENT + key).digest()[:_COMMITTED]):
        raise NotGenuine("an event key is not that of the sealed fields")
    try:
        plain = AESSIV(key).decrypt(blob[_COMMITTED:], [part.encode() for part in place])
        slots = json.loads(plain.decode())
    except (InvalidTag, ValueError, RecursionError) as error:
        raise NotGenuine("sealed fields don't open with their key") from error
    if len(plain) % _PADDED_TO or not isinstance(slots, list) or not all(map(_is_slot, slots)):
        raise NotGenuine("sealed fields are no list of slots")
    return slots


def _is_slot(value: object) -> bool:
    if isinstance(value, str):
        return is_encodable(value)
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _base64url(text: str) -> bytes:
    """Without padding, and with no other text for the same bytes."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotGenuine("sealed fields are no base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise NotGenuine("sealed fields are not in the one form of base64url")
    return data
