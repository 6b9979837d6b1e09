"""Which tokens an OIDC issuer's keys open the door to, and how often the issuer is asked for these keys."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from authorize.signing_keys import FRESH_MS, KEPT_MS, PAUSE_MS, IssuerUnavailable, SigningKeys
from authorize.tokens import MAX_TOKEN, Tokens
from daybook.clock import MINUTE
from daybook.environment import AuthorizeSettings
from daybook.http import outgoing
from daybook.http.caller import Caller, User
from daybook.http.outgoing import MAX_BYTES, fetch_document
from tests.support.access_log import kept_access_log
from tests.support.issuer import AUDIENCE, DISCOVERY, JWKS, Issuer, ec_key, jwk, rsa_key, running_issuer


@dataclass
class Door:
    issuer: Issuer
    settings: AuthorizeSettings
    now_ms: int = 0
    wait_seconds: float = 30  # more than any test waits

    def __post_init__(self) -> None:
        self.keys = SigningKeys(self.settings.oidc_issuer, clock=lambda: self.now_ms, wait_seconds=self.wait_seconds)

    def caller(self, token: str) -> Caller | None:
        return Tokens(self.settings, self.keys).caller(token)

    def wait(self, milliseconds: int) -> None:
        self.now_ms += milliseconds


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    usual = Issuer(server.url)
    for name, value in vars(usual).items():
        setattr(server, name, value)
    return server


@pytest.fixture
def door(issuer: Issuer) -> Door:
    return Door(issuer, AuthorizeSettings("c", "l", issuer.url, AUDIENCE))


def test_a_token_is_its_users(door: Door, issuer: Issuer) -> None:
    """Issuer and subject say who it is; the names are only shown."""
    token = issuer.token(preferred_username="mike", name="Mike Mars", email="mike@mars.example")
    user = User(issuer.url, "248289761001", "mike", "Mike Mars", "mike@mars.example")
    assert door.caller(token) == Caller("auditor", "acme", "*", "248289761001", "", user)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"roles": ["producer", "auditor"]}, {"role": "auditor,producer"}),
        ({"roles": "admin"}, {"role": "admin"}),
        ({"roles": ["admin", "operations", "Buyer"]}, {"role": "admin"}),
        ({"environments": ["test", "prod"]}, {"environment": "test,prod"}),
        ({"environments": "test"}, {"environment": "test"}),
        ({"environments": ["test", "*"]}, {"environment": "*"}),
        ({"environments": ["a,b", "test"]}, {"environment": "test"}),
        ({"aud": ["other", AUDIENCE]}, {}),
        ({"nbf": 30}, {}),
        ({"exp": -30}, {}),
    ],
)
def test_what_a_token_grants(door: Door, issuer: Issuer, changed: dict[str, Any], expected: dict[str, Any]) -> None:
    """Roles that Daybook does not know, and `operations`, grant nothing. A minute's difference of clocks is allowed."""
    caller, plain = door.caller(issuer.token(**changed)), door.caller(issuer.token())
    assert caller
    assert plain
    assert caller == replace(plain, **expected)


def test_a_name_that_is_no_text_costs_nobody_the_call(door: Door, issuer: Issuer) -> None:
    """JSON allows halves of surrogate pairs; the gateway's answer does not."""
    caller = door.caller(issuer.token(preferred_username="mike\ud800", name="\udfff", email="\U0001f600"))
    assert caller
    assert caller.user
    assert (caller.user.username, caller.user.name, caller.user.email) == ("mike?", "?", "\U0001f600")
    assert json.dumps(caller.context(), ensure_ascii=False).encode()


REFUSED: dict[str, dict[str, Any]] = {
    "expired": {"exp": -120},
    "not valid yet": {"nbf": 300},
    "issued in the future": {"iat": 300},
    "never expires": {"exp": None},
    "expires in no year": {"exp": 10**15},
    "expires at infinity": {"exp": float("inf")},
    "no issuer": {"iss": None},
    "another issuer": {"iss": "https://id.example.com"},
    "the issuer with a slash": {"iss": "http://127.0.0.1/"},
    "no audience": {"aud": None},
    "another audience": {"aud": "other"},
    "a part of the audience": {"aud": AUDIENCE[:-1]},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no text": {"sub": 7},
    "a subject that breaks a line of the log": {"sub": 'a","role":"operations'},
    "a long subject": {"sub": "s" * 256},
    "no tenant": {"tenant": None},
    "a tenant that is no name": {"tenant": "acme#prod"},
    "the operators' tenant": {"tenant": "daybook"},
    "several tenants": {"tenant": ["acme"]},
    "no role": {"roles": None},
    "roles that are none": {"roles": ["Buyer"]},
    "an operator": {"roles": ["operations"]},
    "roles that are no texts": {"roles": [["admin"]]},
    "roles in one text": {"roles": "auditor,admin"},
    "no environment": {"environments": []},
    "environments that are none": {"environments": ["a,b"]},
    "environments that are no texts": {"environments": {"*": True}},
}


