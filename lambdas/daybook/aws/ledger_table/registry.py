"""The register of logs in the ledger table.

Under the tenant's code, `log#<environment's number>#<all or operations>#<generation, 4 digits>`: `name`, `origin`,
`began_ms`, and `previous`, the name of the log before it. A row is written once.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from daybook.aws.batches import insert, insert_statement
from daybook.aws.calls import ask, get_item, page_of, rows
from daybook.errors import Throttled
from daybook.events.store import Append as Inserted
from daybook.ledger.logs import MAX_GENERATION, Log, LogKey, Visibility
from daybook.tenant import TenantCode, code_of, environment_key

_PREFIX = "log#"


class LogTable:
    """Uses a low-level DynamoDB client."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def of(self, code: TenantCode) -> Sequence[Log]:
        return [_log(item) for item in rows(self._client, self._table, code, _PREFIX)]

    def current(self, key: LogKey) -> Log | None:
        answer = page_of(
            partial(ask, self._client.query),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": code_of(key.environment)},
                ":first": {"S": _sort_key(key, 0)},
                ":last": {"S": _sort_key(key, MAX_GENERATION)},
            },
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=1,
        )
        return next(map(_log, answer["Items"]), None)

    def begin(self, log: Log) -> Log:
        item = _item(log)
        (outcome,) = insert(self._client, [insert_statement(self._table, item)])
        if outcome is Inserted.STORED:
            return log
        found = get_item(self._client, self._table, {name: item[name]["S"] for name in ("pk", "sk")})
        if found is None:
            raise Throttled
        return _log(found)


def _sort_key(key: LogKey, generation: int) -> str:
    number = key.environment.partition("#")[2]
    return f"{_PREFIX}{number}#{key.visibility}#{generation:04}"


def _item(log: Log) -> dict[str, Any]:
    item = {
        "pk": {"S": code_of(log.key.environment)},
        "sk": {"S": _sort_key(log.key, log.generation)},
        "name": {"S": log.name},
        "origin": {"S": log.origin},
        "began_ms": {"N": str(log.began_ms)},
    }
    return item if log.previous is None else {**item, "previous": {"S": log.previous}}


def _log(item: Mapping[str, Any]) -> Log:
    _, number, visibility, generation = item["sk"]["S"].split("#")
    return Log(
        key=LogKey(environment_key(TenantCode(item["pk"]["S"]), int(number)), cast("Visibility", visibility)),
        name=item["name"]["S"],
        origin=item["origin"]["S"],
        generation=int(generation),
        began_ms=int(item["began_ms"]["N"]),
        previous=item["previous"]["S"] if "previous" in item else None,
    )
