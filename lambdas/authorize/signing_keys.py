"""The signing keys of an OIDC issuer, found by OpenID Connect Discovery 1.0, and kept.

PyJWT has a client for this, but it forgets its keys when they are five minutes old and the issuer can't be reached, it
asks again for each token after a failure, and it bounds neither the size of an answer nor its whole time.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import msgspec
from jwt import PyJWK, PyJWKSet
from msgspec import Struct

from daybook.clock import HOUR, MINUTE, SECOND, Clock, system_clock
from daybook.observability import ISSUER_FAILURES, count, logger

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""The asymmetric ones. A public key must never be the secret of an HMAC."""

FRESH_MS = 5 * MINUTE
"""The issuer is asked again for keys that are older."""

KEPT_MS = HOUR
"""Keys that are older are not used, whether the issuer can be reached or not."""

PAUSE_MS = 30 * SECOND
"""Between two questions to the issuer, whatever tokens come and whether it answers."""

TIMEOUT_SECONDS = 3.0
"""To connect, of silence, and for the body of an answer."""

MAX_BYTES = 1_000_000


class IssuerUnavailable(Exception):  # noqa: N818  a fact, not a failure
    """The issuer's keys are not known, so nobody can say whether a token is valid."""


class _Discovered(Struct):
    issuer: str
    jwks_uri: str


class SigningKeys:
    """Of one issuer. `fetch` gives the document at a URL, and may raise anything."""

    def __init__(self, issuer: str, fetch: Callable[[str], bytes] | None = None, clock: Clock = system_clock) -> None:
        self._issuer = issuer
        self._fetch = fetch or fetch_document
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._read_ms: int | None = None
        self._asked_ms: int | None = None

    def key(self, key_id: str) -> PyJWK | None:
        """The key with this id; None if the issuer has none. A new key may take `PAUSE_MS` to be known.

        Raises `IssuerUnavailable`.
        """
        now_ms = self._clock()
        if key_id not in self._keys or self._age_ms(now_ms) >= FRESH_MS:
            self._ask(now_ms)
        if self._age_ms(now_ms) >= KEPT_MS:
            raise IssuerUnavailable(self._issuer)
        return self._keys.get(key_id)

    def _age_ms(self, now_ms: int) -> int:
        return KEPT_MS if self._read_ms is None else now_ms - self._read_ms

    def _ask(self, now_ms: int) -> None:
        if self._asked_ms is not None and now_ms < self._asked_ms + PAUSE_MS:
            return
        self._asked_ms = now_ms
        try:
            self._keys = self._read()
        except Exception:
            # Whatever the issuer answers: the keys that are known stay in use.
            logger.exception("issuer_failed")
            count(ISSUER_FAILURES, 1)
            return
        self._read_ms = now_ms

    def _read(self) -> Mapping[str, PyJWK]:
        # Auth0's issuers end with a slash, which is not doubled (Discovery, section 4).
        found = self._fetch(f"{self._issuer.removesuffix('/')}/.well-known/openid-configuration")
        discovered = msgspec.json.decode(found, type=_Discovered)
        if discovered.issuer != self._issuer:
            raise ValueError(f"discovery names another issuer: {discovered.issuer}")
        keys = PyJWKSet.from_dict(msgspec.json.decode(self._fetch(discovered.jwks_uri), type=dict[str, Any]))
        return {
            key.key_id: key
            for key in keys
            if key.key_id and key.public_key_use in (None, "sig") and key.algorithm_name in ALGORITHMS
        }


class _NoRedirects(HTTPRedirectHandler):
    """A redirect could lead to an address that is not encrypted."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def fetch_document(url: str) -> bytes:
    """Raises `OSError` or `http.client.HTTPException` for what can't be read, `ValueError` for what must not."""
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise ValueError(f"not https: {url}")
    body = b""
    deadline = time.monotonic() + 2 * TIMEOUT_SECONDS
    with build_opener(_NoRedirects).open(url, timeout=TIMEOUT_SECONDS) as response:
        while piece := response.read1(MAX_BYTES):
            body += piece
            if len(body) > MAX_BYTES or time.monotonic() > deadline:
                raise ValueError(f"too long or too slow: {url}")
    return body
