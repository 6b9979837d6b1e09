"""Makes moto 5.2.5's DynamoDB several times as fast with the same answers. A page of events waits for little else.

moto serializes an attribute's value like any structure: it looks for all ten types under every alias that a member
might have. Here the value is written as it is, because its only key is its type. moto also sorts the whole table for
each query and unpacks the keys' types at each comparison. Here a query looks at its partition alone, and sorts by plain
values. And moto computes an item's size anew for each attribute that it adds. Here the size is computed once.
"""

import base64
from collections.abc import Iterable, Mapping, MutableMapping
from itertools import chain
from typing import Any

from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

MAX_BYTES = 405_000  # of an item: moto's own limit
INDEX_NAME = 6
"""The place of this parameter of `Table.query` behind the partition key: moto gives it no name."""

_as_any_structure = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001  moto has no public equivalent
_cast: Any = vars(DynamoType)["cast_value"].fget
_query: Any = Table.query


def apply() -> None:
    """Makes moto faster in this process. A second call changes nothing."""
    BaseJSONSerializer._serialize_type_structure = structure  # type: ignore[method-assign]  # noqa: SLF001
    DynamoType.cast_value = property(cast_value)  # type: ignore[assignment]
    Item.__init__ = make_item  # type: ignore[method-assign]
    Table.query = query  # type: ignore[method-assign]
    Table.all_items = all_items  # type: ignore[method-assign]
    Table.sorted_items = sorted_items  # type: ignore[method-assign]


def structure(
    self: BaseJSONSerializer,
    serialized: MutableMapping[str, Any],
    value: Any,
    shape: StructureShape,
    key: str,
) -> None:
    if shape.name == "AttributeValue" and isinstance(value, Mapping):  # only DynamoDB has this shape
        serialized[key] = written(value)
    else:
        _as_any_structure(self, serialized, value, shape, key)


def written(value: Mapping[str, Any]) -> dict[str, Any]:
    """A value such as `{"B": bytes}` in a form that JSON can hold."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: encoded(content)}
        case "BS":
            return {kind: [encoded(each) for each in content]}
        case "L":
            return {kind: [written(each) for each in content]}
        case "M":
            return {kind: {name: written(each) for name, each in content.items()}}
        case _:
            return {kind: content}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def cast_value(self: DynamoType) -> Any:
    return self.value if self.type == "S" else _cast(self)


def make_item(
    self: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: Mapping[str, Mapping[str, Any]]
) -> None:
    self.hash_key = hash_key
    self.range_key = range_key
    self.attrs = LimitedSizeDict()
    for name, value in attrs.items():
        dict.__setitem__(self.attrs, name, DynamoType(dict(value)))
    if self.size() > MAX_BYTES:
        raise ItemSizeTooLarge


def query(
    self: Table,
    hash_key: DynamoType | None,
    *others: Any,
    hash_key_conditions: list[tuple[str, DynamoType]] | None = None,
    **named: Any,
) -> tuple[list[Item], int, dict[str, Any] | None]:
    """As moto's own, over a view of the table that holds no other partition."""
    items = of_index(self, hash_key_conditions or []) if others[INDEX_NAME] else of_partition(self, hash_key)
    view = object.__new__(type(self))  # a copy would stay in moto's list of tables for ever
    view.__dict__.update(self.__dict__, all_items=lambda: items)
    found: tuple[list[Item], int, dict[str, Any] | None]
    found = _query(view, hash_key, *others, hash_key_conditions=hash_key_conditions, **named)
    return found


def of_partition(table: Table, hash_key: DynamoType | None) -> list[Item]:
    """Those with this partition key, in no order."""
    held: Any = table.items.get(hash_key)  # a partition, or where no sort key is, its only item
    if held is None:
        return []
    return list(held.values()) if table.range_key_attr else [held]


def of_index(table: Table, hash_keys: list[tuple[str, DynamoType]]) -> list[Item]:
    """Those that may be in this partition of an index, in no order. moto looks again."""
    wanted = [(name, key.value) for name, key in hash_keys if key.type == "S"]
    partitions: Iterable[Any] = table.items.values()
    items = chain.from_iterable(held.values() for held in partitions) if table.range_key_attr else partitions
    return [
        item for item in items if all(name in item.attrs and item.attrs[name].value == value for name, value in wanted)
    ]


def all_items(self: Table) -> list[Item]:
    """Every item, sorted by partition and sort key."""
    if not self.range_key_attr:
        items: Iterable[Any] = self.items.values()
        return sorted(items, key=lambda item: item.hash_key.cast_value)
    return [
        item
        for partition in sorted(self.items, key=lambda key: key.cast_value)
        for item in sorted(self.items[partition].values(), key=lambda item: item.range_key.cast_value)
    ]


def sorted_items(
    self: Table, hash_key_attrs: list[str], range_key_attrs: list[str | None], items: list[Item]
) -> list[Item]:
    names = self._generate_attr_to_sort_by(hash_key_attrs, range_key_attrs)
    items.sort(key=lambda item: tuple(item.attrs[name].cast_value for name in names))
    return items
