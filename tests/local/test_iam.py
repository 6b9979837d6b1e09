"""A function may do in local Daybook what its role allows and nothing else."""

import io
import json
from collections.abc import Mapping
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from daybook.aws.downloads import DownloadLinks
from infra.local.aws.cloudformation import access_key
from infra.local.aws.iam import Caller, Permissions, dynamodb_needs, s3_needs
from infra.local.aws.policy import allows
from tests.support.running_daybook import LocalDaybook

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table"


@pytest.mark.parametrize(
    ("operation", "call", "needs"),
    [
        ("GetItem", {"TableName": "t"}, [("GetItem", "t")]),
        ("GetItem", {"TableName": f"{TABLE}/t"}, [("GetItem", "t")]),
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
    assert found == [(f"dynamodb:{act}", f"{TABLE}/{name}") for act, name in needs]


def statement(effect: str, action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([statement("Allow", "dynamodb:GetItem", f"{TABLE}/t")], True),
        ([statement("Allow", ["a:B", "dynamodb:GetItem"], ["x", f"{TABLE}/t"])], True),
        ([statement("Allow", "dynamodb:*", "*")], True),
        ([statement("Allow", "dynamodb:GetIte?", f"{TABLE}/?")], True),
        ([statement("Allow", "dynamodb:GetItem", f"{TABLE}/t/index/*")], False),
        ([statement("Allow", "dynamodb:Get", f"{TABLE}/t")], False),
        ([statement("Allow", "*", "*"), statement("Deny", "dynamodb:GetItem", f"{TABLE}/t")], False),
    ],
)
def test_a_policy_allows_what_it_names_and_does_not_deny(statements: list[dict[str, Any]], allowed: bool) -> None:
    """IAM's wildcards apply, and what nothing names is denied."""
    assert allows(statements, "dynamodb:GetItem", f"{TABLE}/t") is allowed


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("PutItem", {"TableName": "t", "Item": {"pk": {"S": "acme#jobs"}}}),
        ("UpdateItem", {"TableName": "t", "Key": {"pk": {"S": "acme#jobs"}, "sk": {"S": "1"}}}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "t", "Item": {"pk": {"S": "acme#jobs"}}}}]}),
    ],
)
def test_a_call_is_about_the_partition_of_its_item(operation: str, call: Mapping[str, Any]) -> None:
    assert [need.partitions for need in dynamodb_needs(operation, call)] == [("acme#jobs",)]


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
    ],
)
def test_a_call_to_s3_needs_its_actions(
    method: str, path: str, query: str, body: bytes, needs: list[tuple[str, str]]
) -> None:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    found = [each[:2] for each in s3_needs(environ, body)]
    assert found == [(f"s3:{action}", f"arn:aws:s3:::{place}") for action, place in needs]


@pytest.mark.parametrize(("partition", "allowed"), [("acme#jobs", True), ("acme", False), ("acme#jobs#x", False)])
def test_a_policy_may_keep_to_some_partitions(partition: str, allowed: bool) -> None:
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#jobs"]}}
    kept = statement("Allow", "dynamodb:PutItem", f"{TABLE}/t") | {"Condition": condition}
    context = {"dynamodb:LeadingKeys": (partition,)}
    assert allows([kept], "dynamodb:PutItem", f"{TABLE}/t", context) is allowed


def test_who_asks_for_exports_can_write_jobs_and_no_settings(local_daybook: LocalDaybook) -> None:
    functions = client(local_daybook, "lambda").list_functions()["Functions"]
    (exports,) = (each for each in functions if each["Handler"] == "exports.api_handler.handler")
    table = exports["Environment"]["Variables"]["CONTROL_TABLE"]
    dynamodb = client(local_daybook, "dynamodb", access_key(exports["FunctionName"]))
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "nobody#jobs"}, "sk": {"S": "other#01"}})
    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "nobody"}, "sk": {"S": "tenant"}})
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    puts = [{"Put": {"TableName": table, "Item": {"pk": {"S": pk}, "sk": {"S": "tenant"}}}} for pk in ("x#jobs", "x")]
    with pytest.raises(ClientError) as refused:
        dynamodb.transact_write_items(TransactItems=puts)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"pk": {"S": "x#jobs"}, "sk": {"S": "tenant"}})


def test_who_asks_for_exports_can_neither_read_nor_write_files(local_daybook: LocalDaybook) -> None:
    exports, bucket = exports_function(local_daybook)
    s3 = client(local_daybook, "s3", access_key(exports["FunctionName"]))
    client(local_daybook, "s3").put_object(Bucket=bucket, Key="files/nobody/a", Body=b"a")
    forbidden: list[tuple[str, dict[str, Any]]] = [
        ("put_object", {"Key": "files/nobody/a", "Body": b"b"}),
        ("get_object", {"Key": "files/nobody/a"}),
        ("get_object", {"Key": "runs/nobody/a"}),
    ]
    for operation, arguments in forbidden:
        with pytest.raises(ClientError) as refused:
            getattr(s3, operation)(Bucket=bucket, **arguments)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"


def exports_function(local_daybook: LocalDaybook) -> tuple[dict[str, Any], str]:
    """The function behind the API of exports, and the bucket."""
    functions = client(local_daybook, "lambda").list_functions()["Functions"]
    (exports,) = (each for each in functions if each["Handler"] == "exports.api_handler.handler")
    return exports, exports["Environment"]["Variables"]["EXPORT_BUCKET"]


