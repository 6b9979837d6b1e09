"""A page of 50 events, newest first and by a rare actor, in logs of 10,000 and 100,000 events: read units and time."""

import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from benchmarks.measuring import Row
from benchmarks.typical import EVERYWHERE, KEYS, NOW, SECRET, code_for, settings_of
from benchmarks.write_units import bytes_of
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import item_of
from daybook.aws.events_table.indexes import EventIndexes
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, format_time
from daybook.events.decoding import Sent
from daybook.observability import logger
from daybook.people.identities import Reference
from daybook.people.resolver import Identities
from daybook.tenant import Tenant, environment_key
from events.typical import TYPICAL
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.template import table_definitions, templates
from ingest.handler import ingest_over
from tests.support.calls import answered
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, memory_wiring
from tests.support.tenant_log import Reader
from tests.support.wiring import wiring_over

PRODUCT = "jiffy"
TENANT = Tenant("acme")
HOME = environment_key(code_for(TENANT), 0)
SIZES = (10_000, 100_000)
ACTORS = 200
RARE = 60
"""Events of the rare actor, spread over the whole log: slightly more than one page."""

ROUNDS = 41
_AT_ONCE = 500
_ITEMS_A_CALL = 25  # the limit of BatchWriteItem
_UNIT_BYTES = 4_096

QUERIES: dict[str, dict[str, str]] = {"newest first": {}, "by a rare actor": {"actor": "rare.bird"}}


class Log(NamedTuple):
    """A log of so many events, and its reader."""

    read: Reader
    spent: list[float]
    """Read units of the queries since the list was last cleared."""
    item_bytes: Callable[[str, bool], int]
    """The bytes of an event by its id, in the table or in an index."""


def rows() -> Iterator[Row]:
    logger.setLevel("ERROR")  # otherwise the access log would be mixed into the table
    with DynamoDBLocal() as engine:
        logs = {size: _load(engine.endpoint, size) for size in SIZES}
        for name, query in QUERIES.items():
            units = {size: _units(log, query) for size, log in logs.items()}
            yield Row(
                f"read units of a page of 50, {name}, in 10,000 / 100,000",
                " / ".join(
                    f"{spent:g} ({spent / cost:.2f} of {cost:g} for its bytes)" for spent, cost in units.values()
                ),
                "1.5 times its bytes, and the same",
            )
        for name, query in QUERIES.items():
            short, long = _milliseconds(logs, query)
            yield Row(
                f"page of 50, {name}, handler time in 100,000 against 10,000",
                f"{long:.1f} ms / {short:.1f} ms = {long / short:.2f}",
                "1.3",
            )


def _units(log: Log, query: Mapping[str, str]) -> tuple[float, float]:
    """The cost of a page, and the cost of its bytes. The timeline is read consistently, at twice the price of an
    index.
    """
    log.spent.clear()
    page = answered(log.read(query=query))
    assert len(page["events"]) == 50
    spent = sum(log.spent)
    in_index = bool(query)
    weight = sum(log.item_bytes(event["id"], in_index) for event in page["events"])
    return spent, math.ceil(weight / _UNIT_BYTES) * (0.5 if in_index else 1.0)


def _milliseconds(logs: Mapping[int, Log], query: Mapping[str, str]) -> list[float]:
    """The medians of many pages, measured in both logs in turn."""
    taken: dict[int, list[float]] = {size: [] for size in logs}
    for turn in range(ROUNDS + 3):
        for size, log in logs.items():
            started = time.perf_counter()
            assert log.read(query=query)["statusCode"] == 200
            if turn >= 3:  # connections are open and keys are read by then
                taken[size].append(1_000 * (time.perf_counter() - started))
    return [statistics.median(each) for each in taken.values()]


class Counting:
    """A client that records the cost of its queries."""

    def __init__(self, client: Any, spent: list[float]) -> None:
        self._client = client
        self._spent = spent

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request, ReturnConsumedCapacity="TOTAL")
        self._spent.append(answer["ConsumedCapacity"]["CapacityUnits"])
        return answer


