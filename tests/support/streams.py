"""Delivery as the functions' composition roots build it, over the stores that a test gives, with customers' streams and
the queue of drains in memory.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.typical import SLUGS, code_for
from daybook.aws.control_table.destination_rows import item_of
from daybook.delivery import backlog
from daybook.delivery.backlog import OVERDUE_MS, Backlog, DrainRequest
from daybook.delivery.destination import Destination, StreamChoice
from daybook.delivery.records import Record
from daybook.delivery.sender import Answer, PutFailed, RecordSender
from daybook.observability import GIVEN_UP
from daybook.tenant import code_of, environment_key
from streams import fan_out_handler as fan_out
from streams import redeliver_handler as redeliver
from tests.support.ingest import NOW
from tests.support.tenant_log import TenantLog

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/audit"
ROLE = "arn:aws:iam::123456789012:role/daybook"


def destination(tenant: str = "acme", environment: str = "prod", **changed: Any) -> Destination:
    """`changed` are fields of `StreamChoice` or of `Destination`."""
    chosen = StreamChoice(STREAM, ROLE, "native", include_audit_log=False)
    of_chosen = {name: changed.pop(name) for name in list(changed) if name in StreamChoice.__annotations__}
    key = environment_key(code_for(tenant), ("prod", "test").index(environment))
    made = Destination(key, replace(chosen, **of_chosen), "external", "generic", f"s-{tenant}", f"g-{tenant}")
    return replace(made, **changed)


class MemoryStreams:
    """Customers' streams by tenant. `faults` answer a tenant's next calls in turn. All later calls work."""

    def __init__(self) -> None:
        self.taken: dict[str, list[Record]] = {}
        self.calls: list[tuple[str, int]] = []
        self.broken: dict[str, BaseException] = {}
        self.faults: dict[str, list[Any]] = {}
        self.milliseconds: dict[str, int] = {}
        """How long each call of a tenant's stream takes, 20 ms by default."""
        self.largest = 1024 * 1024
        self.room: int | None = None
        """The bytes that the next calls accept. Records beyond them are throttled. None means no limit."""

    def put(self, destination: Destination, records: Sequence[Record], _answer_seconds: float) -> Answer:
        tenant = SLUGS[code_of(destination.environment)]
        self.calls.append((tenant, len(records)))
        if any(record.size > self.largest for record in records):
            raise PutFailed("ValidationException", transient=False, invalid=True)
        fault = self.broken.get(tenant) or next(iter(self.faults.get(tenant, [])), None)
        if tenant not in self.broken and self.faults.get(tenant):
            self.faults[tenant].pop(0)
        if isinstance(fault, BaseException):
            raise fault
        errors = self._bounded(records) if fault is None else [fault(place) for place in range(len(records))]
        taken = self.taken.setdefault(tenant, [])
        taken += [record for record, error in zip(records, errors, strict=True) if error is None]
        return Answer(errors, self.milliseconds.get(tenant, 20))

    def _bounded(self, records: Sequence[Record]) -> list[str | None]:
        errors: list[str | None] = []
        for record in records:
            fits = self.room is None or record.size <= self.room
            if fits and self.room is not None:
                self.room -= record.size
            errors.append(None if fits else "ProvisionedThroughputExceededException")
        return errors

    def break_down(self, tenant: str = "acme", error: str = "ResourceNotFoundException") -> None:
        self.broken[tenant] = PutFailed(error, transient=False)

    def mend(self, tenant: str = "acme") -> None:
        self.broken.pop(tenant, None)


