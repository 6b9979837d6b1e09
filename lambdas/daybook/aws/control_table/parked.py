"""Parked events in the control table, by their keys.

They have a partition of their own, `<tenant>#parked`, so that IAM can limit those who only park to these rows:
`<environment's number>#<subscription>#<first event's time>#<hash>`. The rows of events of which no record can be made
have the prefix `broken#`. The rows of a former subscription are left to the time to live.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from daybook.aws.batches import PATIENCE, Patience
from daybook.aws.calls import Action, Refused, ask, ask_again, rows, transact
from daybook.aws.control_table.destination_rows import key_of, number_of
from daybook.batching import batched
from daybook.clock import DAY, SECOND
from daybook.delivery.backlog import ParkedRow
from daybook.delivery.destination import KEPT_MS, Destination
from daybook.errors import Throttled
from daybook.tenant import code_of

PARTITION = "#parked"
MAX_PENDING = 10_000
"""How far pending events are counted."""
_EXPIRES_MS = KEPT_MS + 14 * DAY
_ROWS_A_PAGE = 100
_DELETES_A_CALL = 25  # BatchWriteItem's own limit
_TRIES = 6


class ParkedTable:
    """Uses a low-level DynamoDB client. Its methods raise `Throttled`."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def put(self, destination: Destination, rows: Iterable[ParkedRow]) -> None:
        for row in rows:
            ask_again(
                self._patience, _TRIES, self._client.put_item, TableName=self._table, Item=_item(destination, row)
            )

    def rows(self, destination: Destination, *, broken: bool = False) -> Iterator[ParkedRow]:
        """The rows of this subscription, oldest first. It reads no further than they are asked for."""
        for item in rows(
            self._client, self._table, _partition(destination), _prefix(destination, broken=broken), _ROWS_A_PAGE
        ):
            first_ms = int(item["sk"]["S"].split("#")[-2])
            yield ParkedRow(first_ms, tuple(item["keys"]["S"].split(" ")), broken)

    def remove(self, destination: Destination, rows: Sequence[ParkedRow]) -> None:
        for some in batched(rows, _DELETES_A_CALL):
            request: Any = {self._table: [{"DeleteRequest": {"Key": _key(destination, row)}} for row in some]}
            for _ in self._patience.tries(_TRIES):
                try:
                    answer = ask(self._client.batch_write_item, RequestItems=request)
                except Throttled:
                    continue
                request = answer.get("UnprocessedItems")
                if not request:
                    break
            else:
                raise Throttled

    def replace(
        self, destination: Destination, row: ParkedRow, rest: Sequence[ParkedRow] = (), *, given_up: int = 0
    ) -> bool:
        """Puts `rest` in the row's place and counts events of it as given up, all or nothing.

        Returns False if the row no longer exists, or the drain has lost its claim: another one may be sending the row's
        events, and does not know of `rest`.
        """
        actions: list[Action] = [
            {"Delete": {"Key": _key(destination, row), "ConditionExpression": "attribute_exists(pk)"}},
            *({"Put": {"Item": _item(destination, each)}} for each in rest),
            {
                "Update": {
                    "Key": key_of(destination.environment),
                    "UpdateExpression": "ADD given_up :events",
                    "ConditionExpression": "drain_claim = :claim",
                    "ExpressionAttributeValues": {
                        ":events": {"N": str(given_up)},
                        ":claim": {"S": destination.drain_claim},
                    },
                }
            },
        ]
        for _ in self._patience.tries(_TRIES):
            try:
                transact(self._client, self._table, actions)
            except Refused as refused:
                if refused.is_conflict:
                    continue
                return False
            return True
        raise Throttled

    def pending(self, destination: Destination) -> tuple[int, bool]:
        """How many events wait for this subscription, and whether the number is exact: it ends at `MAX_PENDING`.

        An event that was parked twice counts twice.
        """
        found = 0
        for broken in (False, True):
            for item in rows(self._client, self._table, _partition(destination), _prefix(destination, broken=broken)):
                found += int(item["count"]["N"])
                if found > MAX_PENDING:
                    return MAX_PENDING, False
        return found, True


def _partition(destination: Destination) -> str:
    return f"{code_of(destination.environment)}{PARTITION}"


def _prefix(destination: Destination, *, broken: bool) -> str:
    return f"{'broken#' if broken else ''}{number_of(destination.environment)}#{destination.subscription}#"


def _key(destination: Destination, row: ParkedRow) -> dict[str, Any]:
    sk = f"{_prefix(destination, broken=row.is_broken)}{row.name}"
    return {"pk": {"S": _partition(destination)}, "sk": {"S": sk}}


def _item(destination: Destination, row: ParkedRow) -> dict[str, Any]:
    return {
        **_key(destination, row),
        "keys": {"S": " ".join(row.keys)},
        "count": {"N": str(len(row.keys))},
        "expires_at": {"N": str((row.first_ms + _EXPIRES_MS) // SECOND)},
    }
