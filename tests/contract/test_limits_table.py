"""The adapters of the limits table."""

from typing import Any

import pytest

from daybook.aws.limits_table.failures import FailureTable
from daybook.aws.wiring import Tables

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
