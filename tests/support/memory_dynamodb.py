"""The parts of DynamoDB that Daybook uses, in memory: a client with the same calls, answers and errors.

The contract tests compare it with moto and DynamoDB Local. A call takes microseconds here and milliseconds there, so
tests that are not about the store use this one.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.support.dynamodb_rules import (
    check_call,
    check_implemented,
    check_values,
    error,
    invalid,
)
from tests.support.expressions import Condition, Item, complaint, projected, projection, update_actions, updated
from tests.support.memory_table import LAST, Change, Index, Position, Table, bytes_of, place_of

MAX_PAGE_BYTES = 1024 * 1024
MAX_STATEMENTS = 25
MAX_KEYS = 100
MAX_ACTIONS = 100

_INSERT = re.compile(r"""INSERT INTO "(?P<table>[^"]+)" VALUE \{(?P<fields>'\w+': \?(, '\w+': \?)*)\}""")
_RANGE = re.compile(
    r"(?P<hash>[#\w]+) = (?P<key>:\w+)"
    r"( AND (begins_with\(sk, (?P<prefix>:\w+)\)|sk >= (?P<first>:\w+)|sk BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)))?"
)
_RETURNED = {
    "Put": {"NONE", "ALL_OLD"},
    "Update": {"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_NEW"},
    "Delete": {"NONE", "ALL_OLD"},
}


