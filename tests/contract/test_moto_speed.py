"""What makes moto faster changes no answer."""

import random
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models.table import Table

from infra.local.aws import moto_speed

NAMES = ("pk", "sk", "owner", "at")
INDEX = "by_owner"


@pytest.fixture(scope="module")
def answers() -> Any:
    """A function that asks a table of 200 items, in moto's own way and in ours."""
    draw = random.Random(7)  # noqa: S311  no secret
    with mock_aws():
        moto_speed.apply()
        table = boto3.resource("dynamodb", region_name="us-east-1").create_table(
            TableName="things",
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

        def both(**question: Any) -> tuple[list[Any], list[Any]]:
            found = []
            for query in (moto_speed._query, moto_speed.query):  # noqa: SLF001  moto's own, which is replaced
                Table.query = query  # type: ignore[method-assign]
                pages = [table.query(**question)]
                while "LastEvaluatedKey" in pages[-1]:
                    pages.append(table.query(**question, ExclusiveStartKey=pages[-1]["LastEvaluatedKey"]))
                found.append([page["Items"] for page in pages])
            return found[0], found[1]

        yield both


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [7, 1_000])
@pytest.mark.parametrize(("index", "key", "value"), [(None, "pk", "b"), (INDEX, "owner", "q"), (None, "pk", "none")])
@pytest.mark.parametrize("rest", ["", " AND {range} < :end"])
def test_the_pages_of_a_query(  # noqa: PLR0917  each is a part of the question
    answers: Any, index: str | None, key: str, value: str, rest: str, limit: int, forward: bool
) -> None:
    question: dict[str, Any] = {
        "KeyConditionExpression": f"#key = :value{rest.format(range='at' if index else 'sk')}",
        "ExpressionAttributeNames": {"#key": key},
        "ExpressionAttributeValues": {":value": value} | ({":end": "12" if index else "0600"} if rest else {}),
        "Limit": limit,
        "ScanIndexForward": forward,
    }
    theirs, ours = answers(**question, **({"IndexName": index} if index else {}))
    assert ours == theirs
    assert bool(ours[0]) == (value != "none")
