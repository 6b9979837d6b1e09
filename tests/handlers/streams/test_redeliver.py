"""Events that a stream did not take are delivered when it is back."""

import json
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND, format_time
from daybook.delivery.destination import KEPT_MS
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.streams import StreamHarness, ids
from tests.support.tenant_log import TenantLog


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def publishing(log: ManagedLog) -> StreamHarness:
    return StreamHarness(log)


@pytest.mark.every_store
def test_a_stream_mended_gets_all_of_it(log: TenantLog, publishing: StreamHarness) -> None:
    """Each parked event arrives once, the destination is active again and nothing is pending."""
    publishing.set_up()
    publishing.streams.break_down()
    sent = log.sent(*({"id": str(number)} for number in range(30)))
    for one in sent:
        publishing.publish(publishing.stream([one]))
    assert publishing.pending() == 30
    assert len(publishing.queue.messages) == 30
    publishing.streams.mend()
    log.now += 6 * SECOND
    while publishing.queue.messages:
        assert publishing.retry() == []
    assert ids(publishing) == dict.fromkeys(sent, 1)
    stored = publishing.stored()
    assert (stored.status, stored.last_error, stored.failing_since_ms) == ("active", None, None)
    assert publishing.pending() == 0


def test_one_probe_decides(log: TenantLog, publishing: StreamHarness) -> None:
    """One of ten messages is tried, with a wait that doubles from 5 s to 15 minutes. The others are put back until
    then, or for a minute, so that they soon see a change.
    """
    publishing.set_up()
    publishing.streams.break_down(error="AccessDeniedException")
    for one in log.sent(*({"id": str(number)} for number in range(10))):
        publishing.publish(publishing.stream([one]))
    waits = []
    for _ in range(12):
        publishing.streams.calls.clear()
        log.now = publishing.stored().next_probe_ms
        publishing.retry()
        assert len(publishing.streams.calls) == 1
        waits.append((publishing.stored().next_probe_ms - log.now) // SECOND)
        assert {delay for _, delay in publishing.queue.messages} <= {min(waits[-1], 60)}
    assert waits == [10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900, 900]
    assert publishing.pending() == 10


def test_a_probe_partly_taken_mends(log: TenantLog, publishing: StreamHarness) -> None:
    """A stream that accepts fewer bytes at once than a batch has receives its backlog part by part, without more
    waits.
    """
    publishing.set_up()
    publishing.streams.break_down()
    sent = log.sent(*({"id": str(number)} for number in range(40)))
    publishing.publish()
    publishing.streams.mend()
    size = len(json.dumps(log.page()["events"][0]))
    for rounds in range(1, 20):
        log.now += 6 * SECOND
        publishing.streams.room = 10 * size
        before = publishing.pending()
        publishing.retry()
        if not publishing.queue.messages:
            break
        assert publishing.pending() < before
        if rounds == 1:
            assert (publishing.stored().status, publishing.stored().backoff_step) == ("active", 0)
    assert ids(publishing) == dict.fromkeys(sent, 1)
    assert (publishing.stored().status, publishing.pending()) == ("active", 0)


def test_before_the_next_probe_nothing_is_tried(log: TenantLog, publishing: StreamHarness) -> None:
    publishing.set_up()
    publishing.streams.break_down()
    log.sent({})
    publishing.publish()
    publishing.streams.mend()
    publishing.streams.calls.clear()
    publishing.retry()
    assert publishing.streams.calls == []
    assert publishing.pending() == 1
    assert publishing.queue.messages[0][1] == 5


def test_small_batches_are_put_back_as_one(log: TenantLog, publishing: StreamHarness) -> None:
    """A long failure of a busy stream must not lead to millions of messages in circulation."""
    publishing.set_up()
    publishing.streams.break_down()
    sent = log.sent(*({"id": str(number)} for number in range(8)))
    for one in sent:
        publishing.publish(publishing.stream([one]))
    publishing.retry()
    assert len(publishing.queue.messages) == 1
    assert publishing.pending() == 8
    publishing.streams.mend()
    log.now += 6 * SECOND
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)
    assert publishing.pending() == 0


def test_after_14_days_an_event_is_given_up_visibly(log: TenantLog, publishing: StreamHarness) -> None:
    """The event is counted once, on the destination and for the alarm, and is no longer pending."""
    publishing.set_up()
    publishing.streams.break_down()
    log.sent({}, {})
    publishing.publish()
    message = publishing.queue.messages[0]
    log.now += KEPT_MS - SECOND
    publishing.retry()
    assert publishing.pending() == 2
    log.now += DAY
    publishing.queue.messages.append(message)  # SQS may deliver a message twice
    publishing.retry()
    assert publishing.given_up == [2]
    assert publishing.stored().given_up == 2
    assert publishing.pending() == 0
    assert publishing.queue.messages == []


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
    assert (publishing.given_up, publishing.pending()) == ([1], 0)
    assert publishing.queue.messages == []
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
    """Also if another stream is set up before the batches come again."""
    made = publishing.set_up()
    publishing.streams.break_down()
    log.sent({})
    publishing.publish()
    publishing.destinations.remove(made.environment)
    publishing.set_up(subscription="s-2", generation="g-2")
    assert (publishing.pending(), publishing.parked()) == (0, 1), (
        "events that were parked for the former do not count for it"
    )
    publishing.streams.mend()
    assert publishing.retry() == []
    assert publishing.streams.taken == {}
    assert publishing.queue.messages == []
    assert publishing.parked() == 0


def test_a_backlog_goes_to_the_stream_that_was_put_in_place(log: TenantLog, publishing: StreamHarness) -> None:
    """The new generation is active at once, and results of the old one are not noted for it."""
    before = publishing.set_up()
    publishing.streams.break_down()
    sent = log.sent({})
    publishing.publish()
    publishing.set_up(generation="g-2")
    publishing.streams.mend()
    assert publishing.destinations.failed(before, "Late", log.now).status == "active"
    publishing.retry()
    assert ids(publishing) == dict.fromkeys(sent, 1)
