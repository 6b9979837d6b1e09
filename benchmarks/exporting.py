"""The export worker compared with a simple one: rows a second on DynamoDB Local, and peak memory."""

import csv
import io
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import boto3
import msgspec
from boto3.dynamodb.conditions import Key

from benchmarks.measuring import Row
from benchmarks.reading import _client
from benchmarks.typical import EVERYWHERE, NOW, SECRET, code_for, settings_of
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import item_of
from daybook.aws.identities_table.rows import IdentityTable
from daybook.aws.wiring import Tables, Wiring
from daybook.catalogue.profile import profile
from daybook.catalogue.views import Shown, labels, show
from daybook.clock import DAY, system_clock
from daybook.events.decoding import Sent
from daybook.events.reader import Opened, content_of, people_of
from daybook.ids import event_id
from daybook.jobs.export import Ask, places_of
from daybook.jobs.job import Job, new_job
from daybook.jobs.runner import Runner
from daybook.tenant import Tenant, code_of, environment_key
from events.typical import TYPICAL
from exports.work import ExportWork
from exports.worker_handler import services_over
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.template import table_definitions, templates
from ingest.handler import ingest_over
from tests.support.jobs import MemoryJobs, MemoryQueue, received
from tests.support.memory_stores import MemoryEvents, MemoryIdentities, NoOwnActivities, memory_wiring

PRODUCT = "carear"
TENANT = Tenant("acme")
HOME = environment_key(code_for(TENANT), 0)
RATE_ROWS = 50_000
MEMORY_ROWS = (50_000, 1_000_000)
ACTORS = 200
DIFFERENT = 2_000
"""Events made by ingest. The log repeats them under its own ids and times, which only sealing could notice."""


class Took(NamedTuple):
    rows: int
    seconds: float
    peak_kilobytes: int


def rows(sizes: Sequence[int] = MEMORY_ROWS, compared: int = RATE_ROWS) -> Iterator[Row]:
    with DynamoDBLocal() as engine:
        logs = {size: _load(engine.endpoint, size) for size in sorted({*sizes, compared})}
        ours = [_alone(_export, engine.endpoint, logs[compared]) for _ in range(3)]
        theirs = [_alone(_straightforward, engine.endpoint, logs[compared]) for _ in range(3)]
        fast, slow = (sorted(took.rows / took.seconds for took in each)[1] for each in (ours, theirs))
        yield Row(
            f"export of {compared:,} rows as CSV, rows a second: the worker against a straightforward one",
            f"{fast:,.0f} / {slow:,.0f} = {fast / slow:.1f}",
            "5",
        )
        for order, sort in (("newest first", "-occurred_at"), ("sorted by actor", "actor")):
            took = [_alone(_export, engine.endpoint, logs[size], sort) for size in sizes]
            peaks = [each.peak_kilobytes / 1024 for each in took]
            yield Row(
                f"peak memory of an export of {sizes[-1]:,} rows against {sizes[0]:,}, {order}",
                f"{peaks[-1]:.0f} MB / {peaks[0]:.0f} MB = {peaks[-1] / peaks[0]:.2f}",
                "1.2",
            )
            yield Row(
                f"rows a second of the same, {order}",
                " / ".join(f"{each.rows / each.seconds:,.0f}" for each in took[::-1]),
            )


def _alone(work: Any, *arguments: Any) -> Took:
    """In its own process, to measure its memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        took: Took = process.submit(work, *arguments).result()
    return took


class DiskFiles:
    """A bucket as a folder, because the measured memory must not include the files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, place: str, content: bytes, media_type: str, filename: str | None = None) -> None:  # noqa: ARG002
        self._at(place).write_bytes(content)

    def read(self, place: str, start: int, length: int) -> bytes:
        with self._at(place).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def delete(self, places: Sequence[str]) -> None:
        for place in places:
            self._at(place).unlink(missing_ok=True)

    def begin(self, place: str, media_type: str, filename: str | None = None) -> str:  # noqa: ARG002
        return "upload"

    def put_part(self, place: str, upload: str, number: int, content: bytes) -> None:
        self._at(f"{place}.{upload}.{number}").write_bytes(content)

    def complete(self, place: str, upload: str, parts: int) -> None:
        with self._at(place).open("wb") as file:
            for number in range(1, parts + 1):
                part = self._at(f"{place}.{upload}.{number}")
                file.write(part.read_bytes())
                part.unlink()

    def abort(self, place: str, upload: str) -> None: ...

    def _at(self, place: str) -> Path:
        return self._folder / place.replace("/", "_")


def _export(endpoint: str, tables: Tables, sort: str = "-occurred_at") -> Took:
    client = _client(endpoint)
    with tempfile.TemporaryDirectory() as folder:
        wiring = Wiring(client, tables, lambda: SECRET, replaced={"activities": NoOwnActivities()})
        services = services_over(wiring, DiskFiles(Path(folder)), lambda _log, _size: None, lambda _: None)
        jobs = MemoryJobs()
        job = _job(sort)
        jobs.put(job)
        started = time.perf_counter()
        runner = Runner(jobs, MemoryQueue(), ExportWork(services), system_clock)
        done = runner.run(received(job), lambda: 900.0)  # no hand-over to another worker
        took = time.perf_counter() - started
        assert done.status == "succeeded", done.error
        assert (Path(folder) / places_of(job).file.replace("/", "_")).stat().st_size > 50 * done.processed
    return Took(done.processed, took, _peak())


