"""The authorizer, from the gateway's event to its policy."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from authorize import handler as authorize
from benchmarks.typical import code_for
from daybook.access.api_keys import IssuedKey, Key, KeyOwner
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.aws.limits_table.last_uses import LastUseTable
from daybook.aws.wiring import Tables
from daybook.observability import CREDENTIALS_REFUSED
from tests.support.access_log import kept_access_log
from tests.support.calls import Context

pytestmark = pytest.mark.parametrize("store", ["moto"], indirect=True)

KEY = Key("k1", "s" * 43)
ACME = KeyOwner(code_for("acme"), "acme")
STAGE = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod"


@pytest.fixture
def keys(dynamodb: Any, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyTable]:
    monkeypatch.setenv("CREDENTIALS_TABLE", tables.credentials)
    monkeypatch.setenv("LIMITS_TABLE", tables.limits)
    authorize.compose.cache_clear()
    keys = KeyTable(dynamodb, tables.credentials, tables.control)
    issued = IssuedKey(KEY.id, "acme", "auditor", "prod", "Ünï", "2026-11-22T16:31:07.123Z")
    keys.put_key(ACME, KEY, issued)
    yield keys
    authorize.compose.cache_clear()


def _asked(authorization: str | None, address: str = "203.0.113.7") -> dict[str, Any]:
    return {
        "type": "REQUEST",
        "methodArn": f"{STAGE}/GET/v1/events/01JC",
        "resource": "/v1/events/{event_id}",
        "path": "/v1/events/01JC",
        "httpMethod": "GET",
        "headers": None if authorization is None else {"AUTHORIZATION": authorization},
        "requestContext": {"requestId": "r-1", "extendedRequestId": "e-1", "identity": {"sourceIp": address}},
    }


def _call(authorization: str | None) -> dict[str, Any]:
    return authorize.handler(_asked(authorization), Context())


@pytest.mark.usefixtures("keys")
def test_a_good_key_gets_its_policy_and_context() -> None:
    """All values of the context are strings: the gateway passes on nothing else."""
    answer = _call(f"Bearer {KEY.credential}")
    assert answer["principalId"] == KEY.id
    assert {name: value for name, value in answer["context"].items() if value} == {
        "kind": "key",
        "tenant": "acme",
        "role": "auditor",
        "environment": "prod",
        "credential": KEY.id,
        "label": "Ünï",
    }
    assert f"{STAGE}/GET/v1/events/*" in answer["policyDocument"]["Statement"][0]["Resource"]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Basic dTpw", f"Bearer dbk_{KEY.id}_{'x' * 43}", "é" * 9]
)
def test_anything_else_is_unauthorized(authorization: str | None) -> None:
    """In the very word by which the gateway knows to answer 401."""
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        _call(authorization)


def test_a_revoked_key_is_unauthorized(keys: KeyTable) -> None:
    """At once; the gateway's cache is not ours."""
    keys.revoke_key(ACME, KEY.id)
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        _call(f"Bearer {KEY.credential}")


def test_an_expired_key_is_unauthorized(keys: KeyTable) -> None:
    """Its row is there, and its end has passed."""
    keys.limit_key(ACME, keys.key_of(ACME, KEY.id), "2026-11-22T16:31:07.124Z")
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        _call(f"Bearer {KEY.credential}")


@pytest.mark.usefixtures("keys")
def test_a_use_is_noted(dynamodb: Any, tables: Tables) -> None:
    """Of a valid key alone: whoever tries another secret does not use it."""
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        _call(f"Bearer dbk_{KEY.id}_{'x' * 43}")
    uses = LastUseTable(dynamodb, tables.limits)
    assert uses.last_used([KEY.id]) == {}
    _call(f"Bearer {KEY.credential}")
    assert set(uses.last_used([KEY.id])) == {KEY.id}


@pytest.mark.usefixtures("keys")
def test_a_use_that_can_not_be_noted_fails_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of limits is gone; the key is as good as before."""
    monkeypatch.setenv("LIMITS_TABLE", "nowhere")
    authorize.compose.cache_clear()
    assert _call(f"Bearer {KEY.credential}")["context"]["role"] == "auditor"


@pytest.mark.usefixtures("keys")
def test_too_many_failures_are_let_through_to_be_told() -> None:
    """From the 21st on: allowed, throttled, and with no role. A good key passes all the same."""
    bad = f"Bearer dbk_{KEY.id}_{'x' * 43}"
    counted = authorize.compose().failures
    for _ in range(20):
        assert not counted.are_too_many("203.0.113.7")
    answer = _call(bad)
    assert {name: value for name, value in answer["context"].items() if value} == {"throttled": "true"}
    assert _call(f"Bearer {KEY.credential}")["context"]["role"] == "auditor"


@pytest.mark.usefixtures("keys")
def test_a_refusal_is_one_access_line_without_the_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """With the key's id, where there was one. It is counted, so that operators hear of a surge."""
    secret = "x" * 43
    capsys.readouterr()
    with kept_access_log() as lines, pytest.raises(Exception, match="Unauthorized"):
        _call(f"Bearer dbk_{KEY.id}_{secret}")
    (line,) = lines
    assert secret not in repr(line)
    names = ("message", "request_id", "extended_request_id", "credential", "method", "route", "status")
    assert {name: line[name] for name in names} == {
        "message": "access",
        "request_id": "r-1",
        "extended_request_id": "e-1",
        "credential": KEY.id,
        "method": "GET",
        "route": "/v1/events/{event_id}",
        "status": 401,
    }
    assert [json.loads(each)[CREDENTIALS_REFUSED] for each in capsys.readouterr().out.splitlines()] == [[1.0]]
