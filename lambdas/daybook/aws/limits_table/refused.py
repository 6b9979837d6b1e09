"""Refused events, in pages of the instances that refused them.

| pk | sk | holds |
|---|---|---|
| `refused#<code>` | `<hour, as RFC 3339 to the hour>#<instance>` | `page` (deflated JSON), `expires_at` |

An instance replaces its own page, so no two write the same row, and a page has at most 16 KB.
"""

from collections.abc import Callable, Iterator
from typing import Any

from daybook.aws.calls import ask
from daybook.clock import HOUR, SECOND, format_time
from daybook.events.refused import KEPT_MS, Page, pack, unpack
from daybook.tenant import TenantCode

PREFIX = "refused#"


class RefusedTable:
    """`writing` makes a low-level DynamoDB client, at the first write; `reading` is one. Calls raise `Throttled`."""

    def __init__(self, writing: Callable[[], Any], reading: Any, table_name: str) -> None:
        self._writing = writing
        self._reading = reading
        self._table = table_name

    def put(self, code: TenantCode, hour: int, instance: str, page: Page) -> None:
        """Replaces the instance's page of this hour since 1970."""
        until = ((hour + 1) * HOUR + KEPT_MS) // SECOND
        ask(
            self._writing().update_item,
            TableName=self._table,
            Key={"pk": {"S": f"{PREFIX}{code}"}, "sk": {"S": f"{format_time(hour * HOUR)}#{instance}"}},
            UpdateExpression="SET page = :page, expires_at = :until",
            ExpressionAttributeValues={":page": {"B": pack(page)}, ":until": {"N": str(until)}},
        )

    def pages(self, code: TenantCode, since_ms: int) -> Iterator[tuple[str, Page]]:
        """Each with the hour that it is of, the newest hours first."""
        start: dict[str, Any] = {}
        while True:
            found = ask(
                self._reading.query,
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk >= :since",
                ExpressionAttributeValues={":pk": {"S": f"{PREFIX}{code}"}, ":since": {"S": format_time(since_ms)}},
                ScanIndexForward=False,
                **start,
            )
            for item in found["Items"]:
                yield item["sk"]["S"].partition("#")[0], unpack(bytes(item["page"]["B"]))
            if "LastEvaluatedKey" not in found:
                return
            start = {"ExclusiveStartKey": found["LastEvaluatedKey"]}