@pytest.mark.parametrize("changed", REFUSED.values(), ids=REFUSED.keys())
def test_a_token_that_lacks_something_is_refused(door: Door, issuer: Issuer, changed: dict[str, Any]) -> None:
    """Everything is required but `nbf` and the environments. What is there must be right."""
    assert door.caller(issuer.token())
    assert door.caller(issuer.token(**changed)) is None


REASONS: dict[str, dict[str, Any]] = {
    "expired": {"exp": -120},
    "not_valid_yet": {"nbf": 300},
    "issuer": {"iss": "https://id.example.com"},
    "audience": {"aud": "other"},
    "no_exp": {"exp": None},
    "subject": {"sub": "s" * 256},
    "tenant": {"tenant": "Mike Mars"},
    "roles": {"roles": ["Mike Mars"]},
    "environments": {"environments": []},
    "key": {"key_id": "unknown"},
    "signature": {"key": ec_key("forger")},
    "algorithm": {"key": b"secret" * 11, "algorithm": "HS256"},
    "unreadable": {"filling": "x" * MAX_TOKEN},
}


@pytest.mark.parametrize(("reason", "changed"), REASONS.items(), ids=REASONS.keys())
def test_the_log_says_why_a_token_is_refused(door: Door, issuer: Issuer, reason: str, changed: dict[str, Any]) -> None:
    """In one line that holds nothing of the token. A credential of another kind leaves none."""
    with kept_access_log() as lines:
        assert door.caller(issuer.token(name="Mike Mars", **changed)) is None
        assert door.caller("dbk_ops_0123456789abcdef0123456789abcdef") is None
    (line,) = lines
    assert (line["message"], line["reason"]) == ("token_refused", reason)
    assert "Mike Mars" not in json.dumps(line)


def _parts(*parts: Any) -> str:
    encoded = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in encoded)


def test_a_signature_of_somebody_else_opens_nothing(door: Door, issuer: Issuer) -> None:
    """Also not under the id of a key of the issuer, nor with a key or an address of one in the token's own header."""
    good, forger = issuer.token(), ec_key("forger")
    assert door.caller(issuer.token(key=forger)) is None
    assert door.caller(issuer.token(key=forger, key_id=None)) is None
    head, body, signature = good.split(".")
    assert door.caller(f"{head}.{_parts(issuer.claims(roles=['admin']))}.{signature}") is None
    assert door.caller(f"{head}.{body}.{signature[:-4]}AAAA") is None
    for trick in ({"jwk": jwk(forger, "first")}, {"jku": f"{issuer.url}/forged"}, {"crit": ["b64"], "b64": False}):
        headers: dict[str, Any] = {"kid": "first", **trick}
        assert door.caller(jwt.encode(issuer.claims(), forger, "ES256", headers)) is None
    assert set(issuer.asked) <= {DISCOVERY, JWKS}


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, ["ES256"], {"alg": "ES256"}, 7])
def test_a_token_without_a_signature_opens_nothing(door: Door, issuer: Issuer, algorithm: Any) -> None:
    """However it spells that it has none."""
    for signature in (b"", b"0" * 64):
        assert door.caller(_parts({"alg": algorithm, "kid": "first"}, issuer.claims(), signature)) is None


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_secret_of_an_hmac(door: Door, issuer: Issuer, algorithm: str) -> None:
    """Everybody knows the public key. PyJWT refuses to sign so, hence by hand, with each form that it may have."""
    issuer.keys = [jwk(rsa_key(), "first"), {"kty": "oct", "kid": "shared", "k": "c2VjcmV0" * 11, "alg": algorithm}]
    public = rsa_key().public_key()
    forms = (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1)
    secrets = [public.public_bytes(encoding, form) for encoding in (Encoding.PEM, Encoding.DER) for form in forms]
    assert door.caller(issuer.token(key=rsa_key(), algorithm="RS256"))
    hmac = jwt.get_algorithm_by_name(algorithm)
    for secret in secrets:
        signed = _parts({"alg": algorithm, "kid": "first"}, issuer.claims())
        signature = base64.urlsafe_b64encode(hmac.sign(signed.encode(), secret)).rstrip(b"=").decode()
        assert door.caller(f"{signed}.{signature}") is None
    assert door.caller(issuer.token(key=b"secret" * 11, algorithm=algorithm, key_id="shared")) is None


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # the test's own, where it signs
def test_a_key_is_for_its_own_algorithm_and_for_signatures(door: Door, issuer: Issuer) -> None:
    """A weak key, one for encryption, and one of another algorithm than the token's open nothing."""
    weak = rsa_key(1024)
    issuer.keys += [jwk(ec_key("second"), "enc", use="enc"), jwk(weak, "weak"), jwk(rsa_key(), "pss", alg="PS256")]
    assert door.caller(issuer.token(key=rsa_key(), algorithm="PS256", key_id="pss"))
    assert door.caller(issuer.token(key=rsa_key(), algorithm="RS256", key_id="pss")) is None
    assert door.caller(issuer.token(key=ec_key("second"), key_id="enc")) is None
    assert door.caller(issuer.token(key=weak, algorithm="RS256", key_id="weak")) is None


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", fullmatch=True))
def test_junk_is_refused(junk: str) -> None:
    """Whatever it is, and without a question to the issuer."""
    tokens = Tokens(AuthorizeSettings("c", "l", "http://127.0.0.1:1", AUDIENCE), SigningKeys("http://127.0.0.1:1"))
    assert tokens.caller(junk) is None


