"""Events that a stream did not take are delivered when it is back."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, MINUTE, SECOND, format_time
from daybook.delivery import backlog
from daybook.delivery.backlog import BROKEN_EVERY_MS, FIRST_WAIT_MS, OVERDUE_MS, DrainRequest
from daybook.delivery.destination import KEPT_MS, Destination
from daybook.delivery.records import InsertedEvent, Record
from daybook.delivery.sender import Answer, PutFailed
from daybook.delivery.slowness import LEAST_MS, SLOW_STREAM
from daybook.events.item import partition
from daybook.observability import (
    DRAINS_OVERDUE,
    OLDEST_PARKED,
    STREAMS_FAILING,
    STREAMS_FAILING_A_DAY,
    STREAMS_SLOW,
    UNREADABLE,
)
from streams.redeliver import CLAIM_MS
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.streams import STREAM, StreamHarness, ids
from tests.support.tenant_log import TenantLog

THROTTLED = "ProvisionedThroughputExceededException"


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def publishing(log: ManagedLog) -> StreamHarness:
    return StreamHarness(log)


def park(log: TenantLog, publishing: StreamHarness, events: int, *, alone: bool = False) -> list[str]:
    """Sends events to a stream that is down, in one batch or each alone."""
    publishing.streams.break_down()
    sent = log.sent(*({"id": f"{log.now}-{number}"} for number in range(events)))
    for one in [[one] for one in sent] if alone else [sent]:
        assert publishing.publish(publishing.stream(one)) == []
    return sent


@pytest.mark.every_store
def test_a_stream_mended_gets_all_of_it(log: TenantLog, publishing: StreamHarness) -> None:
    """One message asks for the drain of all thirty rows. They arrive in one call, each event once, and nothing is left:
    no row, no message, no entry in the index.
    """
    publishing.set_up()
    sent = park(log, publishing, 30, alone=True)
    assert publishing.pending() == publishing.parked() == 30
    assert [delay for _, delay in publishing.queue.messages] == [5]
    publishing.streams.mend()
    publishing.streams.calls.clear()
    log.now += 6 * SECOND
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)
    assert publishing.streams.calls == [("acme", 30)]
    stored = publishing.stored()
    assert (stored.status, stored.last_error, stored.failing_since_ms) == ("active", None, None)
    assert (stored.drain_due_ms, stored.drain_claim, stored.parked_since_ms) == (None, None, None)
    assert stored.last_delivered_ms == log.now
    assert publishing.rows() == publishing.queue.messages == list(publishing.wiring.drains.waiting()) == []


def test_a_row_holds_keys_alone(log: TenantLog, publishing: StreamHarness) -> None:
    """Neither content nor names. It lies in a partition of its own, and expires if nobody ever drains it."""
    made = publishing.set_up()
    one, other = sorted(park(log, publishing, 2))
    (row,) = publishing.rows()
    sk = row["sk"]["S"].rpartition("#")[0]
    assert (row["pk"]["S"], sk) == (f"{log.settings.code}#parked", f"0#{made.subscription}#{NOW:013}")
    assert (row["keys"]["S"], row["count"]["N"]) == (f"0#{one} 0#{other}", "2")
    assert int(row["expires_at"]["N"]) * SECOND == (NOW + 28 * DAY) // SECOND * SECOND
    assert row.keys() == {"pk", "sk", "keys", "count", "expires_at"}


def test_the_oldest_come_first(log: TenantLog, publishing: StreamHarness) -> None:
    """Whatever the order in which they were parked. Each of these rows is a call of its own."""
    publishing.set_up()
    publishing.streams.break_down()
    sent = [log.sent(*({"id": f"{part}-{number}"} for number in range(251))) for part in range(2)]
    publishing.created = dict.fromkeys(sent[1], NOW - MINUTE)
    for part in sent:
        publishing.publish(publishing.stream(part))
    publishing.streams.mend()
    log.now += 6 * SECOND
    publishing.retry()
    taken = [json.loads(record.data)["id"] for record in publishing.streams.taken["acme"]]
    assert (set(taken[:251]), set(taken[251:])) == (set(sent[1]), set(sent[0]))


def test_waits_double_to_15_minutes(log: TenantLog, publishing: StreamHarness) -> None:
    """One call each time, and one message with the same delay. Twenty dead tenants cost 80 messages an hour."""
    publishing.set_up()
    publishing.streams.break_down(error="AccessDeniedException")
    park(log, publishing, 10, alone=True)
    waits = []
    for _ in range(12):
        publishing.streams.calls.clear()
        log.now = publishing.stored().drain_due_ms or 0
        publishing.retry()
        assert len(publishing.streams.calls) == 1
        waits.append(((publishing.stored().drain_due_ms or 0) - log.now) // SECOND)
        assert [delay for _, delay in publishing.queue.messages] == [waits[-1]]
    assert waits == [10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900, 900]
    assert publishing.pending() == 10


def test_what_fails_only_in_a_drain_makes_the_stream_failing(log: TenantLog, publishing: StreamHarness) -> None:
    publishing.set_up()
    publishing.streams.faults["acme"] = [lambda _: THROTTLED] * 2
    log.sent({})
    publishing.publish()
    assert (publishing.stored().status, publishing.pending()) == ("active", 1)
    publishing.streams.break_down(error="AccessDeniedException")
    log.now += FIRST_WAIT_MS
    publishing.retry()
    stored = publishing.stored()
    assert (stored.status, stored.failing_since_ms, stored.last_error) == ("failing", log.now, "AccessDeniedException")
    assert stored.drain_due_ms == log.now + 5 * SECOND


def test_a_probe_partly_taken_mends(log: TenantLog, publishing: StreamHarness) -> None:
    """A stream that accepts fewer bytes at once than a call has receives its backlog part by part, without doubling
    waits, and stays active.
    """
    publishing.set_up()
    sent = park(log, publishing, 40)
    publishing.streams.mend()
    size = len(json.dumps(log.page()["events"][0]))
    log.now += 5 * SECOND
    rounds = 0
    while publishing.queue.messages:
        rounds += 1
        publishing.streams.room = 10 * size
        before = publishing.pending()
        publishing.retry()
        assert publishing.pending() < before
        assert publishing.stored().status == "active"
        log.now += SECOND
    assert 3 < rounds < 10
    assert ids(publishing) == dict.fromkeys(sent, 1)


def test_throttles_of_a_drain_leave_the_stream_active(log: TenantLog, publishing: StreamHarness) -> None:
    """The drain waits, longer each time up to a minute, and live traffic takes the direct way meanwhile."""
    publishing.set_up()
    publishing.streams.faults["acme"] = [lambda _: THROTTLED] * 2
    (waiting,) = log.sent({})
    publishing.publish()
    waits = []
    for _ in range(9):
        publishing.streams.faults["acme"] = [PutFailed(THROTTLED, transient=True)] * 4
        log.now = publishing.stored().drain_due_ms or 0
        publishing.retry()
        assert publishing.stored().status == "active"
        waits.append(((publishing.stored().drain_due_ms or 0) - log.now) // SECOND)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    (live,) = log.sent({"id": "live"})
    publishing.publish(publishing.stream([live]))
    assert ids(publishing) == {live: 1}
    publishing.drain()
    assert ids(publishing) == {live: 1, waiting: 1}
    assert publishing.stored().backoff_step == 0


def test_before_it_is_due_nothing_is_tried(log: TenantLog, publishing: StreamHarness) -> None:
    """A message may come too early, twice, or a day late. What is due decides."""
    publishing.set_up()
    sent = park(log, publishing, 1)
    publishing.streams.mend()
    publishing.streams.calls.clear()
    (message,) = publishing.queue.messages
    publishing.retry()
    assert publishing.streams.calls == publishing.queue.messages == []
    publishing.queue.messages = [message] * 3
    log.now += 5 * SECOND
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)
    log.now += DAY
    publishing.queue.messages = [message]
    publishing.retry()
    assert publishing.streams.calls == [("acme", 1)]


def test_a_lost_message_is_found_by_the_schedule(log: TenantLog, publishing: StreamHarness) -> None:
    """Half a minute after the drain was due. Until then the schedule asks for nothing."""
    publishing.set_up()
    sent = park(log, publishing, 3)
    publishing.streams.mend()
    publishing.queue.messages.clear()
    due_ms = publishing.stored().drain_due_ms or 0
    log.now = due_ms + OVERDUE_MS - 1
    publishing.wake()
    assert publishing.queue.messages == []
    assert publishing.gauges[DRAINS_OVERDUE] == 0
    log.now += 1
    publishing.wake()
    assert publishing.gauges[DRAINS_OVERDUE] == 0
    publishing.queue.messages.clear()
    log.now = due_ms + 2 * MINUTE
    publishing.wake()
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)
    assert publishing.gauges[DRAINS_OVERDUE] == 1, "the schedule asked in vain"


def test_the_schedule_tells_how_many_streams_are_in_which_state(
    dynamodb: Any, tables: Tables, log: TenantLog, publishing: StreamHarness
) -> None:
    """A failing one, since when, a slow one, and how long the oldest event has waited. At last all are zero."""
    slow = TenantLog(dynamodb, tables, tenant="slow")
    publishing.set_up()
    publishing.set_up(tenant="slow", slow_since_ms=NOW, last_error=SLOW_STREAM)
    park(log, publishing, 2)
    slow.sent({})
    publishing.publish()
    log.now += HOUR
    publishing.wake()
    gauges = {STREAMS_FAILING: 1, STREAMS_FAILING_A_DAY: 0, STREAMS_SLOW: 1, DRAINS_OVERDUE: 2, OLDEST_PARKED: 3_600}
    assert publishing.gauges == gauges
    log.now = (publishing.stored().failing_since_ms or 0) + DAY
    publishing.wake()
    assert publishing.gauges[STREAMS_FAILING_A_DAY] == 1
    publishing.streams.mend()
    publishing.retry()
    publishing.wake()
    assert publishing.gauges == dict.fromkeys(gauges, 0) | {STREAMS_SLOW: 1}, "a slow stream stays in sight"


def test_streams_in_trouble_without_a_backlog_are_counted(
    dynamodb: Any, tables: Tables, log: TenantLog, publishing: StreamHarness
) -> None:
    """One was found slow by its answers, and one was found failing by a test. Neither is ever counted as overdue."""
    TenantLog(dynamodb, tables, tenant="tested")
    publishing.set_up()
    publishing.destinations.failed(publishing.set_up(tenant="tested"), "AccessDeniedException", log.now)
    publishing.streams.milliseconds["acme"] = 600
    for one in log.sent({}, {}, {}):
        publishing.publish(publishing.stream([one]))
    assert publishing.pending() == 0
    for _ in range(40):
        publishing.wake()
        publishing.retry()
        found = [publishing.gauges[name] for name in (STREAMS_SLOW, STREAMS_FAILING, DRAINS_OVERDUE)]
        assert found == [1, 1, 0]
        log.now += MINUTE
    publishing.destinations.mended(publishing.stored("tested"), log.now)
    log.now += 15 * MINUTE
    publishing.wake()
    publishing.retry()
    assert publishing.gauges[STREAMS_FAILING] == 0
    assert publishing.stored("tested").drain_due_ms is None


def test_what_fails_for_some_is_asked_for_the_others(publishing: StreamHarness) -> None:
    """The schedule tells the gauges first. A call to the queue that fails costs its ten messages."""
    for number in range(25):
        publishing.set_up(tenant=f"t-{number}", drain_due_ms=NOW - HOUR)
    send, calls = publishing.queue.send, count()

    def failing_once(requests: Sequence[DrainRequest], delay_seconds: int) -> None:
        if next(calls) == 0:
            raise ConnectionError
        send(requests, delay_seconds)

    publishing.queue.send = failing_once  # type: ignore[method-assign]
    publishing.wake()
    assert publishing.gauges[DRAINS_OVERDUE] == 25
    assert len(publishing.queue.messages) == 15


def test_a_slow_stream_has_one_call_a_turn(log: TenantLog, publishing: StreamHarness) -> None:
    """Then others go first, so that slow streams hold no workers. The last call ends the drain without another turn."""
    publishing.set_up(slow_since_ms=NOW, last_error=SLOW_STREAM)
    for part in range(3):
        sent = log.sent(*({"id": f"{part}-{number}"} for number in range(300)))
        publishing.fan_out.backlog.park(publishing.stored(), [f"0#{each}" for each in sent], log.now + part)
    log.now += SECOND
    for pending in (600, 300, 0):
        publishing.retry()
        assert publishing.pending() == pending
        assert [delay for _, delay in publishing.queue.messages] == [0] * bool(pending)


def test_a_drain_is_taken_up_after_its_worker_was_killed(log: TenantLog, publishing: StreamHarness) -> None:
    """Nobody else drains while it may be at work, a minute longer than its invocation can last."""
    publishing.set_up()
    sent = park(log, publishing, 3)
    publishing.streams.mend()
    log.now += 5 * SECOND
    (message,) = publishing.queue.messages
    publishing.streams.faults["acme"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        publishing.retry()
    publishing.queue.messages = [message]
    log.now += CLAIM_MS - 3 * SECOND
    publishing.retry()
    assert publishing.streams.taken == {}
    log.now += 3 * SECOND + OVERDUE_MS
    publishing.wake()
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)


def test_events_parked_during_a_drain_are_not_forgotten(log: TenantLog, publishing: StreamHarness) -> None:
    """The drain has seen the end of the rows, and then new ones come, even older ones. It asks for another drain."""
    publishing.set_up()
    sent = park(log, publishing, 3)
    publishing.streams.mend()
    log.now += 5 * SECOND
    (late,) = log.sent({"id": "late"})
    publishing.created[late] = NOW - HOUR
    put = publishing.streams.put

    def parking_meanwhile(*call: Any) -> Answer:
        publishing.streams.put = put  # type: ignore[method-assign]
        assert publishing.publish(publishing.stream([late])) == []
        return put(*call)

    publishing.streams.put = parking_meanwhile  # type: ignore[method-assign]
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)
    assert [delay for _, delay in publishing.queue.messages] == [0]
    publishing.retry()
    assert ids(publishing) == dict.fromkeys([*sent, late], 1)
    assert publishing.stored().drain_due_ms is None


def test_after_its_turn_a_drain_lets_others_go_first(log: TenantLog, publishing: StreamHarness) -> None:
    """It goes on with a message at the end of the queue."""
    publishing.set_up()
    publishing.streams.break_down()
    sent = []
    for start in range(0, 1_500, 500):
        sent += log.sent(*({"id": str(number)} for number in range(start, start + 500)))
    for start in range(0, 1_500, 500):
        publishing.publish(publishing.stream(sent[start : start + 500]))
    publishing.streams.mend()
    put = publishing.streams.put

    def slowly(*call: Any) -> Answer:
        publishing.sleep(6.0)
        return put(*call)

    publishing.streams.put = slowly  # type: ignore[method-assign]
    log.now += 5 * SECOND
    publishing.retry()
    assert len(publishing.streams.taken["acme"]) == 1_000
    assert publishing.pending() == 500
    assert [delay for _, delay in publishing.queue.messages] == [0]
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)


def test_after_14_days_an_event_is_given_up_visibly(log: TenantLog, publishing: StreamHarness) -> None:
    """The event is counted once, on the destination and for the alarm, and is no longer pending. Younger ones stay."""
    publishing.set_up()
    park(log, publishing, 2)
    log.now += DAY
    park(log, publishing, 1)
    log.now = NOW + KEPT_MS - 5 * SECOND
    publishing.wake()
    publishing.retry()
    assert (publishing.pending(), publishing.given_up) == (3, 0)
    log.now += HOUR
    publishing.wake()
    publishing.queue.messages *= 2
    publishing.retry()
    publishing.retry()
    assert publishing.given_up == publishing.stored().given_up == 2
    assert publishing.pending() == 1
    log.now += 2 * DAY
    publishing.wake()
    publishing.retry()
    assert publishing.given_up == publishing.stored().given_up == 3
    assert not publishing.stored().is_drained


def test_what_is_past_retention_is_sent_to_nobody(log: TenantLog, publishing: StreamHarness) -> None:
    """The event is still stored, but a shorter retention hid it while it waited, so it is given up. Under a hold it
    is sent.
    """
    publishing.set_up()
    publishing.streams.break_down()
    old, new = log.sent({"occurred_at": format_time(NOW - 40 * DAY)}, {})
    publishing.publish()
    publishing.streams.mend()
    log.now += 6 * SECOND
    log.control.change_tenant(log.settings.code, lambda now: now.with_retention(30, log.now))
    publishing.retry()
    assert ids(publishing) == {new: 1}
    assert (publishing.given_up, publishing.stored().given_up, publishing.pending()) == (1, 1, 0)
    log.control.change_tenant(
        log.settings.code, lambda now: now.with_retention(45, log.now).with_hold("sealed", log.now)
    )
    publishing.streams.break_down()
    publishing.publish()
    publishing.streams.mend()
    log.now += 10 * DAY
    publishing.retry()
    assert ids(publishing) == {old: 1, new: 2}


def test_a_destination_deleted_takes_its_backlog_along(log: TenantLog, publishing: StreamHarness) -> None:
    """Also if another stream is set up before the drain. The rows expire by themselves."""
    made = publishing.set_up()
    park(log, publishing, 1)
    publishing.destinations.remove(made.environment)
    publishing.set_up(subscription="s-2", generation="g-2")
    assert (publishing.pending(), publishing.parked()) == (0, 1), (
        "events that were parked for the former do not count for it"
    )
    publishing.streams.mend()
    log.now += HOUR
    publishing.wake()
    publishing.retry()
    assert publishing.streams.taken == {}
    assert publishing.queue.messages == []


def test_a_backlog_goes_to_the_stream_that_was_put_in_place(log: TenantLog, publishing: StreamHarness) -> None:
    """Within a minute, although the old one had long waits. Results of the old one are not noted for it."""
    publishing.set_up()
    sent = park(log, publishing, 1)
    for _ in range(9):
        log.now = publishing.stored().drain_due_ms or 0
        publishing.retry()
    before = publishing.stored()
    assert (before.drain_due_ms or 0) - log.now == 15 * MINUTE
    changed = publishing.destinations.choose(before, before.chosen, "g-2")
    assert changed
    assert (changed.status, changed.backoff_step) == ("active", 0)
    publishing.wiring.drains.hurry(changed, log.now)
    publishing.streams.mend()
    assert publishing.destinations.failed(before, "Late", log.now).status == "active"
    publishing.queue.messages.clear()
    publishing.wake()
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)


def test_a_change_during_a_drain_is_not_overwritten(log: TenantLog, publishing: StreamHarness) -> None:
    """The old stream's failure comes after the new stream was chosen. It stays active, and its drain is due."""
    publishing.set_up()
    sent = park(log, publishing, 2)
    log.now += 5 * SECOND
    put = publishing.streams.put

    def changing_meanwhile(*call: Any) -> Answer:
        publishing.streams.put = put  # type: ignore[method-assign]
        before = publishing.stored()
        changed = publishing.destinations.choose(before, before.chosen, "g-2")
        assert changed
        publishing.wiring.drains.hurry(changed, log.now)
        return put(*call)

    publishing.streams.put = changing_meanwhile  # type: ignore[method-assign]
    publishing.retry()
    stored = publishing.stored()
    assert (stored.status, stored.last_error, stored.drain_claim) == ("active", None, None)
    publishing.streams.mend()
    publishing.wake()
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)


