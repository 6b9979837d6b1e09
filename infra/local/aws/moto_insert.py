"""Corrects moto 5.2.5's PartiQL INSERT, which fails on parameters and overwrites duplicates.

The correction uses moto's own conditional `put_item`, so a refused item leaves the existing one unchanged and emits no
stream record. It handles only statements of the form that Daybook writes:
`INSERT INTO "table" VALUE {'pk': ?, 'sk': ?, …}`. The answers are those of DynamoDB. The contract tests compare them
with DynamoDB Local.
"""

from __future__ import annotations

import re
from typing import Any

from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    DynamodbException,
    MockValidationException,
    ResourceNotFoundException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import validate_put_has_empty_keys

INSERT = re.compile(r"""INSERT INTO "(?P<table>[^"]+)" VALUE \{(?P<fields>'\w+': \?(, '\w+': \?)*)\}""")
STATEMENTS = 25  # in one BatchExecuteStatement

_everything_else = DynamoDBBackend.batch_execute_statement


def apply() -> None:
    """Corrects moto in this process. A second call changes nothing."""
    DynamoDBBackend.batch_execute_statement = batch_execute_statement  # type: ignore[method-assign]


def batch_execute_statement(self: DynamoDBBackend, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    matches = [INSERT.fullmatch(each["Statement"].strip()) for each in statements]
    inserts = [
        (match["table"], dict(zip(re.findall(r"'(\w+)'", match["fields"]), each["Parameters"], strict=True)))
        for match, each in zip(matches, statements, strict=True)
        if match
    ]
    if len(inserts) < len(statements):
        answers: list[dict[str, Any]] = _everything_else(self, statements)
        return answers
    if len(inserts) > STATEMENTS:
        raise MockValidationException(f"BatchWriteItem cannot write more than {STATEMENTS} items")
    keys = {
        (name, *(str(item.get(key)) for key in self.get_table(name).table_key_attrs))
        for name, item in inserts
        if name in self.tables
    }
    if len(keys) < sum(name in self.tables for name, _ in inserts):
        raise MockValidationException("Provided list of item keys contains duplicates")
    return [insert(self, name, item) for name, item in inserts]


def insert(backend: DynamoDBBackend, name: str, item: dict[str, Any]) -> dict[str, Any]:
    """The answer to one statement, as an element of `Responses`."""
    try:
        table = backend.get_table(name)
        validate_put_has_empty_keys(item, table)
        # The old form of attribute_not_exists. It saves a third of the time, because moto parses no expression.
        backend.put_item(name, item, expected={table.hash_key_attr: {"Exists": False}})
    except ResourceNotFoundException:
        return {"Error": {"Code": "ResourceNotFound", "Message": "Cannot do operations on a non-existent table"}}
    except ConditionalCheckFailed:
        error = {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}
    except DynamodbException as invalid:
        error = {"Code": "ValidationError", "Message": invalid.message}
    else:
        return {"TableName": name}
    return {"Error": error, "TableName": name}
