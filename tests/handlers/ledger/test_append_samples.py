"""The sample events of the triggers that append, each through its function as Lambda composes it, over moto."""

import base64
import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daybook.aws.ledger_table.appends import AppendTable
from daybook.aws.ledger_table.registry import LogTable
from daybook.aws.parked_keys import KEYS_A_MESSAGE, ParkedKeys, keys_of
from daybook.aws.wiring import Tables
from daybook.events.canonical import leaf
from daybook.events.packing import unpack
from daybook.ledger.logs import LogKey
from daybook.tenant import TenantCode, environment_key
from infra.functions import FUNCTIONS
from tests.support.calls import Context
from tests.support.places import SAMPLES

pytestmark = pytest.mark.parametrize("store", ["moto"], indirect=True)

APPEND, PARKED = (json.loads((SAMPLES / f"{name}.json").read_text()) for name in ("append", "append_parked"))
IMAGE = APPEND["Records"][0]["dynamodb"]["NewImage"]
PACKED = base64.b64decode(IMAGE["z"]["B"])
NAMES = ("append", "append_parked")


@pytest.fixture
def queue(tables: Tables, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The functions' environment, and the queue of parked keys."""
    url: str = aws("sqs").create_queue(QueueName="parked")["QueueUrl"]
    aws("s3").create_bucket(Bucket="failed-batches")
    for name, value in {
        "EVENTS_TABLE": tables.events,
        "LEDGER_TABLE": tables.ledger,
        "CONTROL_TABLE": tables.control,
        "LOG_ORIGIN": "daybook",
        "APPEND_PARKED_QUEUE_URL": url,
        "FAILED_BATCH_BUCKET": "failed-batches",
    }.items():
        monkeypatch.setenv(name, value)
    composed = [importlib.import_module(FUNCTIONS[name].module).compose for name in NAMES]
    for compose in composed:
        compose.cache_clear()
    yield url
    for compose in composed:
        compose.cache_clear()


def invoke(name: str, event: dict[str, Any]) -> Any:
    return importlib.import_module(FUNCTIONS[name].module).handler(event, Context())


def entries(dynamodb: Any, tables: Tables) -> list[tuple[str, bytes]]:
    log = LogTable(dynamodb, tables.ledger).current(LogKey(environment_key(TenantCode("NQD820"), 0), "all"))
    if log is None:
        return []
    return [(entry.id, entry.leaf) for _, entry in AppendTable(dynamodb, tables.ledger).read(log, 0, 10)]


@pytest.mark.usefixtures("queue")
def test_what_the_stream_brings_is_appended(dynamodb: Any, tables: Tables) -> None:
    """Once, however often it comes."""
    for _ in range(2):
        assert invoke("append", APPEND) == {"batchItemFailures": []}
    assert entries(dynamodb, tables) == [(IMAGE["sk"]["S"], leaf(unpack(PACKED)))]


@pytest.mark.usefixtures("queue")
def test_what_can_not_be_read_is_kept_once(aws: Callable[[str], Any]) -> None:
    """With its bytes, under `poison/`."""
    (record,) = APPEND["Records"]
    broken = {**record, "dynamodb": {**record["dynamodb"], "NewImage": {**IMAGE, "z": {"B": "AQAA"}}}}
    for _ in range(2):
        assert invoke("append", {"Records": [broken]}) == {"batchItemFailures": []}
    s3 = aws("s3")
    (kept,) = s3.list_objects_v2(Bucket="failed-batches")["Contents"]
    assert kept["Key"].startswith("poison/")
    assert json.loads(s3.get_object(Bucket="failed-batches", Key=kept["Key"])["Body"].read()) == broken


def test_parked_events_are_appended(dynamodb: Any, tables: Tables, queue: str, aws: Callable[[str], Any]) -> None:
    """A message that can't be dealt with comes again, later each time."""
    dynamodb.put_item(TableName=tables.events, Item={**IMAGE, "z": {"B": PACKED}, "f": {"B": b"f"}})
    sqs = aws("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="nonsense")
    (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
    broken = {**PARKED["Records"][0], "receiptHandle": message["ReceiptHandle"], "body": message["Body"]}
    answer = invoke("append_parked", {"Records": [broken]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": PARKED["Records"][0]["messageId"]}]}
    assert "Messages" not in sqs.receive_message(QueueUrl=queue), "for half a minute"
    assert invoke("append_parked", PARKED) == {"batchItemFailures": []}
    assert entries(dynamodb, tables) == [(IMAGE["sk"]["S"], leaf(unpack(PACKED)))]


@pytest.mark.usefixtures("store")
def test_keys_are_parked_in_as_many_messages_as_they_need() -> None:
    """Each below SQS's 256 KB, also with the longest keys, and delayed."""
    sent: list[dict[str, Any]] = []
    keys = [("0" * 6 + f"#{number:010}#{number:010}", "0" * 36) for number in range(2 * KEYS_A_MESSAGE + 1)]

    class Queue:
        def send_message(self, **message: Any) -> None:
            sent.append(message)

    ParkedKeys(Queue(), "url").park(keys)
    assert [key for message in sent for key in keys_of(message["MessageBody"])] == keys
    assert [len(keys_of(message["MessageBody"])) for message in sent] == [KEYS_A_MESSAGE, KEYS_A_MESSAGE, 1]
    assert max(len(message["MessageBody"]) for message in sent) < 256 * 1_024
    assert all(0 < message["DelaySeconds"] <= 900 for message in sent)
