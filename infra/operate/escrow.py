"""The form of an escrowed secret: a JWE (RFC 7516) under a passphrase, which any JOSE library can open.

`PBES2-HS512+A256KW` derives a key from the passphrase and wraps the content's key with it; `A256GCM` encrypts and
authenticates the content (RFC 7518, sections 4.8 and 5.3).
"""

import base64
import secrets
from hashlib import pbkdf2_hmac
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from msgspec import Meta, Struct

_ALGORITHM, _ENCRYPTION = "PBES2-HS512+A256KW", "A256GCM"
_ITERATIONS = 210_000  # OWASP's Password Storage Cheat Sheet, for PBKDF2 with SHA-512
_KEY_BYTES, _SALT_BYTES, _IV_BYTES, _TAG_BYTES = 32, 16, 12, 16
_PASSPHRASE_GROUPS = 8
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class CannotOpen(Exception):  # noqa: N818  an outcome
    """The passphrase is another one, or the file was changed."""


class NotEscrowed(CannotOpen):
    """It has not the form of what `sealed` makes, whatever the passphrase is."""


class _Header(Struct):
    alg: str
    enc: str
    p2s: str
    p2c: Annotated[int, Meta(ge=1_000, le=1_000_000)]


def new_passphrase() -> str:
    """160 bits in eight groups of four letters and digits, without those that look alike on paper."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(_PASSPHRASE_GROUPS))


def sealed(content: bytes, passphrase: str) -> bytes:
    salt, key, iv = (secrets.token_bytes(length) for length in (_SALT_BYTES, _KEY_BYTES, _IV_BYTES))
    header = _Header(_ALGORITHM, _ENCRYPTION, _encoded(salt).decode(), _ITERATIONS)
    protected = _encoded(msgspec.json.encode(header))
    encrypted = AESGCM(key).encrypt(iv, content, protected)
    wrapped = aes_key_wrap(_key_of(passphrase, header), key)
    parts = (wrapped, iv, encrypted[:-_TAG_BYTES], encrypted[-_TAG_BYTES:])
    return b".".join((protected, *map(_encoded, parts)))


def opened(escrow: bytes, passphrase: str) -> bytes:
    """Raises `CannotOpen`."""
    try:
        protected, *parts = escrow.strip().split(b".")
        header = msgspec.json.decode(_decoded(protected), type=_Header)
        wrapped, iv, encrypted, tag = map(_decoded, parts)
    except ValueError as error:  # msgspec's and base64's errors are ValueErrors
        raise NotEscrowed from error
    if (header.alg, header.enc) != (_ALGORITHM, _ENCRYPTION):
        raise NotEscrowed
    try:
        key = aes_key_unwrap(_key_of(passphrase, header), wrapped)
        return AESGCM(key).decrypt(iv, encrypted + tag, protected)
    except (InvalidTag, InvalidUnwrap, ValueError) as error:
        raise CannotOpen from error


def _key_of(passphrase: str, header: _Header) -> bytes:
    salt = header.alg.encode() + b"\0" + _decoded(header.p2s.encode())
    return pbkdf2_hmac("sha512", passphrase.encode(), salt, header.p2c, _KEY_BYTES)


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def _decoded(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
