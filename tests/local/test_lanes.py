"""How the emulator passes a stream's records on: lanes, batches, halving, partial failures, retries and age."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.functions import lanes
from infra.local.functions.instances import FunctionError
from infra.local.functions.lanes import Lanes, failures, lane_of

PROPERTIES = {
    "BatchSize": 4,
    "BisectBatchOnFunctionError": True,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "MaximumRetryAttempts": 1,
}
Batch = list[str]


def record(number: int, partition: str = "p", *, age: float = 0) -> dict[str, Any]:
    """An item of its own, `age` seconds old."""
    return {
        "dynamodb": {
            "ApproximateCreationDateTime": time.time() - age,
            "SequenceNumber": str(number),
            "Keys": {"pk": {"S": partition}, "sk": {"S": str(number)}},
        }
    }


def numbers(event: Mapping[str, Any]) -> Batch:
    return [each["dynamodb"]["SequenceNumber"] for each in event["Records"]]


@contextmanager
def working(invoke: Callable[[Batch], Any], given_up: list[Batch] | None = None, **properties: Any) -> Iterator[Lanes]:
    """The lanes of a mapping; `given_up` receives what goes to the on-failure destination."""
    noted = [] if given_up is None else given_up
    stopped = threading.Event()
    made = Lanes(
        "arn",
        PROPERTIES | properties,
        lambda event, _request_id: invoke(numbers(event)),
        lambda _stream, _shard, records: noted.append(numbers({"Records": records})),
    )
    made.start(stopped)
    yield made
    stopped.set()
    made.end()


def play(invoke: Callable[[Batch], Any], records: list[dict[str, Any]], **properties: Any) -> list[Batch]:
    """Waits until all are handled or given up. Returns what went to the on-failure destination."""
    given_up: list[Batch] = []
    with working(invoke, given_up, **properties) as made:
        made.put("shard", records)
        until = time.monotonic() + 20
        while made.waiting:
            assert time.monotonic() < until
            time.sleep(0.01)
    return given_up


class Function:
    """Raises while a record of `poison` is in the batch, and reports each record of `failing` as failed once."""

    def __init__(self, poison: str = "", failing: str = "") -> None:
        self.batches: list[Batch] = []
        self._poison, self._failing = set(poison.split()), failing.split()

    def __call__(self, batch: Batch) -> Any:
        self.batches.append(batch)
        if self._poison & {*batch}:
            raise FunctionError("no")
        failed = [number for number in batch if number in self._failing]
        for number in failed:
            self._failing.remove(number)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits before it is tried again."""
    monkeypatch.setattr(lanes, "FIRST_WAIT_SECONDS", 0.0)


def test_the_items_of_one_partition_use_all_lanes() -> None:
    """As on AWS, which keeps the order of an item alone. Of 1,000 items each of ten lanes gets about a tenth."""
    used = Counter(lane_of(record(number)["dynamodb"]["Keys"], 10) for number in range(1_000))
    assert set(used) == set(range(10))
    assert max(used.values()) < 150


def test_an_item_keeps_its_lane_in_every_run() -> None:
    """However its keys are sorted. A second run must not send a later change of an item before an earlier one."""
    keys = {"pk": {"S": "ten#prod#00"}, "sk": {"S": "01G0KMT0QV"}}
    assert lane_of(keys, 10) == lane_of(dict(reversed(keys.items())), 10) == 4


def test_a_lane_that_waits_delays_no_other_lane() -> None:
    """The items of one partition that are in other lanes are passed on."""
    blocked = lane_of(record(0)["dynamodb"]["Keys"], 10)
    others = [each for each in range(1, 50) if lane_of(record(each)["dynamodb"]["Keys"], 10) != blocked]
    released, seen, done = threading.Event(), set[str](), threading.Event()

    def invoke(batch: Batch) -> None:
        if "0" in batch:
            released.wait(20)
        seen.update(batch)
        if seen >= {str(each) for each in others}:
            done.set()

    with working(invoke, ParallelizationFactor=10) as made:
        made.put("shard", [record(number) for number in range(50)])
        assert done.wait(20)
        assert "0" not in seen
        released.set()


