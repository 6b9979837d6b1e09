"""A stream is set, changed, deleted and set again while a batch is served. No event is lost, and none is sent to a
stream that had been replaced before the destination was read last.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.delivery.destination import Destination
from daybook.delivery.records import Record
from daybook.delivery.sender import Answer, PutFailed
from streams.fan_out_handler import fan_out_over
from tests.conftest import Store
from tests.support.ingest import NOW
from tests.support.streams import STREAM, StreamHarness, destination
from tests.support.tenant_log import TenantLog

THROTTLED = "ProvisionedThroughputExceededException"
MOST_CALLS = 9
"""More than a worker makes between its read and the last word of the park, with the share served twice."""
EVERY = {"memory": 1, "moto": 9, "dynamodb-local": 9}
"""Each which case a store tries. All of them take the store in memory a few seconds."""


class Killed(BaseException):
    """The process is killed, and nothing in it continues."""


class Client:
    """DynamoDB as the worker sees it. `before` runs before each call that it makes in this process."""

    def __init__(self, client: Any, before: Callable[[str, dict[str, Any]], None]) -> None:
        self._client = client
        self._before = before

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def watched(**named: Any) -> Any:
            self._before(name, named)
            return call(**named)

        return watched


class Case:
    """A batch is served while the admin acts before some of its calls."""

    def __init__(self, log: TenantLog, trouble: str, moments: Sequence[int], serial: int) -> None:
        self.name = f"{trouble}-{serial}"
        self.trouble = trouble
        self.calls = 0
        self.sent: list[tuple[str, list[str]]] = []
        """The ARN and the events of each call, whether the stream took them or not."""
        self.taken: set[str] = set()
        self.read_arn: str | None = None
        """The stream at the worker's last read of the destination."""
        self.plain = StreamHarness(log, streams=self)
        self.plain.destinations.remove(destination().environment)
        self.plain.set_up(**self.numbered(0))
        if trouble == "failing":
            self.plain.destinations.failed(self.plain.stored(), "AccessDeniedException", log.now)
        steps = zip(moments, (self.change, self.remove, self.set_again), strict=True)
        self.steps: Iterator[tuple[int, Callable[[], None]]] = iter(steps)
        self.next = next(self.steps, None)
        worker = copy(log)
        worker.wiring = replace(log.wiring, client=Client(log.dynamodb, self.before))
        self.worker = StreamHarness(worker, streams=self, queue=self.plain.queue)
        self.worker.fan_out = fan_out_over(self.worker.wiring, self.worker.fan_out.backlog, lambda: 0.0)

    def numbered(self, number: int) -> dict[str, str]:
        return {
            "stream_arn": f"{STREAM}-{number}",
            "subscription": f"{self.name}-{number // 2}",
            "generation": f"{self.name}-{number}",
        }

    def before(self, name: str, named: dict[str, Any]) -> None:
        """The admin acts before the call."""
        while self.next is not None and self.next[0] == self.calls:
            self.next[1]()
            self.next = next(self.steps, None)
        self.calls += 1
        if name == "batch_get_item" and self.plain.log.tables.control in named["RequestItems"]:
            found = self.plain.destinations.one(destination().environment)
            self.read_arn = None if found is None else found.chosen.stream_arn

    def put(self, to: Destination, records: Sequence[Record], _answer_seconds: float) -> Answer:
        """The old streams are in trouble, the last one is fine."""
        self.before("put_records", {})
        events = [json.loads(record.data)["id"] for record in records]
        self.sent.append((to.chosen.stream_arn, events))
        assert to.chosen.stream_arn == self.read_arn, self.name
        if not to.chosen.stream_arn.endswith("-2"):
            if self.trouble == "refused":
                raise PutFailed("AccessDeniedException", transient=False)
            if self.trouble == "throttled":
                return Answer([THROTTLED] * len(records), 20)
        self.taken.update(events)
        return Answer([None] * len(records), 20)

    def change(self) -> None:
        before = self.plain.stored()
        chosen = replace(before.chosen, stream_arn=f"{STREAM}-1")
        assert self.plain.destinations.choose(before, chosen, self.numbered(1)["generation"])

    def remove(self) -> None:
        self.plain.destinations.remove(destination().environment)

    def set_again(self) -> None:
        assert self.plain.destinations.create(destination(**self.numbered(2)))


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


