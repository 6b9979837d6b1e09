"""What makes moto faster changes no answer."""

import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.dynamodb.models.table import Table

from infra.local.aws import moto_speed

NAMES = ("pk", "sk", "owner", "at")
INDEX = "by_owner"


Pages = list[list[dict[str, Any]]]


@pytest.fixture(scope="module")
def table(moto: None) -> Iterator[Any]:  # noqa: ARG001  it is on
    """Of 200 items, some of which are in the index."""
    draw = random.Random(7)  # noqa: S311  no secret
    table = boto3.resource("dynamodb", region_name="us-east-1").create_table(
        TableName="pages-of-a-query",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in NAMES],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [
                    {"AttributeName": "owner", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    for number in draw.sample(range(1_000), 200):
        item: dict[str, Any] = {"pk": draw.choice("abc"), "sk": f"{number:04}", "pad": "x" * draw.randrange(40)}
        if draw.random() < 0.7:
            item |= {"owner": draw.choice("pqr"), "at": f"{draw.randrange(20):02}"}
        table.put_item(Item=item)
    yield table
    table.delete()


def pages(table: Any, **question: Any) -> Pages:
    answer = table.query(**question)
    found = [answer["Items"]]
    while "LastEvaluatedKey" in answer:
        answer = table.query(**question, ExclusiveStartKey=answer["LastEvaluatedKey"])
        found.append(answer["Items"])
    return found


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [7, 1_000])
@pytest.mark.parametrize(("index", "key", "value"), [(None, "pk", "b"), (INDEX, "owner", "q"), (None, "pk", "none")])
@pytest.mark.parametrize("rest", ["", " AND {range} < :end"])
def test_the_pages_of_a_query(  # noqa: PLR0917  each is a part of the question
    table: Any, index: str | None, key: str, value: str, rest: str, limit: int, forward: bool
) -> None:
    question: dict[str, Any] = {
        "KeyConditionExpression": f"#key = :value{rest.format(range='at' if index else 'sk')}",
        "ExpressionAttributeNames": {"#key": key},
        "ExpressionAttributeValues": {":value": value} | ({":end": "12" if index else "0600"} if rest else {}),
        "Limit": limit,
        "ScanIndexForward": forward,
    }
    question |= {"IndexName": index} if index else {}
    ours = pages(table, **question)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "query", moto_speed._query)  # noqa: SLF001  moto's own
        assert pages(table, **question) == ours
    assert bool(ours[0]) == (value != "none")
