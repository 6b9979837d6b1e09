"""A function may do in local Daybook what its role allows and nothing else."""

import io
import json
from typing import Any

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from daybook.aws.downloads import DownloadLinks
from infra.local.aws.cloudformation import access_key
from infra.local.aws.iam import Caller, Permissions
from infra.local.aws.needs import table_arn
from tests.support.running_daybook import LocalDaybook


def test_who_asks_for_exports_can_write_jobs_and_no_settings(local_daybook: LocalDaybook) -> None:
    functions = local_daybook.aws("lambda").list_functions()["Functions"]
    (exports,) = (each for each in functions if each["Handler"] == "exports.api_handler.handler")
    table = exports["Environment"]["Variables"]["CONTROL_TABLE"]
    dynamodb = local_daybook.aws("dynamodb", access_key(exports["FunctionName"]))
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
    s3 = local_daybook.aws("s3", access_key(exports["FunctionName"]))
    local_daybook.aws("s3").put_object(Bucket=bucket, Key="files/nobody/a", Body=b"a")
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
    functions = local_daybook.aws("lambda").list_functions()["Functions"]
    (exports,) = (each for each in functions if each["Handler"] == "exports.api_handler.handler")
    return exports, exports["Environment"]["Variables"]["EXPORT_BUCKET"]


def test_a_link_reads_the_files_of_one_export(local_daybook: LocalDaybook) -> None:
    """Its session can do what both the role and the session's policy allow."""
    exports, bucket = exports_function(local_daybook)
    for key in ("files/nobody/a", "files/nobody/b", "files/nobody/c", "runs/nobody/a"):
        local_daybook.aws("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    made: list[Any] = []

    def s3_with(credentials: dict[str, str]) -> Any:
        # The old signature, which boto3 takes for a URL by default, does not name the service.
        made.append(local_daybook.aws("s3", **credentials, config=Config(signature_version="s3v4")))
        return made[-1]

    role = exports["Environment"]["Variables"]["DOWNLOAD_ROLE_ARN"]
    sts = local_daybook.aws("sts", access_key(exports["FunctionName"]))
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
    functions = local_daybook.aws("lambda").list_functions()["Functions"]
    (streams,) = (each for each in functions if each["Handler"] == "streams.api_handler.handler")
    wanted = {"RoleArn": exports["Environment"]["Variables"]["DOWNLOAD_ROLE_ARN"], "RoleSessionName": "any"}
    assert local_daybook.aws("sts", access_key(exports["FunctionName"])).assume_role(**wanted)
    for function, arn in ((streams, wanted["RoleArn"]), (streams, streams["Role"])):
        with pytest.raises(ClientError) as refused:
            local_daybook.aws("sts", access_key(function["FunctionName"])).assume_role(**wanted | {"RoleArn": arn})
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
    may = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table_arn("t")}
    permissions.callers |= {"MAY": Caller("role", "may", [may]), "MAYNOT": Caller("role", "not", [])}
    assert [asked(permissions, key) for key in ("MAY", "MAYNOT", "ANY")] == [200, 400, 200]
    assert bodies.getvalue() == '{"TableName": "t"}' * 2


def test_the_ingest_function_can_write_an_event_but_not_overwrite_one(local_daybook: LocalDaybook) -> None:
    """The emulator checks the function's role as the template defines it."""
    functions = local_daybook.aws("lambda").list_functions()["Functions"]
    (ingest,) = (each for each in functions if each["Handler"] == "ingest.handler.handler")
    table = ingest["Environment"]["Variables"]["EVENTS_TABLE"]
    dynamodb = local_daybook.aws("dynamodb", access_key(ingest["FunctionName"]))
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
