"""What an append costs: write units by the real rows' sizes, and client CPU an event beside the fan-out's.

The rows are those of a log of ten million entries, put directly, because PartiQL reports no capacity locally. CPU is
from Lambda's event to the answer, with botocore's own serialising, signing and parsing over an HTTP layer that answers
at once, in turn with the fan-out of the same events.
"""

import base64
import gc
import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3

from benchmarks import fan_out
from benchmarks.fan_out import BATCH, Answered, both, stored_events
from benchmarks.measuring import Row
from daybook.aws import clients
from daybook.aws.events_table.append import item_of
from daybook.aws.ledger_table import appends, deltas, pointers
from daybook.aws.ledger_table.appends import AppendTable
from daybook.aws.ledger_table.registry import LogTable
from daybook.clock import MINUTE, SECOND
from daybook.events.item import StoredEvent, environment_of
from daybook.ledger import delta
from daybook.ledger.appender import Appender
from daybook.ledger.entries import encode
from daybook.ledger.log import Append, Stored
from daybook.ledger.logs import Log, LogKey, new_log
from daybook.ledger.merkle import Edge
from daybook.ledger.reading import stored_event
from daybook.tenant import TenantCode, environment_key
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.template import table_definitions, templates
from ledger.append import StreamAppends
from ledger.append_handler import serve
from tests.support.streams import stream_record

SIZE = 10_000_015
"""Of the log after the append. Its edge has 12 hashes, as many as the mean for 24 bits."""
_LOG = LogKey(environment_key(TenantCode("ABC123"), 0), "all")
NUMBERS = (1, 10, 100, 1_000)
BOUNDS = (3.0, 0.4, 0.14, 0.09)
WINDOWS = (1, 5, 10, 30)
RATES = (0.1, 1.0, 10.0, 100.0)
"""Events a second of one log."""


def rows() -> Iterator[Row]:
    events = [stored for _, stored in map(_read, stored_events("jiffy"))]
    units = _units(events)
    for number, bound in zip(NUMBERS, BOUNDS, strict=True):
        each = units(number)
        shown = ", ".join(f"{name} {value:g}" for name, value in each.items())
        yield Row(
            f"write units an event, {number:,} in an append: {shown}",
            f"{sum(each.values()) / number:.2f}",
            f"{bound:g}",
        )
    for window in WINDOWS:
        shown = ", ".join(_with_window(units, window, rate) for rate in RATES)
        yield Row(
            f"write units an event, a window of {window} s, {', '.join(f'{rate:g}' for rate in RATES)} events a second",
            shown,
            "",
        )
    others, _ = fan_out.prepared("jiffy", "native")
    work = _prepared("jiffy")
    taken, fan_outs = both(work, others)
    yield Row(
        f"client CPU an event, batches of {BATCH} of one tenant: append, fan-out (native)",
        f"{taken / BATCH * 1e6:.0f}, {fan_outs / BATCH * 1e6:.0f} µs: {taken / fan_outs:.2f} times",
        "1 time",
    )


def _read(event: StoredEvent) -> tuple[LogKey, Stored]:
    return stored_event(environment_of(event.partition), event.id, event.packed)


def _units(events: Sequence[Stored]) -> Callable[[int], dict[str, float]]:
    """Measures the rows of an append of so many events, which were received within five seconds."""
    definition = next(
        each for name, each in table_definitions(templates()).items() if name.lower().startswith("ledger")
    )
    measured: dict[int, dict[str, float]] = {}
    engine = DynamoDBLocal()
    engine.__enter__()  # ends with this process
    client = boto3.client(
        "dynamodb",
        endpoint_url=engine.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  any will do
    )
    client.create_table(TableName="ledger", **definition)

    def consumed(item: dict[str, Any]) -> float:
        answer = client.put_item(TableName="ledger", Item=item, ReturnConsumedCapacity="TOTAL")
        return float(answer["ConsumedCapacity"]["CapacityUnits"])

    def measure(number: int) -> dict[str, float]:
        if number not in measured:
            some = [events[place % len(events)] for place in range(number)]
            log, append, packed = _append(some)
            pointer_rows = pointers.items(log.partition, append.start, [MINUTE, MINUTE + 4 * SECOND])
            measured[number] = {
                "append": consumed(appends._item(log, append)),  # noqa: SLF001  the row as it is written
                "delta": consumed(deltas.item(log.partition, append, packed)),
                "pointers": sum(map(consumed, pointer_rows)),
            }
        return measured[number]

    return measure


