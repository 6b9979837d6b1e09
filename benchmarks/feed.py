"""The feed compared with the export's worker: events a second through the handler, on DynamoDB Local."""

import json
import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.exporting import HOME, PRODUCT, TENANT, _alone, _export, _load
from benchmarks.measuring import Row
from benchmarks.reading import _client
from benchmarks.typical import NOW, SECRET
from daybook.aws.calls import rows as rows_of
from daybook.aws.wiring import Tables, Wiring
from daybook.batching import batched
from daybook.clock import parse_time
from daybook.events.canonical import leaf
from daybook.events.packing import unpack
from daybook.events.reader import content_in
from daybook.http.serve import Operation, serve
from daybook.ledger import delta
from daybook.ledger.entries import Entry
from daybook.ledger.log import Stored
from daybook.ledger.logs import LogKey
from daybook.observability import logger
from infra.local.aws.dynamodb_local import DynamoDBLocal
from ledger.api_handler import operations
from tests.support.calls import Context, authorized, call
from tests.support.memory_stores import NoOwnActivities

EVENTS = 10_000
ROUNDS = 3
SHAPES: Mapping[str, Mapping[str, str]] = {
    "native": {},
    f"the view {PRODUCT}, as the file has it": {"view": PRODUCT},
    "ocsf": {"format": "ocsf"},
}


def rows() -> Iterator[Row]:
    logger.setLevel("ERROR")  # otherwise the access log would be mixed into the table
    with DynamoDBLocal() as engine:
        tables = _load(engine.endpoint, EVENTS)
        exported = [_alone(_export, engine.endpoint, tables) for _ in range(ROUNDS)]
        worker = statistics.median(took.rows / took.seconds for took in exported)
        client = _client(engine.endpoint)
        replaced = {"activities": NoOwnActivities(), "indexes": _NothingRecorded()}
        wiring = Wiring(client, tables, lambda: SECRET, clock=lambda: NOW, replaced=replaced)
        _seal(wiring, client, tables)
        reads = operations(wiring, lambda _log, _size: None)
        for name, shape in SHAPES.items():
            fed = statistics.median(_poll(reads, shape) for _ in range(ROUNDS))
            yield Row(
                f"feed of {EVENTS:,} events, {name}, events a second, against the export's worker",
                f"{fed:,.0f} / {worker:,.0f} = {fed / worker:.2f}",
            )


class _NothingRecorded:
    """In place of the table's indexes, which this table does not have."""

    def newest_ids(self, _by_activity: str, _low: str, _limit: int) -> list[str]:
        return []


def _seal(wiring: Wiring, client: Any, tables: Tables) -> None:
    """Each event under the id that the table gives it: the benchmark's events share their contents."""
    appender, key = wiring.appender("daybook"), LogKey(HOME, "all")
    for some in batched(rows_of(client, tables.events, f"{HOME}#0"), 1_000):
        stored = []
        for item in some:
            encoded = unpack(item["z"]["B"])
            content = content_in(encoded)
            entry = Entry(item["sk"]["S"], parse_time(content["received_at"]), leaf(encoded))
            stored.append(Stored(entry, delta.of(content)))
        appender.append(key, stored)


def _poll(reads: Mapping[str, Operation], shape: Mapping[str, str]) -> float:
    """Events a second of a poller that begins at the beginning."""
    after, size, seen = 0, 1, 0
    began = time.perf_counter()
    while after < size:
        event = call("GET", "/v1/feed", authorizer=authorized("auditor", tenant=TENANT))
        event["multiValueQueryStringParameters"] = {
            "after": [str(after)],
            **{name: [value] for name, value in shape.items()},
        }
        answer = serve(event, Context(), reads)
        assert answer["statusCode"] == 200, answer["body"]
        page = json.loads(answer["body"])
        seen += sum("event" in item for item in page["events"])
        after, size = page["next"], page["size"]
    took = time.perf_counter() - began
    assert seen == EVENTS
    return seen / took