def meanwhile(publishing: StreamHarness, does: Callable[[], Any], call: int = 1) -> list[tuple[str, list[str]]]:
    """Something happens during a call to a stream. Returns to which stream each event went, as far as calls come."""
    put, went = publishing.streams.put, list[tuple[str, list[str]]]()

    def watched(destination: Destination, records: Sequence[Record], seconds: float) -> Answer:
        went.append((destination.chosen.stream_arn, [json.loads(record.data)["id"] for record in records]))
        if len(went) == call:
            does()
        return put(destination, records, seconds)

    publishing.streams.put = watched  # type: ignore[method-assign]
    return went


def change(publishing: StreamHarness, generation: str = "g-2", **chosen: Any) -> None:
    """As `PUT` does it."""
    before = publishing.stored()
    changed = publishing.destinations.choose(before, replace(before.chosen, **chosen), generation)
    assert changed
    publishing.wiring.drains.hurry(changed, publishing.log.now)


@pytest.mark.every_store
def test_a_drain_of_a_former_stream_ends(log: TenantLog, publishing: StreamHarness) -> None:
    """What is parked after the change goes to the new stream alone, though the old drain reads further rows. No row is
    removed by the old one.
    """
    publishing.set_up()
    before = log.sent(*({"id": str(number)} for number in range(400)))
    for start in range(0, 400, 2):  # two pages of rows
        publishing.fan_out.backlog.park(
            publishing.stored(), [f"0#{each}" for each in before[start : start + 2]], log.now + start
        )
    log.now += SECOND
    late: list[str] = []

    def changes() -> None:
        change(publishing, stream_arn=f"{STREAM}-new")
        late.extend(log.sent(*({"id": f"late-{number}"} for number in range(400))))
        publishing.fan_out.backlog.park(publishing.stored(), [f"0#{each}" for each in late], log.now)

    went = meanwhile(publishing, changes)
    publishing.retry()
    assert [(arn, set(sent) & set(late)) for arn, sent in went] == [(STREAM, set())]
    assert publishing.pending() == 800
    publishing.drain()
    assert {one for arn, sent in went[1:] for one in sent if arn == f"{STREAM}-new"} == {*before, *late}