@pytest.mark.every_store
@pytest.mark.parametrize("trouble", ["refused", "throttled", "failing"])
def test_set_changed_deleted_and_set_again_within_a_batch(log: TenantLog, store: Store, trouble: str) -> None:
    """At every combination of moments between the read of the destination and the last word of the park. What the
    old streams refuse goes to the last one. So do the events of the next batch, and nothing else goes there twice.
    """
    sent = log.sent({"id": "1"}, {"id": "2"})
    (later,) = log.sent({"id": "3"})
    plain = StreamHarness(log)
    batch, next_batch = plain.stream(sent), plain.stream([later])
    within = 0
    every = list(itertools.combinations_with_replacement(range(1, MOST_CALLS), 3))
    for serial, moments in enumerate(every[:: EVERY[store.name]]):
        log.now = NOW
        case = Case(log, trouble, moments, serial)
        assert case.worker.publish(batch) == [], moments
        if case.next is not None:
            continue  # the batch was done before
        within += 1
        assert case.worker.publish(next_batch) == [], moments
        assert case.plain.stored().subscription == f"{case.name}-1"
        case.read_arn = f"{STREAM}-2"
        case.plain.drain()
        assert case.taken == {*sent, later}, moments
        assert all(later not in events or arn.endswith("-2") for arn, events in case.sent), moments
        assert sum(later in events for _, events in case.sent) == 1, moments
    assert within >= 14 // EVERY[store.name]


def test_a_stream_that_is_removed_for_good_gets_nothing_more(log: TenantLog) -> None:
    """Its events are no longer wanted, so the batch is done."""
    sent = log.sent({}, {})
    for moment in range(1, MOST_CALLS):
        case = Case(log, "failing", (moment, moment, MOST_CALLS), moment)
        assert case.worker.publish(case.plain.stream(sent)) == []
        assert case.sent == []


def test_a_stream_that_is_set_again_all_the_time(log: TenantLog) -> None:
    """The batch does not turn in a circle. Lambda repeats it."""
    sent = log.sent({"id": "1"})
    case = Case(log, "failing", (MOST_CALLS,) * 3, 0)
    serial = itertools.count(3)

    def before(name: str, named: dict[str, Any]) -> None:  # noqa: ARG001  the method's form
        if name == "update_item":
            case.remove()
            assert case.plain.destinations.create(destination(status="failing", **case.numbered(2 * next(serial))))

    case.before = before  # type: ignore[method-assign]
    case.worker.wiring.client._before = before  # noqa: SLF001
    event = case.plain.stream(sent)
    assert case.worker.publish(event) == [event["Records"][0]["dynamodb"]["SequenceNumber"]]


@pytest.mark.every_store
def test_killed_behind_the_rows_while_a_drain_finds_everything_empty(log: TenantLog) -> None:
    """The batch read that a drain is due, so it looked as if nobody else had to ask. The rows are drained all the
    same when the batch, which comes again, is delivered directly.
    """
    publishing = StreamHarness(log)
    publishing.set_up()
    publishing.streams.break_down()
    first, second = sorted(log.sent({"id": "1"}, {"id": "2"}))
    publishing.publish(publishing.stream([first]))
    stale = publishing.stored()
    assert stale.is_drained
    publishing.streams.mend()
    publishing.drain()
    backlog = publishing.fan_out.backlog

    class KilledBehindTheRows:
        def put(self, *what: Any) -> None:
            backlog.rows.put(*what)
            raise Killed

    with pytest.raises(Killed):
        replace(backlog, rows=KilledBehindTheRows()).park(stale, [f"0#{second}"], log.now)
    publishing.publish(publishing.stream([second]))
    assert publishing.pending() == 1
    publishing.drain()