class MemoryQueue:
    """Messages with the delay of their sending. A test takes them whatever their delay."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, int]] = []
        self.broken = False

    def send(self, requests: Sequence[DrainRequest], delay_seconds: int) -> None:
        if self.broken:
            raise ConnectionError("no queue")
        assert 0 <= delay_seconds <= 900
        self.messages += [(backlog.write(request), delay_seconds) for request in requests]

    def take(self, most: int = 10) -> list[str]:
        taken, self.messages = self.messages[:most], self.messages[most:]
        return [body.decode() for body, _ in taken]


class StreamHarness:
    """`fan_out` and `redeliver` over one or more logs, with the first one's clock."""

    def __init__(self, log: TenantLog, **replaced: Any) -> None:
        """`replaced` may give `streams` or `queue` in place of those in memory, and the sender's `record_bytes`."""
        self.log = log
        self.streams = replaced.get("streams") or MemoryStreams()
        self.queue = replaced.get("queue") or MemoryQueue()
        self.counted: Counter[str] = Counter()
        self.gauges: dict[str, int] = {}
        self.created: dict[str, int] = {}
        """When the table's stream got each event, by its id."""
        self.seconds = 0.0
        bound = {name: replaced[name] for name in ("record_bytes",) if name in replaced}
        sender = RecordSender(self.streams, sleep=self.sleep, jitter=lambda: 1.0, **bound)
        self.wiring = log.wiring.replacing(sender=sender, count=self.count, gauge=self.gauges.__setitem__)
        self.destinations, self.records = self.wiring.destinations, self.wiring.records
        backlog = Backlog(self.wiring.parked, self.wiring.drains, self.queue, self.count, log.clock)
        self.fan_out = fan_out.fan_out_over(self.wiring, backlog, lambda: self.seconds)
        self.redeliver = redeliver.redeliver_over(self.wiring, backlog, lambda: self.seconds)

    def count(self, name: str, value: int) -> None:
        self.counted[name] += value

    @property
    def given_up(self) -> int:
        """As the metric counts it."""
        return self.counted[GIVEN_UP]

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def set_up(self, **changed: Any) -> Destination:
        """Sets up the destination in place of any earlier one."""
        made = destination(**changed)
        self.log.dynamodb.put_item(TableName=self.log.tables.control, Item=item_of(made))
        return made

    def stored(self, tenant: str = "acme") -> Destination:
        found = self.destinations.one(environment_key(code_for(tenant), 0))
        assert found
        return found

    def pending(self, tenant: str = "acme") -> int:
        return self.wiring.parked.pending(self.stored(tenant))[0]

    def rows(self, tenant: str = "acme") -> list[dict[str, Any]]:
        """The rows of whatever subscription, oldest first."""
        items: list[dict[str, Any]] = self.log.dynamodb.query(
            TableName=self.log.tables.control,
            KeyConditionExpression="pk = :parked",
            ExpressionAttributeValues={":parked": {"S": f"{code_for(tenant)}#parked"}},
            ConsistentRead=True,
        )["Items"]
        return items

    def parked(self, tenant: str = "acme") -> int:
        """The number of rows, of whatever subscription."""
        return len(self.rows(tenant))

    def stream(self, ids: Iterable[str] | None = None) -> dict[str, Any]:
        """The event that Lambda passes for these events, oldest first. By default for all events."""
        items = self.log.dynamodb.scan(TableName=self.log.tables.events, ConsistentRead=True)["Items"]
        wanted = None if ids is None else set(ids)
        images = sorted(items, key=lambda item: str(item["sk"]["S"]))
        return {
            "Records": [
                stream_record(
                    image, str(1_000 + place), created_ms=self.created.setdefault(image["sk"]["S"], self.log.now)
                )
                for place, image in enumerate(images)
                if wanted is None or image["sk"]["S"] in wanted
            ]
        }

    def publish(self, event: dict[str, Any] | None = None) -> list[str]:
        """Returns the sequence numbers that failed."""
        answer = fan_out.serve(self.stream() if event is None else event, self.fan_out)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def retry(self, most: int = 10) -> None:
        """Handles one batch from the queue."""
        bodies = self.queue.take(most)
        records = [{"messageId": f"m-{place}", "body": body} for place, body in enumerate(bodies)]
        redeliver.serve({"Records": records}, self.redeliver)

    def wake(self) -> None:
        """Does what the schedule does each minute."""
        redeliver.serve({"source": "aws.events"}, self.redeliver)

    def drain(self, *tenants: str) -> None:
        """Lets time pass until nothing is parked for these tenants."""
        for tenant in tenants or ("acme",):
            for _ in range(1_000):
                due_ms = self.stored(tenant).drain_due_ms
                if due_ms is None or not self.pending(tenant):
                    break
                self.log.now = max(self.log.now, due_ms + OVERDUE_MS)
                self.queue.messages.clear()
                self.wake()
                while self.queue.messages:
                    self.retry()
            assert self.pending(tenant) == 0


def ids(publishing: StreamHarness, tenant: str = "acme") -> Counter[str]:
    """How often each event is in the tenant's stream."""
    return Counter(json.loads(record.data)["id"] for record in publishing.streams.taken.get(tenant, []))


def stream_record(image: dict[str, Any], sequence: str, name: str = "INSERT", created_ms: int = NOW) -> dict[str, Any]:
    written = {
        field: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value for field, value in image.items()
    }
    return {
        "eventName": name,
        "dynamodb": {
            "ApproximateCreationDateTime": created_ms / 1_000,
            "SequenceNumber": sequence,
            "NewImage": written,
        },
    }