def _load(endpoint: str, size: int) -> Log:
    """Creates the tables of a log and fills them, in separate processes."""
    client = _client(endpoint)
    tables = _create(client, size)
    ControlTable(client, tables.control).create_tenant(settings_of(PRODUCT, TENANT))
    people = _people()
    IdentityTable(client, tables.identities).insert(HOME, people)
    parts = range(0, size, _AT_ONCE)
    with ProcessPoolExecutor(2) as processes:
        for _ in processes.map(partial(_fill, endpoint, tables.events, size, people), parts, chunksize=4):
            pass
    spent: list[float] = []
    indexes = EventIndexes(Counting(client, spent), tables.events)
    reader = Reader(wiring_over(client, tables, indexes=indexes), TENANT)
    return Log(reader, spent, partial(_item_bytes, client, tables.events))


def _create(client: Any, size: int) -> Tables:
    definitions = table_definitions(templates())
    names = {field: f"{field}-{size}" for field in Tables.__annotations__}
    for field, name in names.items():
        definition = next(each for logical_id, each in definitions.items() if logical_id.lower().startswith(field))
        # The engine keeps a stream in memory and gets slower with each record, and nothing reads the stream here.
        client.create_table(
            TableName=name, **{key: value for key, value in definition.items() if key != "StreamSpecification"}
        )
    return Tables(**names)


def _people() -> dict[str, Any]:
    """The rows of everyone in the log, bound once, so that every process seals for the same people."""
    store = MemoryIdentities()
    references = [Reference(_actor(number)["id"], _actor(number)["username"]) for number in range(ACTORS + 1)]
    Identities(store, random.Random(PRODUCT).randbytes).resolve(HOME, references, KEYS.of(code_for(TENANT)))  # noqa: S311
    return {sort_key: row for (_, sort_key), row in store.rows.items()}


def _fill(endpoint: str, table: str, size: int, people: Mapping[str, Any], start: int) -> None:
    """Writes 500 events as ingest would store them, but by BatchWriteItem, which is faster than INSERT."""
    identities, events = MemoryIdentities(), MemoryEvents()
    identities.rows.update({(HOME, sort_key): row for sort_key, row in people.items()})
    chance = random.Random(start).randbytes  # noqa: S311
    ingest = ingest_over(memory_wiring(SECRET, lambda: NOW, chance, events=events, identities=identities))
    sent = [_event(number, size) for number in range(start, start + _AT_ONCE)]
    ingest.store(settings_of(PRODUCT, TENANT), EVERYWHERE, Sent(sent, 32), lambda: 10.0)
    items = [{"PutRequest": {"Item": item_of(event)}} for event in events.events.values()]
    assert len(items) == _AT_ONCE
    client = _own_client(endpoint)
    for first in range(0, len(items), _ITEMS_A_CALL):
        answer = client.batch_write_item(RequestItems={table: items[first : first + _ITEMS_A_CALL]})
        assert not answer["UnprocessedItems"]


def _event(number: int, size: int) -> dict[str, Any]:
    """Spread evenly over 90 days."""
    typical = TYPICAL[PRODUCT]
    is_rare = number % (size // RARE) == 0
    return {
        **typical,
        "id": f"evt-{number}",
        "occurred_at": format_time(NOW - 90 * DAY * (size - number) // size),
        "actor": {**typical["actor"], **_actor(ACTORS if is_rare else number % ACTORS)},
        "target": {**typical["target"], "id": f"ocr-pool-{number % 997}"},
    }


def _actor(number: int) -> dict[str, str]:
    name = "rare.bird" if number == ACTORS else f"worker.number{number}"
    return {"id": f"u-{4_000 + number}", "username": name, "email": f"{name}@customer.example"}


def _item_bytes(client: Any, table: str, event_id: str, in_index: bool) -> int:
    item = client.get_item(TableName=table, Key={"pk": {"S": f"{HOME}#0"}, "sk": {"S": event_id}})["Item"]
    projected = ("pk", "sk", "z", "by_actor")
    return bytes_of({name: item[name] for name in projected} if in_index else item)


@cache
def _own_client(endpoint: str) -> Any:
    """The items of a filling process. Making one takes as long as writing a hundred events."""
    return _client(endpoint)


def _client(endpoint: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  any will do
        config=Config(parameter_validation=False),
    )