def test_a_link_reads_the_files_of_one_export(local_daybook: LocalDaybook) -> None:
    """Its session can do what both the role and the session's policy allow."""
    exports, bucket = exports_function(local_daybook)
    for key in ("files/nobody/a", "files/nobody/b", "files/nobody/c", "runs/nobody/a"):
        client(local_daybook, "s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    made: list[Any] = []

    def s3_with(credentials: dict[str, str]) -> Any:
        # The old signature, which boto3 takes for a URL by default, does not name the service.
        made.append(client(local_daybook, "s3", **credentials, config=Config(signature_version="s3v4")))
        return made[-1]

    role = exports["Environment"]["Variables"]["DOWNLOAD_ROLE_ARN"]
    sts = client(local_daybook, "sts", access_key(exports["FunctionName"]))
    places = ["files/nobody/a", "files/nobody/b"]
    links = DownloadLinks(sts, s3_with, role, bucket).links(places, "an-export")
    assert [httpx.get(link).text for link in links] == places
    assert httpx.get(links[0].replace("nobody/a", "nobody/c")).status_code == 403
    (outside,) = DownloadLinks(sts, s3_with, role, bucket).links(["runs/nobody/a"], "an-export")
    assert httpx.get(outside).status_code == 403
    with pytest.raises(ClientError, match="not authorized to perform: s3:PutObject"):
        made[0].put_object(Bucket=bucket, Key="files/nobody/a", Body=b"b")


def test_only_the_function_whom_a_role_trusts_can_assume_it(local_daybook: LocalDaybook) -> None:
    exports, _ = exports_function(local_daybook)
    functions = client(local_daybook, "lambda").list_functions()["Functions"]
    (streams,) = (each for each in functions if each["Handler"] == "streams.api_handler.handler")
    wanted = {"RoleArn": exports["Environment"]["Variables"]["DOWNLOAD_ROLE_ARN"], "RoleSessionName": "any"}
    assert client(local_daybook, "sts", access_key(exports["FunctionName"])).assume_role(**wanted)
    for function, arn in ((streams, wanted["RoleArn"]), (streams, streams["Role"])):
        with pytest.raises(ClientError) as refused:
            client(local_daybook, "sts", access_key(function["FunctionName"])).assume_role(**wanted | {"RoleArn": arn})
        assert refused.value.response["Error"]["Code"] == "AccessDenied"


def asked(permissions: Permissions, key: str) -> int:
    """The status of a GetItem on table t, signed with this key."""
    return (
        Client(permissions)
        .post(
            data=json.dumps({"TableName": "t"}),
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20261122/us-east-1/dynamodb/aws4_request, …",
                "X-Amz-Target": "DynamoDB_20120810.GetItem",
            },
        )
        .status_code
    )


def test_keys_of_functions_are_held_to_their_roles() -> None:
    """If the role allows the call, it passes unchanged. Other keys may do anything."""
    bodies = io.StringIO()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        bodies.write(Request(environ).get_data(as_text=True))
        return Response("{}")(environ, start_response)

    permissions = Permissions(application)
    may = [statement("Allow", "dynamodb:GetItem", f"{TABLE}/t")]
    permissions.callers |= {"MAY": Caller("role", [may]), "MAYNOT": Caller("role", [[]])}
    assert [asked(permissions, key) for key in ("MAY", "MAYNOT", "ANY")] == [200, 400, 200]
    assert bodies.getvalue() == '{"TableName": "t"}' * 2


def test_the_ingest_function_can_write_an_event_but_not_overwrite_one(local_daybook: LocalDaybook) -> None:
    """The emulator checks the function's role as the template defines it."""
    functions = client(local_daybook, "lambda").list_functions()["Functions"]
    (ingest,) = (each for each in functions if each["Handler"] == "ingest.handler.handler")
    table = ingest["Environment"]["Variables"]["EVENTS_TABLE"]
    dynamodb = client(local_daybook, "dynamodb", access_key(ingest["FunctionName"]))
    item = {"pk": {"S": "nobody#prod#0"}, "sk": {"S": "01"}}
    insert = {
        "Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?}}",
        "Parameters": [item["pk"], item["sk"]],
    }
    assert dynamodb.batch_execute_statement(Statements=[insert])["Responses"] == [{"TableName": table}]
    forbidden: list[tuple[str, dict[str, Any]]] = [
        ("put_item", {"TableName": table, "Item": item}),
        ("delete_item", {"TableName": table, "Key": item}),
        ("batch_write_item", {"RequestItems": {table: [{"DeleteRequest": {"Key": item}}]}}),
        ("execute_statement", {"Statement": " ".join(["DELETE FROM", f'"{table}"'])}),
    ]
    for operation, arguments in forbidden:
        with pytest.raises(ClientError) as refused:
            getattr(dynamodb, operation)(**arguments)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def client(local_daybook: LocalDaybook, service: str, key: str = "anybody", **credentials: Any) -> Any:
    signing = {"aws_access_key_id": key, "aws_secret_access_key": "any", "aws_session_token": None, **credentials}
    return boto3.client(service, endpoint_url=local_daybook.aws_url, region_name="us-east-1", **signing)