class MemoryDynamoDB:
    """A low-level client. Threads may share it, like botocore's."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._lock = threading.RLock()

    def create_table(self, **call: Any) -> None:
        check_call("CreateTable", call)
        assert {key["AttributeName"] for key in call["KeySchema"]} == {"pk", "sk"}
        assert call["TableName"] not in self._tables
        self._tables[call["TableName"]] = Table(call)

    def get_item(self, **call: Any) -> dict[str, Any]:
        check_call("GetItem", call)
        with self._lock:
            item = self._table(call["TableName"]).get(_checked(call["Key"]))
            return {} if item is None else {"Item": dict(item)}

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        check_call("BatchGetItem", call)
        requests = call["RequestItems"]
        if not 0 < sum(len(asked["Keys"]) for asked in requests.values()) <= MAX_KEYS:
            raise invalid("no keys, or too many")
        answer: dict[str, list[Item]] = {}
        with self._lock:
            for name, asked in requests.items():
                check_implemented("RequestItems", asked)
                _check_words(asked)
                places = [place_of(_checked(key)) for key in asked["Keys"]]
                if len(set(places)) < len(places):
                    raise invalid("one key twice")
                items = self._table(name).items
                answer[name] = [projected(asked, items[place]) for place in places if place in items]
        return {"Responses": answer, "UnprocessedKeys": {}}

    def query(self, **asked: Any) -> dict[str, Any]:
        """One page: at most `Limit` items and 1 MB of them before any projection."""
        check_call("Query", asked)
        _check_words(asked)
        _check_select(asked)
        with self._lock:
            table = self._table(asked["TableName"])
            index = table.index(asked)
            index.check_projects(projection(asked) or ())
            positions = _range(index, asked)
            backwards = not asked.get("ScanIndexForward", True)
            if backwards:
                positions.reverse()
            if "ExclusiveStartKey" in asked:
                start = index.position_of(asked["ExclusiveStartKey"])
                positions = [each for each in positions if (each < start if backwards else each > start)]
            page: list[Item] = []
            size = 0
            for _, sort_key, key in positions:
                item = index.show(table.items[sort_key, key])
                page.append(projected(asked, item))
                size += bytes_of(item)
                if len(page) == asked.get("Limit") or size > MAX_PAGE_BYTES:
                    # DynamoDB does not check whether there is another item.
                    return {"Items": page, "LastEvaluatedKey": {key: item[key] for key in index.keys}}
        return {"Items": page}

    def scan(self, **call: Any) -> dict[str, Any]:
        """Returns everything on one page, and without a mark of the next one where there is a limit."""
        check_call("Scan", call)
        with self._lock:
            table = self._table(call["TableName"])
            index = table.index(call)
            items = [dict(index.show(table.items[place])) for place in index.all_places()]
            return {"Items": items[: call.get("Limit")]}

    def get_paginator(self, operation: str) -> "Paginator":
        return Paginator(getattr(self, operation))

    def batch_execute_statement(self, **call: Any) -> dict[str, Any]:
        check_call("BatchExecuteStatement", call)
        inserts = [_insert(statement) for statement in call["Statements"]]
        places = [(name, str(item.get("pk")), str(item.get("sk"))) for name, item in inserts if name in self._tables]
        if len(inserts) > MAX_STATEMENTS or len(set(places)) < len(places):
            raise invalid("too many statements, or one item twice")
        with self._lock:
            return {"Responses": [self._inserted(name, item) for name, item in inserts]}

    def _inserted(self, name: str, item: Item) -> dict[str, Any]:
        if name not in self._tables:
            return {"Error": {"Code": "ResourceNotFound", "Message": "no such table"}}
        table = self._tables[name]
        if wrong := table.complaint(item):
            return {"Error": {"Code": "ValidationError", "Message": wrong}, "TableName": name}
        if table.get(item) is not None:
            return {"Error": {"Code": "DuplicateItem", "Message": "the key is taken"}, "TableName": name}
        table.replace(None, item)
        return {"TableName": name}

    def batch_write_item(self, **call: Any) -> dict[str, Any]:
        """Only deletes, of one table."""
        check_call("BatchWriteItem", call)
        ((name, requests),) = call["RequestItems"].items()
        if not 0 < len(requests) <= MAX_STATEMENTS:
            raise invalid("no requests, or too many")
        for request in requests:
            check_implemented("WriteRequest", request)
        keys = [_checked(request["DeleteRequest"]["Key"]) for request in requests]
        if len(set(map(place_of, keys))) < len(keys):
            raise invalid("one key twice")
        with self._lock:
            table = self._table(name)
            for key in keys:
                table.replace(table.get(key), None)
        return {"UnprocessedItems": {}}

    def put_item(self, **call: Any) -> dict[str, Any]:
        return self._changed("Put", call)

    def update_item(self, **call: Any) -> dict[str, Any]:
        return self._changed("Update", call)

    def delete_item(self, **call: Any) -> dict[str, Any]:
        return self._changed("Delete", call)

    def _changed(self, kind: str, call: Mapping[str, Any]) -> dict[str, Any]:
        check_call(f"{kind}Item", call)
        wanted = call.get("ReturnValues", "NONE")
        if wanted not in _RETURNED[kind]:
            raise NotImplementedError(f"{kind}Item: ReturnValues={wanted}")
        with self._lock:
            change = self._change(kind, call)
            if change is None:
                shown = call.get("ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD"
                there = self._table(call["TableName"]).get(call["Key"]) if shown else None
                row = {"Item": dict(there)} if there else {}
                raise error("ConditionalCheckFailedException", "The conditional request failed", **row)
            change.make()
            return change.attributes(wanted)

    def transact_write_items(self, **call: Any) -> dict[str, Any]:
        """Makes all changes or none."""
        check_call("TransactWriteItems", call)
        actions = [action for each in call["TransactItems"] for action in each.items()]
        for kind, action in actions:
            check_implemented(kind, action)
        if any(len(each) != 1 for each in call["TransactItems"]):
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        places = [(action["TableName"], *place_of(action.get("Item") or action["Key"])) for _, action in actions]
        if not len(set(places)) == len(actions) <= MAX_ACTIONS:
            raise invalid("too many actions, or two of one item")
        with self._lock:
            changes = [self._change(kind, action) for kind, action in actions]
            if None in changes:
                reasons = ["ConditionalCheckFailed" if change is None else "None" for change in changes]
                raise error(
                    "TransactionCanceledException",
                    f"Transaction cancelled: {', '.join(reasons)}",
                    CancellationReasons=[{"Code": reason} for reason in reasons],
                )
            for change in filter(None, changes):
                change.make()
        return {}

    def _change(self, kind: str, call: Mapping[str, Any]) -> Change | None:
        """None if the condition does not hold."""
        _check_words(call)
        table = self._table(call["TableName"])
        item = call["Item"] if kind == "Put" else _checked(call["Key"])
        actions = update_actions(call) if kind == "Update" else []
        if kind == "Put":
            check_values(item.values())
            if wrong := table.complaint(item):
                raise invalid(wrong)
        before = table.get(item)
        if "ConditionExpression" in call and not Condition(call, before or {}).holds():
            return None
        match kind:
            case "Put":
                return Change(table, before, dict(item))
            case "Update":
                after = updated(actions, before or item)
                if wrong := table.complaint(after):
                    raise invalid(wrong)
                return Change(table, before, after, frozenset(action.name for action in actions))
            case "Delete":
                return Change(table, before, None)
        return Change(table, before, before)

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise error("ResourceNotFoundException", "no such table")
        return self._tables[name]


class Paginator:
    def __init__(self, call: Callable[..., dict[str, Any]]) -> None:
        self._call = call

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._call(**asked)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _range(index: Index, asked: Mapping[str, Any]) -> list[Position]:
    match = _RANGE.fullmatch(asked["KeyConditionExpression"])
    if match is None:
        raise NotImplementedError(asked["KeyConditionExpression"])
    if any("S" not in value for value in asked["ExpressionAttributeValues"].values()):
        raise invalid("Condition parameter type does not match schema type")
    values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
    low, high = "", LAST
    if match["prefix"]:
        low, high = values[match["prefix"]], values[match["prefix"]] + LAST
    elif match["first"]:
        low = values[match["first"]]
    elif match["low"]:
        low, high = values[match["low"]], values[match["high"]]
    hash_name = asked.get("ExpressionAttributeNames", {}).get(match["hash"], match["hash"])
    if hash_name != index.hash_name or low > high or "" in values.values():
        raise invalid("the condition on the keys")
    if "ExclusiveStartKey" in asked:
        index.check_start(asked["ExclusiveStartKey"], values[match["key"]], low, high)
    return index.positions(values[match["key"]], low, high)


def _insert(statement: Mapping[str, Any]) -> tuple[str, Item]:
    check_implemented("Statements", statement)
    check_values(statement["Parameters"])
    match = _INSERT.fullmatch(statement["Statement"])
    if match is None:
        raise NotImplementedError(statement["Statement"])
    return match["table"], dict(zip(re.findall(r"'(\w+)'", match["fields"]), statement["Parameters"], strict=True))


def _checked(key: Item) -> Item:
    check_values(key.values())
    wrong = Table({}).complaint(key)
    if wrong or set(key) != {"pk", "sk"}:
        raise invalid(wrong or "the key does not match the schema")
    return key


def _check_words(call: Mapping[str, Any]) -> None:
    check_values(call.get("ExpressionAttributeValues", {}).values())
    if wrong := complaint(call):
        raise invalid(wrong)


def _check_select(call: Mapping[str, Any]) -> None:
    select = call.get("Select", "SPECIFIC_ATTRIBUTES")
    if select != "SPECIFIC_ATTRIBUTES":
        raise NotImplementedError(f"Query: Select={select}")
    if "Select" in call and "ProjectionExpression" not in call:
        raise invalid("SPECIFIC_ATTRIBUTES without attributes")
