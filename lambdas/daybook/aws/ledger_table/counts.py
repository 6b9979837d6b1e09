"""Counts in the ledger table, and how far they go: under `<tenant's code>#<log's name>#counts`.

| sk | holds |
|---|---|
| `count#<kinds or actors>#<h or d>#<hour or day since 1970, 7 digits>` | `c`, the numbers; `at`, how many entries were counted then; `aside`, how many rows were put aside |
| the same, and `#<1 to aside, 4 digits>` | `c` and `at` of a row that was put aside: it never changes again |
| `folded` | `size`, up to which entries are counted; `at_ms`, when the last of them was appended; `stop` and `done`, how much of a step behind it is counted; `written`, how many rows it wrote; `rows`, those of the last transaction |
| `pruned` | `before_ms`: rows of times before it may have been deleted |

These are the rows of the ledger that are replaced and deleted. In partitions of their own, no role needs the right to
do that to any other row. Rows of counts have no `expires_at`. A nightly sweep deletes those that retention lets go, so a legal hold and a longer
retention keep them without a write.
"""  # noqa: E501  a table's rows

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.batches import PATIENCE, Patience, get_items
from daybook.aws.calls import Action, Refused, ask, ask_again, transact
from daybook.ledger.counts import Addition, CountRow, Family, Interval, ReadRow, RowKey, RowName
from daybook.ledger.fold import NOT_FOLDED, Folded
from daybook.ledger.logs import Log
from daybook.ledger.questions import Range

_FOLDED, _PRUNED = "folded", "pruned"
_NUMBERS = ("size", "at_ms", "stop", "done", "written")
"""Of `folded`."""
_LAST = "~"
_DELETES_A_CALL = 25  # BatchWriteItem's own limit
_TRIES = 6


class CountTable:
    """Uses a low-level DynamoDB client. Reads are strongly consistent; everything raises `Throttled`."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def folded(self, log: Log) -> Folded:
        found = {item["sk"]["S"]: item for item in self._items(log, [_FOLDED, _PRUNED])}
        counted_from_ms = int(found[_PRUNED]["before_ms"]["N"]) if _PRUNED in found else 0
        item = found.get(_FOLDED)
        if item is None:
            return NOT_FOLDED._replace(counted_from_ms=counted_from_ms)
        rows = frozenset(map(_name, item["rows"]["SS"]))
        size, at_ms, stop, done, written = (int(item[name]["N"]) for name in _NUMBERS)
        return Folded(size, at_ms, stop, done, written, rows, counted_from_ms)

    def rows(self, log: Log, keys: Iterable[RowKey]) -> dict[RowKey, CountRow]:
        wanted = {_sort_key(key): key for key in keys}
        found = ((wanted[item["sk"]["S"]], item) for item in self._items(log, wanted))
        return {key: CountRow(key, item["c"]["B"], int(item["aside"]["N"])) for key, item in found}

    def move(self, log: Log, before: Folded, after: Folded, addition: Addition) -> bool:
        """Adds counts and moves `folded`, both or neither. False: another fold was there first."""
        rows: dict[str, dict[str, Any]] = {
            **{_sort_key(row.key): {"aside": {"N": str(row.aside)}, "c": {"B": row.data}} for row in addition.rows},
            **{f"{_sort_key(row.key)}#{row.aside:04}": {"c": {"B": row.data}} for row in addition.put_aside},
        }
        at = {"N": str(after.counted)}
        puts: list[Action] = [
            {"Put": {"Item": {**_key(log, sort_key), "at": at, **attributes}}} for sort_key, attributes in rows.items()
        ]
        numbers = {name: {"N": str(getattr(after, name))} for name in _NUMBERS}
        item = {**_key(log, _FOLDED), **numbers, "rows": {"SS": sorted(rows)}}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before.counted:
            condition = {
                "ConditionExpression": "#size = :size AND done = :done",
                "ExpressionAttributeNames": {"#size": "size"},
                "ExpressionAttributeValues": {":size": {"N": str(before.size)}, ":done": {"N": str(before.done)}},
            }
        try:
            transact(self._client, self._table, [*puts, {"Put": {"Item": item, **condition}}])
        except Refused:
            return False
        return True

    def read(self, log: Log, family: Family, over: Range) -> list[ReadRow]:
        """All rows of these hours or days, also those that were put aside."""
        return [
            ReadRow(_name(item["sk"]["S"]), item["c"]["B"], int(item["at"]["N"]))
            for item in self._found(log, family, over)
        ]

    def prune(self, log: Log, before_ms: int) -> int:
        """Deletes the rows of hours and days that end at or before this moment. Returns how many there were.

        From then on statistics begin at this moment or later, also where retention becomes longer again.
        """
        keys = [
            {"pk": item["pk"], "sk": item["sk"]}
            for family in Family
            for interval in Interval
            for item in self._found(
                log, family, Range(interval, 0, before_ms // interval.milliseconds - 1), ProjectionExpression="pk, sk"
            )
        ]
        if keys:
            self._note_pruned(log, before_ms)
            for start in range(0, len(keys), _DELETES_A_CALL):
                self._delete(keys[start : start + _DELETES_A_CALL])
        return len(keys)

    def _note_pruned(self, log: Log, before_ms: int) -> None:
        before = {"N": str(before_ms)}
        try:
            ask_again(
                self._patience,
                _TRIES,
                self._client.put_item,
                TableName=self._table,
                Item={**_key(log, _PRUNED), "before_ms": before},
                ConditionExpression="attribute_not_exists(pk) OR before_ms <= :before",
                ExpressionAttributeValues={":before": before},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _delete(self, keys: Sequence[dict[str, Any]]) -> None:
        requests = {self._table: [{"DeleteRequest": {"Key": key}} for key in keys]}
        while requests:
            answer = ask_again(self._patience, _TRIES, self._client.batch_write_item, RequestItems=requests)
            requests = answer.get("UnprocessedItems") or {}

    def _items(self, log: Log, sort_keys: Iterable[str]) -> list[dict[str, Any]]:
        keys = [_key(log, sort_key) for sort_key in sort_keys]
        return get_items(self._client, self._table, keys, patience=self._patience)

    def _found(self, log: Log, family: Family, over: Range, **how: Any) -> Iterable[dict[str, Any]]:
        first, last = (RowKey(family, over.interval, number) for number in (over.first, over.last))
        query = partial(
            ask,
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": log.counts_partition},
                ":first": {"S": _sort_key(first)},
                ":last": {"S": _sort_key(last) + _LAST},
            },
            ConsistentRead=True,
            **how,
        )
        if over.last < over.first:
            return
        page = query()
        yield from page["Items"]
        while "LastEvaluatedKey" in page:
            page = query(ExclusiveStartKey=page["LastEvaluatedKey"])
            yield from page["Items"]


def _key(log: Log, sort_key: str) -> dict[str, Any]:
    return {"pk": {"S": log.counts_partition}, "sk": {"S": sort_key}}


def _sort_key(key: RowKey) -> str:
    return f"count#{key.family}#{key.interval}#{key.number:07}"


def _name(sort_key: str) -> RowName:
    _, family, interval, number, *aside = sort_key.split("#")
    return RowName(RowKey(Family(family), Interval(interval), int(number)), int("".join(aside) or 0))
