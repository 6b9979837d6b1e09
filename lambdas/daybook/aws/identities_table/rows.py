"""The identities table: inserts and reads rows of people. It never changes them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from daybook.aws.batches import (
    PATIENCE,
    STATEMENTS_A_CALL,
    Patience,
    get_items,
    insert,
    insert_text,
    workers,
)
from daybook.aws.calls import ask_again, page_of
from daybook.aws.identities_table.names_had import guids_of
from daybook.errors import Throttled
from daybook.events.store import Append
from daybook.people.identities import Row
from daybook.tenant import EnvironmentKey

_TRIES = 5


class IdentityTable:
    """The store of `daybook.people.identities`. Attributes are strings, bytes or booleans."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def with_time_limit(self, remaining_seconds: Callable[[], float]) -> "IdentityTable":
        """The same table, whose calls are tried until that time is nearly used up."""
        return IdentityTable(self._client, self._table, replace(self._patience, remaining_seconds=remaining_seconds))

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        """The rows that exist, by sort key; strongly consistent. Raises `Throttled`."""
        keys = [{"pk": {"S": environment}, "sk": {"S": sort_key}} for sort_key in sort_keys]
        return {item["sk"]["S"]: _row(item) for item in get_items(self._client, self._table, keys, (), self._patience)}

    def query(self, environment: EnvironmentKey, prefixes: Sequence[str], limit: int | None = None) -> list[list[Row]]:
        """For each prefix, the first rows whose sort keys begin with it; strongly consistent. Raises `Throttled`."""

        def rows(prefix: str) -> list[Row]:
            return [row for _, row in islice(self._found(environment, prefix, limit), limit)]

        return list(map(rows, prefixes) if len(prefixes) < 2 else workers().map(rows, prefixes))

    def _found(self, environment: EnvironmentKey, prefix: str, limit: int | None = None) -> Iterator[tuple[str, Row]]:
        how: dict[str, Any] = {} if limit is None else {"Limit": limit}
        while True:
            page = self._page(environment, prefix, **how)
            yield from ((item["sk"]["S"], _row(item)) for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            how["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def guids_of(self, environment: EnvironmentKey, names: Iterable[str]) -> dict[str, list[str]]:
        """The GUIDs of everyone who has or had each name, given as it is part of keys; strongly consistent.

        Raises `TooManyPeople` and `Throttled`.
        """
        return guids_of(self._client, self._table, environment, names, self._patience)

    def names(
        self, environment: EnvironmentKey, prefix: str, after: str | None, limit: int
    ) -> tuple[list[Row], str | None]:
        """Rows `had#…` of names that begin with `prefix`, in order, after the row `after`; and the last row's sort key
        when there may be more. Strongly consistent. Raises `Throttled`.

        A person may have several rows of one name. A row without a GUID stands for people who are not written down.
        """
        start = {} if after is None else {"ExclusiveStartKey": {"pk": {"S": environment}, "sk": {"S": after}}}
        page = self._page(environment, f"had#{prefix}", Limit=limit, **start)
        rows = [_row(item) for item in page["Items"]]
        return rows, page["Items"][-1]["sk"]["S"] if "LastEvaluatedKey" in page else None

    def _page(self, environment: EnvironmentKey, prefix: str, **how: Any) -> dict[str, Any]:
        return page_of(
            partial(ask_again, self._patience, 1, self._client.query),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": environment}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
            **how,
        )

    def insert(self, environment: EnvironmentKey, rows: Mapping[str, Row]) -> frozenset[str]:
        """Writes the rows that do not exist yet and returns the sort keys of those that did. Raises `Throttled`.

        A row whose first try succeeded without an answer counts as one that existed; read it.
        """
        left = list(rows)
        there: set[str] = set()
        for _ in self._patience.tries(_TRIES):
            calls = [left[start : start + STATEMENTS_A_CALL] for start in range(0, len(left), STATEMENTS_A_CALL)]

            def call(sort_keys: list[str]) -> list[Append]:
                return insert(self._client, [self._statement(environment, key, rows[key]) for key in sort_keys])

            answered = map(call, calls) if len(calls) < 2 else workers().map(call, calls)
            answers = [append for answer in answered for append in answer]
            there |= {key for key, append in zip(left, answers, strict=True) if append is Append.DUPLICATE}
            left = [key for key, append in zip(left, answers, strict=True) if append is Append.THROTTLED]
            if not left:
                return frozenset(there)
        raise Throttled

    def _statement(self, environment: EnvironmentKey, sort_key: str, row: Row) -> dict[str, Any]:
        names = ("pk", "sk", *row)
        parameters = [{"S": environment}, {"S": sort_key}, *(_typed(value) for value in row.values())]
        return {"Statement": insert_text(self._table, names), "Parameters": parameters}


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"B": value} if isinstance(value, bytes) else {"S": value}


def _row(item: Mapping[str, Mapping[str, Any]]) -> Row:
    return {name: next(iter(value.values())) for name, value in item.items() if name not in ("pk", "sk")}
