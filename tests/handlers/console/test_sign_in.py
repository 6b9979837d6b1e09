"""Signing in at the OIDC issuer: what the page is told, and what the house exchanges."""

import io
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import BadStatusLine
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from console.sign_in import FRESH_MS, PAUSE_MS, SignIn
from daybook import VERSION
from daybook.environment import ConsoleSettings
from daybook.http.outgoing import fetch_document
from daybook.http.serve import serve
from tests.support.calls import Context, answered, call
from tests.support.documented import documented
from tests.support.issuer import running_issuer

ISSUER = "https://id.example.com"
SETTINGS = ConsoleSettings(oidc_issuer=ISSUER, oidc_audience="daybook", oidc_console_client="the-console")
DISCOVERED = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
FORM = {"code": "c-1", "verifier": "v" * 43, "redirect_uri": "https://log.example/prod/console"}


def jwt(**claims: Any) -> str:
    return f"e30.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.sig"


@dataclass
class House:
    settings: ConsoleSettings = SETTINGS
    discovered: Any = field(default_factory=lambda: dict(DISCOVERED))
    bought: Any = field(default_factory=dict)
    failure: Exception | None = None
    asked: list[tuple[str, Mapping[str, str] | None]] = field(default_factory=list)
    now_ms: int = 0
    takes_ms: int = 0
    """The issuer, to answer or to fail."""

    def __post_init__(self) -> None:
        self.sign_in = SignIn(self.settings, self._fetch, lambda: self.now_ms)

    def _fetch(self, url: str, form: Mapping[str, str] | None) -> bytes:
        self.asked.append((url, form))
        self.now_ms += self.takes_ms
        if self.failure and (form is None) == (not isinstance(self.failure, HTTPError)):
            raise self.failure
        return json.dumps(self.discovered if form is None else self.bought).encode()

    def config(self) -> dict[str, Any]:
        return self._call(call("GET", "/v1/console-config"))

    def exchange(self, **changed: Any) -> dict[str, Any]:
        return self._call(call("POST", "/v1/sign-in", {**FORM, **changed}))

    def _call(self, event: dict[str, Any]) -> dict[str, Any]:
        operations = {"read_console_config": self.sign_in.read_config, "sign_in": self.sign_in.sign_in}
        return documented(event, serve(event, Context(), operations))


def test_the_page_is_told_where_people_sign_in() -> None:
    """As discovery says, asked for once in five minutes; and which version runs."""
    house = House()
    config = answered(house.config())
    assert config == {
        "version": VERSION,
        "sign_in": {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "client_id": "the-console",
            "scope": "openid profile email",
        },
    }
    house.now_ms = FRESH_MS - 1
    house.config()
    assert house.asked == [(f"{ISSUER}/.well-known/openid-configuration", None)]
    house.now_ms = FRESH_MS
    house.config()
    assert len(house.asked) == 2


@pytest.mark.parametrize(
    "settings",
    [ConsoleSettings(), ConsoleSettings(oidc_issuer=ISSUER, oidc_audience="daybook")],
    ids=["no issuer", "no client"],
)
def test_without_a_client_people_use_keys(settings: ConsoleSettings) -> None:
    """Nobody is asked, and there is nothing to exchange."""
    house = House(settings)
    assert answered(house.config()) == {"version": VERSION, "sign_in": None}
    assert house.exchange()["statusCode"] == 404
    assert not house.asked


def test_a_code_is_exchanged_with_its_verifier() -> None:
    """By the house, as a public client (RFC 7636, section 4.5), for a token that names our audience."""
    token = jwt(aud=["other", "daybook"], exp=1_700_000_000)
    house = House(bought={"access_token": "opaque", "id_token": token, "token_type": "Bearer", "refresh_token": "r"})
    answer = house.exchange()
    assert answered(answer) == {"token": token, "expires_at": "2023-11-14T22:13:20.000Z"}
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert house.asked[-1] == (
        f"{ISSUER}/token",
        {
            "grant_type": "authorization_code",
            "code": "c-1",
            "redirect_uri": "https://log.example/prod/console",
            "client_id": "the-console",
            "code_verifier": "v" * 43,
        },
    )


def test_of_two_tokens_for_us_the_access_token_is_taken() -> None:
    """Issuers put roles into it rather than into the ID token. Without an end of its own, none is told."""
    access, identity = jwt(aud="daybook", kind="access"), jwt(aud="daybook", kind="id")
    assert answered(House(bought={"access_token": access, "id_token": identity}).exchange()) == {
        "token": access,
        "expires_at": None,
    }


