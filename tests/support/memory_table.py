"""A table of the DynamoDB in memory: its items, its indexes, and changes of one item."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.dynamodb_rules import invalid
from tests.support.expressions import Item

MAX_ITEM_BYTES = 400 * 1024
MAX_PARTITION_KEY_BYTES = 2_048
MAX_SORT_KEY_BYTES = 1_024
LAST = "\U0010ffff" * (MAX_SORT_KEY_BYTES // 4)
"""A string that sorts after every sort key, also when it is appended to one."""

Place = tuple[str, str]
"""The sort key and the partition key."""


Position = tuple[str, str, str]
"""The sort key in an index, and the item's place."""


class Index:
    """The positions of a table's items, or of those with the keys of a secondary index, by partition and in order."""

    def __init__(self, hash_name: str, sort_name: str = "sk", shown: frozenset[str] | None = None) -> None:
        """`shown` are the attributes that the index projects. None means all."""
        self.hash_name = hash_name
        self.sort_name = sort_name
        self.keys = frozenset({"pk", "sk", hash_name, sort_name})
        self._shown = shown
        self._partitions: dict[str, list[Position]] = {}

    def add(self, item: Item) -> None:
        if self.keys <= item.keys():
            insort(self._partitions.setdefault(item[self.hash_name]["S"], []), self.position_of(item))

    def remove(self, item: Item) -> None:
        if self.keys <= item.keys():
            positions = self._partitions[item[self.hash_name]["S"]]
            del positions[bisect_left(positions, self.position_of(item))]

    def position_of(self, item: Item) -> Position:
        return _sortable(item[self.sort_name]), *place_of(item)

    def positions(self, key: str, low: str, high: str) -> list[Position]:
        positions = self._partitions.get(key, [])
        return positions[bisect_left(positions, (low, "", "")) : bisect_right(positions, (high, LAST, LAST))]

    def all_places(self) -> Iterator[Place]:
        for partition in sorted(self._partitions):
            for _, sort_key, key in self._partitions[partition]:
                yield sort_key, key

    def check_start(self, key: Item, partition: str, low: str, high: str) -> None:
        if set(key) != self.keys or any("S" not in key[name] for name in self.keys - {self.sort_name}):
            raise invalid("The provided starting key is invalid")
        if key[self.hash_name]["S"] != partition or not low <= _sortable(key[self.sort_name]) <= high:
            raise invalid("The provided starting key is outside query boundaries")

    def check_projects(self, names: Iterable[str]) -> None:
        if self._shown is not None and not self._shown.issuperset(names):
            raise invalid("the index does not project an attribute")

    def show(self, item: Item) -> Item:
        return item if self._shown is None else {name: item[name] for name in item if name in self._shown}


class Table:
    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.items: dict[Place, Item] = {}
        self.indexes: dict[str | None, Index] = {None: Index("pk")}
        for index in definition.get("GlobalSecondaryIndexes", ()):
            names = {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]}
            shown = frozenset({"pk", "sk", *names.values(), *index["Projection"]["NonKeyAttributes"]})
            self.indexes[index["IndexName"]] = Index(names["HASH"], names["RANGE"], shown)

    def get(self, key: Item) -> Item | None:
        return self.items.get(place_of(key))

    def replace(self, before: Item | None, after: Item | None) -> None:
        if before is not None:
            del self.items[place_of(before)]
        if after is not None:
            self.items[place_of(after)] = after
        for index in self.indexes.values():
            if before is not None:
                index.remove(before)
            if after is not None:
                index.add(after)

    def index(self, call: Mapping[str, Any]) -> Index:
        name = call.get("IndexName")
        if name not in self.indexes:
            raise invalid(f"The table does not have the specified index: {name}")
        if name is not None and call.get("ConsistentRead"):
            raise invalid("Consistent reads are not supported on global secondary indexes")
        return self.indexes[name]

    def complaint(self, item: Item) -> str | None:
        """DynamoDB's error for the item."""
        keys = {"pk", "sk", *(index.hash_name for index in self.indexes.values() if index.hash_name in item)}
        for name in keys:
            text = item.get(name, {}).get("S")
            max_bytes = MAX_SORT_KEY_BYTES if name == "sk" else MAX_PARTITION_KEY_BYTES
            if text is None or not 0 < len(text.encode()) <= max_bytes:
                return f"One or more parameter values are not valid: the key {name}"
        return "Item size has exceeded the maximum allowed size" if bytes_of(item) > MAX_ITEM_BYTES else None


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


def _sortable(value: Mapping[str, str]) -> str:
    """Numbers are not negative here."""
    return f"{int(value['N']):040}" if "N" in value else value["S"]


def place_of(item: Item) -> Place:
    return item["sk"]["S"], item["pk"]["S"]


def bytes_of(content: Any) -> int:
    """The item's size, accurate to a few bytes for each attribute."""
    if isinstance(content, Mapping):
        return sum(len(name.encode()) + bytes_of(value) for name, value in content.items())
    if isinstance(content, str):
        return len(content.encode())
    if isinstance(content, bytes):
        return len(content)
    return sum(map(bytes_of, content)) if isinstance(content, list) else 1
