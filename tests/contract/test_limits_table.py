"""The adapters of the limits table, and the units of reads as the store reports them."""

from typing import Any

import pytest

from daybook.aws import clients
from daybook.aws.limits_table.failures import FailureTable
from daybook.aws.limits_table.last_uses import LastUseTable
from daybook.aws.limits_table.usage import UsageTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, MINUTE
from daybook.tenant import TenantCode
from daybook.tenants.limits import CALLS, EVENTS_A_DAY
from tests.conftest import Store

HERE = "203.0.113.7"

pytestmark = pytest.mark.every_store


@pytest.fixture
def failures(dynamodb: Any, tables: Tables) -> FailureTable:
    return FailureTable(dynamodb, tables.limits)


def test_failures_are_counted_by_address_and_minute(failures: FailureTable) -> None:
    """Each count is one address's in one minute."""
    count = failures.count_failure
    assert [count(HERE, 100) for _ in range(3)] == [1, 2, 3]
    assert count("2001:db8::1", 100) == 1
    assert count(HERE, 101) == 1


def test_failures_are_kept_apart_from_keys_and_from_each_other(
    failures: FailureTable, dynamodb: Any, tables: Tables
) -> None:
    """A partition takes 1,000 writes a second: whoever fails as often as that slows down nobody else."""
    for address in (HERE, "2001:db8::1"):
        failures.count_failure(address, 100)
    rows = dynamodb.scan(TableName=tables.limits)["Items"]
    assert sorted(row["pk"]["S"] for row in rows) == ["failed#2001:db8::1", f"failed#{HERE}"]
    assert not dynamodb.scan(TableName=tables.credentials)["Items"]


@pytest.mark.parametrize("address", ["x" * 10_000, "fe80::1%" + "é" * 2_000, "\ud800" * 100])
def test_what_is_no_address_is_counted_all_the_same(failures: FailureTable, address: str) -> None:
    """A key of DynamoDB has at most 2,048 bytes."""
    count = failures.count_failure
    assert [count(address, 100), count(address, 100), count(address + "x", 100)] == [1, 2, 1]


def test_counts_of_failures_go_away(failures: FailureTable, dynamodb: Any, tables: Tables) -> None:
    """They carry the moment after which DynamoDB deletes them, in seconds."""
    failures.count_failure(HERE, 100)
    (row,) = dynamodb.scan(TableName=tables.limits)["Items"]
    assert row["expires_at"] == {"N": str(100 * 60 + 3_600)}


def test_a_keys_last_use_is_its_latest_hour(dynamodb: Any, tables: Tables) -> None:
    """Whichever instance writes last; keys without a use are left out, and no row expires."""
    uses = LastUseTable(dynamodb, tables.limits)
    for hour in (3, 5, 4, 5):
        uses.note_use("k1", hour)
    uses.note_use("k10", 1)
    many = [f"k{number}" for number in range(120)]  # more than one call may ask for
    assert uses.last_used(many) == {"k1": "1970-01-01T05:00:00.000Z", "k10": "1970-01-01T01:00:00.000Z"}
    assert uses.last_used([]) == {}
    assert not any("expires_at" in row for row in dynamodb.scan(TableName=tables.limits)["Items"])


def test_what_a_tenant_uses_is_summed_by_limit_and_span(dynamodb: Any, tables: Tables) -> None:
    """Over all instances. The rows go away an hour after their span."""
    instances = [UsageTable(lambda: dynamodb, tables.limits) for _ in range(2)]
    acme, other = TenantCode("aaaaaa"), TenantCode("bbbbbb")
    assert [instance.add(acme, CALLS, 100, 240) for instance in instances] == [240, 480]
    assert instances[0].add(acme, EVENTS_A_DAY, 100, 7) == 7
    assert instances[0].add(acme, CALLS, 101, 1) == instances[1].add(other, CALLS, 100, 1) == 1
    rows = dynamodb.scan(TableName=tables.limits)["Items"]
    assert {row["pk"]["S"] for row in rows} == {"used-by#aaaaaa", "used-by#bbbbbb"}
    ends = {row["sk"]["S"]: int(row["expires_at"]["N"]) for row in rows}
    assert ends["calls_a_minute#100"] == 101 * MINUTE // 1_000 + 3_600
    assert ends["events_a_day#100"] == 101 * DAY // 1_000 + 3_600


@pytest.mark.parametrize("store", ["moto", "dynamodb-local"], indirect=True)
def test_reads_say_what_they_consume(store: Store, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of 50 KB, one item read consistently, one item of a batch. Moto counts any page as one unit, and one item
    as half of one.
    """
    if store.endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", store.endpoint)
    client, meter = clients.dynamodb(), clients.read_meter()
    for number in range(50):
        item = {"pk": {"S": "a"}, "sk": {"S": f"{number:02}"}, "z": {"B": b"z" * 1_000}}
        client.put_item(TableName=tables.control, Item=item)
    meter.take()
    key = {"pk": {"S": "a"}, "sk": {"S": "00"}}
    client.query(
        TableName=tables.control,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "a"}},
        ConsistentRead=True,
    )
    assert meter.take() == (1 if store.name == "moto" else 13)
    client.get_item(TableName=tables.control, Key=key, ConsistentRead=True)
    client.batch_get_item(RequestItems={tables.control: {"Keys": [key], "ConsistentRead": True}})
    client.put_item(TableName=tables.control, Item=key)
    assert meter.take() == (1.5 if store.name == "moto" else 2)
    assert meter.take() == 0
