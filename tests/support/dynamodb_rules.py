"""What the client in memory refuses: what botocore and DynamoDB refuse, and what it does not implement."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ServiceModel
from botocore.session import get_session
from botocore.validate import ParamValidator

_WORDS = {"ExpressionAttributeNames", "ExpressionAttributeValues"}
_WRITE = {"TableName", "ConditionExpression", *_WORDS}
_READ = {"ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}

IMPLEMENTED: Mapping[str, set[str]] = {
    "CreateTable": {
        "TableName",
        "KeySchema",
        "AttributeDefinitions",
        "GlobalSecondaryIndexes",
        "BillingMode",
        "StreamSpecification",
    },
    "GetItem": {"TableName", "Key", "ConsistentRead"},
    "BatchGetItem": {"RequestItems"},
    "RequestItems": {"Keys", *_READ},
    "Query": {
        "TableName",
        "IndexName",
        "KeyConditionExpression",
        "ExpressionAttributeValues",
        "Select",
        "Limit",
        "ScanIndexForward",
        "ExclusiveStartKey",
        *_READ,
    },
    "Scan": {"TableName", "IndexName", "ConsistentRead", "Limit"},
    "BatchExecuteStatement": {"Statements"},
    "Statements": {"Statement", "Parameters"},
    "BatchWriteItem": {"RequestItems"},
    "WriteRequest": {"DeleteRequest"},
    "PutItem": {"Item", "ReturnValues", *_WRITE},
    "UpdateItem": {"Key", "UpdateExpression", "ReturnValues", "ReturnValuesOnConditionCheckFailure", *_WRITE},
    "DeleteItem": {"Key", "ReturnValues", *_WRITE},
    "TransactWriteItems": {"TransactItems"},
    "Put": {"Item", *_WRITE},
    "Update": {"Key", "UpdateExpression", *_WRITE},
    "Delete": {"Key", *_WRITE},
    "ConditionCheck": {"Key", *_WRITE},
}
"""The arguments of each operation, and of the structures within operations, that the client in memory honours."""


def check_call(operation: str, call: Mapping[str, Any]) -> None:
    """Raises botocore's own error for a wrong name, type or minimum, as every other client does."""
    shape = _service().operation_model(operation).input_shape
    report = ParamValidator().validate(call, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    check_implemented(operation, call)


def check_implemented(place: str, arguments: Iterable[str]) -> None:
    for name in arguments:
        if name not in IMPLEMENTED[place]:
            raise NotImplementedError(f"{place}: {name}")


@cache
def _service() -> ServiceModel:
    return get_session().get_service_model("dynamodb")


def check_values(values: Iterable[Mapping[str, Any]]) -> None:
    """Raises what DynamoDB answers where a value is invalid. botocore has checked the Python types."""
    for value in values:
        if len(value) != 1:
            raise invalid("a value has exactly one type")
        ((kind, content),) = value.items()
        if kind in ("SS", "NS", "BS") and not 0 < len(set(content)) == len(content):
            raise invalid("an empty set, or a duplicate in it")
        if kind in ("N", "NS") and not all(map(_is_number, [content] if kind == "N" else content)):
            raise invalid("not a number")
        if kind in ("L", "M"):
            check_values(content if kind == "L" else content.values())


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def invalid(message: str) -> ClientError:
    return error("ValidationException", message)


def error(code: str, message: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "memory")
