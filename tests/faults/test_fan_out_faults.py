"""Faults of delivery: a killed function, a stream that refuses half, a repeated batch, a poison record.

Every test ends with every event delivered at least once. The duplicates are counted, because a consumer must handle
them.
"""

import itertools
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.typical import code_for
from daybook.aws.batches import Patience
from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.control_table.drains import DrainTable
from daybook.aws.control_table.parked import ParkedTable
from daybook.aws.wiring import Tables
from daybook.clock import SECOND
from daybook.delivery.backlog import OVERDUE_MS
from daybook.delivery.records import Records
from daybook.delivery.sender import PutFailed
from daybook.errors import Throttled
from daybook.tenant import code_of
from streams.redeliver import AGAIN_MS
from tests.support.faulty_clients import FailingClient, failing
from tests.support.streams import StreamHarness
from tests.support.tenant_log import TenantLog

THROTTLED = "ProvisionedThroughputExceededException"


class Killed(BaseException):
    """The process is killed, and nothing in it continues."""


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


@pytest.fixture
def publishing(log: TenantLog) -> StreamHarness:
    made = StreamHarness(log)
    made.set_up()
    return made


def delivered(publishing: StreamHarness) -> Counter[str]:
    return Counter(json.loads(record.data)["id"] for record in publishing.streams.taken.get("acme", []))


def doubles(publishing: StreamHarness, sent: list[str]) -> int:
    """The number of records beyond one for each event. Every event must be there."""
    found = delivered(publishing)
    assert set(found) == set(sent)
    return found.total() - len(sent)


def send(log: TenantLog, count: int) -> list[str]:
    sent = []
    for start in range(0, count, 500):
        sent += log.sent(*({"id": str(number)} for number in range(start, min(start + 500, count))))
    return sent


def test_killed_between_two_calls_of_a_batch(log: TenantLog, publishing: StreamHarness) -> None:
    """Lambda repeats the batch. The records that the first call had delivered come twice: 500 duplicates and no
    more.
    """
    sent = send(log, 700)
    publishing.streams.faults["acme"] = [None, Killed()]
    with pytest.raises(Killed):
        publishing.publish()
    assert publishing.publish() == []
    assert doubles(publishing, sent) == 500


def test_killed_after_parking_before_the_answer(log: TenantLog, publishing: StreamHarness) -> None:
    """The repeated batch makes the same row. The pending count stays correct, and no event comes twice."""
    sent = send(log, 20)
    publishing.streams.break_down()
    assert publishing.publish() == []
    assert publishing.publish() == []
    assert publishing.pending() == 20
    assert len(publishing.queue.messages) == 1
    publishing.streams.mend()
    publishing.drain()
    assert doubles(publishing, sent) == 0


def test_half_of_a_call_refused(log: TenantLog, publishing: StreamHarness) -> None:
    """If retries help, there are no duplicates. If not, the refused half is parked, and there are no duplicates
    either.
    """
    sent = send(log, 60)
    half = lambda place: THROTTLED if place % 2 else None  # noqa: E731  as a fault it reads best so
    publishing.streams.faults["acme"] = [half]
    assert publishing.publish() == []
    assert doubles(publishing, sent) == 0
    publishing.streams.taken.clear()
    publishing.streams.faults["acme"] = [half] * 4
    assert publishing.publish() == []
    stored = publishing.stored()
    assert (stored.status, stored.last_error) == ("active", THROTTLED)
    assert publishing.pending() == 60 - len(publishing.streams.taken["acme"]) == 15
    publishing.drain()
    assert doubles(publishing, sent) == 0
    assert publishing.stored().status == "active"


def test_an_answer_lost(log: TenantLog, publishing: StreamHarness) -> None:
    """The call had arrived, so all of its records come twice."""
    sent = send(log, 30)
    put = publishing.streams.put
    lost = iter([True])

    def put_unheard(*call: Any) -> Any:
        answer = put(*call)
        if next(lost, False):
            raise PutFailed("ReadTimeoutError", transient=True)
        return answer

    publishing.streams.put = put_unheard  # type: ignore[method-assign]
    assert publishing.publish() == []
    assert doubles(publishing, sent) == 30


@pytest.mark.every_store
def test_a_redelivered_batch(log: TenantLog, publishing: StreamHarness) -> None:
    """The records are cut into other batches, as Lambda does after a failure. There are as many duplicates as
    repeated records.
    """
    sent = sorted(send(log, 40))
    publishing.publish(publishing.stream(sent[:25]))
    publishing.publish(publishing.stream(sent[10:]))
    assert doubles(publishing, sent) == 15


