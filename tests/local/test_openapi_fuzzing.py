"""Schemathesis calls local Daybook with requests that the OpenAPI document allows and requests that it does not."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.documented import document
from tests.support.running_daybook import LocalDaybook, logs_of, make_tenant

pytestmark = pytest.mark.long

TENANT = "fuzzed"
STREAM = {
    "stream_arn": "arn:aws:kinesis:us-east-1:123456789012:stream/fuzzed",
    "role_arn": "arn:aws:iam::123456789012:role/fuzzed",
    "format": "native",
}
RANDOM_CALLS = 15  # for each operation, beside some 80 that schemathesis derives from the limits of its parameters
RANDOM_EVENTS = 200  # alone: an event has so many limits that 1,450 calls would be derived from them
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def schema_of(*, with_limits: bool) -> BaseSchema:
    schema = schemathesis.openapi.from_dict(document())
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    schema.config.phases.coverage.enabled = with_limits
    return schema


API = schema_of(with_limits=True).exclude(operation_id="send_events")
SENDING = schema_of(with_limits=False).include(operation_id="send_events")


@pytest.fixture(scope="module")
def there(local_daybook: LocalDaybook) -> Mapping[str, str]:
    """Values of the paths' parameters that lead to something."""
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT, "enate").status_code == 201
        operations.headers["Daybook-Tenant"] = TENANT
        event = {"activity": "work-item.opened", "actor": {"type": "user", "username": "fuzzed.person"}}
        sent = operations.post("/v1/events", json=event).json()
        assert operations.put("/v1/groups/team", json={"members": ["fuzzed.person"]}).status_code == 200
        assert operations.put("/v1/settings/stream", json=STREAM).status_code == 200
        export = operations.post("/v1/exports").json()["id"]
        key = operations.post(f"/v1/tenants/{TENANT}/keys", json={"role": "auditor", "label": "fuzzed"}).json()
        log = logs_of(operations)[0]["name"]
        icon = re.search(r'href="console/([^"]+[.]svg)"', operations.get("/console").text)
        assert icon
    return {
        "tenant": TENANT,
        "event_id": sent["results"][0]["id"],
        "activity": "work-item.opened",
        "actor": "fuzzed.person",
        "name": "team",
        "export_id": export,
        "job_id": export,
        "key_id": key["key_id"],
        "log": log,
        "file": icon[1],
        "tile": "0/000.p/1",
    }


@API.exclude(method="DELETE").parametrize()
@settings(max_examples=RANDOM_CALLS)
def test_every_answer_is_as_documented(case: Case[Any], local_daybook: LocalDaybook, there: Mapping[str, str]) -> None:
    """No 5xx, and no status, type, header or content that the document lacks."""
    call(case, local_daybook, there)


@SENDING.parametrize()
@settings(max_examples=RANDOM_EVENTS)
def test_every_report_is_as_documented(case: Case[Any], local_daybook: LocalDaybook, there: Mapping[str, str]) -> None:
    """Whatever the events are."""
    call(case, local_daybook, there)


@API.include(method="DELETE").parametrize()
@settings(max_examples=RANDOM_CALLS)
def test_every_deletion_is_answered_as_documented(
    case: Case[Any], local_daybook: LocalDaybook, there: Mapping[str, str]
) -> None:
    """Last, so that the other calls find what they ask for."""
    call(case, local_daybook, there)


def call(case: Case[Any], local_daybook: LocalDaybook, there: Mapping[str, str]) -> None:
    """By operations, about things that there are where the call is meant to be right; the tenant is always there."""
    is_right = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    for name in case.path_parameters:
        if name == "tenant" or is_right:
            case.path_parameters[name] = there[name]
    case.headers["Daybook-Tenant"] = TENANT
    case.headers["Authorization"] = f"Bearer {local_daybook.operations_key}"
    case.call_and_validate(base_url=local_daybook.url, checks=CHECKS)
