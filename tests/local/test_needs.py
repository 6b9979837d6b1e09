"""What a call to AWS needs is what the Service Authorization Reference says of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.local.aws.needs import dynamodb_needs, s3_needs, sts_needs, table_arn

ITEM = {"pk": {"S": "acme#jobs"}, "sk": {"S": "1"}}


@pytest.mark.parametrize(
    ("operation", "call", "needs"),
    [
        ("GetItem", {"TableName": "t"}, [("GetItem", "t")]),
        ("GetItem", {"TableName": table_arn("t")}, [("GetItem", "t")]),
        ("Query", {"TableName": "t"}, [("Query", "t")]),
        ("Query", {"TableName": "t", "IndexName": "i"}, [("Query", "t/index/i")]),
        ("BatchGetItem", {"RequestItems": {"t": {}, "u": {}}}, [("BatchGetItem", "t"), ("BatchGetItem", "u")]),
        (
            "BatchExecuteStatement",
            {"Statements": [{"Statement": 'INSERT INTO "t" VALUE {}'}, {"Statement": 'DELETE FROM "u"'}]},
            [("PartiQLInsert", "t"), ("PartiQLDelete", "u")],
        ),
        ("ExecuteStatement", {"Statement": 'SELECT * FROM "t"'}, [("PartiQLSelect", "t")]),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]},
            [("PutItem", "t"), ("ConditionCheckItem", "u")],
        ),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "t"}}]}, [("GetItem", "t")]),
    ],
)
def test_a_call_needs_its_actions_on_its_tables(
    operation: str, call: Mapping[str, Any], needs: list[tuple[str, str]]
) -> None:
    """With IAM's names: PartiQL statements and the parts of a transaction have their own actions."""
    found = [each[:2] for each in dynamodb_needs(operation, call)]
    assert found == [(f"dynamodb:{act}", table_arn(name)) for act, name in needs]


QUERY = {
    "TableName": "t",
    "KeyConditionExpression": "sk = :sk AND #p = :pk",
    "ExpressionAttributeNames": {"#p": "pk"},
    "ExpressionAttributeValues": {":pk": {"S": "acme"}, ":sk": {"S": "1"}},
}


@pytest.mark.parametrize(
    ("operation", "call", "partitions"),
    [
        ("PutItem", {"TableName": "t", "Item": ITEM}, [["acme#jobs"]]),
        ("UpdateItem", {"TableName": "t", "Key": ITEM}, [["acme#jobs"]]),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "t", "Item": ITEM}}]}, [["acme#jobs"]]),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [ITEM, {"pk": {"S": "b"}}]}}}, [["acme#jobs", "b"]]),
        (
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": {"pk": {"S": "b"}}}}]}},
            [["acme#jobs", "b"]],
        ),
        ("Query", QUERY, [["acme"]]),
        ("Query", {**QUERY, "IndexName": "by_sk"}, [["1"]]),  # an index has a partition key of its own
        ("Scan", {"TableName": "t"}, [[]]),
        (
            "BatchExecuteStatement",
            {
                "Statements": [
                    {"Statement": "INSERT INTO \"t\" VALUE {'sk': ?, 'pk': ?}", "Parameters": [{"S": "1"}, {"S": key}]}
                    for key in "ab"
                ]
            },
            [["a"], ["b"]],
        ),
    ],
)
def test_a_call_is_about_all_the_partitions_that_it_names(
    operation: str, call: Mapping[str, Any], partitions: list[list[str]]
) -> None:
    found = dynamodb_needs(operation, call, lambda _, index: "sk" if index else "pk")
    assert [need.context["dynamodb:LeadingKeys"] for need in found] == partitions


