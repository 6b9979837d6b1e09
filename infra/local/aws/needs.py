"""Which actions a call to AWS needs, on which resources, and which condition keys it has there.

The actions and keys are those of the Service Authorization Reference. What DynamoDB's keys hold is said in its
Developer Guide, "Using IAM policy conditions for fine-grained access control".
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from xml.sax.saxutils import unescape

from infra.local.aws.moto_peek import bucket_owner
from infra.local.aws.policy import Context
from infra.local.gateway.api import ACCOUNT, REGION

KEYS: Mapping[str, bool] = {
    "dynamodb:LeadingKeys": True,
    "dynamodb:Attributes": True,
    "dynamodb:Select": False,
    "dynamodb:ReturnValues": False,
    "kms:ViaService": False,
    "sts:ExternalId": False,
    "aws:RequestTag/": False,
    "aws:TagKeys": True,
    "aws:ResourceAccount": False,
}
"""The condition keys of a call, and whether it may have several values of the key."""

PARTIQL = {"INSERT": "PartiQLInsert", "SELECT": "PartiQLSelect", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
TRANSACTED = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_S3_ACTIONS = {
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

_TABLE = re.compile(r'"([^"]+)"')
_INSERTED = re.compile(r"'(\w+)'\s*:\s*\?")
_NAME = re.compile(r"(?<![\w.:#])(#?[A-Za-z_]\w*)(?!\w*\s*\()")
_EQUAL = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
_WORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"})
_DELETED = re.compile(r"<Key>([^<]*)</Key>")
_TAG = re.compile(r"Tags\.member\.\d+\.Key")

PartitionKey = Callable[[str, str | None], str]
"""The name of the partition key of a table, or of the table's index."""


class Need(NamedTuple):
    """An action that a call needs, the ARN of its resource, and its condition keys."""

    action: str
    resource: str
    context: Context = MappingProxyType({})


def dynamodb_needs(
    operation: str, call: Mapping[str, Any], partition_key: PartitionKey = lambda _table, _index: "pk"
) -> Iterator[Need]:
    match operation:
        case "BatchExecuteStatement" | "ExecuteStatement" | "ExecuteTransaction":
            for each in call.get("Statements") or call.get("TransactStatements") or [call]:
                yield _statement_need(each, partition_key)
        case "BatchGetItem":
            for name, part in call["RequestItems"].items():
                yield _item_need(operation, {**part, "TableName": name}, part.get("Keys", ()), partition_key)
        case "BatchWriteItem":
            for name, parts in call["RequestItems"].items():
                items = [request.get("Item") or request["Key"] for part in parts for request in part.values()]
                yield _item_need(operation, {"TableName": name}, items, partition_key)
        case "TransactGetItems" | "TransactWriteItems":
            for item in call["TransactItems"]:
                for kind, each in item.items():
                    yield _item_need(TRANSACTED[kind], each, _items_of(each), partition_key)
        case _:
            yield _item_need(operation, call, _items_of(call), partition_key)


