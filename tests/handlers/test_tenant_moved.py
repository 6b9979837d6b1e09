"""A tenant whose rows are copied to another deployment keeps its permanent keys, by the secret in its row."""

import base64
import json
from typing import Any

import pytest

from daybook.aws.wiring import Tables, Wiring
from daybook.clock import SECOND, format_time
from daybook.http.serve import serve
from infra.operate import keep_tenant_secret
from tenants.handler import operations as tenant_operations
from tests.support.calls import Context, answered, call
from tests.support.calls import operations as by_operations
from tests.support.documented import documented
from tests.support.forgetting import Forgetting
from tests.support.ingest import NOW, SECRET, Sender, seeded_bytes
from tests.support.managed_log import ManagedLog
from tests.support.operate import connected_to
from tests.support.tenant_log import Reader

MIKE = {"type": "user", "id": "u-1", "username": "mike.mars"}
JANE = {"type": "user", "id": "u-2", "username": "jane.roe"}
ONCE = {
    "id": "once",
    "occurred_at": format_time(NOW),
    "activity": "document.updated",
    "actor": MIKE,
    "target": {"type": "doc", "id": "of-mike.mars"},
}
ELSEWHERE = b"the secret of another deployment"


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


def kept(log: ManagedLog, tenant: str = "acme") -> int:
    given = ["--tenant", tenant, "--control", log.tables.control, "--secret", "arn"]
    return keep_tenant_secret.main(given, connect=connected_to(log.dynamodb), read_secret=lambda *_: SECRET)


def copied(log: ManagedLog, definitions: dict[str, dict[str, Any]]) -> Wiring:
    """Another deployment's wiring over copies of all rows."""
    names = {field: f"{getattr(log.tables, field)}-elsewhere" for field in Tables.__annotations__}
    for field, name in names.items():
        log.dynamodb.create_table(TableName=name, **definitions[field])
        for item in log.dynamodb.scan(TableName=getattr(log.tables, field))["Items"]:
            log.dynamodb.put_item(TableName=name, Item=item)
    return Wiring(log.dynamodb, Tables(**names), lambda: ELSEWHERE, log.clock, seeded_bytes("elsewhere"))


def result_of(answer: dict[str, Any]) -> dict[str, Any]:
    (result,) = answered(answer)["results"]
    return dict(result)


def test_a_retry_meets_its_first_try_in_another_deployment(
    log: ManagedLog, definitions: dict[str, dict[str, Any]]
) -> None:
    """It has the same id and leaf. Another event under the id is a conflict. A forgotten person stays forgotten."""
    first = result_of(log.send(ONCE))
    log.sent({"actor": JANE})
    gone = Forgetting(log).forget("u-2")["actor_id"]
    assert kept(log) == kept(log) == 0
    log.now += 30 * SECOND
    assert result_of(log.send(ONCE)) == first, "nothing changes where the command ran"

    there = copied(log, definitions)
    sender, reader = Sender(there.replacing()), Reader(there.replacing())
    assert result_of(sender(ONCE)) == first
    assert result_of(sender({**ONCE, "status": "failure"}))["code"] == "id_conflict"
    late = result_of(sender({**ONCE, "id": "late", "occurred_at": format_time(NOW - 1), "actor": JANE}))
    native = {event["id"]: event for event in answered(reader(query={"limit": "500"}))["events"]}
    assert native[first["id"]]["actor"]["username"] == "mike.mars"
    assert (native[late["id"]]["actor"]["id"], native[late["id"]]["actor"]["forgotten"]) == (gone, True)
    found = answered(reader(query={"target": "doc:of-mike.mars"}))["events"]
    assert {event["id"] for event in found} == {first["id"], late["id"]}


def test_without_the_secret_a_retry_is_another_event(log: ManagedLog, definitions: dict[str, dict[str, Any]]) -> None:
    """So the command has to run before the rows are copied."""
    first = result_of(log.send(ONCE))
    assert result_of(Sender(copied(log, definitions))(ONCE))["id"] != first["id"]


def test_the_secret_shows_in_no_answer_no_log_and_one_row(log: ManagedLog, capsys: pytest.CaptureFixture[str]) -> None:
    """The row is the tenant's own. The command, the tenants API and the log of the log say nothing of it."""
    assert kept(log) == 0
    secret = log.control.settings_of(log.settings.code).secret
    assert secret
    shown = []
    for method, resource, body in (
        ("GET", "/v1/tenants", None),
        ("GET", "/v1/tenants/{tenant}", None),
        ("PATCH", "/v1/tenants/{tenant}", {"name": "New"}),
    ):
        parameters = {"tenant": log.tenant} if "{" in resource else {}
        event = call(method, resource, body, parameters=parameters, authorizer=by_operations())
        answer = documented(event, serve(event, Context(), tenant_operations(log.wiring.replacing())))
        assert answer["statusCode"] == 200, answer["body"]
        shown.append(answer["body"])
    log.now += 30 * SECOND
    shown += [json.dumps(log.recorded()), repr(log.control.settings(log.tenant)), *capsys.readouterr()]
    spelt = (secret.hex(), base64.b64encode(secret).decode(), repr(secret))
    assert "New" in shown[-4]
    assert not [text for text in shown if any(one in text for one in spelt)]
    rows = [
        item
        for table in (log.tables.control, log.tables.events, log.tables.identities)
        for item in log.dynamodb.scan(TableName=table)["Items"]
        if any(one in repr(item) for one in spelt)
    ]
    assert [(row["pk"]["S"], row["sk"]["S"]) for row in rows] == [(log.settings.code, "settings")]


def test_the_command_fails_for_a_tenant_that_there_is_not(log: ManagedLog, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor where the table is another one."""
    assert kept(log, "nobody") == 1
    assert "no such tenant" in capsys.readouterr().err
    log.tables = Tables(control="nowhere")
    assert kept(log) == 1
    assert "finds no table" in capsys.readouterr().err
