"""Event source mappings in the emulator: when a stream or a queue is read, and what of it passes."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.functions import dynamodb_stream, sqs
from infra.local.functions.dynamodb_stream import StreamMapping
from infra.local.functions.instances import MAX_INSTANCES
from infra.local.functions.sqs import QueueMapping

PROPERTIES = {
    "BatchSize": 4,
    "FilterCriteria": {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]},
    "StartingPosition": "TRIM_HORIZON",
}


class Stream:
    """A table's stream with one shard that holds these events. The mapping is stopped when it has read all of them."""

    def __init__(self, *names: str) -> None:
        self.stopped = threading.Event()
        self.looks = 0
        self._records: list[dict[str, Any]] = []
        self.add(*names)

    def add(self, *names: str) -> None:
        self._records = [
            {
                "eventID": str(number),
                "eventName": name,
                "dynamodb": {
                    "ApproximateCreationDateTime": datetime.now(UTC),
                    "SequenceNumber": str(number),
                    "Keys": {"pk": {"S": "p"}, "sk": {"S": str(number)}},
                    "NewImage": {"z": {"B": b"\x01\x02"}},
                },
            }
            for number, name in enumerate(names)
        ]

    def describe_stream(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescription": {"Shards": [{"ShardId": "s"}]}}

    def get_shard_iterator(self, **_: Any) -> dict[str, str]:
        return {"ShardIterator": "i"}

    def length(self) -> int:
        return len(self._records)

    def get_records(self, **_: Any) -> dict[str, Any]:
        self.looks += 1
        records, self._records = self._records, []
        return {"Records": records, "NextShardIterator": "i"}


class Function:
    """Signals when the record `last` has come."""

    def __init__(self, last: str) -> None:
        self.batches: list[list[str]] = []
        self.done = threading.Event()
        self._last = last

    def __call__(self, event: Mapping[str, Any], _request_id: str) -> None:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        assert all(record["dynamodb"]["NewImage"]["z"] == {"B": "AQI="} for record in event["Records"])
        self.batches.append(numbers)
        if self._last in numbers:
            self.done.set()


@contextmanager
def playing(stream: Stream, function: Function, changes: Callable[[], int]) -> Iterator[None]:
    mapping = StreamMapping(stream, "arn", PROPERTIES, function, changes)
    thread = threading.Thread(target=mapping.run, args=(stream.stopped,))
    thread.start()
    yield
    assert function.done.wait(20)
    stream.stopped.set()
    thread.join()


def test_the_function_gets_what_passes_the_filter() -> None:
    """In order, and what was read together in one batch."""
    stream, function = Stream("INSERT", "MODIFY", *["INSERT"] * 3), Function(last="4")
    with playing(stream, function, stream.length):
        pass
    assert function.batches == [["0", "2", "3", "4"]]


def test_a_stream_without_news_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream is read again once there is news."""
    monkeypatch.setattr(dynamodb_stream, "IDLE_SECONDS", 600.0)
    stream, function, news = Stream(), Function(last="0"), [0]
    with playing(stream, function, lambda: news[-1]):
        time.sleep(5 * dynamodb_stream.POLL_SECONDS)
        assert stream.looks == 1
        stream.add("INSERT")
        news.append(1)
    assert function.batches == [["0"]]


def test_what_nobody_told_of_is_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without news the stream is read from time to time."""
    monkeypatch.setattr(dynamodb_stream, "IDLE_SECONDS", 0.2)
    stream, function = Stream(), Function(last="0")
    with playing(stream, function, lambda: 0):
        time.sleep(0.1)
        stream.add("INSERT")
    assert function.batches == [["0"]]


class Queue:
    """A queue whose messages can be received once, and only while `holds_messages` is true."""

    def __init__(self, *ids: str, holds_messages: bool = True) -> None:
        self.holds_messages = holds_messages
        self.receives = 0
        self.deleted: list[str] = []
        self.done = threading.Event()
        self._waiting = list(ids)

    def get_queue_url(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "url"}

    def receive_message(self, *, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:  # noqa: N803  AWS's name
        self.receives += 1
        received, self._waiting = self._waiting[:MaxNumberOfMessages], self._waiting[MaxNumberOfMessages:]
        self.holds_messages = bool(self._waiting)
        return {
            "Messages": [{"MessageId": each, "ReceiptHandle": each, "Body": "", "MD5OfBody": ""} for each in received]
        }

    def delete_message_batch(self, *, Entries: list[dict[str, str]], **_: Any) -> None:  # noqa: N803  AWS's name
        self.deleted += [entry["ReceiptHandle"] for entry in Entries]
        if not self.holds_messages:
            self.done.set()


@contextmanager
def reading(queue: Queue, invoke: Callable[..., Any], **properties: Any) -> Iterator[None]:
    stopped = threading.Event()
    mapping = QueueMapping(queue, "arn", properties, invoke, lambda: queue.holds_messages)
    thread = threading.Thread(target=mapping.run, args=(stopped,))
    thread.start()
    yield
    stopped.set()
    thread.join()


def test_an_empty_queue_is_left_alone() -> None:
    """The queue is asked once it holds a message."""
    queue = Queue("m", holds_messages=False)
    with reading(queue, lambda *_: None):
        time.sleep(2 * sqs.POLL_SECONDS)
        assert queue.receives == 0
        queue.holds_messages = True
        assert queue.done.wait(20)
    assert queue.receives == 1


def test_messages_wait_for_workers_alone() -> None:
    """Of 16 messages as many are handled at the same time as there are workers, until none is left."""
    queue, busy = Queue(*map(str, range(16))), threading.Barrier(MAX_INSTANCES)
    with reading(queue, lambda *_: busy.wait(20), BatchSize=1, ScalingConfig={"MaximumConcurrency": 20}):
        until = time.monotonic() + 20
        while len(queue.deleted) < 16:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert sorted(queue.deleted, key=int) == [str(number) for number in range(16)]


def test_no_more_run_than_the_mapping_allows() -> None:
    """The template's maximum concurrency holds where it is less than the laptop's."""
    queue, running, most = Queue(*map(str, range(6))), list[int](), list[int]()

    def invoke(*_: Any) -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.02)
        running.pop()

    with reading(queue, invoke, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2}):
        assert queue.done.wait(20)
    assert max(most) <= 2


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (None, ""),
        ({}, ""),
        ({"batchItemFailures": None}, ""),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, "b"),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, "abc"),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, "abc"),
        ({"batchItemFailures": [{"wrong": "b"}]}, "abc"),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "unknown"}]}, "abc"),
    ],
)
def test_a_queue_keeps_what_the_function_reports_as_failed(answer: Any, again: str) -> None:
    """All messages, if it names one that is not in the batch, as on Lambda."""
    queue, answered = Queue(*"abc"), threading.Event()

    def invoke(*_: Any) -> Any:
        answered.set()
        return answer

    with reading(queue, invoke, FunctionResponseTypes=["ReportBatchItemFailures"]):
        assert answered.wait(20)
        assert queue.done.wait(0.2 if again == "abc" else 20) == (again != "abc")
    assert queue.deleted == [each for each in "abc" if each not in again]


def test_a_queue_whose_mapping_reports_no_failures_keeps_none() -> None:
    """An answer is no error."""
    queue = Queue("m")
    with reading(queue, lambda *_: {"batchItemFailures": [{"itemIdentifier": "m"}]}):
        assert queue.done.wait(20)
    assert queue.deleted == ["m"]