def test_a_huge_or_deep_token_is_refused(door: Door, issuer: Issuer) -> None:
    """Before it is read, and without a question to the issuer."""
    assert door.caller(issuer.token(filling="x" * MAX_TOKEN)) is None
    assert door.caller(_parts(b"[" * 3_000, b"{" * 3_000, b"")) is None
    assert door.caller(_parts({"alg": "ES256", "kid": ["first"]}, issuer.claims(), b"")) is None
    assert issuer.asked == []


def test_the_names_of_claims_are_settings(issuer: Issuer) -> None:
    """Issuers demand namespaces, for example. A name with dots is one name."""
    door = Door(issuer, AuthorizeSettings("c", "l", issuer.url, AUDIENCE, "custom:org", "https://a.example/r", "e"))
    assert door.caller(issuer.token()) is None
    claims: dict[str, Any] = {"custom:org": "umbrella", "https://a.example/r": ["admin"], "e": ["prod"]}
    caller = door.caller(issuer.token(**claims))
    assert caller
    assert (caller.tenant, caller.role, caller.environment) == ("umbrella", "admin", "prod")


def test_keys_are_read_once_in_five_minutes(door: Door, issuer: Issuer) -> None:
    """Discovery first, then the keys."""
    for _ in range(3):
        assert door.caller(issuer.token())
    assert issuer.asked == [DISCOVERY, JWKS]
    door.wait(FRESH_MS)
    assert door.caller(issuer.token())
    assert issuer.asked == [DISCOVERY, JWKS] * 2


def test_a_new_key_is_fetched_and_an_old_one_forgotten(door: Door, issuer: Issuer) -> None:
    """A token with an unknown key makes us ask, half a minute after the last time at the earliest."""
    old, new = issuer.token(), issuer.token(key=ec_key("second"), key_id="second")
    assert door.caller(old)
    issuer.keys = [jwk(ec_key("second"), "second")]
    door.wait(PAUSE_MS - 1)
    assert door.caller(new) is None
    door.wait(1)
    assert door.caller(new)
    assert door.caller(old) is None


@pytest.mark.parametrize("status", [200, 503])
def test_junk_does_not_make_us_hammer_the_issuer(door: Door, issuer: Issuer, status: int) -> None:
    """It is asked twice a minute at most, whether it answers or not, and never for another issuer's tokens."""
    assert door.caller(issuer.token())
    issuer.status = status
    issuer.asked.clear()
    for number in range(120):
        door.wait(1_000)
        door.caller(issuer.token(key_id=f"unknown {number}"))
    assert issuer.asked.count(DISCOVERY) == 4
    door.wait(KEPT_MS)
    issuer.asked.clear()
    assert door.caller(issuer.token(iss="https://id.example.com")) is None
    assert issuer.asked == []


