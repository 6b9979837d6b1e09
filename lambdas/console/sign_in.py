"""Signing in at the OIDC issuer: authorization code with PKCE (RFC 7636), as a public client (RFC 9700, section 2.1).

The page asks the issuer for a code by a redirect. The house exchanges it, so that the page talks to nobody else. The
code alone is worth nothing: the page has the verifier, and has told it to nobody but the house.
"""

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Annotated, TypeVar
from urllib.error import HTTPError

import msgspec
from msgspec import Meta, Struct

from daybook import VERSION
from daybook.clock import LAST_MS, MINUTE, SECOND, Clock, Time, format_time, system_clock
from daybook.environment import ConsoleSettings
from daybook.http.forms import read_form
from daybook.http.outgoing import check_address, fetch_document
from daybook.http.problem import Problem, bad_field, not_found
from daybook.http.request import Answer, Request
from daybook.observability import logger

T = TypeVar("T")

SCOPE = "openid profile email"
FRESH_MS = 5 * MINUTE
"""The issuer's addresses are asked for again when they are older. While that fails, the old ones are used."""

PAUSE_MS = 5 * SECOND
"""How long an issuer that was away is not asked again, so that calls do not queue up for its time-out."""

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)

Fetch = Callable[[str, Mapping[str, str] | None], bytes]
"""`daybook.http.outgoing.fetch_document`, or what a test puts in its place."""


class SignInConfig(Struct):
    """Where the page sends somebody who signs in."""

    issuer: str
    authorization_endpoint: str
    client_id: str
    scope: str


class ConsoleConfig(Struct):
    version: str
    sign_in: SignInConfig | None
    """Null: people sign in with API keys alone."""


class SignInForm(Struct, forbid_unknown_fields=True):
    code: Annotated[str, Meta(min_length=1, max_length=4096)]
    """As the issuer gave it to the page."""
    verifier: Annotated[str, Meta(min_length=43, max_length=128)]
    """RFC 7636, section 4.1."""
    redirect_uri: Annotated[str, Meta(max_length=2048)]
    """The page's own address, to which the issuer gave the code."""


class SignedIn(Struct):
    token: str
    """A credential, until it expires."""
    expires_at: Time | None


class _Discovered(Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str


class _Bought(Struct):
    access_token: str = ""
    id_token: str = ""


class _Claims(Struct):
    aud: str | list[str] = ""
    exp: Annotated[float, Meta(ge=0, le=LAST_MS // SECOND)] | None = None


@dataclass
class SignIn:
    settings: ConsoleSettings
    fetch: Fetch = fetch_document
    clock: Clock = system_clock
    _known: tuple[int, _Discovered] | None = field(default=None, init=False)
    _away_until_ms: int = field(default=0, init=False)

    def read_config(self, _request: Request) -> Answer:
        """Raises `Problem` 503 if the issuer can't be asked."""
        if not self._is_on:
            return Answer(200, ConsoleConfig(VERSION, None))
        found = self._discovered()
        config = SignInConfig(found.issuer, found.authorization_endpoint, self.settings.oidc_console_client, SCOPE)
        return Answer(200, ConsoleConfig(VERSION, config))

    def sign_in(self, request: Request) -> Answer:
        """Raises `Problem` 404 without an issuer, 422 for a code that it refuses, 503 if it can't be asked.

        The token is not checked here: `authorize` does that with each call.
        """
        if not self._is_on:
            raise not_found("issuer")
        form = read_form(request, SignInForm)
        # The issuer has compared it too. A code that another page asked for is nothing that this house exchanges.
        if form.redirect_uri != f"{request.origin}/console":
            raise bad_field("redirect_uri", "must be the address of this console")
        if not _VERIFIER.fullmatch(form.verifier):
            raise bad_field("verifier", "must be letters, digits and -._~")
        bought = self._buy(form)
        token, claims = self._ours(bought)
        expires_at = None if claims.exp is None else format_time(int(claims.exp) * SECOND)
        return Answer(200, SignedIn(token, expires_at))

    @property
    def _is_on(self) -> bool:
        return bool(self.settings.oidc_issuer and self.settings.oidc_console_client)

    def _discovered(self) -> _Discovered:
        now_ms = self.clock()
        if self._known is None or now_ms - self._known[0] >= FRESH_MS:
            try:
                self._known = (now_ms, self._asked_for_addresses())
            except Problem:
                failed_ms = self.clock()  # the issuer may have kept us waiting for as long as the pause
                if self._known is None:
                    if failed_ms >= self._away_until_ms:
                        self._away_until_ms = failed_ms + PAUSE_MS
                    raise
                self._known = (failed_ms - FRESH_MS + PAUSE_MS, self._known[1])
        return self._known[1]

    def _asked_for_addresses(self) -> _Discovered:
        issuer = self.settings.oidc_issuer
        content = self._asked(f"{issuer.removesuffix('/')}/.well-known/openid-configuration")
        found = _decoded(content, _Discovered)
        if found.issuer != issuer:
            raise _unavailable(ValueError(f"discovery names another issuer: {found.issuer}"))
        try:
            check_address(found.authorization_endpoint)  # the page goes there
        except ValueError as error:
            raise _unavailable(error) from None
        return found

    def _buy(self, form: SignInForm) -> _Bought:
        asked = {
            "grant_type": "authorization_code",
            "code": form.code,
            "redirect_uri": form.redirect_uri,
            "client_id": self.settings.oidc_console_client,
            "code_verifier": form.verifier,
        }
        content = self._asked(self._discovered().token_endpoint, asked)
        return _decoded(content, _Bought)

    def _asked(self, url: str, form: Mapping[str, str] | None = None) -> bytes:
        if self.clock() < self._away_until_ms:
            raise _unavailable(None)
        try:
            return self.fetch(url, form)
        except HTTPError as error:
            if form is not None and error.code in (400, 401):  # RFC 6749, section 5.2
                logger.info("code_refused", extra={"status": error.code})
                raise Problem(422, "sign_in_refused", "The issuer refused the code: sign in again.") from None
            raise _unavailable(error) from None
        except (OSError, HTTPException, ValueError) as error:
            self._away_until_ms = self.clock() + PAUSE_MS
            raise _unavailable(error) from None

    def _ours(self, bought: _Bought) -> tuple[str, _Claims]:
        """The token that is meant for this house: issuers differ in which of both can name our audience."""
        for token in (bought.access_token, bought.id_token):
            claims = _claims(token)
            audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
            if self.settings.oidc_audience in audiences:
                return token, claims
        logger.error("no_token_for_our_audience")
        raise Problem(422, "sign_in_refused", "The issuer gave no token for Daybook. Its operators must set it up.")


def _claims(token: str) -> _Claims:
    """Of a token that nobody has checked; none of what is no JWT."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        return msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        return _Claims()


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise _unavailable(error) from None


def _unavailable(error: Exception | None) -> Problem:
    """None: it failed just now, which the log has already."""
    if error is not None:
        logger.error("issuer_failed", exc_info=error)
    return Problem(
        503,
        "issuer_unavailable",
        "The OIDC issuer can't be reached. API keys still work.",
        headers={"Retry-After": "5"},
    )
