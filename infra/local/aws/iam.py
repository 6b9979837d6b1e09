"""Checks each call of a function to moto against the function's role.

moto by itself allows everything and does not know PartiQL's own actions. So each function signs with its own access
key, and each call with such a key to one of the services below is checked against the role's policies as
CloudFormation made them. Any other key may do everything. DynamoDB Local checks no permissions, so with that store
only the calls to other services are checked.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, unescape

from werkzeug.wrappers import Response

from infra.local.aws.cloudformation import Client, access_key
from infra.local.aws.policy import Statement, allows, listed
from infra.local.gateway.api import ACCOUNT, REGION

SIGNED_WITH = re.compile(r"Credential=(?P<key>[^/]+)/[^/]+/[^/]+/(?P<service>[^/]+)/")
TABLE = re.compile(r'"([^"]+)"')
PARTIQL = {"INSERT": "PartiQLInsert", "SELECT": "PartiQLSelect", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
S3_ACTIONS = {
    ("GET", False): "s3:GetObject",
    ("HEAD", False): "s3:GetObject",
    ("PUT", False): "s3:PutObject",
    ("POST", False): "s3:PutObject",
    ("DELETE", False): "s3:DeleteObject",
    ("GET", True): "s3:ListMultipartUploadParts",
    ("PUT", True): "s3:PutObject",
    ("POST", True): "s3:PutObject",
    ("DELETE", True): "s3:AbortMultipartUpload",
}
"""The action by method and by whether the call names a multipart upload."""
DELETED = re.compile(r"<Key>([^<]*)</Key>")
TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Need(NamedTuple):
    """An action that a call needs, and the ARN of its resource."""

    action: str
    resource: str
    partitions: tuple[str, ...] = ()
    """The partition keys of the items, if the call names them."""


class Permissions:
    """A WSGI application in front of moto's. `roles` holds the statements of each access key that is checked."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.roles: dict[str, list[Statement]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        signed = SIGNED_WITH.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed and signed["key"] in self.roles and signed["service"] in (*NEEDS, "s3"):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            of_s3 = signed["service"] == "s3"
            needs = s3_needs(environ, body) if of_s3 else NEEDS[signed["service"]](*asked(environ, body))
            for need in needs:
                context = {"dynamodb:LeadingKeys": need.partitions}
                if not allows(self.roles[signed["key"]], need.action, need.resource, context):
                    refused = (denied_by_s3 if of_s3 else denied)(need.action, need.resource)
                    refusal: Iterable[bytes] = refused(environ, start_response)
                    return refusal
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


def asked(environ: Mapping[str, Any], body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation and its parameters. STS uses the query protocol, the other services JSON."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], json.loads(body or b"{}")
    form = dict(parse_qsl(body.decode()))
    return form.pop("Action", ""), form


def denied(action: str, resource: str) -> Response:
    message = f"The function's role is not authorized to perform: {action} on resource: {resource}"
    return Response(
        json.dumps({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message}),
        status=400,
        content_type="application/x-amz-json-1.0",
    )


def denied_by_s3(action: str, resource: str) -> Response:
    message = f"The function's role is not authorized to perform: {action} on resource: {resource}"
    content = f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
    return Response(content, status=403, content_type="application/xml")


def dynamodb_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    match operation:
        case "BatchExecuteStatement" | "ExecuteStatement" | "ExecuteTransaction":
            for each in call.get("Statements") or call.get("TransactStatements") or [call]:
                verb, table = each["Statement"].split(maxsplit=1)[0].upper(), TABLE.search(each["Statement"])
                yield Need(f"dynamodb:{PARTIQL[verb]}", table_arn(table[1] if table else "?"))
        case "BatchGetItem" | "BatchWriteItem":
            for name in call["RequestItems"]:
                yield Need(f"dynamodb:{operation}", table_arn(name))
        case "TransactGetItems" | "TransactWriteItems":
            for item in call["TransactItems"]:
                for kind, each in item.items():
                    action = f"dynamodb:{TRANSACTED.get(kind, 'GetItem')}"
                    yield Need(action, table_arn(each["TableName"]), partitions(each))
        case _:
            index = f"/index/{call['IndexName']}" if "IndexName" in call else ""
            yield Need(f"dynamodb:{operation}", table_arn(call.get("TableName", "*")) + index, partitions(call))


def partitions(call: Mapping[str, Any]) -> tuple[str, ...]:
    """The partition key of a call that names one item."""
    item = call.get("Item") or call.get("Key") or {}
    return (item["pk"]["S"],) if "pk" in item else ()


def secretsmanager_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(f"secretsmanager:{operation}", call.get("SecretId", "*"))


def sqs_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    # A batch call needs the action of the single call.
    name = call.get("QueueUrl", "*").rpartition("/")[2]
    yield Need(f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")


def sts_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(f"sts:{operation}", call.get("RoleArn", "*"))


def s3_needs(environ: Mapping[str, Any], body: bytes) -> Iterator[Need]:
    """Derives the action from the method and the query, because S3's calls do not name it."""
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    match environ["REQUEST_METHOD"]:
        case "POST" if "delete" in query:
            for deleted in DELETED.findall(body.decode()):
                yield Need("s3:DeleteObject", f"arn:aws:s3:::{bucket}/{unescape(deleted)}")
            return
        case "GET" if not key:
            action, arn = "s3:ListBucket", f"arn:aws:s3:::{bucket}"
        case method:
            action, arn = S3_ACTIONS[method, "uploadId" in query], f"arn:aws:s3:::{bucket}/{key}"
    yield Need(action, arn)


NEEDS = {
    "dynamodb": dynamodb_needs,
    "secretsmanager": secretsmanager_needs,
    "sqs": sqs_needs,
    "sts": sts_needs,
}


def table_arn(name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def roles(client: Client) -> dict[str, list[Statement]]:
    """The statements of each function's role, by the function's access key."""
    iam = client("iam")
    found = {}
    for function in client("lambda").list_functions()["Functions"]:
        role = function["Role"].rpartition("/")[2]
        policies = [
            iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        ]
        found[access_key(function["FunctionName"])] = [
            statement for policy in policies for statement in listed(policy["Statement"])
        ]
    return found
