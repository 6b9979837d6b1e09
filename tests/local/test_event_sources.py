"""Event source mappings in the emulator: filters, batches, halving, and records that are given up."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.functions import dynamodb_stream, sqs
from infra.local.functions.dynamodb_stream import StreamMapping
from infra.local.functions.instances import FunctionError
from infra.local.functions.sqs import QueueMapping

PROPERTIES = {
    "BatchSize": 4,
    "BisectBatchOnFunctionError": True,
    "FilterCriteria": {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]},
    "MaximumRetryAttempts": 1,
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
    """Raises while any of `poison` is in the batch, reports `failing` once, and signals when `last` has been
    handled.
    """

    def __init__(self, last: str, poison: tuple[str, ...] = (), failing: tuple[str, ...] = ()) -> None:
        self.batches: list[list[str]] = []
        self.done = threading.Event()
        self._last, self._poison, self._failing = last, poison, list(failing)

    def __call__(self, event: Mapping[str, Any], _request_id: str) -> Any:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        assert all(record["dynamodb"]["NewImage"]["z"] == {"B": "AQI="} for record in event["Records"])
        self.batches.append(numbers)
        if set(numbers) & set(self._poison):
            if self._last in numbers and len(numbers) == 1:
                self.done.set()
            raise FunctionError("no")
        failed = [number for number in numbers if number in self._failing]
        for number in failed:
            self._failing.remove(number)
        if self._last in numbers and not failed:
            self.done.set()
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


@contextmanager
def playing(stream: Stream, function: Function, changes: Callable[[], int]) -> Iterator[list[dict[str, Any]]]:
    """Yields the messages to the on-failure destination."""
    given_up: list[dict[str, Any]] = []
    mapping = StreamMapping(
        stream,
        "arn",
        PROPERTIES,
        function,
        changes,
        give_up=lambda body: given_up.append(json.loads(body)["DDBStreamBatchInfo"]),
    )
    thread = threading.Thread(target=mapping.run, args=(stream.stopped,))
    thread.start()
    yield given_up
    assert function.done.wait(20)
    stream.stopped.set()
    thread.join()


def play(stream: Stream, function: Function) -> list[dict[str, Any]]:
    """Returns the messages to the on-failure destination."""
    with playing(stream, function, stream.length) as given_up:
        pass
    return given_up


def test_batches_hold_what_passes_the_filter() -> None:
    """In order, and at most the batch size at once."""
    function = Function(last="6")
    assert play(Stream("INSERT", "MODIFY", *["INSERT"] * 4, "INSERT"), function) == []
    assert [number for batch in function.batches for number in batch] == ["0", "2", "3", "4", "5", "6"]
    assert all(len(batch) <= 4 for batch in function.batches)


def test_of_a_partial_answer_the_batch_goes_on_from_the_lowest() -> None:
    """The records after it come again."""
    function = Function(last="3", failing=("2",))
    assert play(Stream(*["INSERT"] * 4), function) == []
    assert [number for batch in function.batches for number in batch][-2:] == ["2", "3"]


def test_a_batch_that_fails_is_halved_until_the_poison_is_alone() -> None:
    """All others are handled, and the position of the poison record is noted."""
    function = Function(last="3", poison=("1",))
    given_up = play(Stream(*["INSERT"] * 4), function)
    assert [(lost["startSequenceNumber"], lost["batchSize"]) for lost in given_up] == [("1", 1)]
    fine = {number for batch in function.batches if "1" not in batch for number in batch}
    assert fine == {"0", "2", "3"}


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
