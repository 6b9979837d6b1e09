"""The sender of records: calls are as large as Kinesis accepts, and only failed records are retried."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.delivery.records import Record
from daybook.delivery.sender import BYTES_A_CALL, BYTES_A_RECORD, RECORDS_A_CALL, UNHURRIED, PutFailed, RecordSender
from tests.support.streams import MemoryStreams, destination


def records(*sizes: int) -> list[Record]:
    return [Record("k", str(place).encode().ljust(size, b".")) for place, size in enumerate(sizes)]


class SenderHarness:
    """A sender with in-memory streams, and the time that its waits take."""

    def __init__(self, *faults: Any) -> None:
        self.seconds = 0.0
        self.streams = MemoryStreams()
        self.streams.faults["acme"] = list(faults)
        self.sender = RecordSender(self.streams, sleep=self.sleep, jitter=lambda: 1.0)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def send(self, given: list[Record], budget: float = 2.0) -> Any:
        return self.sender.send(destination(), given, lambda: budget - self.seconds)

    @property
    def calls(self) -> list[int]:
        return [count for _, count in self.streams.calls]

    @property
    def taken(self) -> list[Record]:
        return self.streams.taken.get("acme", [])


def test_calls_are_as_large_as_kinesis_takes_them() -> None:
    """A call has 500 records or 5 MB, and the order is kept."""
    harness = SenderHarness()
    given = records(*[10] * 1_234)
    assert harness.send(given).left == []
    assert harness.calls == [500, 500, 234]
    assert harness.taken == given
    harness = SenderHarness()
    harness.send(records(*[1_000_000] * 12))
    assert harness.calls == [5, 5, 2]


@given(st.lists(st.integers(1, 2 * BYTES_A_RECORD), max_size=60), st.integers(0, 3))
def test_each_record_is_taken_once_or_said_to_be_left(sizes: list[int], broken_calls: int) -> None:
    """For all sizes and any point of failure. A record above the limit is refused and takes no other with it."""
    harness = SenderHarness(*[None] * broken_calls, PutFailed("AccessDeniedException", transient=False))
    given_records = records(*sizes)
    sent = harness.send(given_records)
    refused = set(sent.refused)
    assert all(given_records[place].size > BYTES_A_RECORD for place in refused)
    taken = Counter(harness.taken)
    for place, record in enumerate(given_records):
        assert taken[record] + (place in refused) + (place in sent.left) == 1
    for tenant, count in harness.streams.calls:
        assert tenant == "acme"
        assert count <= RECORDS_A_CALL
    assert bool(sent.left) == (sent.error is not None)
    assert BYTES_A_CALL > BYTES_A_RECORD


def test_what_failed_is_tried_again_alone() -> None:
    """Half of a call is throttled. The other half is not sent twice."""
    harness = SenderHarness(lambda place: "ProvisionedThroughputExceededException" if place % 2 else None)
    given = records(*[10] * 100)
    assert harness.send(given).left == []
    assert harness.calls == [100, 50]
    assert Counter(harness.taken) == dict.fromkeys(given, 1)


def test_after_a_few_tries_the_rest_is_left() -> None:
    """The result has the record's error, and no further call is made."""
    harness = SenderHarness(*[lambda place: "ProvisionedThroughputExceededException" if place else None] * 9)
    sent = harness.send(records(*[10] * 700))
    assert sent.error == "ProvisionedThroughputExceededException"
    assert harness.calls == [500, 499, 498, 497][: UNHURRIED.tries]
    assert len(sent.left) == 700 - UNHURRIED.tries


INTERNAL, THROTTLED = "InternalFailure", "ProvisionedThroughputExceededException"


@pytest.mark.parametrize(
    ("errors", "error", "throttled"),
    [
        ([INTERNAL, INTERNAL], INTERNAL, False),
        ([INTERNAL, THROTTLED], THROTTLED, True),
        ([THROTTLED, INTERNAL], THROTTLED, True),
        ([INTERNAL, "LimitExceededException"], "LimitExceededException", True),
        (["Throttling", INTERNAL], "Throttling", True),
    ],
)
def test_an_error_of_throughput_is_told_before_others(errors: list[str], error: str, throttled: bool) -> None:
    """Wherever it is in the call: it says that the stream works."""
    harness = SenderHarness(*[errors.__getitem__] * UNHURRIED.tries)
    sent = harness.send(records(10, 10))
    assert (sent.error, sent.throttled, sent.left) == (error, throttled, [0, 1])


@pytest.mark.parametrize(("transient", "tries"), [(True, UNHURRIED.tries), (False, 1)])
def test_an_error_that_will_pass_is_tried_again(transient: bool, tries: int) -> None:
    """A permanent error is not retried."""
    harness = SenderHarness(*[PutFailed("Whatever", transient=transient)] * 9)
    sent = harness.send(records(10, 10))
    assert (sent.error, sent.left) == ("Whatever", [0, 1])
    assert len(harness.calls) == tries


def test_an_error_that_passes_costs_nothing() -> None:
    harness = SenderHarness(PutFailed("ReadTimeoutError", transient=True))
    sent = harness.send(records(10, 10))
    assert (sent.error, sent.left) == (None, [])


def test_without_time_nothing_is_begun() -> None:
    """Records that are left because time ran out are not an error of the stream."""
    harness = SenderHarness()
    sent = harness.send(records(10, 10), budget=0)
    assert (sent.left, sent.error, harness.calls) == ([0, 1], None, [])