def test_a_stream_that_is_changed_before_the_call_gets_none(log: TenantLog, publishing: StreamHarness) -> None:
    """The drain has read the events, and looks at its claim once more before it sends them."""
    publishing.set_up()
    sent = log.sent({}, {})
    publishing.fan_out.backlog.park(publishing.stored(), [f"0#{each}" for each in sent], log.now)
    log.now += SECOND
    redeliver, went = publishing.redeliver, meanwhile(publishing, lambda: None)

    class ChangedWhileRead:
        def read(self, keys: Sequence[tuple[str, str]]) -> Sequence[InsertedEvent]:
            change(publishing, stream_arn=f"{STREAM}-new")
            return redeliver.turns.events.read(keys)

    publishing.redeliver = replace(redeliver, turns=replace(redeliver.turns, events=ChangedWhileRead()))
    publishing.retry()
    assert (went, publishing.pending()) == ([], 2)
    publishing.redeliver = redeliver
    publishing.drain()
    assert [(arn, set(events)) for arn, events in went] == [(f"{STREAM}-new", set(sent))]


def test_a_drain_of_a_stream_that_was_removed_ends(log: TenantLog, publishing: StreamHarness) -> None:
    """Also if another one is set at once, with a backlog of its own."""
    made = publishing.set_up()
    for part in range(2):
        sent = log.sent(*({"id": f"{part}-{number}"} for number in range(300)))
        publishing.fan_out.backlog.park(made, [f"0#{each}" for each in sent], log.now + part)
    log.now += SECOND

    def replaces() -> None:
        publishing.destinations.remove(made.environment)
        publishing.set_up(subscription="s-2", generation="g-2", stream_arn=f"{STREAM}-new")

    went = meanwhile(publishing, replaces)
    publishing.retry()
    assert [arn for arn, _ in went] == [STREAM]
    assert publishing.stored().subscription == "s-2"
    assert publishing.queue.messages[1:] == []


