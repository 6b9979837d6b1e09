"""Conditions, updates, transactions and pages, held against each of the tests' stores."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from daybook.aws.wiring import Tables

KEY = {"pk": {"S": "acme"}, "sk": {"S": "row"}}
OTHER = {"pk": {"S": "acme"}, "sk": {"S": "row2"}}
STORED: dict[str, Any] = {
    **KEY,
    "text": {"S": "b"},
    "count": {"N": "10"},
    "names": {"SS": ["a", "b"]},
    "yes": {"BOOL": True},
}
VALUES: dict[str, Any] = {
    ":b": {"S": "b"},
    ":c": {"S": "c"},
    ":9": {"N": "9"},
    ":10": {"N": "10.0"},
    ":11": {"N": "11"},
    ":names": {"SS": ["b", "a"]},
    ":fewer": {"SS": ["a"]},
    ":true": {"BOOL": True},
}

pytestmark = pytest.mark.every_store


@pytest.fixture
def table(dynamodb: Any, tables: Tables) -> str:
    dynamodb.put_item(TableName=tables.control, Item=STORED)
    return tables.control


def used(values: dict[str, Any], *expressions: str) -> dict[str, Any]:
    """Those that an expression names: DynamoDB refuses a call that carries others."""
    words = " ".join(expressions).replace("(", " ").replace(")", " ").replace(",", " ").split()
    found = {name: value for name, value in values.items() if name in words}
    return {"ExpressionAttributeValues": found} if found else {}


def code_of(refusal: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = refusal.value.response["Error"]["Code"]
    return code


def stored(dynamodb: Any, table: str, key: dict[str, Any] = KEY) -> dict[str, Any] | None:
    item: dict[str, Any] | None = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return item


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_exists(pk)", True),
        ("attribute_not_exists(pk)", False),
        ("attribute_exists(absent)", False),
        ("attribute_not_exists(absent)", True),
        ("#text = :b", True),
        ("#text = :c", False),
        ("absent = :b", False),
        ("#count = :10", True),
        ("#count = :b", False),
        ("#count <= :9", False),
        ("#count <= :10", True),
        ("#count <= :11", True),
        ("absent <= :11", False),
        ("#names = :names", True),
        ("#names = :fewer", False),
        ("yes = :true", True),
        ("#text IN (:b, :c)", True),
        ("#text IN (:c, :11)", False),
        ("#text = :b AND #count = :9", False),
        ("#text = :c OR #count = :10", True),
        ("#text = :c AND yes = :true OR #count = :10", True),
        ("#text = :c AND (yes = :true OR #count = :10)", False),
        ("#text = :b AND (attribute_not_exists(absent) OR absent <= :9 OR #count = :9)", True),
    ],
)
def test_a_write_happens_where_its_condition_holds(dynamodb: Any, table: str, condition: str, holds: bool) -> None:
    """Otherwise it is refused, and the item stays as it was."""
    names = {f"#{name}": name for name in ("text", "count", "names") if f"#{name}" in condition}
    write: dict[str, Any] = {
        "TableName": table,
        "Key": KEY,
        "UpdateExpression": "SET changed = :true",
        "ConditionExpression": condition,
        **used(VALUES, condition, ":true"),
        **({"ExpressionAttributeNames": names} if names else {}),
    }
    if holds:
        dynamodb.update_item(**write)
    else:
        with pytest.raises(ClientError) as refusal:
            dynamodb.update_item(**write)
        assert code_of(refusal) == "ConditionalCheckFailedException"
    assert stored(dynamodb, table) == STORED | ({"changed": {"BOOL": True}} if holds else {})


def test_an_update_sets_adds_and_removes(dynamodb: Any, table: str) -> None:
    """In one expression. It answers with the item, or with what it has changed."""
    update: dict[str, Any] = {
        "TableName": table,
        "UpdateExpression": "SET #text = :c, fresh = :true REMOVE yes, absent ADD #count :9, #names :more",
        "ExpressionAttributeNames": {"#text": "text", "#count": "count", "#names": "names"},
        "ExpressionAttributeValues": {
            ":c": {"S": "c"},
            ":true": {"BOOL": True},
            ":9": {"N": "9"},
            ":more": {"SS": ["c", "a"]},
        },
    }
    changed = dynamodb.update_item(Key=KEY, ReturnValues="ALL_NEW", **update)["Attributes"]
    changed["names"]["SS"].sort()
    expected = {"text": {"S": "c"}, "count": {"N": "19"}, "names": {"SS": ["a", "b", "c"]}, "fresh": {"BOOL": True}}
    assert changed == KEY | expected
    made = dynamodb.update_item(Key=OTHER, ReturnValues="UPDATED_NEW", **update)["Attributes"]
    made["names"]["SS"].sort()
    shown = {name: value for name, value in made.items() if name not in KEY}  # of a new item moto answers the key, too
    assert shown == expected | {"count": {"N": "9"}, "names": {"SS": ["a", "c"]}}
    assert stored(dynamodb, table, OTHER) is not None


def test_a_delete_answers_what_was_there(dynamodb: Any, table: str) -> None:
    """With nothing where there was nothing."""
    for expected in (STORED, {}):
        answer = dynamodb.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")
        found = answer.get("Attributes", {})
        assert {**found, **({"names": {"SS": sorted(found["names"]["SS"])}} if found else {})} == expected


def test_a_transaction_is_written_whole_or_not_at_all(dynamodb: Any, table: str) -> None:
    """The reasons stand in the order of its actions."""
    put = {"Put": {"TableName": table, "Item": OTHER}}
    refused = {"Put": {"TableName": table, "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}
    with pytest.raises(ClientError) as refusal:
        dynamodb.transact_write_items(TransactItems=[put, refused])
    assert code_of(refusal) == "TransactionCanceledException"
    assert "ConditionalCheckFailed" in str(refusal.value)
    reasons = refusal.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert stored(dynamodb, table, OTHER) is None
    delete = {"Delete": {"TableName": table, "Key": KEY, "ConditionExpression": "attribute_exists(pk)"}}
    dynamodb.transact_write_items(TransactItems=[put, delete])
    assert stored(dynamodb, table) is None
    assert stored(dynamodb, table, OTHER) == OTHER


def test_a_transaction_has_one_action_for_an_item(dynamodb: Any, table: str) -> None:
    put = {"Put": {"TableName": table, "Item": KEY}}
    with pytest.raises(ClientError) as refusal:
        dynamodb.transact_write_items(TransactItems=[put, {"Delete": {"TableName": table, "Key": KEY}}])
    assert code_of(refusal) == "ValidationException"


def test_items_are_read_by_their_keys(dynamodb: Any, table: str) -> None:
    """Returns the requested attributes. Missing keys are left out, and none appears twice."""
    asked: dict[str, Any] = {
        "Keys": [OTHER, KEY],
        "ProjectionExpression": "sk, #text",
        "ExpressionAttributeNames": {"#text": "text"},
    }
    found = dynamodb.batch_get_item(RequestItems={table: asked})["Responses"][table]
    assert found == [{"sk": KEY["sk"], "text": STORED["text"]}]
    with pytest.raises(ClientError) as refusal:
        dynamodb.batch_get_item(RequestItems={table: {"Keys": [KEY, KEY]}})
    assert code_of(refusal) == "ValidationException"


@pytest.mark.parametrize("forward", [True, False])
def test_a_page_ends_at_a_megabyte(dynamodb: Any, table: str, forward: bool) -> None:
    """With the item that reaches it, or the one before. The next page goes on behind, among the keys asked for."""
    for number in range(7):
        item = {"pk": {"S": "acme"}, "sk": {"S": f"large#{number}"}, "z": {"B": bytes(300_000)}}
        dynamodb.put_item(TableName=table, Item=item)
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": "acme"}, ":prefix": {"S": "large#"}},
        ProjectionExpression="sk",
        ScanIndexForward=forward,
    )
    found = ["".join(item["sk"]["S"][-1] for item in page["Items"]) for page in pages]
    assert len(found[0]) in (3, 4)
    assert "".join(found) == ("0123456" if forward else "6543210")


@pytest.mark.parametrize("store", ["memory", "dynamodb-local"], indirect=True)  # moto answers with nothing
def test_a_range_that_is_none_is_refused(dynamodb: Any, table: str) -> None:
    with pytest.raises(ClientError) as refusal:
        dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":pk": {"S": "acme"}, ":low": {"S": "b"}, ":high": {"S": "a"}},
        )
    assert code_of(refusal) == "ValidationException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"UpdateExpression": "SET status = :b"},
        {"UpdateExpression": "SET changed = :b REMOVE status"},
        {"UpdateExpression": "SET changed = :b", "ConditionExpression": "attribute_exists(status)"},
        {"UpdateExpression": "SET changed = :b", "ExpressionAttributeNames": {"#text": "text"}},
        {"UpdateExpression": "REMOVE changed"},
    ],
    ids=["reserved word", "reserved word removed", "reserved word in a condition", "unused name", "unused value"],
)
def test_a_wrong_expression_is_refused(dynamodb: Any, table: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refusal:
        dynamodb.update_item(TableName=table, Key=KEY, ExpressionAttributeValues={":b": {"S": "b"}}, **wrong)
    assert code_of(refusal) == "ValidationException"