def test_when_parking_fails_the_batch_comes_again(log: TenantLog, publishing: StreamHarness) -> None:
    """From the lowest number that is neither delivered nor parked. Another tenant's later records come twice."""
    other = TenantLog(log.dynamodb, log.tables, tenant="other")
    publishing.set_up(tenant="other")
    sent = send(log, 3)
    theirs = other.sent({}, {})
    publishing.streams.break_down()
    fan_out = publishing.fan_out
    publishing.fan_out = replace(fan_out, backlog=replace(fan_out.backlog, rows=NoRows()))
    event = publishing.stream()
    (failed,) = publishing.publish(event)
    records = event["Records"]
    own = [
        each["dynamodb"]["SequenceNumber"]
        for each in records
        if each["dynamodb"]["NewImage"]["pk"]["S"].startswith(log.key())
    ]
    assert failed == min(own)
    publishing.fan_out = fan_out
    publishing.streams.mend()
    again = {"Records": [each for each in records if each["dynamodb"]["SequenceNumber"] >= failed]}
    assert publishing.publish(again) == []
    publishing.drain()
    assert doubles(publishing, sent) == 0
    assert set(theirs) == {json.loads(record.data)["id"] for record in publishing.streams.taken["other"]}


def test_a_message_that_was_not_sent_hands_nothing_back(log: TenantLog, publishing: StreamHarness) -> None:
    """The rows are durable, and the schedule finds the drain overdue. So no neighbour's record comes twice."""
    other = TenantLog(log.dynamodb, log.tables, tenant="other")
    publishing.set_up(tenant="other")
    sent, theirs = send(log, 3), other.sent({}, {})
    publishing.streams.break_down()
    publishing.queue.broken = True
    assert publishing.publish() == []
    assert publishing.counted["DrainRequestsLost"] == 1
    assert sorted(theirs) == [json.loads(record.data)["id"] for record in publishing.streams.taken["other"]]
    publishing.queue.broken = False
    publishing.streams.mend()
    log.now += 6 * SECOND + OVERDUE_MS
    publishing.wake()
    publishing.retry()
    assert doubles(publishing, sent) == 0


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
@pytest.mark.parametrize("operation", ["update_item", "put_item"])
def test_a_tenants_throttled_rows_hand_nothing_back(
    log: TenantLog, publishing: StreamHarness, operation: str, code: str
) -> None:
    """The writes that park are tried again, with waits."""
    sent = send(log, 3)
    publishing.streams.break_down()
    waits: list[float] = []
    patience = Patience(sleep=waits.append, jitter=lambda: 1.0)
    refusals = itertools.repeat(failing(code, operation), 3)
    table = FailingClient(log.dynamodb, (operation,), refusals), log.tables.control, patience
    fan_out = publishing.fan_out
    backlog = replace(fan_out.backlog, rows=ParkedTable(*table), drains=DrainTable(*table))
    publishing.fan_out = replace(fan_out, destinations=DestinationTable(*table), backlog=backlog)
    assert publishing.publish() == []
    assert waits == [0.05, 0.1, 0.2]
    assert (publishing.stored().status, publishing.pending()) == ("failing", 3)
    publishing.streams.mend()
    publishing.drain()
    assert doubles(publishing, sent) == 0


class NoRows:
    """The rows of parked events can't be written."""

    def put(self, *_: Any) -> None:
        raise Throttled


class FailingState:
    """The destinations. The state of one tenant can't be written."""

    def __init__(self, destinations: Any, tenant: str) -> None:
        self._destinations = destinations
        self._tenant = tenant

    def __getattr__(self, name: str) -> Any:
        def note(of: Any, *rest: Any, **named: Any) -> Any:
            if hasattr(of, "environment") and code_of(of.environment) == code_for(self._tenant):
                raise ConnectionError(name)
            return noted(of, *rest, **named)

        noted = getattr(self._destinations, name)
        return note


class ThrottledEvents:
    """An events table that is always throttled."""

    def read(self, _keys: Any) -> Any:
        raise Throttled


def test_what_cannot_be_noted_is_delivered_all_the_same(log: TenantLog, publishing: StreamHarness) -> None:
    """The records are neither sent again nor handed back, whether the stream accepted them or not."""
    sent = send(log, 4)
    publishing.fan_out = replace(publishing.fan_out, destinations=FailingState(publishing.destinations, "acme"))
    assert publishing.publish(publishing.stream(sent[:2])) == []
    assert publishing.pending() == 0
    publishing.streams.break_down()
    assert publishing.publish(publishing.stream(sent[2:])) == []
    assert publishing.pending() == 2
    publishing.streams.mend()
    publishing.drain()
    assert doubles(publishing, sent) == 0


def test_one_tenants_trouble_gives_its_neighbours_no_doubles(log: TenantLog, publishing: StreamHarness) -> None:
    """If the keys of a tenant's people can't be read, its events are parked and the batch is done."""
    other = TenantLog(log.dynamodb, log.tables, tenant="other")
    publishing.set_up(tenant="other")
    sent, theirs = send(log, 3), other.sent({}, {})
    keys_of = publishing.records.of

    def unless_acme(destination: Any, rows: Any) -> Any:
        if destination.environment == log.key():
            raise Throttled
        return keys_of(destination, rows)

    failing = Records(lambda *_: {})
    failing.of = unless_acme  # type: ignore[method-assign]
    fan_out = publishing.fan_out
    publishing.fan_out = replace(fan_out, attempt=replace(fan_out.attempt, records=failing))
    assert publishing.publish() == []
    assert publishing.pending() == 3
    assert [json.loads(record.data)["id"] for record in publishing.streams.taken["other"]] == sorted(theirs)
    publishing.drain()
    assert doubles(publishing, sent) == 0


