"""Events sent in, through the function's handler, to both stores."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from daybook.aws.control import ControlTable
from daybook.clock import format_time, system_clock
from ingest import handler as ingest
from tests.calls import Context, answered, authorized, call
from tests.conftest import Store, Tables
from tests.ingesting import CONTRACT_EXAMPLE, SECRET, settings


@pytest.fixture
def deployed(store: Store, dynamodb: Any, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The function composed from its environment, as Lambda does it."""
    with mock_aws():
        secret = boto3.client("secretsmanager").create_secret(Name="daybook", SecretString=SECRET.hex())
        for name in ("events", "identities", "control"):
            monkeypatch.setenv(f"{name.upper()}_TABLE", getattr(tables, name))
        monkeypatch.setenv("SECRET_ARN", secret["ARN"])
        if store.endpoint is not None:
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", store.endpoint)
        ingest.compose.cache_clear()
        ControlTable(dynamodb, tables.control).create_tenant(settings())
        yield
        ingest.compose.cache_clear()


def _sent(body: Any) -> dict[str, Any]:
    return ingest.handler(call("POST", "/v1/events", body, authorizer=authorized("producer")), Context())


@pytest.mark.usefixtures("deployed")
def test_the_contracts_example_is_stored_once() -> None:
    """Alone, then in a batch with another: the same id and leaf each time."""
    example = CONTRACT_EXAMPLE | {"occurred_at": format_time(system_clock())}
    other = example | {"id": "another"}
    first = _sent(example)
    assert first["statusCode"] == 201, first["body"]
    stored = answered(first)
    assert (stored["stored"], stored["rejected"]) == (1, 0)
    again = _sent({"events": [example, other]})
    assert again["statusCode"] == 201, again["body"]
    assert answered(again)["results"][0] == stored["results"][0]
    assert answered(again)["results"][1]["id"] != stored["results"][0]["id"]
    assert answered(_sent({"events": [other, example]}))["stored"] == 2