def _items_of(call: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [call[name] for name in ("Item", "Key") if name in call]


def _item_need(
    action: str, call: Mapping[str, Any], items: Iterable[Mapping[str, Any]], partition_key: PartitionKey
) -> Need:
    """`items`: the items or keys that the call names."""
    table, index = call.get("TableName", "*"), call.get("IndexName")
    key = partition_key(table.rpartition("/")[2], index)
    items = list(items)
    names = call.get("ExpressionAttributeNames", {})
    expressions = [str(value) for name, value in call.items() if name.endswith("Expression")]
    leading = [_text(item[key]) for item in items if key in item]
    for name, value in _EQUAL.findall(call.get("KeyConditionExpression", "")):
        if names.get(name, name) == key:
            leading.append(_text(call["ExpressionAttributeValues"][value]))
    context: dict[str, Any] = {
        "dynamodb:LeadingKeys": leading,
        "dynamodb:Attributes": sorted({*_named(expressions, names), *(name for item in items for name in item)}),
    }
    if action in ("GetItem", "BatchGetItem", "Query", "Scan"):
        context["dynamodb:Select"] = _selected(call)
    if action in ("PutItem", "UpdateItem", "DeleteItem"):
        context["dynamodb:ReturnValues"] = call.get("ReturnValues", "NONE")
    return Need(f"dynamodb:{action}", table_arn(table) + (f"/index/{index}" if index else ""), context)


def _selected(call: Mapping[str, Any]) -> str:
    """The `Select` of a read, which always has a value."""
    if "ProjectionExpression" in call:
        default = "SPECIFIC_ATTRIBUTES"
    else:
        default = "ALL_PROJECTED_ATTRIBUTES" if "IndexName" in call else "ALL_ATTRIBUTES"
    return str(call.get("Select", default))


def _named(expressions: Iterable[str], names: Mapping[str, str]) -> set[str]:
    """The top-level attributes that expressions name."""
    return {
        names.get(name, name)
        for expression in expressions
        for name in _NAME.findall(expression)
        if name.upper() not in _WORDS
    }


def _text(value: Mapping[str, Any]) -> str:
    (text,) = value.values()
    return str(text)


def _statement_need(call: Mapping[str, Any], partition_key: PartitionKey) -> Need:
    """A PartiQL statement. Of the keys only those of our own form of INSERT are known, `VALUE {'pk': ?, …}`."""
    verb, found = call["Statement"].split(maxsplit=1)[0].upper(), _TABLE.search(call["Statement"])
    table = found[1] if found else "?"
    item = dict(zip(_INSERTED.findall(call["Statement"]), call.get("Parameters", ()), strict=False))
    key = partition_key(table, None)
    leading = [_text(item[key])] if key in item else []
    context = {"dynamodb:LeadingKeys": leading, "dynamodb:Attributes": sorted(item)}
    return Need(f"dynamodb:{PARTIQL[verb]}", table_arn(table), context)


def secretsmanager_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(f"secretsmanager:{operation}", call.get("SecretId", "*"))


def kms_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    """A call of KMS itself, so without `kms:ViaService`."""
    yield Need(f"kms:{operation}", call.get("KeyId", "*"))


def sqs_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    # A batch call needs the action of the single call.
    name = call.get("QueueUrl", "*").rpartition("/")[2]
    yield Need(f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")


def sts_needs(operation: str, call: Mapping[str, Any]) -> Iterator[Need]:
    """A session with tags needs `sts:TagSession` as well. Who calls, anybody may ask."""
    if operation == "GetCallerIdentity":
        return
    arn = call.get("RoleArn", "*")
    tags = tags_of(call)
    context: dict[str, Any] = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    if arn.count(":") >= 5:
        context["aws:ResourceAccount"] = arn.split(":")[4]
    if "ExternalId" in call:
        context["sts:ExternalId"] = call["ExternalId"]
    if tags:
        context["aws:TagKeys"] = list(tags)
        yield Need("sts:TagSession", arn, context)
    yield Need(f"sts:{operation}", arn, context)


def tags_of(call: Mapping[str, str]) -> dict[str, str]:
    """The tags that a call of AssumeRole gives its session."""
    return {call[name]: call[name.removesuffix("Key") + "Value"] for name in call if _TAG.fullmatch(name)}


def s3_needs(environ: Mapping[str, Any], body: bytes) -> Iterator[Need]:
    """Derives the action from the method and the query, because S3's calls do not name it."""
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    context = {"aws:ResourceAccount": bucket_owner(bucket)}
    match environ["REQUEST_METHOD"]:
        case "POST" if "delete" in query:
            for deleted in _DELETED.findall(body.decode()):
                yield Need("s3:DeleteObject", f"arn:aws:s3:::{bucket}/{unescape(deleted)}", context)
            return
        case "GET" if not key:
            action = "s3:ListBucketVersions" if "versions" in query else "s3:ListBucket"
            arn = f"arn:aws:s3:::{bucket}"
        case "GET" if "versionId" in query:
            action, arn = "s3:GetObjectVersion", f"arn:aws:s3:::{bucket}/{key}"
        case method:
            action, arn = _S3_ACTIONS[method, "uploadId" in query], f"arn:aws:s3:::{bucket}/{key}"
    yield Need(action, arn, context)


def table_arn(name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