def test_the_last_good_keys_are_kept_for_an_hour(door: Door, issuer: Issuer) -> None:
    """While the issuer can't be reached. After that nobody knows whether a token is valid: an error, no refusal."""
    assert door.caller(issuer.token())
    issuer.status = 503
    door.wait(KEPT_MS - 1)
    assert door.caller(issuer.token())
    door.wait(1)
    with pytest.raises(IssuerUnavailable):
        door.caller(issuer.token())
    issuer.status = 200
    with pytest.raises(IssuerUnavailable):
        door.caller(issuer.token())
    door.wait(PAUSE_MS)
    assert door.caller(issuer.token())


def test_an_issuer_that_was_never_reached_is_an_error(door: Door, issuer: Issuer) -> None:
    """A valid token must not count as a failed credential."""
    issuer.status = 500
    with pytest.raises(IssuerUnavailable):
        door.caller(issuer.token())


@pytest.mark.parametrize(
    "documents",
    [
        {DISCOVERY: {"issuer": "https://id.example.com", "jwks_uri": "https://id.example.com/keys"}},
        {DISCOVERY: {"jwks_uri": "https://id.example.com/keys"}},
        {DISCOVERY: ["issuer"]},
        {DISCOVERY: "x" * MAX_BYTES},
        {JWKS: {"keys": []}},
        {JWKS: {"keys": [{"kty": "EC", "kid": "first", "crv": "P-256", "x": "", "y": 7}]}},
        {JWKS: []},
    ],
)
def test_what_the_issuer_answers_wrong_changes_no_key(door: Door, issuer: Issuer, documents: dict[str, Any]) -> None:
    """Discovery must name exactly the issuer that is configured."""
    assert door.caller(issuer.token())
    issuer.documents = documents
    door.wait(FRESH_MS)
    assert door.caller(issuer.token())
    with pytest.raises(IssuerUnavailable):
        Door(issuer, door.settings).caller(issuer.token())


@pytest.mark.parametrize("url", ["http://id.example.com/keys", "http://127.0.0.1.example.com/", "file:///etc/passwd"])
def test_keys_come_encrypted_or_from_this_machine(door: Door, issuer: Issuer, url: str) -> None:
    """Whoever stands between could otherwise give us keys of their own. So no redirect is followed either."""
    with pytest.raises(ValueError, match="not https"):
        fetch_document(url)
    issuer.location = url
    with pytest.raises(IssuerUnavailable):
        door.caller(issuer.token())


def test_discovery_is_at_its_place_and_names_the_issuer(door: Door, issuer: Issuer) -> None:
    """Neither a redirect nor another issuer's document will do, though both lead to the right keys."""
    right = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}{JWKS}"}
    issuer.location, issuer.documents = f"{issuer.url}/moved", {"/moved": right}
    with pytest.raises(IssuerUnavailable):
        door.caller(issuer.token())
    issuer.location, issuer.documents = "", {DISCOVERY: {**right, "issuer": f"{issuer.url}/"}}
    door.wait(PAUSE_MS)
    with pytest.raises(IssuerUnavailable):
        door.caller(issuer.token())


@pytest.mark.parametrize("slow", [{"drips": 40}, {"delay_seconds": 2}])
def test_a_slow_issuer_delays_a_call_for_a_moment(issuer: Issuer, door: Door, slow: dict[str, Any]) -> None:
    """However it is slow, for both documents together, and only one call in half a minute. The keys stay."""
    door = replace(door, wait_seconds=0.3)
    assert door.caller(issuer.token())
    vars(issuer).update(slow)
    door.wait(MINUTE * 6)
    started = time.monotonic()
    for _ in range(5):
        assert door.caller(issuer.token())
    assert time.monotonic() - started < 1.5  # 0.3 s of waiting, and the machine's load


def test_addresses_that_take_no_connection_delay_a_call_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each address has a time-out of its own."""
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        address = (socket.AF_INET, socket.SOCK_STREAM, 0, "", full.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address] * 6)
        started = time.monotonic()
        with pytest.raises(IssuerUnavailable):
            SigningKeys("http://127.0.0.1:1", wait_seconds=0.3).key("first")
        assert time.monotonic() - started < 1.5


def test_an_answer_that_comes_late_is_used(issuer: Issuer, door: Door) -> None:
    """Later calls wait for the question that is under way, and ask no other."""
    door = replace(door, wait_seconds=0.1)
    issuer.delay_seconds = 0.3
    failed = 0
    for _ in range(100):
        try:
            assert door.caller(issuer.token())
            break
        except IssuerUnavailable:
            failed += 1
            door.wait(PAUSE_MS)
    assert failed
    assert issuer.asked == [DISCOVERY, JWKS]
