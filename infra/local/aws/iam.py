"""Checks each call of a function to moto against the function's role, and each presigned URL.

moto by itself allows everything and does not know PartiQL's own actions. So each function signs with its own access
key, and each call with such a key to one of the services below is checked against the role's policies as
CloudFormation made them. A function may assume a role of the stacks only where that role trusts its own; what is signed
with such a session is checked against the role and the session's policy. Any other key may do everything. DynamoDB
Local checks no permissions, so with that store only the calls to other services are checked.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
ACCESS_KEY = re.compile(r"<AccessKeyId>(?P<key>[^<]+)</AccessKeyId>")
DELETED = re.compile(r"<Key>([^<]*)</Key>")
TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Need(NamedTuple):
    """An action that a call needs, and the ARN of its resource."""

    action: str
    resource: str
    partitions: tuple[str, ...] = ()
    """The partition keys of the items, if the call names them."""


class Role(NamedTuple):
    """A role of the stacks."""

    arn: str
    statements: Sequence[Statement]
    trusted: frozenset[str]
    """The ARNs of the roles that may assume it."""


class Caller(NamedTuple):
    """Whose access key it is."""

    role: str
    policies: Sequence[Sequence[Statement]]
    """Those of the role and of the session. Each has to allow a call."""

    def may(self, need: Need) -> bool:
        context = {"dynamodb:LeadingKeys": need.partitions}
        return all(allows(policy, need.action, need.resource, context) for policy in self.policies)


class Permissions:
    """A WSGI application in front of moto's. It checks the calls of the access keys in `callers`."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.callers: dict[str, Caller] = {}
        self.roles: dict[str, Role] = {}
        """By ARN."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        key, service = signed_with(environ)
        caller = self.callers.get(key)
        respond: Any = self._application
        if service == "sts" or (caller is not None and service in {*NEEDS, "s3"}):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            needs = s3_needs(environ, body) if service == "s3" else NEEDS[service](*asked(environ, body))
            lacking = [need for need in needs if caller is not None and not self._may(caller, need)]
            if lacking:
                respond = DENIED.get(service, denied)(lacking[0].action, lacking[0].resource)
            elif service == "sts":
                respond = self._sessions(environ, dict(parse_qsl(body.decode())))
        answer: Iterable[bytes] = respond(environ, start_response)
        return answer

    def _may(self, caller: Caller, need: Need) -> bool:
        if need.action == "sts:AssumeRole" and need.resource in self.roles:
            return caller.may(need) and caller.role in self.roles[need.resource].trusted
        return caller.may(need)

    def _sessions(self, environ: dict[str, Any], call: Mapping[str, str]) -> Response:
        """Moto's answer. The key of a session of a role of the stacks is checked from then on."""
        answer = Response.from_app(self._application, environ)
        role = self.roles.get(call.get("RoleArn", ""))
        session = ACCESS_KEY.search(answer.get_data(as_text=True))
        if role is not None and session is not None:
            given = json.loads(call.get("Policy", "null"))
            policies = [role.statements] if given is None else [role.statements, listed(given["Statement"])]
            self.callers[session["key"]] = Caller(role.arn, policies)
        return answer


def signed_with(environ: Mapping[str, Any]) -> tuple[str, str]:
    """The access key and the service, from the header or a presigned URL; two empty texts where nothing is signed."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    signed = SIGNED_WITH.search(environ.get("HTTP_AUTHORIZATION") or f"Credential={query.get('X-Amz-Credential')}")
    return (signed["key"], signed["service"]) if signed else ("", "")


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


def denied_by_sts(action: str, resource: str) -> Response:
    answer = denied_by_s3(action, resource)
    answer.set_data(f"<ErrorResponse>{answer.get_data(as_text=True)}</ErrorResponse>")
    return answer


DENIED = {"s3": denied_by_s3, "sts": denied_by_sts}


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


def roles(client: Client) -> dict[str, Role]:
    """All roles of the stacks, by ARN."""
    iam = client("iam")
    found = {}
    for role in iam.list_roles()["Roles"]:
        name, arn = role["RoleName"], role["Arn"]
        policies = [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        statements = [statement for policy in policies for statement in listed(policy["Statement"])]
        trusted = [each["Principal"].get("AWS", []) for each in role["AssumeRolePolicyDocument"]["Statement"]]
        found[arn] = Role(arn, statements, frozenset(arn for arns in trusted for arn in listed(arns)))
    return found


def callers(client: Client, roles: Mapping[str, Role]) -> dict[str, Caller]:
    """The functions, by the access keys with which they sign."""
    return {
        access_key(function["FunctionName"]): Caller(function["Role"], [roles[function["Role"]].statements])
        for function in client("lambda").list_functions()["Functions"]
    }
