"""DynamoDB's conditions and transactions in local Daybook's moto, which many threads use."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.dynamodb.exceptions import ConditionalCheckFailed, TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend

from infra.local.aws import moto_writes


@pytest.fixture
def dynamodb() -> DynamoDBBackend:
    moto_writes.apply()
    backend = DynamoDBBackend("us-east-1", "123456789012")
    backend.create_table(
        "table",
        schema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        attr=[{"AttributeName": "pk", "AttributeType": "S"}],
        billing_mode="PAY_PER_REQUEST",
        tags=[],
        **dict.fromkeys(
            (
                *("throughput", "global_indexes", "indexes", "streams"),
                *("sse_specification", "deletion_protection_enabled", "warm_throughput"),
            )
        ),
    )
    return backend


class Interrupted(dict[str, Any]):
    """A part of a call. When moto reads the field `at` of it, something happens meanwhile."""

    def __init__(self, part: dict[str, Any], at: str, meanwhile: Callable[[], None]) -> None:
        super().__init__(part)
        self._at, self._meanwhile = at, meanwhile

    def get(self, name: str, default: Any = None) -> Any:
        if name == self._at:
            self._meanwhile()
        return super().get(name, default)


def test_a_cancelled_transaction_undoes_its_own_writes_alone(dynamodb: DynamoDBBackend) -> None:
    """What another thread writes meanwhile stays. It writes before moto cancels, or after if it has to wait."""
    writer = threading.Thread(target=dynamodb.put_item, args=("table", {"pk": {"S": "other"}}))

    def write() -> None:
        writer.start()
        writer.join(0.3)

    refused = {
        "TableName": "table",
        "Key": {"pk": {"S": "absent"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
    with pytest.raises(TransactionCanceledException):
        dynamodb.transact_write_items(
            [
                {"Put": {"TableName": "table", "Item": {"pk": {"S": "own"}}}},
                {"ConditionCheck": Interrupted(refused, "ConditionExpression", write)},
            ]
        )
    writer.join()
    assert dynamodb.get_item("table", {"pk": {"S": "own"}}) is None
    assert dynamodb.get_item("table", {"pk": {"S": "other"}}) is not None


def test_a_cancelled_transaction_leaves_each_row_as_it_was(dynamodb: DynamoDBBackend) -> None:
    """Put over, put, updated, made by an update, deleted; and the last action fails."""
    rows = {name: {"pk": {"S": name}, "n": {"N": "1"}} for name in ("over", "updated", "deleted")}
    for row in rows.values():
        dynamodb.put_item("table", row)
    update = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}}
    with pytest.raises(TransactionCanceledException):
        dynamodb.transact_write_items(
            [
                {"Put": {"TableName": "table", "Item": {"pk": {"S": "over"}}}},
                {"Put": {"TableName": "table", "Item": {"pk": {"S": "new"}}}},
                {"Update": {"TableName": "table", "Key": {"pk": {"S": "updated"}}, **update}},
                {"Update": {"TableName": "table", "Key": {"pk": {"S": "made"}}, **update}},
                {"Delete": {"TableName": "table", "Key": {"pk": {"S": "deleted"}}}},
                {
                    "ConditionCheck": {
                        "TableName": "table",
                        "Key": {"pk": {"S": "absent"}},
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                },
            ]
        )
    left = {name: dynamodb.get_item("table", {"pk": {"S": name}}) for name in (*rows, "new", "made")}
    assert {name: item.to_json()["Attributes"] for name, item in left.items() if item is not None} == rows


def test_a_transaction_takes_no_longer_in_a_large_table(dynamodb: DynamoDBBackend) -> None:
    """A table of 3,000 rows was copied a hundred times: for a minute."""
    for number in range(3_000):
        dynamodb.put_item("table", {"pk": {"S": f"row-{number}"}})
    puts = [{"Put": {"TableName": "table", "Item": {"pk": {"S": f"new-{number}"}}}} for number in range(100)]
    began = time.process_time()
    dynamodb.transact_write_items(puts)
    assert time.process_time() - began < 2
    assert dynamodb.get_item("table", {"pk": {"S": "new-99"}}) is not None


def test_a_claim_has_one_winner(dynamodb: DynamoDBBackend) -> None:
    """Of four threads that update an item on a condition at the same time."""
    together = threading.Barrier(4)

    def claims(worker: str, item: str) -> bool:
        together.wait(20)
        try:
            dynamodb.update_item(
                "table",
                {"pk": {"S": item}},
                "SET claim = :worker",
                {},
                {":worker": {"S": worker}},
                condition_expression="attribute_not_exists(claim)",
            )
        except ConditionalCheckFailed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        for item in map(str, range(50)):
            assert sum(pool.map(claims, "abcd", [item] * 4)) == 1