@pytest.mark.every_store
def test_the_same_settings_again_leave_a_drain_at_work(log: TenantLog, publishing: StreamHarness) -> None:
    """Nothing comes twice, and the drain keeps its claim. What is sent afterwards has the format that was chosen."""
    publishing.set_up()
    for part in range(2):
        sent = log.sent(*({"id": f"{part}-{number}"} for number in range(300)))
        publishing.fan_out.backlog.park(publishing.stored(), [f"0#{each}" for each in sent], log.now + part)
    log.now += SECOND
    publishing.streams.faults["acme"] = [lambda place: THROTTLED if place % 2 else None, *[lambda _: THROTTLED] * 3]
    meanwhile(publishing, lambda: change(publishing, publishing.stored().generation, format="cloudevents"))
    publishing.retry()
    publishing.drain()
    taken = [json.loads(record.data) for record in publishing.streams.taken["acme"]]
    assert len(taken) == 600
    assert sum("specversion" in each for each in taken) == 450
    assert publishing.stored().chosen.format == "cloudevents"


def test_a_slow_stream_is_quick_again_after_five_minutes(log: TenantLog, publishing: StreamHarness) -> None:
    """And five quick calls in a row, of whichever drains. Until then its status is active, and its events are parked
    first.
    """
    publishing.set_up(slow_since_ms=NOW, last_error=SLOW_STREAM)
    sent = []
    for number in range(8):
        sent += log.sent({"id": str(number)})
        publishing.publish(publishing.stream(sent[-1:]))
        assert [delay for _, delay in publishing.queue.messages] == [1]
        publishing.streams.milliseconds["acme"] = 900 if number == 2 else 100
        log.now += SECOND
        publishing.retry()
        assert ids(publishing) == dict.fromkeys(sent, 1)
        stored = publishing.stored()
        assert (stored.status, stored.last_error, stored.is_slow) == ("active", SLOW_STREAM, True)
        assert stored.quick_calls == [1, 2, 0, 1, 2, 3, 4, 5][number]
    log.now = NOW + LEAST_MS
    sent += log.sent({"id": "last"})
    publishing.publish(publishing.stream(sent[-1:]))
    publishing.retry()
    stored = publishing.stored()
    assert (stored.is_slow, stored.last_error, stored.drain_due_ms) == (False, None, None)
    sent += log.sent({"id": "live"})
    publishing.publish(publishing.stream(sent[-1:]))
    assert ids(publishing) == dict.fromkeys(sent, 1)
    assert publishing.queue.messages == []


