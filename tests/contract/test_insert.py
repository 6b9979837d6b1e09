"""What Daybook expects of a store, held against each of the tests' stores."""

import string
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from daybook.aws.wiring import Tables
from tests.conftest import Store

TENANT = "acme#prod#0"

pytestmark = pytest.mark.every_store


def statement(table: str, **item: Any) -> dict[str, Any]:
    """An INSERT as Daybook writes it. Strings become S, bytes B, integers N, lists L of strings."""
    fields = ", ".join(f"'{name}': ?" for name in item)
    return {
        "Statement": f'INSERT INTO "{table}" VALUE {{{fields}}}',
        "Parameters": [typed(value) for value in item.values()],
    }


def typed(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case int():
            return {"N": str(value)}
        case _:
            return {"L": [typed(each) for each in value]}


def insert(dynamodb: Any, *statements: dict[str, Any]) -> list[str | None]:
    """The error code of each statement, None where it was stored."""
    answers = dynamodb.batch_execute_statement(Statements=list(statements))["Responses"]
    return [answer.get("Error", {}).get("Code") for answer in answers]


def stored(dynamodb: Any, table: str, sk: str) -> dict[str, Any] | None:
    item: dict[str, Any] | None = dynamodb.get_item(
        TableName=table, Key={"pk": {"S": TENANT}, "sk": {"S": sk}}, ConsistentRead=True
    ).get("Item")
    return item


def inserts_in_stream(store: Store, dynamodb: Any, table: str) -> list[tuple[str, str]]:
    """Kind and sort key of every record in the table's stream, in order."""
    if store.endpoint is None:  # moto's stream API answers 404 in-process, so its records are read where they lie
        shard = dynamodb_backends["123456789012"]["us-east-1"].tables[table].stream_shard
        assert shard
        records = [each.record for each in shard.items]
    else:
        streams = boto3.client("dynamodbstreams", endpoint_url=store.endpoint)
        arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        records = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            start = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            records += streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return [(record["eventName"], record["dynamodb"]["Keys"]["sk"]["S"]) for record in records]


def test_everything_sent_is_stored(dynamodb: Any, tables: Tables) -> None:
    """Strings, bytes, numbers and lists arrive as parameters and read back as they were."""
    sent = {
        "pk": TENANT,
        "sk": "01",
        "z": bytes(range(256)),
        "expires_at": 2**53,
        "forgotten": ["a", "ünï", ""],
        "text": "a 'quoted' \"text\" with ? and }",
    }
    assert insert(dynamodb, statement(tables.events, **sent)) == [None]
    assert stored(dynamodb, tables.events, "01") == {name: typed(value) for name, value in sent.items()}


def test_values_of_every_type_are_given_back(dynamodb: Any, tables: Tables) -> None:
    """By each way of reading, as they were sent."""
    values: dict[str, Any] = {
        "text": {"S": ""},
        "number": {"N": "-12.5"},
        "bytes": {"B": b"\x00\xff"},
        "yes": {"BOOL": True},
        "no": {"BOOL": False},
        "nothing": {"NULL": True},
        "texts": {"SS": ["a"]},
        "numbers": {"NS": ["1"]},
        "several": {"BS": [b"\x00"]},
        "list": {"L": [{"B": b"\xff"}, {"L": []}, {"M": {}}, {"N": "1"}]},
        "map": {"M": {"a": {"B": b"\xff"}, "b": {"L": [{"BOOL": True}]}}},
    }
    key = {"pk": {"S": TENANT}, "sk": {"S": "01"}}
    dynamodb.put_item(TableName=tables.events, Item=key | values)
    assert stored(dynamodb, tables.events, "01") == key | values
    batch = dynamodb.batch_get_item(RequestItems={tables.events: {"Keys": [key]}})
    assert batch["Responses"][tables.events] == [key | values]
    page = dynamodb.query(
        TableName=tables.events, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": key["pk"]}
    )
    assert page["Items"] == [key | values]


def test_a_duplicate_is_refused_by_itself(dynamodb: Any, tables: Tables) -> None:
    """The statement that meets an earlier item gets `DuplicateItem`; the item stays and the others are stored."""
    insert(dynamodb, statement(tables.events, pk=TENANT, sk="01", z=b"first"))
    codes = insert(
        dynamodb,
        statement(tables.events, pk=TENANT, sk="00", z=b"before"),
        statement(tables.events, pk=TENANT, sk="01", z=b"second", by_actor="x"),
        statement(tables.events, pk=TENANT, sk="02", z=b"after"),
    )
    assert codes == [None, "DuplicateItem", None]
    assert stored(dynamodb, tables.events, "01") == {name: typed(v) for name, v in item("01", b"first").items()}
    assert stored(dynamodb, tables.events, "02") is not None


def item(sk: str, z: bytes) -> dict[str, Any]:
    return {"pk": TENANT, "sk": sk, "z": z}


def test_answers_stand_in_the_order_of_the_statements(dynamodb: Any, tables: Tables) -> None:
    """A full batch of 25, every third of them there already."""
    sks = [f"{number:02}" for number in range(25)]
    insert(dynamodb, *(statement(tables.events, **item(sk, b"")) for sk in sks[::3]))
    codes = insert(dynamodb, *(statement(tables.events, **item(sk, b"")) for sk in sks))
    assert codes == ["DuplicateItem" if index % 3 == 0 else None for index in range(25)]


def test_more_than_25_statements_are_refused(dynamodb: Any, tables: Tables) -> None:
    """26 statements: nothing is answered for any of them."""
    with pytest.raises(ClientError) as refused:
        insert(dynamodb, *(statement(tables.events, **item(str(number), b"")) for number in range(26)))
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_the_same_key_twice_refuses_the_whole_batch(dynamodb: Any, tables: Tables) -> None:
    """No statement of such a batch is answered. What stood before the double may be stored all the same
    (DynamoDB Local keeps it, moto so corrected does not), so a caller drops doubles first.
    """
    with pytest.raises(ClientError) as refused:
        insert(
            dynamodb,
            statement(tables.events, **item("01", b"one")),
            statement(tables.events, **item("01", b"two")),
            statement(tables.events, **item("02", b"three")),
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert stored(dynamodb, tables.events, "02") is None


def test_the_same_key_in_two_tables_is_no_double(dynamodb: Any, tables: Tables) -> None:
    """Keys are compared within a table."""
    assert insert(
        dynamodb, statement(tables.events, **item("01", b"")), statement(tables.identities, **item("01", b""))
    ) == [None, None]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"by_actor": ""}, id="empty index key"),
        pytest.param({"by_within": ""}, id="empty key of the last index"),
        pytest.param({"sk": ""}, id="empty sort key"),
        pytest.param({"sk": 7}, id="number as sort key"),
        pytest.param({"sk": "x" * 1_025}, id="sort key too long"),
        pytest.param({"pk": "x" * 2_049}, id="partition key too long"),
        pytest.param({"by_target": "x" * 2_049}, id="index key too long"),
        pytest.param({"z": b"x" * 400 * 1_024}, id="item too large"),
    ],
)
def test_an_invalid_item_is_an_error_of_its_own_statement(dynamodb: Any, tables: Tables, wrong: dict[str, Any]) -> None:
    """The item beside it is stored."""
    codes = insert(
        dynamodb,
        statement(tables.events, **(item("01", b"") | wrong)),
        statement(tables.events, **item("02", b"")),
    )
    assert codes == ["ValidationError", None]
    assert stored(dynamodb, tables.events, "02") is not None


