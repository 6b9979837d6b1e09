"""The tenants function composed as on Lambda, with records in the tenants' own logs, on both stores."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.events.packing import unpack
from tenants import handler as tenants
from tests.conftest import Store
from tests.support.calls import Context, answered, authorized, call, operations
from tests.support.ingest import SECRET

NEW = {"tenant": "acme", "name": "Acme Inc", "profile": "carear", "environments": ["prod", "test"]}

pytestmark = pytest.mark.parametrize("store", ["moto", "dynamodb-local"], indirect=True)


@pytest.fixture(autouse=True)
def _deployed(
    store: Store, tables: Tables, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The function is composed from its environment."""
    secret = aws("secretsmanager").create_secret(Name="daybook", SecretString=SECRET.hex())
    for name in ("events", "identities", "control", "credentials", "limits"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", getattr(tables, name))
    monkeypatch.setenv("SECRET_ARN", secret["ARN"])
    if store.endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", store.endpoint)
    tenants.compose.cache_clear()
    yield
    tenants.compose.cache_clear()


def _call(method: str, resource: str, body: Any = None, **kwargs: Any) -> dict[str, Any]:
    return tenants.handler(call(method, resource, body, **{"authorizer": operations(), **kwargs}), Context())


def test_what_is_done_to_a_tenant_is_in_its_own_log(dynamodb: Any, tables: Tables) -> None:
    """Records have the actor, the call's environment and the catalogue's words, but no key's secret."""
    assert _call("POST", "/v1/tenants", NEW)["statusCode"] == 201
    path = {"tenant": "acme"}
    change = {"name": "New", "audit_since": None, "shards": 2, "environments": ["prod", "test", "dev"]}
    assert _call("PATCH", "/v1/tenants/{tenant}", change, parameters=path)["statusCode"] == 200
    admin = authorized(environment="test", label="Jane's key")
    key = _call(
        "POST", "/v1/tenants/{tenant}/keys", {"role": "producer", "label": "billing"}, parameters=path, authorizer=admin
    )
    assert key["statusCode"] == 201
    key_id = answered(key)["key_id"]
    revoked = _call("DELETE", "/v1/tenants/{tenant}/keys/{key_id}", parameters={**path, "key_id": key_id})
    assert revoked["statusCode"] == 204

    rows = dynamodb.scan(TableName=tables.events)["Items"]
    events = {event["activity"]: event for event in (json.loads(unpack(row["z"]["B"])) for row in rows)}
    told = {
        name.removeprefix("audit-log."): (event["environment"], event["actor"]["type"], event["details"])
        for name, event in events.items()
    }
    assert told == {
        "tenant-created": ("prod", "operations", "Tenant created with profile carear"),
        "tenant-changed": ("prod", "operations", "Tenant changed: name, environments, shards"),
        "key-created": (
            "test",
            "api",
            f"Key {key_id} (billing) created with role producer for environment test",
        ),
        "key-revoked": ("prod", "operations", f"Key {key_id} (billing) revoked"),
    }
    assert events["audit-log.key-created"]["actor"]["username"] == "Jane's key"
    assert answered(key)["key"].rpartition("_")[2] not in repr(events)


def test_what_is_done_with_keys_is_said_in_words(dynamodb: Any, tables: Tables) -> None:
    """A rotation names both keys; operators' keys are in the log of `daybook`, with their ends."""
    _call("POST", "/v1/tenants", NEW)
    path, until = {"tenant": "acme"}, "2999-01-01T00:00:00.000Z"
    body = {"role": "auditor", "label": "SIEM", "valid_until": until}
    old = answered(_call("POST", "/v1/tenants/{tenant}/keys", body, parameters=path))["key_id"]
    path["key_id"] = old
    rotate = "/v1/tenants/{tenant}/keys/{key_id}/rotate"
    new = answered(_call("POST", rotate, {"overlap_seconds": 0}, parameters=path))
    listed = answered(_call("GET", "/v1/tenants/{tenant}/keys", parameters=path))["keys"]
    (replaced_until,) = [key["valid_until"] for key in listed if key["key_id"] == old]
    operators = answered(_call("POST", "/v1/operators/keys", {"label": "Night shift"}))
    made, ends = operators["key_id"], operators["valid_until"]
    revoked = _call("DELETE", "/v1/operators/keys/{key_id}", parameters={"key_id": made})
    assert revoked["statusCode"] == 204
    rows = dynamodb.scan(TableName=tables.events)["Items"]
    events = sorted((json.loads(unpack(row["z"]["B"])) for row in rows), key=lambda event: event["received_at"])
    assert [(event["tenant"], event["environment"], event["details"]) for event in events][1:] == [
        ("acme", "prod", f"Key {old} (SIEM) created with role auditor for environment *, valid until {until}"),
        (
            *("acme", "prod"),
            (
                f"Key {new['key_id']} (SIEM) created with role auditor for environment *, in place of {old}, "
                f"which is valid until {replaced_until}"
            ),
        ),
        ("daybook", "prod", f"Operators' key {made} (Night shift) created, valid until {ends}"),
        ("daybook", "prod", f"Operators' key {made} (Night shift) revoked"),
    ]


def test_a_deployment_that_lacks_something_answers_500(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function does not crash; it answers with an ordinary problem document."""
    monkeypatch.delenv("SECRET_ARN")
    answer = _call("GET", "/v1/tenants")
    assert (answer["statusCode"], answered(answer)["code"]) == (500, "internal_error")
    assert "SECRET_ARN" not in answer["body"]
