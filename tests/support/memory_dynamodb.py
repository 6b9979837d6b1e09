"""The parts of DynamoDB that Daybook uses, in memory: a client with the same calls, answers and errors.

The contract tests compare it with moto and DynamoDB Local. A call takes microseconds here and milliseconds there, so
tests that are not about the store use this one.
"""

import re
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.support.expressions import Condition, Item, complaint, projected, updated

MAX_PAGE_BYTES = 1024 * 1024
MAX_ITEM_BYTES = 400 * 1024
MAX_PARTITION_KEY_BYTES = 2_048
MAX_SORT_KEY_BYTES = 1_024
MAX_STATEMENTS = 25
MAX_KEYS = 100
MAX_ACTIONS = 100

_INSERT = re.compile(r"""INSERT INTO "(?P<table>[^"]+)" VALUE \{(?P<fields>'\w+': \?(, '\w+': \?)*)\}""")
_RANGE = re.compile(
    r"(?P<hash>[#\w]+) = (?P<key>:\w+)"
    r"( AND (begins_with\(sk, (?P<prefix>:\w+)\)|sk >= (?P<first>:\w+)|sk BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)))?"
)
_LAST = "\U0010ffff" * (MAX_SORT_KEY_BYTES // 4)
"""A string that sorts after every sort key, also when it is appended to one."""

Place = tuple[str, str]
"""The sort key and the partition key."""


class Index:
    """The positions of a table's items, or of those with the key of a secondary index, by partition and in order."""

    def __init__(self, hash_name: str, shown: frozenset[str] | None = None) -> None:
        """`shown` are the attributes that the index projects. None means all."""
        self.hash_name = hash_name
        self._shown = shown
        self._partitions: dict[str, list[Place]] = {}

    def add(self, item: Item) -> None:
        if self.hash_name in item:
            insort(self._partitions.setdefault(item[self.hash_name]["S"], []), _place(item))

    def remove(self, item: Item) -> None:
        if self.hash_name in item:
            places = self._partitions[item[self.hash_name]["S"]]
            del places[bisect_left(places, _place(item))]

    def places(self, key: str, low: str, high: str) -> list[Place]:
        places = self._partitions.get(key, [])
        return places[bisect_left(places, (low, "")) : bisect_right(places, (high, _LAST))]

    def all_places(self) -> Iterator[Place]:
        for partition in sorted(self._partitions):
            yield from self._partitions[partition]

    def show(self, item: Item) -> Item:
        return item if self._shown is None else {name: item[name] for name in item if name in self._shown}


class Table:
    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.items: dict[Place, Item] = {}
        self.indexes: dict[str | None, Index] = {None: Index("pk")}
        for index in definition.get("GlobalSecondaryIndexes", ()):
            (hash_name,) = (key["AttributeName"] for key in index["KeySchema"] if key["KeyType"] == "HASH")
            shown = frozenset({"pk", "sk", hash_name, *index["Projection"]["NonKeyAttributes"]})
            self.indexes[index["IndexName"]] = Index(hash_name, shown)

    def get(self, key: Item) -> Item | None:
        return self.items.get(_place(key))

    def replace(self, before: Item | None, after: Item | None) -> None:
        if before is not None:
            del self.items[_place(before)]
        if after is not None:
            self.items[_place(after)] = after
        for index in self.indexes.values():
            if before is not None:
                index.remove(before)
            if after is not None:
                index.add(after)

    def complaint(self, item: Item) -> str | None:
        """DynamoDB's error for the item."""
        keys = {"pk", "sk", *(index.hash_name for index in self.indexes.values() if index.hash_name in item)}
        for name in keys:
            text = item.get(name, {}).get("S")
            max_bytes = MAX_SORT_KEY_BYTES if name == "sk" else MAX_PARTITION_KEY_BYTES
            if text is None or not 0 < len(text.encode()) <= max_bytes:
                return f"One or more parameter values are not valid: the key {name}"
        return "Item size has exceeded the maximum allowed size" if _bytes(item) > MAX_ITEM_BYTES else None


@dataclass(frozen=True)
class Change:
    """A change of one item that has not been made yet."""

    table: Table
    before: Item | None
    after: Item | None
    touched: frozenset[str] = frozenset()

    def make(self) -> None:
        self.table.replace(self.before, self.after)

    def attributes(self, wanted: str) -> dict[str, Item]:
        """The answer's attributes if the call asked for returned values."""
        match wanted:
            case "ALL_OLD" if self.before is not None:
                return {"Attributes": dict(self.before)}
            case "ALL_NEW" if self.after is not None:
                return {"Attributes": dict(self.after)}
            case "UPDATED_NEW" if self.after is not None:
                return {"Attributes": {name: self.after[name] for name in self.touched if name in self.after}}
        return {}


class MemoryDynamoDB:
    """A low-level client. Threads may share it, like botocore's."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._lock = threading.RLock()

    def create_table(self, TableName: str, **definition: Any) -> None:  # noqa: N803  botocore's names, as below
        assert {key["AttributeName"] for key in definition["KeySchema"]} == {"pk", "sk"}
        assert TableName not in self._tables
        self._tables[TableName] = Table(definition)

    def get_item(self, TableName: str, Key: Item, **_: Any) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            item = self._table(TableName).get(_checked(Key))
            return {} if item is None else {"Item": dict(item)}

    def batch_get_item(self, RequestItems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        answer: dict[str, list[Item]] = {}
        with self._lock:
            for name, asked in RequestItems.items():
                _check_words(asked)
                places = [_place(_checked(key)) for key in asked["Keys"]]
                if not 0 < len(set(places)) == len(places) <= MAX_KEYS:
                    raise _invalid("no keys, too many, or one of them twice")
                items = self._table(name).items
                answer[name] = [projected(asked, items[place]) for place in places if place in items]
        return {"Responses": answer, "UnprocessedKeys": {}}

    def query(self, **asked: Any) -> dict[str, Any]:
        """One page: at most `Limit` items and 1 MB of them before any projection."""
        _check_words(asked)
        with self._lock:
            table = self._table(asked["TableName"])
            index = table.indexes[asked.get("IndexName")]
            places = _range(index, asked)
            backwards = not asked.get("ScanIndexForward", True)
            if backwards:
                places.reverse()
            if "ExclusiveStartKey" in asked:
                start = _place(asked["ExclusiveStartKey"])
                places = [place for place in places if (place < start if backwards else place > start)]
            page: list[Item] = []
            size = 0
            for place in places:
                item = index.show(table.items[place])
                page.append(projected(asked, item))
                size += _bytes(item)
                if len(page) == asked.get("Limit") or size > MAX_PAGE_BYTES:
                    # DynamoDB does not check whether there is another item.
                    return {
                        "Items": page,
                        "LastEvaluatedKey": {key: item[key] for key in ("pk", "sk", index.hash_name)},
                    }
        return {"Items": page}

    def scan(self, TableName: str, IndexName: str | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Returns everything on one page."""
        with self._lock:
            table = self._table(TableName)
            index = table.indexes[IndexName]
            return {"Items": [dict(index.show(table.items[place])) for place in index.all_places()]}

    def get_paginator(self, operation: str) -> "Paginator":
        return Paginator(getattr(self, operation))

    def batch_execute_statement(self, Statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        inserts = [_insert(statement) for statement in Statements]
        places = [(name, str(item.get("pk")), str(item.get("sk"))) for name, item in inserts if name in self._tables]
        if len(inserts) > MAX_STATEMENTS or len(set(places)) < len(places):
            raise _invalid("too many statements, or one item twice")
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

    def put_item(self, **call: Any) -> dict[str, Any]:
        return self._changed("Put", call)

    def update_item(self, **call: Any) -> dict[str, Any]:
        return self._changed("Update", call)

    def delete_item(self, **call: Any) -> dict[str, Any]:
        return self._changed("Delete", call)

    def _changed(self, kind: str, call: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            change = self._change(kind, call)
            if change is None:
                raise _error("ConditionalCheckFailedException", "The conditional request failed")
            change.make()
            return dict(change.attributes(call.get("ReturnValues", "NONE")))

    def transact_write_items(self, TransactItems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Makes all changes or none."""
        actions = [action for each in TransactItems for action in each.items()]
        places = [(action["TableName"], *_place(action.get("Item") or action["Key"])) for _, action in actions]
        if not 0 < len(set(places)) == len(actions) <= MAX_ACTIONS:
            raise _invalid("no actions, too many, or two of one item")
        with self._lock:
            changes = [self._change(kind, action) for kind, action in actions]
            if None in changes:
                reasons = ["ConditionalCheckFailed" if change is None else "None" for change in changes]
                raise _error(
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
        before = table.get(item)
        if "ConditionExpression" in call and not Condition(call, before or {}).holds():
            return None
        match kind:
            case "Put":
                change = Change(table, before, dict(item))
            case "Update":
                after, touched = updated(call, before or item)
                change = Change(table, before, after, frozenset(touched))
            case "Delete":
                change = Change(table, before, None)
            case _:
                change = Change(table, before, before)
        if change.after is not None and (wrong := table.complaint(change.after)):
            raise _invalid(wrong)
        return change

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise _error("ResourceNotFoundException", "no such table")
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


def _range(index: Index, asked: Mapping[str, Any]) -> list[Place]:
    match = _RANGE.fullmatch(asked["KeyConditionExpression"])
    if match is None:
        raise NotImplementedError(asked["KeyConditionExpression"])
    values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
    low, high = "", _LAST
    if match["prefix"]:
        low, high = values[match["prefix"]], values[match["prefix"]] + _LAST
    elif match["first"]:
        low = values[match["first"]]
    elif match["low"]:
        low, high = values[match["low"]], values[match["high"]]
    hash_name = asked.get("ExpressionAttributeNames", {}).get(match["hash"], match["hash"])
    if hash_name != index.hash_name or low > high or not values[match["key"]]:
        raise _invalid("the condition on the keys")
    return index.places(values[match["key"]], low, high)


def _insert(statement: Mapping[str, Any]) -> tuple[str, Item]:
    match = _INSERT.fullmatch(statement["Statement"])
    if match is None:
        raise NotImplementedError(statement["Statement"])
    return match["table"], dict(zip(re.findall(r"'(\w+)'", match["fields"]), statement["Parameters"], strict=True))


def _place(item: Item) -> Place:
    return item["sk"]["S"], item["pk"]["S"]


def _checked(key: Item) -> Item:
    wrong = Table({}).complaint(key)
    if wrong or set(key) != {"pk", "sk"}:
        raise _invalid(wrong or "the key does not match the schema")
    return key


def _check_words(call: Mapping[str, Any]) -> None:
    if wrong := complaint(call):
        raise _invalid(wrong)


def _bytes(content: Any) -> int:
    """The item's size, accurate to a few bytes for each attribute."""
    if isinstance(content, Mapping):
        return sum(len(name.encode()) + _bytes(value) for name, value in content.items())
    if isinstance(content, str):
        return len(content.encode())
    if isinstance(content, bytes):
        return len(content)
    return sum(map(_bytes, content)) if isinstance(content, list) else 1


def _invalid(message: str) -> ClientError:
    return _error("ValidationException", message)


def _error(code: str, message: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "memory")
