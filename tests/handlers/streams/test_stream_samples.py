"""The sample events of the delivery triggers, each through its function as Lambda composes it, over moto."""

import base64
import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.typical import EVERYWHERE
from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.control_table.drains import DrainTable
from daybook.aws.control_table.parked import ParkedTable
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import item_of
from daybook.aws.wiring import Tables
from daybook.clock import system_clock
from daybook.delivery import backlog
from daybook.delivery.backlog import OVERDUE_MS, rows_of
from daybook.delivery.destination import Destination
from daybook.events.decoding import decode_events
from daybook.events.packing import unpack
from daybook.tenant import Tenant
from infra.functions import FUNCTIONS
from ingest.handler import ingest_over
from tests.conftest import client_of
from tests.support.calls import Context
from tests.support.ingest import SECRET, seeded_bytes, settings
from tests.support.memory_stores import MemoryEvents, memory_wiring
from tests.support.places import SAMPLES as EVENTS_FOLDER
from tests.support.streams import destination

pytestmark = pytest.mark.parametrize("store", ["moto"], indirect=True)

FAN_OUT, REDELIVER, WAKE = (
    json.loads((EVENTS_FOLDER / f"{name}.json").read_text()) for name in ("fan_out", "redeliver", "redeliver_wake")
)
COMPOSED = ("fan_out", "redeliver")
SENT = {
    "id": "wm-551-17",
    "occurred_at": "2022-04-12T13:41:00.000Z",
    "activity": "work-item.queued",
    "actor": {"type": "system"},
    "target": {"type": "work-item", "id": "1234-C-A1", "name": "Check supplier invoice"},
    "params": {"queue": "Invoices"},
    "variant": "default",
}
"""The event that the samples hold."""
RECEIVED_MS = 1_649_770_860_123
REQUEST = backlog.read(REDELIVER["Records"][0]["body"])


@pytest.fixture
def parked(dynamodb: Any, tables: Tables) -> ParkedTable:
    return ParkedTable(dynamodb, tables.control)


def stored(destinations: DestinationTable) -> Destination:
    found = destinations.one(REQUEST.environment)
    assert found
    return found


def pending(destinations: DestinationTable, parked: ParkedTable) -> int:
    return parked.pending(stored(destinations))[0]


@pytest.fixture
def destinations(
    dynamodb: Any, tables: Tables, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[DestinationTable]:
    for name in ("events", "identities", "control", "limits"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", getattr(tables, name))
    monkeypatch.setenv("DRAIN_QUEUE_URL", aws("sqs").create_queue(QueueName="drain")["QueueUrl"])
    composed = [importlib.import_module(FUNCTIONS[function].module).compose for function in COMPOSED]
    for compose in composed:
        compose.cache_clear()
    ControlTable(dynamodb, tables.control).create_tenant(
        settings("enate", tenant=Tenant("meridian"), retention_days=None)
    )
    table = DestinationTable(dynamodb, tables.control)
    assert table.create(destination("meridian", profile="enate", subscription=REQUEST.subscription))
    yield table
    for compose in composed:
        compose.cache_clear()


def invoke(function: str, event: dict[str, Any]) -> Any:
    answer: Any = importlib.import_module(FUNCTIONS[function].module).handler(event, Context())
    return answer


def received() -> list[dict[str, Any]]:
    """The records that the customer's consumer reads."""
    kinesis = client_of("kinesis")
    (shard,) = kinesis.describe_stream(StreamName="audit")["StreamDescription"]["Shards"]
    iterator = kinesis.get_shard_iterator(
        StreamName="audit", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return [json.loads(record["Data"]) for record in kinesis.get_records(ShardIterator=iterator)["Records"]]


@pytest.mark.usefixtures("store")
def test_the_samples_hold_what_ingest_stores() -> None:
    """Of an event that was received at the sample's time. Packed bytes may differ between builds of zlib."""
    events = MemoryEvents()
    ingest = ingest_over(memory_wiring(SECRET, lambda: RECEIVED_MS, seeded_bytes(), events=events))
    caller = replace(EVERYWHERE, tenant="meridian")
    sent = decode_events(json.dumps(SENT).encode())
    ingest.store(settings("enate", tenant=Tenant("meridian"), retention_days=None), caller, sent, lambda: 10.0)
    (stored,) = events.events.values()
    expected, sample = item_of(stored), image()
    assert unpack(sample.pop("z")["B"]) == unpack(expected.pop("z")["B"])
    assert sample == expected


def test_a_new_event_reaches_its_stream(destinations: DestinationTable, parked: ParkedTable) -> None:
    """The event arrives through the role, in the chosen format."""
    client_of("kinesis").create_stream(StreamName="audit", ShardCount=1)
    assert invoke("fan_out", FAN_OUT) == {"batchItemFailures": []}
    (event,) = received()
    assert (event["client_id"], event["actor"]["username"]) == ("wm-551-17", "System")
    assert pending(destinations, parked) == 0


def test_without_its_stream_it_waits(destinations: DestinationTable, parked: ParkedTable) -> None:
    """The message is the sample of the other trigger. SQS delivers it after five seconds."""
    assert invoke("fan_out", FAN_OUT) == {"batchItemFailures": []}
    assert pending(destinations, parked) == 1
    sqs = client_of("sqs")
    url = sqs.get_queue_url(QueueName="drain")["QueueUrl"]
    waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert waiting["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"
    after = stored(destinations)
    assert (after.status, after.last_error) == ("failing", "ResourceNotFoundException")
    assert backlog.write(backlog.request_of(after)).decode() == REDELIVER["Records"][0]["body"]


def test_an_event_is_given_up_after_14_days(
    destinations: DestinationTable, parked: ParkedTable, dynamodb: Any, tables: Tables
) -> None:
    """The sample is years old, so it is counted and removed."""
    invoke("fan_out", FAN_OUT)
    DrainTable(dynamodb, tables.control).hurry(stored(destinations), system_clock())
    invoke("redeliver", REDELIVER)
    assert stored(destinations).given_up == 1
    assert pending(destinations, parked) == 0


@pytest.mark.parametrize("lost", [False, True])
def test_a_parked_event_is_delivered(
    destinations: DestinationTable, parked: ParkedTable, dynamodb: Any, tables: Tables, lost: bool
) -> None:
    """By its message, or by the schedule if that was lost."""
    parked.put(stored(destinations), rows_of([key()], system_clock()))
    DrainTable(dynamodb, tables.control).ask(stored(destinations), system_clock() - OVERDUE_MS, system_clock())
    client_of("kinesis").create_stream(StreamName="audit", ShardCount=1)
    dynamodb.put_item(TableName=tables.events, Item=image())
    event = REDELIVER
    if lost:
        invoke("redeliver", WAKE)
        sqs = client_of("sqs")
        (message,) = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="drain")["QueueUrl"])["Messages"]
        event = {"Records": [REDELIVER["Records"][0] | {"body": message["Body"]}]}
    invoke("redeliver", event)
    assert [event["client_id"] for event in received()] == ["wm-551-17"]
    assert pending(destinations, parked) == 0
    assert stored(destinations).drain_due_ms is None


def key() -> str:
    """The sample's event as a row of parked events names it."""
    return f"0#{image()['sk']['S']}"


def image() -> dict[str, Any]:
    """The sample's event as an item of the table."""
    item = FAN_OUT["Records"][0]["dynamodb"]["NewImage"]
    return {name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()}
