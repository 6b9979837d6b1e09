"""Makes the conditions and transactions of moto 5.2.5's DynamoDB hold between threads, and undoes transactions cheaply.

moto checks a condition and then writes. Of 300 claims that four threads tried at the same time, 76 were won by several
or failed with a 500. Copying a table, as moto does before a transaction, failed with a 500 beside a read, because a
read of a partition that does not exist adds an empty one. Here one call at a time uses the tables.

moto copies the whole table for each action of a transaction, to put one copy back if it cancels. The ledger's fold has
up to 100 actions on a table that grows: each took minutes. Here the rows that the transaction names are put back.
"""

import copy
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any, NamedTuple

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from infra.local.aws.one_at_a_time import alone

_lock = RLock()  # a transaction calls the single reads and writes
_transact_of_moto = DynamoDBBackend.transact_write_items


class _Row(NamedTuple):
    """One row before a transaction, and how many changes the table's stream had."""

    table: Table
    partition: DynamoType
    sort: DynamoType | None
    item: Item | None
    streamed: int

    def put_back(self) -> None:
        rows: Any = self.table.items if self.sort is None else self.table.items[self.partition]
        key = self.partition if self.sort is None else self.sort
        if self.item is None:
            rows.pop(key, None)
        else:
            rows[key] = self.item
        if self.table.stream_shard is not None:
            del self.table.stream_shard.items[self.streamed :]


def transact(self: DynamoDBBackend, transact_items: Sequence[Mapping[str, Any]]) -> None:
    before = [row for action in transact_items for row in _rows(self, action)]
    try:
        _transact_of_moto(self, list(map(dict, transact_items)))
    except Exception:
        for row in before:
            row.put_back()
        raise


def _rows(backend: DynamoDBBackend, action: Mapping[str, Any]) -> list[_Row]:
    """What the action names; nothing where moto will refuse it."""
    found = []
    for operation in action.values():
        table = backend.tables.get(operation.get("TableName", ""))
        given = operation.get("Item") or operation.get("Key") or {}
        names = [] if table is None else [table.hash_key_attr, table.range_key_attr]
        keys = [DynamoType(given[name]) for name in names if name in given]
        if table is not None and len(keys) == len([name for name in names if name is not None]):
            partition, sort = keys[0], keys[1] if keys[1:] else None
            item = copy.deepcopy(table.get_item(partition, sort))
            streamed = 0 if table.stream_shard is None else len(table.stream_shard.items)
            found.append(_Row(table, partition, sort, item, streamed))
    return found


def _not_copied(table: Table, _: dict[int, Any]) -> Table:
    """Only transactions copy tables."""
    return table


_corrected = {
    name: alone(method, _lock)
    for name, method in {
        **{
            name: getattr(DynamoDBBackend, name)
            for name in ("get_item", "query", "scan", "put_item", "update_item", "delete_item")
        },
        "transact_write_items": transact,
    }.items()
}


def apply() -> None:
    """Corrects moto in this process. A second call changes nothing."""
    for name, method in _corrected.items():
        setattr(DynamoDBBackend, name, method)
    Table.__deepcopy__ = _not_copied  # type: ignore[attr-defined]