def _job(sort: str) -> Job:
    ask = Ask(
        environment="prod",
        query={"sort": [sort], "view": [PRODUCT], "tz": ["UTC"]},
        format="csv",
        filename="AuditLogs_20261122_163107.csv",
        asked_ms=system_clock(),
        edge_ms=0,
        record="",
        credential="k1",
        role="auditor",
        filters=[],
        groups={},
        profile=PRODUCT,
        catalogue_version=0,
        tenant_name="Acme",
    )
    chance = random.Random(1)  # noqa: S311
    return new_job(
        tenant=code_of(HOME), kind="export", ask=msgspec.to_builtins(ask), now_ms=NOW, random_bytes=chance.randbytes
    )


def _straightforward(endpoint: str, tables: Tables) -> Took:
    """The obvious implementation: through the resource, page by page, with all rows in memory and a DictWriter at
    the end.
    """
    dynamodb = boto3.resource(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  any will do
    )
    events, identities = dynamodb.Table(tables.events), dynamodb.Table(tables.identities)
    view = profile(PRODUCT)
    keys: dict[str, bytes] = {}
    found: list[dict[str, str]] = []
    more: dict[str, Any] = {}
    started = time.perf_counter()
    while True:
        page = events.query(
            KeyConditionExpression=Key("pk").eq(f"{HOME}#0"), ScanIndexForward=False, ConsistentRead=True, **more
        )
        for item in page["Items"]:
            content = content_of(item["z"].value)
            for guid in people_of(content):
                if guid not in keys:
                    person = identities.get_item(Key={"pk": HOME, "sk": f"id#{guid}"}, ConsistentRead=True)
                    keys[guid] = person["Item"]["key"].value
            opened = Opened(content, keys)
            native = opened.native(view.aliases)
            found.append(show(Shown(native, opened.alias(view.aliases), "Acme", view.aliases, view, ZoneInfo("UTC"))))
        if "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, labels(view))
    writer.writeheader()
    writer.writerows(found)
    with tempfile.NamedTemporaryFile() as file:
        file.write(text.getvalue().encode())
    return Took(len(found), time.perf_counter() - started, _peak())


def _peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform != "darwin" else peak // 1024


def _load(endpoint: str, size: int) -> Tables:
    """A log of so many events by 200 people. It has the indexes' keys but no index, because an export by time reads
    none.
    """
    client = _client(endpoint)
    tables = Tables(**{field: f"{field}-export-{size}" for field in Tables.__annotations__})
    definitions = table_definitions(templates())
    for field in Tables.__annotations__:
        definition = next(each for logical_id, each in definitions.items() if logical_id.lower().startswith(field))
        client.create_table(
            TableName=getattr(tables, field),
            KeySchema=definition["KeySchema"],
            AttributeDefinitions=[
                each for each in definition["AttributeDefinitions"] if each["AttributeName"] in ("pk", "sk")
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    ControlTable(client, tables.control).create_tenant(settings_of(PRODUCT, TENANT))
    people, items = _made()
    IdentityTable(client, tables.identities).insert(HOME, people)
    with ProcessPoolExecutor(2) as processes:
        starts = range(0, size, 5_000)
        for _ in processes.map(partial(_fill, endpoint, tables.events, items, size), starts):
            pass
    return tables


def _made() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    identities, events = MemoryIdentities(), MemoryEvents()
    chance = random.Random(PRODUCT).randbytes  # noqa: S311
    ingest = ingest_over(memory_wiring(SECRET, lambda: NOW, chance, events=events, identities=identities))
    typical = TYPICAL[PRODUCT]
    for start in range(0, DIFFERENT, 500):
        sent = [
            {
                **typical,
                "id": f"evt-{number}",
                "actor": {**typical["actor"], "id": f"u-{number % ACTORS}", "username": f"worker.{number % ACTORS}"},
            }
            for number in range(start, start + 500)
        ]
        results = ingest.store(settings_of(PRODUCT, TENANT), EVERYWHERE, Sent(sent, 32), lambda: 10.0)
        assert all(result.status == "stored" for result in results)
    items = [item_of(event) for event in events.events.values()]
    return {sort_key: row for (_, sort_key), row in identities.rows.items()}, items


def _fill(endpoint: str, table: str, items: Sequence[dict[str, Any]], size: int, start: int) -> None:
    client = _client(endpoint)
    put = [
        {
            "PutRequest": {
                "Item": {
                    **items[number % len(items)],
                    "sk": {"S": event_id(NOW - 80 * DAY * (size - number) // size, number.to_bytes(16, "big"))},
                }
            }
        }
        for number in range(start, min(start + 5_000, size))
    ]
    for first in range(0, len(put), 25):
        assert not client.batch_write_item(RequestItems={table: put[first : first + 25]})["UnprocessedItems"]