def _append(some: Sequence[Stored]) -> tuple[Log, Append, bytes]:
    # Each append a log of its own: a row that replaces another is charged by the larger of the two.
    log = new_log(_LOG, "daybook", 0, random.Random(len(some)).randbytes)  # noqa: S311
    hashes = tuple(hashlib.sha256(bytes([place])).digest() for place in range(SIZE.bit_count()))
    entries = [encode(each.entry) for each in some]
    nonce, edge = random.Random(2).randbytes(8).hex(), Edge(SIZE, hashes)  # noqa: S311
    append = Append(SIZE - len(some), b"".join(entries), edge, edge.root, MINUTE, nonce)
    return log, append, delta.write([each.counted for each in some])


def _with_window(units: Callable[[int], dict[str, float]], window: int, rate: float) -> str:
    """Write units an event where events come at random: a batch begins with one and takes those of the window."""
    chance = random.Random(3)  # noqa: S311
    batches = events = 0
    total = 0.0
    while batches < 300:
        number = 1 + sum(1 for _ in _arrivals(chance, rate, window))
        near = min(number, 1_000)
        total += sum(units(max(1, near)).values()) * number / near
        batches, events = batches + 1, events + number
    return f"{total / events:.2f}"


def _arrivals(chance: random.Random, rate: float, seconds: float) -> Iterator[None]:
    at = chance.expovariate(rate)
    while at < seconds:
        yield None
        at += chance.expovariate(rate)


def _prepared(product: str) -> Callable[[], object]:
    """Batches behind one of as many events, which were received in the same ten seconds."""
    events = stored_events(product)
    event = {"Records": [stream_record(item_of(each), str(place)) for place, each in enumerate(events)]}
    key = _read(events[0])[0]
    before = [Stored(one.entry._replace(id=one.entry.id[:-1] + "_"), one.counted) for _, one in map(_read, events)]
    log, append, _ = _append(before)
    row = _written(appends._item(log, append))  # noqa: SLF001  the row as it is read
    register = {
        "sk": {"S": "log#0#all#0001"},
        "pk": {"S": "A"},
        "name": {"S": log.name},
        "origin": {"S": log.origin},
        "began_ms": {"N": "1"},
    }
    register["pk"] = {"S": key.environment.partition("#")[0]}

    def answer(request: Any, **_: Any) -> Any:
        asked = json.loads(request.body)
        if "Statements" in asked:
            return Answered({"Responses": [{} for _ in asked["Statements"]]})
        if "RequestItems" in asked:
            return Answered({"Responses": {"ledger": [row]}})
        first = asked["ExpressionAttributeValues"].get(":first", {}).get("S", "")
        if first.startswith("log#"):
            return Answered({"Items": [register]})
        if first.startswith("received#"):
            return Answered({"Items": [{"pk": row["pk"], "sk": {"S": f"received#1#{append.start:016}"}}]})
        return Answered({"Items": [row]})

    client = clients.dynamodb()
    client.meta.events.register("before-send.dynamodb.*", answer)
    chance = random.Random(5).randbytes  # noqa: S311
    appender = Appender(LogTable(client, "ledger"), AppendTable(client, "ledger"), "daybook", lambda: 1, chance, _never)
    streams = StreamAppends(appender, _Nothing(), _Nothing(), _Nothing(), lambda *_: None, lambda *_: None)

    def work() -> None:
        assert serve(event, streams) == {"batchItemFailures": []}

    gc.freeze()
    return work


def _written(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()
    }


def _never(_seconds: float) -> None:
    raise AssertionError("nothing is throttled")


class _Nothing:
    """Is handed nothing in these batches."""

    def judge_of_batch(self) -> Callable[[Any], object]:
        return self.keep

    def park(self, keys: Sequence[Any]) -> None:
        raise AssertionError(keys)

    def keep(self, record: Any) -> None:
        raise AssertionError(record)