@pytest.mark.parametrize(
    ("operation", "call", "keys"),
    [
        ("GetItem", {}, {"Select": "ALL_ATTRIBUTES"}),
        ("GetItem", {"ProjectionExpression": "a"}, {"Select": "SPECIFIC_ATTRIBUTES", "Attributes": ["a", "pk", "sk"]}),
        ("Query", {"IndexName": "i"}, {"Select": "ALL_PROJECTED_ATTRIBUTES"}),
        ("Query", {"Select": "COUNT"}, {"Select": "COUNT"}),
        ("PutItem", {"Item": {**ITEM, "z": {"B": ""}}}, {"ReturnValues": "NONE", "Attributes": ["pk", "sk", "z"]}),
        ("UpdateItem", {"ReturnValues": "ALL_NEW"}, {"ReturnValues": "ALL_NEW"}),
        (
            "UpdateItem",
            {
                "UpdateExpression": "SET #a.b = if_not_exists(c, :c), d[0] = :d ADD e :e REMOVE f",
                "ConditionExpression": "attribute_exists(g) AND h BETWEEN :h AND :i",
                "ExpressionAttributeNames": {"#a": "a"},
            },
            {"Attributes": [*"acdefgh", "pk", "sk"]},
        ),
    ],
)
def test_a_call_has_the_attributes_that_it_names_and_says_what_it_returns(
    operation: str, call: Mapping[str, Any], keys: Mapping[str, Any]
) -> None:
    """`Select` and `ReturnValues` have a value also where the call does not say it."""
    (need,) = dynamodb_needs(operation, {"TableName": "t", "Key": ITEM, **call})
    assert {key: need.context[f"dynamodb:{key}"] for key in keys} == keys


def test_to_assume_a_role_with_tags_needs_a_second_action() -> None:
    role = "arn:aws:iam::999999999999:role/r"
    tagged = {"RoleArn": role, "Tags.member.1.Key": "tenant", "Tags.member.1.Value": "acme", "ExternalId": "x"}
    assert list(sts_needs("AssumeRole", {"RoleArn": role})) == [
        ("sts:AssumeRole", role, {"aws:ResourceAccount": "999999999999"})
    ]
    context = {
        "aws:ResourceAccount": "999999999999",
        "sts:ExternalId": "x",
        "aws:TagKeys": ["tenant"],
        "aws:RequestTag/tenant": "acme",
    }
    assert list(sts_needs("AssumeRole", tagged)) == [
        ("sts:TagSession", role, context),
        ("sts:AssumeRole", role, context),
    ]


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "needs"),
    [
        ("GET", "/b/files/a", "", b"", [("GetObject", "b/files/a")]),
        ("PUT", "/b/files/a", "", b"", [("PutObject", "b/files/a")]),
        ("POST", "/b/files/a", "uploads", b"", [("PutObject", "b/files/a")]),
        ("PUT", "/b/files/a", "uploadId=u&partNumber=1", b"", [("PutObject", "b/files/a")]),
        ("GET", "/b/files/a", "uploadId=u", b"", [("ListMultipartUploadParts", "b/files/a")]),
        ("POST", "/b/files/a", "uploadId=u", b"", [("PutObject", "b/files/a")]),
        ("DELETE", "/b/files/a", "uploadId=u", b"", [("AbortMultipartUpload", "b/files/a")]),
        ("DELETE", "/b/files/a", "", b"", [("DeleteObject", "b/files/a")]),
        (
            "POST",
            "/b",
            "delete",
            b"<Delete><Object><Key>runs/1</Key></Object><Object><Key>runs/2</Key></Object></Delete>",
            [("DeleteObject", "b/runs/1"), ("DeleteObject", "b/runs/2")],
        ),
        ("GET", "/b", "list-type=2", b"", [("ListBucket", "b")]),
        ("GET", "/b", "versions&prefix=a", b"", [("ListBucketVersions", "b")]),
        ("GET", "/b/files/a", "versionId=v", b"", [("GetObjectVersion", "b/files/a")]),
    ],
)
def test_a_call_to_s3_needs_its_actions(
    method: str, path: str, query: str, body: bytes, needs: list[tuple[str, str]]
) -> None:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    found = [each[:2] for each in s3_needs(environ, body)]
    assert found == [(f"s3:{action}", f"arn:aws:s3:::{place}") for action, place in needs]
