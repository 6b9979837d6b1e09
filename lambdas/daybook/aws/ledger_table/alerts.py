"""A tenant's alerts in the ledger table, under `<tenant's code>#alerts`:

- `alert#<id>` holds the finding: `environment` (its number), `visibility`, `what`, `event`, `at` (milliseconds);
- `found#<finding's identity>` holds `alert`, the id of the alert of this finding.

The second is written first: whoever finds the same again goes on with the same alert.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from daybook.aws.batches import insert, insert_text
from daybook.aws.calls import ask, get_item, page_of
from daybook.errors import Throttled
from daybook.events.store import Append
from daybook.ids import HIGHEST_ID, neighbour
from daybook.ledger.alerts import Alert, Finding
from daybook.ledger.tampering import What
from daybook.tenant import TenantCode, environment_key

PARTITION = "#alerts"
_ALERT, _FOUND = "alert#", "found#"
_LOWEST = "0" * 36


class AlertTable:
    """Uses a low-level DynamoDB client."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def put(self, alert: Alert) -> Alert:
        found = {"pk": _partition(alert.tenant), "sk": {"S": f"{_FOUND}{alert.finding.identity}"}}
        if self._insert({**found, "alert": {"S": alert.id}}) is Append.DUPLICATE:
            row = get_item(self._client, self._table, {name: key["S"] for name, key in found.items()})
            if row is None:  # deleted in between
                raise Throttled
            alert = Alert(row["alert"]["S"], alert.finding)
        self._insert(_item(alert))
        return alert

    def newest(self, tenant: TenantCode, before: str | None, limit: int) -> Sequence[Alert]:
        high = HIGHEST_ID if before is None else neighbour(before, -1)
        return self._page(tenant, _LOWEST, high, limit, newest_first=True)

    def oldest(self, tenant: TenantCode, before: str, limit: int) -> Sequence[Alert]:
        return self._page(tenant, _LOWEST, neighbour(before, -1), limit, newest_first=False)

    def delete(self, alert: Alert) -> None:
        """Together with what was noted of its finding, which comes first: a second try finds the alert."""
        for sk in (f"{_FOUND}{alert.finding.identity}", f"{_ALERT}{alert.id}"):
            key = {"pk": _partition(alert.tenant), "sk": {"S": sk}}
            ask(self._client.delete_item, TableName=self._table, Key=key)

    def _page(self, tenant: TenantCode, low: str, high: str, limit: int, *, newest_first: bool) -> Sequence[Alert]:
        answer = page_of(
            partial(ask, self._client.query),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":pk": _partition(tenant),
                ":low": {"S": f"{_ALERT}{low}"},
                ":high": {"S": f"{_ALERT}{high}"},
            },
            ScanIndexForward=not newest_first,
            ConsistentRead=True,
            Limit=limit,
        )
        return [_alert(item) for item in answer["Items"]]

    def _insert(self, item: Mapping[str, Any]) -> Append:
        statement = {"Statement": insert_text(self._table, tuple(item)), "Parameters": list(item.values())}
        (outcome,) = insert(self._client, [statement])
        if outcome is Append.THROTTLED:
            raise Throttled
        return outcome


def _partition(tenant: TenantCode) -> dict[str, str]:
    return {"S": f"{tenant}{PARTITION}"}


def _item(alert: Alert) -> dict[str, Any]:
    finding = alert.finding
    return {
        "pk": _partition(alert.tenant),
        "sk": {"S": f"{_ALERT}{alert.id}"},
        "environment": {"N": finding.environment.partition("#")[2]},
        "visibility": {"S": finding.visibility},
        "what": {"S": finding.what},
        "event": {"S": finding.event},
        "at": {"N": str(finding.at_ms)},
    }


def _alert(item: Mapping[str, Any]) -> Alert:
    tenant = TenantCode(item["pk"]["S"].removesuffix(PARTITION))
    return Alert(
        id=item["sk"]["S"].removeprefix(_ALERT),
        finding=Finding(
            environment=environment_key(tenant, int(item["environment"]["N"])),
            visibility="operations" if item["visibility"]["S"] == "operations" else "all",
            what=What(item["what"]["S"]),
            event=item["event"]["S"],
            at_ms=int(item["at"]["N"]),
        ),
    )
