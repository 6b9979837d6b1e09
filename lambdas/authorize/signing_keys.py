"""The signing keys of an OIDC issuer, found by OpenID Connect Discovery 1.0, and kept.

PyJWT has a client for this, but it forgets its keys when they are five minutes old and the issuer can't be reached, it
asks again for each token after a failure, and it bounds neither the size of an answer nor its whole time.
"""

from collections.abc import Callable, Mapping
from threading import Thread
from typing import Any, NamedTuple

import msgspec
from jwt import PyJWK, PyJWKSet
from msgspec import Struct

from daybook.clock import HOUR, MINUTE, SECOND, Clock, system_clock
from daybook.http.outgoing import fetch_document
from daybook.observability import ISSUER_FAILURES, count, logger

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""The asymmetric ones. A public key must never be the secret of an HMAC."""

FRESH_MS = 5 * MINUTE
"""The issuer is asked again for keys that are older."""

KEPT_MS = HOUR
"""Keys that are older are not used, whether the issuer can be reached or not."""

PAUSE_MS = 30 * SECOND
"""Between two questions to the issuer, whatever tokens come and whether it answers."""

WAIT_SECONDS = 4.0
"""The longest that a call waits for the issuer's two documents together. The authorizer has 10 seconds."""


class IssuerUnavailable(Exception):  # noqa: N818  a fact, not a failure
    """The issuer's keys are not known, so nobody can say whether a token is valid."""


class _Discovered(Struct):
    issuer: str
    jwks_uri: str


class _Known(NamedTuple):
    keys: Mapping[str, PyJWK]
    asked_ms: int


class SigningKeys:
    """Of one issuer. `fetch` gives the document at a URL, and may raise anything."""

    def __init__(
        self,
        issuer: str,
        fetch: Callable[[str], bytes] | None = None,
        clock: Clock = system_clock,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch or fetch_document
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._known: _Known | None = None
        self._asked_ms: int | None = None
        self._question: _Question | None = None

    def key(self, key_id: str) -> PyJWK | None:
        """The key with this id; None if the issuer has none. A new key may take `PAUSE_MS` to be known.

        Raises `IssuerUnavailable`.
        """
        now_ms = self._clock()
        known = self._known_at(now_ms)
        if known is None or key_id not in known.keys or now_ms - known.asked_ms >= FRESH_MS:
            self._ask(now_ms)
            known = self._known_at(now_ms)
        if known is None:
            raise IssuerUnavailable(self._issuer)
        return known.keys.get(key_id)

    def _known_at(self, now_ms: int) -> _Known | None:
        return self._known if self._known and now_ms - self._known.asked_ms < KEPT_MS else None

    def _ask(self, now_ms: int) -> None:
        if self._asked_ms is not None and now_ms < self._asked_ms + PAUSE_MS:
            return
        self._asked_ms = now_ms
        # A question that nobody waits for any more goes on, and what it brings is used. There is never a second one
        # beside it: an issuer that keeps connections open would otherwise use up threads.
        if self._question is None or not self._question.is_alive():
            self._question = _Question(lambda: self._learn(now_ms))
            self._question.start()
        self._question.join(self._wait_seconds)
        failure = TimeoutError("no answer yet") if self._question.is_alive() else self._question.failure
        if failure:
            # Whatever the issuer answers: the keys that are known stay in use.
            logger.error("issuer_failed", exc_info=failure)
            count(ISSUER_FAILURES, 1)

    def _learn(self, asked_ms: int) -> None:
        self._known = _Known(self._read(), asked_ms)

    def _read(self) -> Mapping[str, PyJWK]:
        # Auth0's issuers end with a slash, which is not doubled (Discovery, section 4.1).
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


class _Question(Thread):
    """Only a thread can be left: the time-outs of a socket are those of one address, one pause, one document."""

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._ask()
        except Exception as failure:  # noqa: BLE001  whoever waits logs it
            self.failure = failure