@pytest.mark.parametrize(
    "token", [jwt(aud="other"), jwt(), "a.b.c", "opaque", "a.!.c", "", jwt(aud=7), jwt(aud="daybook", exp=10**15)]
)
def test_a_token_for_somebody_else_signs_nobody_in(token: str) -> None:
    """Whatever it holds; nor does one that ends in no year that can be written."""
    answer = House(bought={"access_token": token}).exchange()
    assert (answer["statusCode"], answered(answer)["code"]) == (422, "sign_in_refused")


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"redirect_uri": "https://evil.example/prod/console"}, "redirect_uri"),
        ({"redirect_uri": "https://log.example/console"}, "redirect_uri"),
        ({"redirect_uri": "https://log.example/prod/console#x"}, "redirect_uri"),
        ({"verifier": "short"}, "verifier"),
        ({"verifier": "v" * 43 + "&"}, "verifier"),
        ({"code": ""}, "code"),
        ({"token_endpoint": "https://evil.example"}, "token_endpoint"),
    ],
)
def test_only_a_code_of_this_console_is_exchanged(changed: dict[str, Any], path: str) -> None:
    """Its own address, and a verifier as RFC 7636 demands. The issuer is not asked about anything else."""
    house = House()
    answer = house.exchange(**changed)
    assert (answer["statusCode"], answered(answer)["errors"][0]["path"]) == (422, path)
    assert not house.asked


def refused(status: int) -> HTTPError:
    return HTTPError(f"{ISSUER}/token", status, "no", Message(), io.BytesIO(b'{"error":"invalid_grant"}'))


@pytest.mark.parametrize("status", [400, 401])
def test_a_code_that_the_issuer_refuses_is_told_apart(status: int) -> None:
    """From an issuer that fails (RFC 6749, section 5.2): it is used, too old, or another page's."""
    answer = House(failure=refused(status)).exchange()
    assert (answer["statusCode"], answered(answer)["code"]) == (422, "sign_in_refused")


FAILURES: dict[str, Callable[[], House]] = {
    "away": lambda: House(failure=URLError("no route")),
    "no http": lambda: House(failure=BadStatusLine("x")),
    "slow": lambda: House(failure=ValueError("too long or too slow")),
    "other issuer": lambda: House(discovered={**DISCOVERED, "issuer": "https://evil.example"}),
    "no document": lambda: House(discovered=["x"]),
    "no endpoint": lambda: House(discovered={"issuer": ISSUER}),
    "error": lambda: House(failure=refused(500)),
    "no tokens": lambda: House(bought=[]),
}


@pytest.mark.parametrize("made", FAILURES.values(), ids=FAILURES)
def test_an_issuer_that_fails_is_503(made: Callable[[], House]) -> None:
    """Keys still work, and the answer shows nothing of what the issuer said."""
    answer = made().exchange()
    assert (answer["statusCode"], answered(answer)["code"]) == (503, "issuer_unavailable")
    assert answer["headers"]["Retry-After"] == "5"


def test_an_issuer_that_is_away_is_not_asked_again_for_five_seconds() -> None:
    """So calls do not queue up for its time-out. Then it is."""
    house = House(failure=URLError("no route"))
    for now_ms, asked in ((0, 1), (PAUSE_MS - 1, 1), (PAUSE_MS, 2)):
        house.now_ms = now_ms
        assert house.config()["statusCode"] == 503
        assert len(house.asked) == asked
    house.now_ms, house.failure = 3 * PAUSE_MS, None
    assert house.config()["statusCode"] == 200


@pytest.mark.parametrize("failure", [URLError("no route"), None], ids=["away", "another document"])
def test_while_the_issuer_fails_its_last_addresses_are_used(failure: Exception | None) -> None:
    """It is asked for new ones every five seconds."""
    house = House()
    before = answered(house.config())
    house.failure, house.discovered, house.now_ms = failure, [], FRESH_MS
    assert [answered(house.config()) for _ in range(3)] == [before] * 3
    assert len(house.asked) == 2
    house.now_ms += PAUSE_MS
    assert answered(house.config()) == before
    assert len(house.asked) == 3


@pytest.mark.parametrize("failure", [URLError("timed out"), None], ids=["away", "another document"])
@pytest.mark.parametrize("is_known", [True, False])
def test_the_pause_begins_when_the_issuer_has_failed(failure: Exception | None, *, is_known: bool) -> None:
    """Not when it was asked: waiting for a slow one takes longer than the pause, and the next call would wait again."""
    house = House()
    if is_known:
        house.config()
        house.now_ms = FRESH_MS
    house.failure, house.discovered, house.takes_ms = failure, [], PAUSE_MS + 1
    before = len(house.asked)
    house.config()
    house.now_ms += PAUSE_MS - 1
    house.config()
    assert len(house.asked) == before + 1
    house.now_ms += 1
    house.config()
    assert len(house.asked) == before + 2


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://id.example.com/a", "//id.example.com", "https://", "http://["]
)
def test_the_page_is_sent_to_no_address_that_is_not_encrypted(address: str) -> None:
    """Nor to one that is no address. This machine's may be plain, for tests."""
    assert House(discovered={**DISCOVERED, "authorization_endpoint": address}).config()["statusCode"] == 503
    own = {**DISCOVERED, "authorization_endpoint": "http://localhost:8080/authorize"}
    assert House(discovered=own).config()["statusCode"] == 200


def test_a_form_is_sent_as_one() -> None:
    """Over HTTP, with a body of the type that RFC 6749 names."""
    with running_issuer() as issuer:
        said = json.loads(fetch_document(f"{issuer.url}/token", {"code": "a b&c"}))
    assert said == {"type": "application/x-www-form-urlencoded", "body": "code=a+b%26c"}
