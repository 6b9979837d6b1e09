"""What every store refuses. The client in memory also refuses what it does not implement, so no test relies on it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from daybook.aws.wiring import Tables

KEY: dict[str, Any] = {"pk": {"S": "acme"}, "sk": {"S": "row"}}
STORED: dict[str, Any] = {**KEY, "text": {"S": "b"}, "by_actor": {"S": "mike"}}
PK: dict[str, Any] = {"KeyConditionExpression": "pk = :b", "ExpressionAttributeValues": {":b": {"S": "acme"}}}
ACTOR: dict[str, Any] = {
    "IndexName": "by_actor",
    "KeyConditionExpression": "by_actor = :b",
    "ExpressionAttributeValues": {":b": {"S": "mike"}},
}
B: dict[str, Any] = {"ExpressionAttributeValues": {":b": {"S": "b"}}}

pytestmark = pytest.mark.every_store


@pytest.fixture
def table(dynamodb: Any, tables: Tables) -> str:
    dynamodb.put_item(TableName=tables.events, Item=STORED)
    return tables.events


def item(**attributes: Any) -> dict[str, Any]:
    return {"Item": {**KEY, **attributes}}


def keys(count: int) -> list[dict[str, Any]]:
    return [{"pk": {"S": "acme"}, "sk": {"S": str(number)}} for number in range(count)]


def update(expression: str, **more: Any) -> dict[str, Any]:
    return {"Key": KEY, "UpdateExpression": expression, **more}


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("put_item", item() | {"Bogus": 1}),
        ("put_item", item(n={"N": 5})),
        ("put_item", item(n={"SS": "a"})),
        ("put_item", item(n={"X": "a"})),
        ("put_item", {}),
        ("query", PK | {"Limit": 0}),
    ],
)
def test_botocore_refuses_arguments(dynamodb: Any, table: str, call: str, arguments: dict[str, Any]) -> None:
    """Wrong names, Python types and minima never reach a store."""
    with pytest.raises(ParamValidationError):
        getattr(dynamodb, call)(TableName=table, **arguments)


@pytest.mark.parametrize(
    ("call", "argument", "empty"),
    [
        ("batch_get_item", "RequestItems", {"events": {"Keys": []}}),
        ("batch_execute_statement", "Statements", []),
        ("transact_write_items", "TransactItems", []),
    ],
)
def test_botocore_refuses_an_empty_batch(dynamodb: Any, call: str, argument: str, empty: Any) -> None:
    with pytest.raises(ParamValidationError):
        getattr(dynamodb, call)(**{argument: empty})


REFUSED = {
    "consistent query of an index": ("query", ACTOR | {"ConsistentRead": True}),
    "consistent scan of an index": ("scan", {"IndexName": "by_actor", "ConsistentRead": True}),
    "scan of an unknown index": ("scan", {"IndexName": "by_nothing"}),
    "reserved word in a projection": ("query", PK | {"ProjectionExpression": "status"}),
    "attribute twice in a projection": ("query", PK | {"ProjectionExpression": "sk, sk"}),
    "select without a projection": ("query", PK | {"Select": "SPECIFIC_ATTRIBUTES"}),
    "empty prefix in a query": (
        "query",
        {
            "KeyConditionExpression": "pk = :b AND begins_with(sk, :c)",
            "ExpressionAttributeValues": {":b": {"S": "acme"}, ":c": {"S": ""}},
        },
    ),
    "empty partition key in a query": ("query", PK | {"ExpressionAttributeValues": {":b": {"S": ""}}}),
    "empty sort key in a query": (
        "query",
        {
            "KeyConditionExpression": "pk = :b AND sk >= :c",
            "ExpressionAttributeValues": {":b": {"S": "acme"}, ":c": {"S": ""}},
        },
    ),
    "not a number": ("put_item", item(n={"N": "five"})),
    "empty number": ("put_item", item(n={"N": ""})),
    "infinite number": ("put_item", item(n={"N": "Infinity"})),
    "empty set": ("put_item", item(n={"SS": []})),
    "empty index key": ("put_item", item(by_actor={"S": ""})),
    "empty sort key": ("put_item", item(sk={"S": ""})),
    "empty index key in an update": (
        "update_item",
        update("SET by_actor = :b", ExpressionAttributeValues={":b": {"S": ""}}),
    ),
    "set of a sort key": ("update_item", update("SET sk = :b", **B)),
    "removal of a partition key": ("update_item", update("REMOVE pk")),
    "one attribute twice": ("update_item", update("SET n = :b, n = :b", **B)),
    "one clause twice": ("update_item", update("SET n = :b SET m = :b", **B)),
    "sum of a text and a number": ("update_item", update("ADD text :b", ExpressionAttributeValues={":b": {"N": "1"}})),
    "no values": ("update_item", update("REMOVE n", ExpressionAttributeValues={})),
}
REFUSED_BUT_BY_MOTO = {
    "query of an unknown index": ("query", ACTOR | {"IndexName": "by_nothing"}),
    "attribute that the index lacks": ("query", ACTOR | {"ProjectionExpression": "f"}),
    "start key without its sort key": ("query", PK | {"ExclusiveStartKey": {"pk": KEY["pk"]}}),
    "start key without the index key": ("query", ACTOR | {"ExclusiveStartKey": KEY}),
    "start key beside the partition": (
        "query",
        PK | {"ExclusiveStartKey": {"pk": {"S": "other"}, "sk": {"S": "row"}}},
    ),
    "start key beside the range": (
        "query",
        {
            "KeyConditionExpression": "pk = :b AND sk >= :c",
            "ExpressionAttributeValues": {":b": {"S": "acme"}, ":c": {"S": "b"}},
            "ExclusiveStartKey": {"pk": {"S": "acme"}, "sk": {"S": "a"}},
        },
    ),
    "number for a key": ("query", PK | {"ExpressionAttributeValues": {":b": {"N": "1"}}}),
    "empty set within a list": ("put_item", item(n={"L": [{"SS": []}]})),
    "duplicate in a set": ("put_item", item(n={"SS": ["a", "a"]})),
    "not a number in a set": ("put_item", item(n={"NS": ["a"]})),
    "no type": ("put_item", item(n={})),
    "two types": ("put_item", item(n={"S": "a", "N": "1"})),
    "empty set as a value": ("update_item", update("SET n = :b", ExpressionAttributeValues={":b": {"SS": []}})),
    "index key of another type": ("put_item", item(by_actor={"N": "1"})),
    "no names": ("update_item", update("REMOVE n", ExpressionAttributeNames={})),
    "start key beyond the range": (
        "query",
        {
            "KeyConditionExpression": "pk = :b AND sk BETWEEN :b AND :c",
            "ExpressionAttributeValues": {":b": {"S": "acme"}, ":c": {"S": "b"}},
            "ExclusiveStartKey": {"pk": {"S": "acme"}, "sk": {"S": "c"}},
        },
    ),
}
"""moto accepts these calls, or breaks with an error of another kind. DynamoDB Local refuses them."""


def assert_refused(call: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("refused", REFUSED)
def test_every_store_refuses(dynamodb: Any, table: str, refused: str) -> None:
    call, arguments = REFUSED[refused]
    assert_refused(getattr(dynamodb, call), TableName=table, **arguments)


@pytest.mark.parametrize("store", ["memory", "dynamodb-local"], indirect=True)  # moto is laxer
@pytest.mark.parametrize("refused", REFUSED_BUT_BY_MOTO)
def test_dynamodb_refuses(dynamodb: Any, table: str, refused: str) -> None:
    call, arguments = REFUSED_BUT_BY_MOTO[refused]
    assert_refused(getattr(dynamodb, call), TableName=table, **arguments)


@pytest.mark.parametrize("store", ["memory", "dynamodb-local"], indirect=True)  # moto stores them
@pytest.mark.parametrize("value", [{"SS": []}, {"N": "five"}])
def test_an_invalid_parameter_refuses_the_whole_batch(dynamodb: Any, table: str, value: dict[str, Any]) -> None:
    statement = {
        "Statement": f"""INSERT INTO "{table}" VALUE {{'pk': ?, 'sk': ?, 'n': ?}}""",
        "Parameters": [{"S": "acme"}, {"S": "new"}, value],
    }
    assert_refused(dynamodb.batch_execute_statement, Statements=[statement])


def test_a_batch_has_at_most_100_keys(dynamodb: Any, tables: Tables) -> None:
    """Of all its tables together."""
    asked = {tables.events: {"Keys": keys(51)}, tables.control: {"Keys": keys(50)}}
    assert_refused(dynamodb.batch_get_item, RequestItems=asked)


@pytest.mark.parametrize("store", ["memory", "dynamodb-local"], indirect=True)  # moto answers with nothing
def test_a_batch_names_a_table(dynamodb: Any) -> None:
    assert_refused(dynamodb.batch_get_item, RequestItems={})


@pytest.mark.parametrize("count", [1, 101])
def test_a_transaction_has_one_action_each_and_at_most_100(dynamodb: Any, table: str, count: int) -> None:
    """Two actions in one entry are refused, as are 101 entries."""
    first, *others = keys(count)
    both = {"Put": {"TableName": table, "Item": first}}
    if count == 1:
        both["Delete"] = {"TableName": table, "Key": KEY}
    actions = [both, *({"Put": {"TableName": table, "Item": each}} for each in others)]
    assert_refused(dynamodb.transact_write_items, TransactItems=actions)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
@pytest.mark.parametrize(
    ("call", "arguments", "named"),
    [
        ("query", PK | {"FilterExpression": "pk = :b"}, "Query: FilterExpression"),
        ("query", PK | {"Select": "COUNT"}, "Query: Select=COUNT"),
        ("get_item", {"Key": KEY, "ProjectionExpression": "sk"}, "GetItem: ProjectionExpression"),
        ("scan", {"TotalSegments": 2}, "Scan: TotalSegments"),
        ("put_item", item() | {"ReturnConsumedCapacity": "TOTAL"}, "PutItem: ReturnConsumedCapacity"),
        ("update_item", update("SET n = :b", ReturnValues="UPDATED_OLD", **B), "UpdateItem: ReturnValues=UPDATED_OLD"),
        ("update_item", update("SET n = list_append(n, :b)", **B), "list_append"),
        ("update_item", update("ADD n = :b", **B), "ADD n = :b"),
        ("update_item", update("SET m = m", ConditionExpression="n = :b", **B), "SET m = m"),
        ("delete_item", {"Key": KEY, "ConditionExpression": "n >= :b", **B}, ">= :b"),
        ("delete_item", {"Key": KEY, "ConditionExpression": "n <> :b", **B}, "<> :b"),
        ("delete_item", {"Key": KEY, "ConditionExpression": ":b = n", **B}, ":b"),
        ("delete_item", {"Key": KEY, "ConditionExpression": "begins_with(n, :b)", **B}, "("),
    ],
)
def test_the_client_in_memory_names_what_it_lacks(
    dynamodb: Any, table: str, call: str, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(NotImplementedError) as lacking:
        getattr(dynamodb, call)(TableName=table, **arguments)
    assert named in str(lacking.value)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_the_client_in_memory_names_what_it_lacks_within_a_batch(dynamodb: Any, table: str) -> None:
    with pytest.raises(NotImplementedError, match="RequestItems: AttributesToGet"):
        dynamodb.batch_get_item(RequestItems={table: {"Keys": [KEY], "AttributesToGet": ["sk"]}})
    put = {"TableName": table, "Item": KEY, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    with pytest.raises(NotImplementedError, match="Put: ReturnValuesOnConditionCheckFailure"):
        dynamodb.transact_write_items(TransactItems=[{"Put": put}])
    with pytest.raises(NotImplementedError, match="Statements: ConsistentRead"):
        dynamodb.batch_execute_statement(Statements=[{"Statement": "INSERT", "ConsistentRead": True}])
