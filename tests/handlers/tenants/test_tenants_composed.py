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


def test_a_deployment_that_lacks_something_answers_500(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function does not crash; it answers with an ordinary problem document."""
    monkeypatch.delenv("SECRET_ARN")
    answer = _call("GET", "/v1/tenants")
    assert (answer["statusCode"], answered(answer)["code"]) == (500, "internal_error")
    assert "SECRET_ARN" not in answer["body"]