def test_events_of_which_no_record_can_be_made_wait_apart(log: TenantLog, publishing: StreamHarness) -> None:
    """The nine others of the row are delivered. The broken one is tried again each quarter of an hour, counted each
    time, and arrives once it can be read. New events are not held up.
    """
    publishing.set_up()
    sent = park(log, publishing, 10)
    broken = sent[4]
    good = _spoil(log, broken)
    publishing.streams.mend()
    log.now += 5 * SECOND
    publishing.retry()
    assert ids(publishing) == dict.fromkeys({*sent} - {broken}, 1)
    stored = publishing.stored()
    assert (stored.status, stored.drain_due_ms) == ("active", log.now + BROKEN_EVERY_MS)
    assert (publishing.pending(), publishing.counted[UNREADABLE]) == (1, 1)
    assert [row["sk"]["S"].split("#")[0] for row in publishing.rows()] == ["broken"]
    for tries in (2, 3):
        log.now += BROKEN_EVERY_MS + OVERDUE_MS
        publishing.wake()
        publishing.retry()
        assert (publishing.pending(), publishing.counted[UNREADABLE]) == (1, tries)
    publishing.streams.faults["acme"] = [lambda _: THROTTLED] * 2
    (new,) = log.sent({"id": "new"})
    publishing.publish(publishing.stream([new]))
    assert [delay for _, delay in publishing.queue.messages] == [1]
    log.now += SECOND
    publishing.retry()
    assert ids(publishing)[new] == 1
    assert publishing.counted[UNREADABLE] == 3
    _mend_item(log, broken, good)
    log.now += BROKEN_EVERY_MS + OVERDUE_MS
    publishing.wake()
    publishing.retry()
    assert ids(publishing) == dict.fromkeys([*sent, new], 1)
    stored = publishing.stored()
    assert (stored.drain_due_ms, stored.broken_due_ms, publishing.pending()) == (None, None, 0)


