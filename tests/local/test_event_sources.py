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
    """A queue with one message, which can be received once `holds_messages` is true."""

    def __init__(self) -> None:
        self.holds_messages = False
        self.receives = 0
        self.deleted = threading.Event()

    def get_queue_url(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "url"}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        self.receives += 1
        self.holds_messages = False
        return {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": "", "MD5OfBody": ""}]}

    def delete_message_batch(self, **_: Any) -> None:
        self.deleted.set()


def test_an_empty_queue_is_left_alone() -> None:
    """The queue is asked once it holds a message."""
    queue, stopped = Queue(), threading.Event()
    mapping = QueueMapping(queue, "arn", {}, lambda *_: None, lambda: queue.holds_messages)
    thread = threading.Thread(target=mapping.run, args=(stopped,))
    thread.start()
    time.sleep(2 * sqs.POLL_SECONDS)
    assert queue.receives == 0
    queue.holds_messages = True
    assert queue.deleted.wait(20)
    stopped.set()
    thread.join()
    assert queue.receives == 1
