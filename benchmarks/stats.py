"""Statistics over 90 days of a million events: what the fold writes, and what questions read, on DynamoDB Local.

The days are folded hour by hour, as the fold does it for a log of this size: 463 events an hour, of 200 activities and
1,000 people, few of whom do most. The last hour is appended and not folded.
"""

import math
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import boto3

from benchmarks.measuring import Row
from benchmarks.typical import NOW
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, format_time
from daybook.ledger.counts import add, keys_of
from daybook.ledger.delta import Counted
from daybook.ledger.fold import Folded
from daybook.ledger.log import Head, Stored
from daybook.ledger.logs import Log, LogKey, new_log
from daybook.ledger.merkle import EMPTY_ROOT, Edge
from daybook.observability import logger
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.template import table_definitions, templates
from ledger.api_handler import operations
from tests.support.ledger import append_of, delta_of, stored
from tests.support.tenant_log import Reader, TenantLog
from tests.support.wiring import seeded_bytes

DAYS = 90
EVENTS = 1_000_000
ACTIVITIES, PEOPLE = 200, 1_000
ROUNDS = 9
_FROM = NOW - NOW % DAY - DAYS * DAY
_HOURS = DAYS * 24
_KB = 1_024
_KEYS_BYTES = 120
"""Of the other attributes of a row."""

QUESTIONS: dict[str, dict[str, str | list[str]]] = {
    "by day": {},
    "by hour": {"interval": "hour"},
    "by activity and status, by day": {"by": ["activity", "status"], "activity": "component-1.*"},
    "by actor, the 10 largest": {"by": "actor", "top": "10", "interval": "none"},
    "of one category by activity": {"by": "activity", "category": "category-3", "interval": "none"},
}


def rows() -> Iterator[Row]:
    logger.setLevel("ERROR")  # otherwise the access log would be mixed into the table
    with DynamoDBLocal() as engine:
        client = Counting(_client(engine.endpoint))
        log = TenantLog(client, _create(client), retention_days=400)
        units, last, seconds = _fold(log)
        yield Row("write units an event of a fold once an hour, 463 events each", f"{units / EVENTS:.2f}")
        yield Row("write units of one fold late in a day, however few events it adds", f"{last}")
        yield Row("CPU an event of that fold", f"{seconds / EVENTS * 1_000_000:.0f} µs")
        ask = Reader(log.wiring, log.tenant, operations_of=lambda wiring: operations(wiring, lambda _log, _size: None))
        assert ask("/v1/stats", {"interval": "none"})["statusCode"] == 200  # the caller is known from now on
        for name, question in QUESTIONS.items():
            query = {"from": format_time(_FROM), "to": format_time(_FROM + DAYS * DAY), **question}
            calls, milliseconds = _asked(ask, client, query)
            yield Row(
                f"statistics {name}, over 90 days of 1,000,000 events: calls of DynamoDB, handler time",
                f"{calls}, {milliseconds:.0f} ms",
                "10",
            )


def _fold(log: TenantLog) -> tuple[int, int, float]:
    """Returns the write units, those of the last fold, and seconds of CPU."""
    wiring, chance = log.wiring, random.Random(1)  # noqa: S311  the same each time
    one = wiring.logs.begin(new_log(LogKey(log.key(), "all"), "daybook", _FROM, seeded_bytes()))
    people = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(PEOPLE)]
    units, last, size, seconds = 0, 0, 0, 0.0
    for hour in range(_HOURS):
        number = EVENTS * (hour + 1) // _HOURS - EVENTS * hour // _HOURS
        events = [_event(_FROM + hour * HOUR, people, chance) for _ in range(number)]
        if hour == _HOURS - 1:
            _append(log, one, size, events)
            break
        size += number
        started = time.process_time()
        keys = dict.fromkeys(key for each in events for key in keys_of(each))
        addition = add(events, wiring.counts.rows(one, keys))
        seconds += time.process_time() - started
        assert wiring.counts.move(one, wiring.counts.folded(one), Folded(size, _FROM + hour * HOUR), addition)
        written = [len(row.data) + _KEYS_BYTES for row in (*addition.rows, *addition.put_aside)]
        last = 2 * sum(math.ceil(each / _KB) for each in (*written, _KEYS_BYTES))
        units += last
    return units, last, seconds


def _append(log: TenantLog, one: Log, size: int, events: Sequence[Counted]) -> None:
    """What is appended and not folded."""
    entries = [stored(size + number, NOW).entry for number in range(len(events))]
    some = [Stored(*each) for each in zip(entries, events, strict=True)]
    head = Head(size, EMPTY_ROOT, Edge(size, (EMPTY_ROOT,) * size.bit_count()), 0)
    assert log.wiring.appends.put(one, append_of(head, some, NOW), delta_of(some))


def _event(moment_ms: int, people: Sequence[str], chance: random.Random) -> Counted:
    activity = min(int(chance.expovariate(8 / ACTIVITIES)), ACTIVITIES - 1)
    component = activity % 40
    return Counted(
        moment_ms,
        f"component-{component}.activity-{activity}",
        f"category-{component % 7}",
        f"component-{component}",
        "failure" if chance.random() < 0.05 else "success",
        people[min(int(chance.expovariate(8 / PEOPLE)), PEOPLE - 1)],
        "user",
    )


def _asked(ask: Reader, client: "Counting", query: Mapping[str, str | list[str]]) -> tuple[int, float]:
    """Calls of the first time, and the median of the next ones' milliseconds."""
    client.calls.clear()
    taken = []
    calls = 0
    for turn in range(ROUNDS):
        started = time.perf_counter()
        answer = ask("/v1/stats", query)
        taken.append(1_000 * (time.perf_counter() - started))
        assert answer["statusCode"] == 200, answer["body"]
        calls = calls if turn else len(client.calls)
    return calls, statistics.median(taken[1:])


def _create(client: Any) -> Tables:
    definitions = table_definitions(templates())
    for field in Tables.__annotations__:
        definition = next(each for name, each in definitions.items() if name.lower().startswith(field))
        client.create_table(TableName=field, **definition)
    return Tables(**{field: field for field in Tables.__annotations__})


def _client(endpoint: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  any will do
    )


class Counting:
    """A client that lists its calls."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.calls.append(name)
            return getattr(self._client, name)(**arguments)

        return call