def test_a_batch_holds_what_was_read_together() -> None:
    """Up to the batch size, in order."""
    function = Function()
    play(function, [record(number) for number in range(6)])
    assert function.batches == [["0", "1", "2", "3"], ["4", "5"]]


@pytest.mark.usefixtures("_at_once")
def test_after_a_partial_failure_the_batch_continues_from_the_lowest() -> None:
    """The records after it come again. To split the batch there is no retry."""
    function = Function(failing="1 2 3")
    assert play(function, [record(number) for number in range(4)], MaximumRetryAttempts=0) == []
    assert function.batches == [["0", "1", "2", "3"], ["1", "2", "3"]]


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("retries", [0, 1])
def test_a_batch_that_fails_is_halved_until_the_poison_is_alone(retries: int) -> None:
    """Halving is no retry. All others are handled, and the poison record goes to the destination."""
    function = Function(poison="1")
    given_up = play(function, [record(number) for number in range(4)], MaximumRetryAttempts=retries)
    assert given_up == [["1"]]
    assert {number for batch in function.batches if "1" not in batch for number in batch} == {"0", "2", "3"}
    assert function.batches.count(["1"]) == 1 + retries


@pytest.mark.usefixtures("_at_once")
def test_without_halving_the_batch_is_given_up_as_a_whole() -> None:
    """After its retries."""
    function = Function(poison="1")
    given_up = play(function, [record(number) for number in range(4)], BisectBatchOnFunctionError=False)
    assert given_up == [["0", "1", "2", "3"]]
    assert function.batches == [["0", "1", "2", "3"]] * 2


@pytest.mark.usefixtures("_at_once")
def test_without_a_maximum_a_record_is_tried_for_ever() -> None:
    """More often than a doubling wait could be counted as a float."""
    tries = 1_100
    function = Function(failing="0 " * tries)
    assert play(function, [record(0)], MaximumRetryAttempts=-1, MaximumRecordAgeInSeconds=-1) == []
    assert len(function.batches) == tries + 1


@pytest.mark.usefixtures("_at_once")
def test_age_alone_ends_the_retries() -> None:
    """A record is not sent once it is too old. Those that are younger go on without it."""
    function = Function(poison="0")
    old = record(0, age=59.9)
    given_up = play(function, [old, record(1)], MaximumRetryAttempts=-1, MaximumRecordAgeInSeconds=60, BatchSize=1)
    assert given_up == [["0"]]
    assert len(function.batches) > 2
    assert function.batches[-1] == ["1"]


def test_a_record_that_is_too_old_is_never_sent() -> None:
    """The younger ones of its batch are."""
    function = Function()
    given_up = play(function, [record(0, age=61), record(1)], MaximumRecordAgeInSeconds=60)
    assert given_up == [["0"]]
    assert function.batches == [["1"]]


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        ({}, []),
        ({"batchItemFailures": []}, []),
        ({"batchItemFailures": None}, []),
        ({"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "1"}]}, ["1", "2"]),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ["0", "1", "2"]),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, ["0", "1", "2"]),
        ({"batchItemFailures": [{"wrong": "1"}]}, ["0", "1", "2"]),
    ],
)
def test_an_answer_is_read_as_lambda_reads_it(answer: Mapping[str, Any], again: list[str]) -> None:
    """An identifier that Lambda can't read makes the whole batch a failure."""
    assert numbers({"Records": failures([record(number) for number in range(3)], answer)}) == again


def test_a_mapping_that_reports_no_failures_ignores_them() -> None:
    """The batch counts as handled."""
    function = Function(failing="0")
    assert play(function, [record(0)], FunctionResponseTypes=[]) == []
    assert function.batches == [["0"]]
