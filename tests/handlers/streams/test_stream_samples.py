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
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.events_table.append import item_of
from daybook.aws.wiring import Tables
from daybook.clock import system_clock
from daybook.delivery import backlog_batch
from daybook.delivery.backlog_batch import batches_of
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

FAN_OUT, REDELIVER = (json.loads((EVENTS_FOLDER / f"{name}.json").read_text()) for name in ("fan_out", "redeliver"))
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
PARCEL = backlog_batch.read(REDELIVER["Records"][0]["body"])


def pending(destinations: DestinationTable) -> int:
    found = destinations.one(PARCEL.environment)
    assert found
    return destinations.pending(found)


@pytest.fixture
def destinations(
    dynamodb: Any, tables: Tables, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[DestinationTable]:
    for name in ("events", "identities", "control"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", getattr(tables, name))
    monkeypatch.setenv("RETRY_QUEUE_URL", aws("sqs").create_queue(QueueName="retry")["QueueUrl"])
    composed = [importlib.import_module(FUNCTIONS[function].module).compose for function in COMPOSED]
    for compose in composed:
        compose.cache_clear()
    ControlTable(dynamodb, tables.control).create_tenant(
        settings("enate", tenant=Tenant("meridian"), retention_days=None)
    )
    table = DestinationTable(dynamodb, tables.control)
    assert table.create(destination("meridian", profile="enate", subscription=PARCEL.subscription))
    yield table
    for compose in composed:
        compose.cache_clear()


def invoke(function: str, event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = importlib.import_module(FUNCTIONS[function].module).handler(event, Context())
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
    of = destination("meridian", subscription=PARCEL.subscription)
    assert list(batches_of(of, [f"0#{stored.id}"], PARCEL.parked_at)) == [PARCEL]


def test_a_new_event_reaches_its_stream(destinations: DestinationTable) -> None:
    """The event arrives through the role, in the chosen format."""
    client_of("kinesis").create_stream(StreamName="audit", ShardCount=1)
    assert invoke("fan_out", FAN_OUT) == {"batchItemFailures": []}
    (event,) = received()
    assert (event["client_id"], event["actor"]["username"]) == ("wm-551-17", "System")
    assert pending(destinations) == 0


def test_without_its_stream_it_waits_in_the_queue(destinations: DestinationTable) -> None:
    """The message equals the sample of the other trigger except for its time."""
    assert invoke("fan_out", FAN_OUT) == {"batchItemFailures": []}
    assert pending(destinations) == 1
    sqs = client_of("sqs")
    url = sqs.get_queue_url(QueueName="retry")["QueueUrl"]
    waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert waiting["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"
    stored = destinations.one(PARCEL.environment)
    assert stored
    assert (stored.status, stored.last_error) == ("failing", "ResourceNotFoundException")


def test_a_batch_is_given_up_after_14_days(destinations: DestinationTable, dynamodb: Any, tables: Tables) -> None:
    """The sample is years old, so it is counted and removed."""
    dynamodb.put_item(TableName=tables.events, Item=image())
    destinations.put_parked([PARCEL])
    assert invoke("redeliver", REDELIVER) == {"batchItemFailures": []}
    stored = destinations.one(PARCEL.environment)
    assert stored
    assert stored.given_up == 1
    assert pending(destinations) == 0


def test_a_batch_is_delivered(destinations: DestinationTable, dynamodb: Any, tables: Tables) -> None:
    """The sample with the time changed to just now."""
    body = json.loads(REDELIVER["Records"][0]["body"]) | {"parked_at": system_clock()}
    event = {"Records": [REDELIVER["Records"][0] | {"body": json.dumps(body)}]}
    client_of("kinesis").create_stream(StreamName="audit", ShardCount=1)
    dynamodb.put_item(TableName=tables.events, Item=image())
    destinations.put_parked([PARCEL])
    assert invoke("redeliver", event) == {"batchItemFailures": []}
    assert [event["client_id"] for event in received()] == ["wm-551-17"]
    assert pending(destinations) == 0


def image() -> dict[str, Any]:
    """The sample's event as an item of the table."""
    item = FAN_OUT["Records"][0]["dynamodb"]["NewImage"]
    return {name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()}
