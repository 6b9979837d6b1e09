"""A table is restored and put in the place of the one in use."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import format_time
from infra.local.template import Templates, of_type
from infra.operate.restore_table import main
from tests.conftest import Store
from tests.support.calls import answered
from tests.support.ingest import NOW, Sender
from tests.support.tenant_log import Reader, TenantLog
from tests.support.wiring import wiring_over

FIELDS = ("events", "identities", "control", "credentials", "ledger")
POLICY = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"dynamodb:DeleteItem","Resource":"%s"}]}'


@pytest.fixture
def restored(store: Store, dynamodb: Any, tables: Tables) -> Iterator[Tables]:
    """Names for the restored tables."""
    names = Tables(**{field: f"{name}-restored" for field, name in vars(tables).items()})
    yield names
    if store.name == "moto":  # the others end with the test or the session
        for name in {*vars(names).values()} & {*dynamodb.list_tables()["TableNames"]}:
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.delete_table(TableName=name)


def run(dynamodb: Any, *arguments: str) -> int:
    def connect(_: argparse.Namespace) -> Callable[[str], Any]:
        return lambda _: dynamodb

    return main(arguments, connect=connect, pause=lambda _: None)


@pytest.mark.parametrize("store", ["moto"], indirect=True)
@pytest.mark.parametrize("field", FIELDS)
def test_a_restored_table_gets_again_what_a_restore_leaves_out(
    *, dynamodb: Any, tables: Tables, restored: Tables, synthesised: Templates, field: str, capsys: Any
) -> None:
    """The stream, the protection and the policy at first. Recovery and expiry only at the end."""
    source, target = vars(tables)[field], vars(restored)[field]
    (properties,) = (
        each
        for logical_id, each in of_type(synthesised, "AWS::DynamoDB::Table").items()
        if logical_id.lower().startswith(field)
    )
    days = properties["PointInTimeRecoverySpecification"].get("RecoveryPeriodInDays", 35)
    arn = dynamodb.update_table(TableName=source, DeletionProtectionEnabled=True)["TableDescription"]["TableArn"]
    dynamodb.update_continuous_backups(
        TableName=source,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days},
    )
    dynamodb.update_time_to_live(TableName=source, TimeToLiveSpecification=properties["TimeToLiveSpecification"])
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=POLICY % arn)
    dynamodb.put_item(TableName=source, Item={"pk": {"S": "p"}, "sk": {"S": "s"}})
    try:
        given = ("--source", source, "--target", target)
        for _ in range(2):  # whoever was interrupted runs it again
            assert run(dynamodb, "begin", *given, "--at", (datetime.now(UTC) - timedelta(hours=1)).isoformat()) == 0
        table = dynamodb.describe_table(TableName=target)["Table"]
        assert table["DeletionProtectionEnabled"] is True
        assert table.get("StreamSpecification", {}).get("StreamViewType") == properties.get(
            "StreamSpecification", {}
        ).get("StreamViewType")
        said = capsys.readouterr().out
        assert (f"Its stream: {table.get('LatestStreamArn')}" in said) == (field == "events")
        assert json.loads(dynamodb.get_resource_policy(ResourceArn=table["TableArn"])["Policy"]) == json.loads(
            POLICY % table["TableArn"]
        )
        assert recovery(dynamodb, target) == "DISABLED"
        assert expiry(dynamodb, target) == "DISABLED"
        for _ in range(2):
            assert run(dynamodb, "finish", *given) == 0
        kept = dynamodb.describe_continuous_backups(TableName=target)["ContinuousBackupsDescription"]
        assert recovery(dynamodb, target) == "ENABLED"
        assert kept["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == days
        assert expiry(dynamodb, target) == "ENABLED"
        assert dynamodb.scan(TableName=target)["Count"] == 1
    finally:
        dynamodb.update_table(TableName=source, DeletionProtectionEnabled=False)


@pytest.mark.every_store
def test_restored_tables_answer_as_the_old_ones(
    dynamodb: Any, tables: Tables, restored: Tables, definitions: dict[str, dict[str, Any]]
) -> None:
    """Copied, since DynamoDB Local has no restore. Events are found and open, and a retry meets its first try."""
    log = TenantLog(dynamodb, tables)
    event = {
        "id": "order-1",
        "occurred_at": format_time(NOW),
        "environment": "prod",
        "activity": "document.updated",
        "actor": {"type": "user", "id": "u-1", "username": "mike.mars"},
    }
    sent = log.sent(event, {})
    shown = log.page({"actor": "mike.mars"})["events"]
    for field in ("events", "identities", "control"):
        source, target = vars(tables)[field], vars(restored)[field]
        dynamodb.create_table(TableName=target, **definitions[field])
        for item in dynamodb.scan(TableName=source, ConsistentRead=True)["Items"]:
            dynamodb.put_item(TableName=target, Item=item)
    wiring = wiring_over(dynamodb, replace(restored, credentials=tables.credentials, limits=tables.limits), log.clock)
    found = answered(Reader(wiring)(query={"actor": "mike.mars"}))["events"]
    assert [each["id"] for each in found] == [each["id"] for each in shown]
    assert {*sent} <= {each["id"] for each in found}
    assert {each["actor"]["username"] for each in found} == {"mike.mars"}
    again = answered(Sender(wiring, "acme")({"events": [event]}))["results"]
    assert [(each["id"], each["status"]) for each in again] == [(sent[0], "stored")]
    assert answered(Reader(wiring)(query={"actor": "mike.mars"}))["events"][-1]["id"] in sent


def recovery(dynamodb: Any, table: str) -> str:
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return str(backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])


def expiry(dynamodb: Any, table: str) -> str:
    return str(dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"])
