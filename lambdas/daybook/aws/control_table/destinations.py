"""Destinations in the control table: what the admin chose, and the state of live delivery. `destination_rows` says how
they are stored, and `drains` who drains their backlog.

Every read is consistent. Neither a row nor its absence is cached.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.batches import PATIENCE, Patience, get_items
from daybook.aws.control_table.destination_rows import (
    DRAINING,
    change,
    destination_of,
    item_of,
    key_of,
    number,
    numbers,
)
from daybook.clock import SECOND
from daybook.delivery.destination import ACTIVE, FAILING, MAX_BACKOFF_MS, Destination, StreamChoice
from daybook.delivery.slowness import after_live
from daybook.tenant import EnvironmentKey

_DELIVERED_EVERY_MS = 3 * SECOND
"""How exact `last_delivered_at` is: a write for each batch would not be worth its cost."""

_MAX_TRIES = 8
"""After the third slow call of a minute nobody notes any more, so a writer loses fewer races than this."""
_OF_A_GENERATION = (
    *("last_delivered_at", "failing_since", "last_error", "slow_since", "slow_calls", "quick_calls"),
    "drain_claim",
)
"""Facts about one stream and role, which do not hold for the next. A drain of the former stream must not go on."""
_LIVE = "#status = :active AND attribute_not_exists(slow_since)"
_RESERVED = ("status", "format")


class DestinationTable:
    """Uses a low-level DynamoDB client. What DynamoDB refuses escapes as botocore's ClientError."""

    def __init__(self, client: Any, table_name: str, patience: Patience = PATIENCE) -> None:
        self._client = client
        self._table = table_name
        self._patience = patience

    def of(self, environments: Iterable[EnvironmentKey]) -> dict[EnvironmentKey, Destination]:
        """The destinations that exist, in one read. Raises `Throttled`."""
        items = get_items(self._client, self._table, [key_of(each) for each in dict.fromkeys(environments)])
        found = map(destination_of, items)
        return {destination.environment: destination for destination in found}

    def one(self, environment: EnvironmentKey) -> Destination | None:
        item = self._client.get_item(TableName=self._table, Key=key_of(environment), ConsistentRead=True).get("Item")
        return None if item is None else destination_of(item)

    def create(self, destination: Destination) -> bool:
        """Creates it, for every event that is stored from now on. Returns False when one exists already."""
        try:
            self._client.put_item(
                TableName=self._table, Item=item_of(destination), ConditionExpression="attribute_not_exists(pk)"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def choose(self, destination: Destination, chosen: StreamChoice, generation: str) -> Destination | None:
        """Changes what the admin chose, and nothing else. Returns the changed destination; None when another one
        exists by now, which shows in its generation (each subscription has a new one).

        A destination of a new generation is active at once. One of the same generation keeps its state, and its next
        batch may be tried at once.
        """
        state = "" if generation == destination.generation else f", {', '.join(_OF_A_GENERATION)}"
        active = ", #status = :active" if state else ""
        return self._update(
            destination,
            "SET stream_arn = :stream, role_arn = :role, #format = :format, include_audit_log = :own, "
            f"generation = :generation{active} REMOVE backoff_step{state}",
            {
                ":stream": {"S": chosen.stream_arn},
                ":role": {"S": chosen.role_arn},
                ":format": {"S": chosen.format},
                ":own": {"BOOL": chosen.include_audit_log},
                ":generation": {"S": generation},
                **({":active": {"S": ACTIVE}} if active else {}),
            },
        )

    def remove(self, environment: EnvironmentKey) -> None:
        self._client.delete_item(TableName=self._table, Key=key_of(environment))

    def delivered(self, destination: Destination, now_ms: int) -> None:
        """Notes that the stream took records, and clears an earlier error. Ignored while it is failing or slow."""
        if now_ms - (destination.last_delivered_ms or 0) >= _DELIVERED_EVERY_MS:
            self._update(
                destination,
                "SET last_delivered_at = :now REMOVE last_error",
                {":now": number(now_ms), ":active": {"S": ACTIVE}},
                _LIVE,
            )

    def hindered(self, destination: Destination, error: str) -> None:
        """Notes an error that leaves the stream active: of throughput, or beside records that the stream took. Ignored
        while it is failing or slow.
        """
        if error != destination.last_error:
            values = {":error": {"S": error}, ":active": {"S": ACTIVE}}
            self._update(destination, "SET last_error = :error", values, _LIVE)

    def answered(
        self, destination: Destination, calls_ms: Sequence[int], now_ms: int, *, timed_out: bool
    ) -> Destination:
        """Notes how long the stream took for calls of live delivery, which may make it slow. Writes only where a call
        was slow. Returns the stored destination.
        """
        for _ in range(_MAX_TRIES):
            after = after_live(destination, calls_ms, now_ms, timed_out=timed_out)
            if after == destination:
                break
            changed = self._slowed(destination, after)
            if changed is not None:
                return changed
            fresh = self.one(destination.environment)  # another instance noted a slow call at the same time
            if fresh is None or fresh.generation != destination.generation or fresh.is_failing:
                return fresh or destination
            destination = fresh
        return destination

    def _slowed(self, before: Destination, after: Destination) -> Destination | None:
        same = "slow_calls = :before" if before.slow_calls else "attribute_not_exists(slow_calls)"
        values: dict[str, Any] = {
            ":active": {"S": ACTIVE},
            **({":before": numbers(before.slow_calls)} if before.slow_calls else {}),
        }
        condition = f"{_LIVE} AND {same}"
        if after.slow_since_ms is None:
            values[":calls"] = numbers(after.slow_calls)
            return self._update(before, "SET slow_calls = :calls", values, condition)
        values |= {":now": number(after.slow_since_ms), ":error": {"S": after.last_error}}
        in_sight, due = _in_sight(before, after.slow_since_ms)
        expression = f"SET slow_since = :now, last_error = :error{in_sight} REMOVE slow_calls, quick_calls"
        return self._update(before, expression, values | due, f"{condition} AND {_same_due(before)}")

    def failed(self, destination: Destination, error: str, now_ms: int) -> Destination:
        """Changes the status from active to failing. Returns the stored destination, whoever changed it."""
        before = destination
        for _ in range(_MAX_TRIES):
            in_sight, due = _in_sight(before, now_ms)
            changed = self._update(
                before,
                f"SET #status = :failing, failing_since = :now, last_error = :error{in_sight} REMOVE backoff_step",
                {
                    ":failing": {"S": FAILING},
                    ":now": number(now_ms),
                    ":error": {"S": error},
                    ":active": {"S": ACTIVE},
                    **due,
                },
                f"#status = :active AND {_same_due(before)}",
            )
            if changed is not None:
                return changed
            fresh = self.one(destination.environment)
            if fresh is None or fresh.generation != destination.generation or fresh.is_failing:
                return fresh or destination
            before = fresh
        return before

    def mended(self, destination: Destination, now_ms: int) -> Destination:
        """Makes the destination active again and returns it as stored."""
        changed = self._update(
            destination,
            "SET #status = :active, last_delivered_at = :now REMOVE failing_since, last_error, backoff_step",
            {":active": {"S": ACTIVE}, ":now": number(now_ms)},
        )
        return changed or self.one(destination.environment) or destination

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None:
        """Counts events that only a replay can still send."""
        values = {":events": number(events)}
        expression = "ADD given_up :events"
        if error is not None:
            expression = f"SET last_error = :error {expression}"
            values[":error"] = {"S": error}
        self._update(destination, expression, values, same="subscription")

    def _update(
        self,
        destination: Destination,
        expression: str,
        values: Mapping[str, Any],
        condition: str = "",
        *,
        same: str = "generation",
    ) -> Destination | None:
        """The changed destination; None when another one exists by now, or the condition does not hold."""
        names = {f"#{name}": name for name in _RESERVED if f"#{name}" in f"{expression}{condition}"}
        changed = change(
            self._client,
            self._table,
            destination.environment,
            expression,
            " AND ".join(filter(None, (f"{same} = :same", condition))),
            values={":same": {"S": getattr(destination, same)}, **values},
            names=names,
            patience=self._patience,
        )
        return None if changed is None else destination_of(changed)


def _in_sight(before: Destination, now_ms: int) -> tuple[str, dict[str, Any]]:
    """Puts a stream in trouble into the index of those that want a drain, where its state is counted.

    If no drain is due, the next is an idle one. The condition is `_same_due`.
    """
    if before.drain_due_ms is not None:
        return "", {}
    values = {":due": number(now_ms + MAX_BACKOFF_MS), ":draining": DRAINING, ":true": {"BOOL": True}}
    return ", drain_due = :due, draining = :draining, drain_idle = :true", values


def _same_due(before: Destination) -> str:
    return f"attribute_{'not_exists' if before.drain_due_ms is None else 'exists'}(drain_due)"