def test_a_missing_table_is_an_error_of_its_own_statement(dynamodb: Any, tables: Tables) -> None:
    """The statement on the table that is there is carried out; the error names no table."""
    answers = dynamodb.batch_execute_statement(
        Statements=[statement("nowhere", **item("01", b"")), statement(tables.events, **item("01", b""))]
    )["Responses"]
    assert answers[0]["Error"]["Code"] == "ResourceNotFound"
    assert "TableName" not in answers[0]
    assert answers[1] == {"TableName": tables.events}


@pytest.mark.parametrize("store", ["moto", "dynamodb-local"], indirect=True)
def test_the_stream_carries_insertions_only(store: Store, dynamodb: Any, tables: Tables) -> None:
    """A refused duplicate leaves no record, so nobody downstream hears of an event twice."""
    insert(dynamodb, statement(tables.events, **item("01", b"first")))
    insert(
        dynamodb,
        statement(tables.events, **item("01", b"second")),
        statement(tables.events, **item("02", b"")),
    )
    assert inserts_in_stream(store, dynamodb, tables.events) == [("INSERT", "01"), ("INSERT", "02")]


def test_an_item_is_in_the_indexes_whose_key_it_carries(dynamodb: Any, tables: Tables) -> None:
    """Indexes are sparse, and carry the content beside the keys, nothing else."""
    insert(
        dynamodb,
        statement(
            tables.events,
            **item("01", b"content"),
            expires_at=1,
            f=b"finger",
            by_actor="a",
            by_target="t",
        ),
        statement(tables.events, **item("02", b"content"), by_actor="b"),
    )
    found = {
        index: dynamodb.scan(TableName=tables.events, IndexName=index)["Items"]
        for index in ("by_actor", "by_activity", "by_target", "by_within")
    }
    assert {index: sorted(each["sk"]["S"] for each in items) for index, items in found.items()} == {
        "by_actor": ["01", "02"],
        "by_activity": [],
        "by_target": ["01"],
        "by_within": [],
    }
    assert found["by_target"] == [
        {
            "pk": {"S": TENANT},
            "sk": {"S": "01"},
            "by_target": {"S": "t"},
            "z": {"B": b"content"},
        }
    ]


