"""Makes moto 5.2.5's DynamoDB several times as fast with the same answers. A page of events waits for little else.

moto serializes an attribute's value like any structure: it looks for all ten types under every alias that a member
might have. Here the value is written as it is, because its only key is its type. moto also sorts the whole table for
each query and unpacks the keys' types at each comparison. Here it sorts by plain values. And moto computes an item's
size anew for each attribute that it adds. Here the size is computed once.
"""

import base64
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

MAX_BYTES = 405_000  # of an item: moto's own limit

_as_any_structure = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001  moto has no public equivalent
_cast: Any = vars(DynamoType)["cast_value"].fget


def apply() -> None:
    """Makes moto faster in this process. A second call changes nothing."""
    BaseJSONSerializer._serialize_type_structure = structure  # type: ignore[method-assign]  # noqa: SLF001
    DynamoType.cast_value = property(cast_value)  # type: ignore[assignment]
    Item.__init__ = make_item  # type: ignore[method-assign]
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