def test_a_poison_record_spoils_no_other(log: TenantLog, publishing: StreamHarness) -> None:
    """Its content can't be read. Its key is parked apart from the others' keys."""
    sent = send(log, 6)
    event = publishing.stream()
    event["Records"][2]["dynamodb"]["NewImage"]["z"] = {"B": "AQAA"}
    poisoned = event["Records"][2]["dynamodb"]["NewImage"]["sk"]["S"]
    assert publishing.publish(event) == []
    assert set(delivered(publishing)) == set(sent) - {poisoned}
    assert publishing.pending() == 1
    # The table's own copy is intact, so the second try succeeds here.
    publishing.drain()
    assert doubles(publishing, sent) == 0


def test_a_transient_failure_of_our_own_is_not_the_streams(log: TenantLog, publishing: StreamHarness) -> None:
    """The drain comes again after half a minute, any number of times, and nothing is noted against the stream."""
    sent = send(log, 5)
    publishing.streams.break_down()
    publishing.publish()
    publishing.streams.mend()
    log.now += 5 * SECOND
    before = publishing.stored()
    redeliver = publishing.redeliver
    publishing.redeliver = replace(redeliver, turns=replace(redeliver.turns, events=ThrottledEvents()))
    for _ in range(30):
        publishing.retry()
        assert [delay for _, delay in publishing.queue.messages] == [AGAIN_MS // SECOND]
        log.now += AGAIN_MS
    assert publishing.pending() == 5
    stored = publishing.stored()
    assert (stored.status, stored.backoff_step) == (before.status, before.backoff_step)
    publishing.redeliver = redeliver
    publishing.drain()
    assert doubles(publishing, sent) == 0


def test_one_drains_trouble_leaves_the_others_of_its_invocation_alone(
    log: TenantLog, publishing: StreamHarness
) -> None:
    """The state of one tenant can't even be claimed. The schedule asks again."""
    other = TenantLog(log.dynamodb, log.tables, tenant="other")
    publishing.set_up(tenant="other")
    sent = send(log, 3)
    other.sent({})
    publishing.streams.break_down()
    publishing.streams.break_down("other")
    publishing.publish()
    publishing.streams.mend()
    publishing.streams.mend("other")
    log.now += 6 * SECOND
    redeliver = publishing.redeliver
    publishing.redeliver = replace(redeliver, drains=FailingState(redeliver.drains, "other"))
    publishing.retry()
    assert doubles(publishing, sent) == 0
    assert (publishing.parked(), publishing.parked("other")) == (0, 1)
    publishing.redeliver = redeliver
    publishing.drain("other")


def test_deletes_that_dynamodb_leaves_unprocessed_are_repeated(log: TenantLog, publishing: StreamHarness) -> None:
    """A batch answers 200 with some of its deletes not done. So no event comes twice."""
    sent = send(log, 30)
    publishing.streams.break_down()
    for one in sent:
        publishing.publish(publishing.stream([one]))
    publishing.streams.mend()
    log.now += 5 * SECOND
    client = log.dynamodb
    calls = []

    class Partly:
        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803  botocore's
            calls.append(RequestItems)
            ((table, requests),) = RequestItems.items()
            client.batch_write_item(RequestItems={table: requests[:10]})
            return {"UnprocessedItems": {table: requests[10:]} if requests[10:] else {}}

    parked = ParkedTable(Partly(), log.tables.control, Patience(sleep=lambda _: None))
    turns = replace(publishing.redeliver.turns, parked=parked)
    publishing.redeliver = replace(publishing.redeliver, turns=turns)
    publishing.retry()
    assert len(calls) == 4
    assert publishing.parked() == 0
    assert doubles(publishing, sent) == 0


def test_an_item_that_is_no_event_is_passed_over(log: TenantLog, publishing: StreamHarness) -> None:
    """It can't be parked, because it has no key. It is counted for an alarm."""
    sent = send(log, 2)
    event = publishing.stream()
    strange = {"pk": {"S": "nobody"}, "sk": {"S": "x"}}
    event["Records"].insert(0, {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": strange}})
    assert publishing.publish(event) == []
    assert doubles(publishing, sent) == 0


def test_time_runs_out(log: TenantLog, publishing: StreamHarness) -> None:
    """Records that a slow stream did not accept in the batch's time are parked. The stream does not become failing."""
    sent = send(log, 10)
    put = publishing.streams.put

    def slowly(*call: Any) -> Any:
        publishing.sleep(3)
        return put(*call)

    publishing.streams.put = slowly  # type: ignore[method-assign]
    publishing.set_up(tenant="unused")
    publishing.publish(publishing.stream(sent[:5]))
    assert publishing.pending() == 0
    assert publishing.stored().status == "active"
    publishing.publish(publishing.stream(sent[5:]))
    publishing.drain()
    assert doubles(publishing, sent) == 0