@pytest.mark.parametrize("forward", [True, False], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("index", [None, "by_actor"], ids=["timeline", "index"])
@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_pages_of_a_range_are_the_range(
    dynamodb: Any, tables: Tables, limit: int, index: str | None, forward: bool
) -> None:
    """Followed by `LastEvaluatedKey`, pages hold each item of a range of ids once and in order, either way."""
    sks = string.ascii_lowercase[:20]
    insert(dynamodb, *(statement(tables.events, **item(sk, b""), by_actor="mike") for sk in sks))
    insert(dynamodb, *(statement(tables.events, **item(sk.upper(), b""), by_actor="jane") for sk in sks))
    key = {"by_actor": "mike"} if index else {"pk": TENANT}
    query: dict[str, Any] = {
        "TableName": tables.events,
        "KeyConditionExpression": f"{next(iter(key))} = :key AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":key": {"S": next(iter(key.values()))},
            ":first": {"S": "c"},
            ":last": {"S": "q"},
        },
        "ScanIndexForward": forward,
        "Limit": limit,
    } | ({"IndexName": index} if index else {})
    found: list[str] = []
    while True:
        page = dynamodb.query(**query)
        assert len(page["Items"]) <= limit
        found += [each["sk"]["S"] for each in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert found == list("cdefghijklmnopq"[:: 1 if forward else -1])


@pytest.mark.parametrize("forward", [True, False], ids=["oldest first", "newest first"])
def test_a_page_goes_on_from_a_key_that_is_not_there(dynamodb: Any, tables: Tables, forward: bool) -> None:
    """A cursor is an id: reading goes on beyond it, whether or not an item of that id is stored."""
    insert(dynamodb, *(statement(tables.events, **item(sk, b""), by_actor="mike") for sk in "aceg"))
    page = dynamodb.query(
        TableName=tables.events,
        IndexName="by_actor",
        KeyConditionExpression="by_actor = :key",
        ExpressionAttributeValues={":key": {"S": "mike"}},
        ScanIndexForward=forward,
        ExclusiveStartKey={"by_actor": {"S": "mike"}, "pk": {"S": TENANT}, "sk": {"S": "d"}},
    )
    assert [each["sk"]["S"] for each in page["Items"]] == (["e", "g"] if forward else ["c", "a"])
