"""Destinations in the control table, rows `stream#<environment's number>`, and their backlog, rows
`parked#<environment>#<subscription>#<batch>`. Every read is consistent. Neither a row nor its absence is cached.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from daybook.aws.batches import get_items
from daybook.clock import DAY, SECOND
from daybook.delivery.backlog_batch import BacklogBatch
from daybook.delivery.destination import (
    ACTIVE,
    FAILING,
    FIRST_BACKOFF_MS,
    KEPT_MS,
    PROBE_MS,
    Destination,
    StreamChoice,
    backoff_ms,
)
from daybook.delivery.slowness import after_live
from daybook.tenant import EnvironmentKey, TenantCode, code_of, environment_key

_DELIVERED_EVERY_MS = 3 * SECOND
"""How exact `last_delivered_at` is: a write for each batch would not be worth its cost."""
_PARKED_KEPT_MS = KEPT_MS + 14 * DAY
"""A dead-letter queue keeps messages for another 14 days, during which they are pending."""

_MAX_TRIES = 8
"""After the third slow call of a minute nobody notes any more, so a writer loses fewer races than this."""

_STRINGS = ("external_id", "profile", "subscription", "generation", "status", "last_error")
_NUMBERS = {
    "last_delivered_at": "last_delivered_ms",
    "failing_since": "failing_since_ms",
    "next_probe_at": "next_probe_ms",
    "probing_until": "probing_until_ms",
    "backoff_step": "backoff_step",
    "given_up": "given_up",
    "slow_since": "slow_since_ms",
    "quick_calls": "quick_calls",
}
_OF_A_GENERATION = ("last_delivered_at", "failing_since", "last_error", "slow_since", "slow_calls", "quick_calls")
"""Facts about one stream and role, which do not hold for the next."""
_LIVE = "#status = :active AND attribute_not_exists(slow_since)"
_RESERVED = ("status", "format")


class DestinationTable:
    """Uses a low-level DynamoDB client. What DynamoDB refuses escapes as botocore's ClientError."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def of(self, environments: Iterable[EnvironmentKey]) -> dict[EnvironmentKey, Destination]:
        """The destinations that exist, in one read. Raises `Throttled`."""
        return self.of_batches(environments, ())[0]

    def of_batches(
        self, environments: Iterable[EnvironmentKey], batches: Sequence[BacklogBatch]
    ) -> tuple[dict[EnvironmentKey, Destination], set[str]]:
        """The destinations that exist, and the names of the batches still in the backlog. Raises `Throttled`."""
        keys = [_key(environment) for environment in dict.fromkeys(environments)]
        keys += {batch.name: _parked_key(batch) for batch in batches}.values()
        items = get_items(self._client, self._table, keys)
        found = [_destination(item) for item in items if item["sk"]["S"].startswith("stream#")]
        parked = {item["sk"]["S"].rpartition("#")[2] for item in items if item["sk"]["S"].startswith("parked#")}
        return {destination.environment: destination for destination in found}, parked

    def one(self, environment: EnvironmentKey) -> Destination | None:
        item = self._client.get_item(TableName=self._table, Key=_key(environment), ConsistentRead=True).get("Item")
        return None if item is None else _destination(item)

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
            f"generation = :generation{active} REMOVE backoff_step, next_probe_at, probing_until{state}",
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
        self._client.delete_item(TableName=self._table, Key=_key(environment))

    def delivered(self, destination: Destination, now_ms: int) -> None:
        """Notes that the stream took records, and clears an earlier error. Ignored while it is failing or slow."""
        if now_ms - (destination.last_delivered_ms or 0) >= _DELIVERED_EVERY_MS:
            self._update(
                destination,
                "SET last_delivered_at = :now REMOVE last_error",
                {":now": _number(now_ms), ":active": {"S": ACTIVE}},
                _LIVE,
            )

    def throttled(self, destination: Destination, error: str | None) -> None:
        """Notes an error of throughput, which does not end the delivery. Ignored while it is failing or slow."""
        if error is not None and error != destination.last_error:
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
        values = {":active": {"S": ACTIVE}, **({":before": _numbers(before.slow_calls)} if before.slow_calls else {})}
        condition = f"{_LIVE} AND {same}"
        if after.slow_since_ms is None:
            values[":calls"] = _numbers(after.slow_calls)
            return self._update(before, "SET slow_calls = :calls", values, condition)
        values |= {":now": _number(after.slow_since_ms), ":error": {"S": after.last_error}}
        expression = "SET slow_since = :now, last_error = :error REMOVE slow_calls, quick_calls"
        return self._update(before, expression, values, condition)

    def failed(self, destination: Destination, error: str, now_ms: int) -> Destination:
        """Changes the status from active to failing. Returns the stored destination, whoever changed it."""
        changed = self._update(
            destination,
            "SET #status = :failing, failing_since = :now, last_error = :error, backoff_step = :first, "
            "next_probe_at = :next REMOVE probing_until",
            {
                ":failing": {"S": FAILING},
                ":now": _number(now_ms),
                ":error": {"S": error},
                ":first": _number(0),
                ":next": _number(now_ms + FIRST_BACKOFF_MS),
                ":active": {"S": ACTIVE},
            },
            "#status = :active",
        )
        return changed or self.one(destination.environment) or destination

    def claim_probe(self, destination: Destination, now_ms: int) -> bool:
        """Whether the caller may probe the stream. Nobody else may during the next seconds."""
        return (
            self._update(
                destination,
                "SET next_probe_at = :until, probing_until = :until",
                {":until": _number(now_ms + PROBE_MS), ":failing": {"S": FAILING}, ":now": _number(now_ms)},
                "#status = :failing AND (attribute_not_exists(next_probe_at) OR next_probe_at <= :now)",
            )
            is not None
        )

    def probe_failed(self, destination: Destination, error: str, now_ms: int) -> Destination:
        """Postpones the next probe by the next backoff. Returns the stored destination."""
        step = destination.backoff_step + 1
        changed = self._update(
            destination,
            "SET last_error = :error, backoff_step = :step, next_probe_at = :next REMOVE probing_until",
            {
                ":error": {"S": error},
                ":step": _number(step),
                ":next": _number(now_ms + backoff_ms(step)),
                ":failing": {"S": FAILING},
            },
            "#status = :failing",
        )
        return changed or self.one(destination.environment) or destination

    def mended(self, destination: Destination, now_ms: int) -> Destination:
        """Makes the destination active again and returns it as stored."""
        changed = self._update(
            destination,
            "SET #status = :active, last_delivered_at = :now "
            "REMOVE failing_since, last_error, backoff_step, next_probe_at, probing_until",
            {":active": {"S": ACTIVE}, ":now": _number(now_ms)},
        )
        return changed or self.one(destination.environment) or destination

    def gave_up(self, destination: Destination, events: int, error: str | None = None) -> None:
        """Counts events that only a replay can still send."""
        values = {":events": _number(events)}
        expression = "ADD given_up :events"
        if error is not None:
            expression = f"SET last_error = :error {expression}"
            values[":error"] = {"S": error}
        self._update(destination, expression, values, same="subscription")

    def put_parked(self, batches: Sequence[BacklogBatch]) -> None:
        for batch in batches:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_parked_key(batch),
                    "count": _number(len(batch.keys)),
                    "expires_at": _number((batch.parked_at + _PARKED_KEPT_MS) // SECOND),
                },
            )

    def remove_parked(self, batch: BacklogBatch) -> bool:
        """Whether the row existed."""
        gone = self._client.delete_item(TableName=self._table, Key=_parked_key(batch), ReturnValues="ALL_OLD")
        return bool(gone.get("Attributes"))

    def pending(self, destination: Destination) -> int:
        """How many events wait for this subscription. Events of a former subscription will be dropped."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :tenant AND begins_with(sk, :prefix)",
            ProjectionExpression="#count",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={
                ":tenant": {"S": code_of(destination.environment)},
                ":prefix": {"S": f"parked#{_number_of(destination.environment)}#{destination.subscription}#"},
            },
            ConsistentRead=True,
        )
        return sum(int(item["count"]["N"]) for page in pages for item in page["Items"])

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
        extra = {"ExpressionAttributeNames": names} if names else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(destination.environment),
                UpdateExpression=expression,
                ConditionExpression=" AND ".join(filter(None, (f"{same} = :same", condition))),
                ExpressionAttributeValues={
                    ":same": {"S": getattr(destination, same)},
                    **values,
                },
                ReturnValues="ALL_NEW",
                **extra,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return _destination(answer["Attributes"])


def _key(environment: EnvironmentKey) -> dict[str, Any]:
    return {"pk": {"S": code_of(environment)}, "sk": {"S": f"stream#{_number_of(environment)}"}}


def _number_of(environment: EnvironmentKey) -> str:
    return environment.partition("#")[2]


def _parked_key(batch: BacklogBatch) -> dict[str, Any]:
    sk = f"parked#{_number_of(batch.environment)}#{batch.subscription}#{batch.name}"
    return {"pk": {"S": code_of(batch.environment)}, "sk": {"S": sk}}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _numbers(values: Iterable[int]) -> dict[str, Any]:
    return {"L": [_number(value) for value in values]}


def item_of(destination: Destination) -> dict[str, Any]:
    """The row as it is written, without absent values and zeros."""
    chosen = destination.chosen
    item: dict[str, Any] = {
        **_key(destination.environment),
        "stream_arn": {"S": chosen.stream_arn},
        "role_arn": {"S": chosen.role_arn},
        "format": {"S": chosen.format},
        "include_audit_log": {"BOOL": chosen.include_audit_log},
    }
    strings = ((name, getattr(destination, name)) for name in _STRINGS)
    numbers = ((name, getattr(destination, field)) for name, field in _NUMBERS.items())
    item |= {name: {"S": value} for name, value in strings if value is not None}
    item |= {name: _number(value) for name, value in numbers if value}
    if destination.slow_calls:
        item["slow_calls"] = _numbers(destination.slow_calls)
    return item


def _destination(item: Mapping[str, Mapping[str, Any]]) -> Destination:
    chosen = StreamChoice(
        stream_arn=item["stream_arn"]["S"],
        role_arn=item["role_arn"]["S"],
        format=item["format"]["S"],
        include_audit_log=item["include_audit_log"]["BOOL"],
    )
    known = {name: item[name]["S"] for name in _STRINGS if name in item}
    known |= {field: int(item[name]["N"]) for name, field in _NUMBERS.items() if name in item}
    known["slow_calls"] = tuple(int(each["N"]) for each in item.get("slow_calls", {"L": ()})["L"])
    number = int(item["sk"]["S"].removeprefix("stream#"))
    environment = environment_key(TenantCode(item["pk"]["S"]), number)
    return Destination(environment=environment, chosen=chosen, **known)
