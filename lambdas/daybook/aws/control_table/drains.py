"""Who drains a destination's backlog, and when. This is part of the destination's row.

`drain_due` exists while something may be parked. It is the sort key of the sparse index `by_drain_due`, whose partition
key, `draining`, is the same for all of them. Each change during a drain is conditional on the drain's claim. So a
worker that was frozen until its claim had ended changes nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from daybook.aws.batches import PATIENCE, Patience
from daybook.aws.control_table.destination_rows import (
    DRAINING,
    change,
    destination_of,
    environment_of,
    item_of,
    number,
)
from daybook.clock import SECOND
from daybook.delivery.backlog import OVERDUE_MS, Asked, DrainRequest, Waiting
from daybook.delivery.destination import FAILING, Destination

INDEX = "by_drain_due"
_EARLY_MS = 2 * SECOND
"""A message may come this much before the drain is due, because SQS's delays are whole seconds and clocks differ."""


class DrainTable:
    """Uses a low-level DynamoDB client. What DynamoDB refuses escapes as botocore's ClientError."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def ask(self, destination: Destination, due_ms: int, first_ms: int, broken_due_ms: int | None = None) -> Asked:
        """Notes that rows are put. A drain that ends afterwards knows that it did not see them all.

        Nothing is noted for a former subscription: its rows are dropped.
        """
        asked = "drain_due = if_not_exists(drain_due, :due), draining = :draining"
        values = {":due": number(due_ms), ":draining": DRAINING, ":one": number(1)}
        if broken_due_ms is None:
            asked += ", parked_since = if_not_exists(parked_since, :first)"
            values[":first"] = number(first_ms)
        else:
            asked += ", broken_due = if_not_exists(broken_due, :broken)"
            values[":broken"] = number(broken_due_ms)
        before = self._change(destination, f"SET {asked} ADD parkings :one", values, returned="ALL_OLD")
        if before is None:
            return Asked.GONE
        # An idle drain was due only to look at broken events or at a slow stream. Of several that park, one moves it.
        is_first = "drain_due" not in before or (
            "drain_idle" in before and self._move(destination, due_ms, "attribute_exists(drain_idle)")
        )
        return Asked.FIRST if is_first else Asked.ALREADY

    def claim(self, request: DrainRequest, claim: str, now_ms: int, until_ms: int) -> Destination | None:
        """Nobody else may drain until `until_ms`. Returns None if no drain is due, or none of this subscription."""
        found = change(
            self._client,
            self._table,
            request.environment,
            "SET drain_due = :until, drain_claim = :claim REMOVE drain_idle",
            "subscription = :same AND drain_due <= :soon",
            values={
                ":until": number(until_ms),
                ":claim": {"S": claim},
                ":same": {"S": request.subscription},
                ":soon": number(now_ms + _EARLY_MS),
            },
        )
        return None if found is None else destination_of(found)

    def store(self, before: Destination, after: Destination, *, is_empty: bool = False) -> bool:
        """Stores what a drain has changed. `before` is what it has stored last.

        Something must differ. Returns False if the claim has ended or the stream was changed. With `is_empty` also if
        something was parked since the claim: then the drain may not have seen all.
        """
        old, new = item_of(before), item_of(after)
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        gone = sorted(old.keys() - new.keys())
        parts = [f"SET {', '.join(f'#{name} = :{name}' for name in changed)}"] if changed else []
        parts += [f"REMOVE {', '.join(f'#{name}' for name in gone)}"] if gone else []
        condition = "generation = :of_generation AND drain_claim = :of_claim"
        values = {f":{name}": value for name, value in changed.items()} | {
            ":of_generation": {"S": before.generation},
            ":of_claim": {"S": before.drain_claim},
        }
        if is_empty and before.parkings:
            condition += " AND parkings = :of_parkings"
            values[":of_parkings"] = number(before.parkings)
        elif is_empty:
            condition += " AND attribute_not_exists(parkings)"
        names = {f"#{name}": name for name in (*changed, *gone)}
        stored = change(
            self._client, self._table, before.environment, " ".join(parts), condition, values=values, names=names
        )
        return stored is not None

    def hurry(self, destination: Destination, now_ms: int) -> None:
        """The stream was changed, or works again. So the schedule asks for a drain at once, if anything is parked.

        A drain at work goes on. That of a former stream or role has lost its claim already, with the change.
        """
        self._move(
            destination, now_ms - OVERDUE_MS, "attribute_exists(drain_due) AND attribute_not_exists(drain_claim)"
        )

    def waiting(self) -> Iterator[Waiting]:
        """All that wait for a drain, the most overdue first. The index follows the table within about a second."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="draining = :draining",
            ExpressionAttributeValues={":draining": DRAINING},
        )
        for page in pages:
            for item in page["Items"]:
                yield Waiting(
                    request=DrainRequest(environment_of(item), item["subscription"]["S"]),
                    due_ms=int(item["drain_due"]["N"]),
                    parked_since_ms=_moment(item, "parked_since"),
                    failing_since_ms=_moment(item, "failing_since"),
                    is_failing=item["status"]["S"] == FAILING,
                    is_slow="slow_since" in item,
                    is_idle="drain_idle" in item,
                )

    def _move(self, destination: Destination, due_ms: int, condition: str) -> bool:
        moved = self._change(
            destination, "SET drain_due = :due REMOVE drain_idle, drain_claim", {":due": number(due_ms)}, condition
        )
        return moved is not None

    def _change(
        self,
        destination: Destination,
        expression: str,
        values: Mapping[str, Any],
        condition: str = "",
        returned: str = "ALL_NEW",
    ) -> dict[str, Any] | None:
        return change(
            self._client,
            self._table,
            destination.environment,
            expression,
            " AND ".join(filter(None, ("subscription = :same", condition))),
            values={**values, ":same": {"S": destination.subscription}},
            returned=returned,
            patience=self._patience,
        )


def _moment(item: Mapping[str, Any], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