def test_a_broken_event_is_given_up_in_the_end(log: TenantLog, publishing: StreamHarness) -> None:
    """After 14 days, as any other."""
    publishing.set_up()
    (broken,) = log.sent({})
    _spoil(log, broken)
    publishing.publish()
    assert publishing.pending() == 1
    log.now += KEPT_MS + HOUR
    publishing.drain()
    assert publishing.given_up == publishing.stored().given_up == 1


def test_pending_is_exact_to_ten_thousand(publishing: StreamHarness) -> None:
    """Then it is at least that."""
    made = publishing.set_up()
    parking = publishing.fan_out.backlog
    parking.park(made, (f"0#{number:036}" for number in range(9_990)), NOW)
    parking.park_broken(made, (f"0#{number:036}" for number in range(10)), NOW)
    assert publishing.wiring.parked.pending(made) == (10_000, True)
    parking.park(made, ["0#more"], NOW)
    assert publishing.wiring.parked.pending(made) == (10_000, False)


@pytest.mark.large
def test_dead_tenants_cost_few_invocations(dynamodb: Any, tables: Tables, log: TenantLog) -> None:
    """Twenty tenants that have been down for a while cause 80 drains and one call each, in at most 140 invocations an
    hour with those of the schedule. Their live events add none.
    """
    publishing = StreamHarness(log)
    names = [f"dead-{number}" for number in range(20)]
    logs = [TenantLog(dynamodb, tables, tenant=name) for name in names]
    for number, name in enumerate(names):
        publishing.set_up(tenant=name, status="failing", backoff_step=8, drain_due_ms=NOW + number * 40 * SECOND)
        publishing.streams.break_down(name)
    invocations = 0
    minute = NOW
    due: list[tuple[int, bytes]] = [
        (NOW + number * 40 * SECOND, backlog.write(backlog.request_of(publishing.stored(name))))
        for number, name in enumerate(names)
    ]
    for each in logs:
        each.sent({})
    publishing.publish()
    assert publishing.queue.messages == []
    while minute < NOW + HOUR:
        log.now = minute
        publishing.wake()
        invocations += 1
        for at, body in sorted(message for message in due if message[0] < minute + MINUTE):
            due.remove((at, body))
            log.now = at
            publishing.queue.messages.append((body, 0))
            publishing.retry()
            invocations += 1
            due += [(at + delay * SECOND, message) for message, delay in publishing.queue.messages]
            publishing.queue.messages.clear()
        minute += MINUTE
    assert len(publishing.streams.calls) == 80
    assert invocations == 140


def _spoil(log: TenantLog, identifier: str) -> dict[str, Any]:
    """Makes the stored content unreadable. Returns what it was."""
    key = {"pk": {"S": partition(log.key(), 0)}, "sk": {"S": identifier}}
    good: dict[str, Any] = log.dynamodb.get_item(TableName=log.tables.events, Key=key)["Item"]["z"]
    _mend_item(log, identifier, {"B": b"\x01\x00\x00"})
    return good


def _mend_item(log: TenantLog, identifier: str, content: dict[str, Any]) -> None:
    log.dynamodb.update_item(
        TableName=log.tables.events,
        Key={"pk": {"S": partition(log.key(), 0)}, "sk": {"S": identifier}},
        UpdateExpression="SET z = :z",
        ExpressionAttributeValues={":z": content},
    )
