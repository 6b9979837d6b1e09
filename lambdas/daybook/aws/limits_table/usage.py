"""What tenants use, summed over all instances.

| pk | sk | holds |
|---|---|---|
| `used-by#<code>` | `<limit>#<span>` | `amount`, `expires_at` |

A tenant's rows are one partition, so it slows down no other tenant's reports. Of each limit it gets about 50 reports a
minute and five from each instance; a partition takes 1,000 a second.
"""

from collections.abc import Callable
from typing import Any

from daybook.aws.calls import ask
from daybook.clock import SECOND
from daybook.tenant import TenantCode
from daybook.tenants.limits import Resource

PREFIX = "used-by#"

_KEPT_SECONDS = 3_600  # a sum is read only during its own span


class UsageTable:
    """`client` makes a low-level DynamoDB client, at the first report. It must not try again by itself: an addition
    whose answer was lost would count twice.
    """

    def __init__(self, client: Callable[[], Any], table_name: str) -> None:
        self._client = client
        self._table = table_name

    def add(self, code: TenantCode, resource: Resource, span: int, amount: int) -> int:
        """Adds to what the tenant has used in this span, counted since 1970. Returns the sum of all instances.

        Raises `Throttled`: then the outcome is unknown.
        """
        until = (span + 1) * resource.span_ms // SECOND + _KEPT_SECONDS
        answer = ask(
            self._client().update_item,
            TableName=self._table,
            Key={"pk": {"S": f"{PREFIX}{code}"}, "sk": {"S": f"{resource.limit}#{span}"}},
            UpdateExpression="ADD amount :amount SET expires_at = :until",
            ExpressionAttributeValues={":amount": {"N": str(amount)}, ":until": {"N": str(until)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["amount"]["N"])
