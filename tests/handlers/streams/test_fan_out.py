"""New events are sent to their tenants' streams, and events of a failing stream wait."""

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND, format_time
from daybook.delivery.destination import KEPT_MS
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.streams import StreamHarness
from tests.support.tenant_log import TenantLog


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def publishing(log: ManagedLog) -> StreamHarness:
    return StreamHarness(log)


LARGEST = 30 * 1024  # the largest record, for tests that set it


def ids(publishing: StreamHarness, tenant: str = "acme") -> Counter[str]:
    """How often each event is in the tenant's stream."""
    return Counter(json.loads(record.data)["id"] for record in publishing.streams.taken.get(tenant, []))


def test_every_event_of_a_tenant_with_a_stream_is_put_there(log: TenantLog, publishing: StreamHarness) -> None:
    """The record equals the native read. Nothing is left over."""
    publishing.set_up()
    sent = log.sent({"target": {"type": "document", "id": "d-1"}}, {"details": "Änderung"}, {})
    assert publishing.publish() == []
    assert ids(publishing) == dict.fromkeys(sent, 1)
    native = {event["id"]: event for event in log.page()["events"]}
    taken = [json.loads(record.data) for record in publishing.streams.taken["acme"]]
    assert taken == [native[one] for one in sorted(sent)]
    assert publishing.queue.messages == []
    assert publishing.stored().last_delivered_ms == log.now


def test_one_objects_history_has_one_partition_key(log: ManagedLog, publishing: StreamHarness) -> None:
    """The key is the target if there is one, otherwise the actor. It contains no name, however long the id is."""
    publishing.set_up()
    log.sent(
        {"target": {"type": "document", "id": "d-1"}},
        {"target": {"type": "document", "id": "d-1", "name": "Contract"}, "actor": {"type": "system"}},
        {"target": {"type": "document", "name": "A name alone"}},
        {"target": {"type": "document", "id": "x" * 512}},
        {"target": {"type": "document", "id": "ä" * 200}},
        {"target": {"type": "document", "name": "A name alone"}, "actor": {"type": "system"}},
        {"target": {"type": "user", "username": "jane.roe"}},
        {},
    )
    publishing.publish()
    keys = Counter(record.partition_key for record in publishing.streams.taken["acme"])
    guid = log.guid_of("mike.mars")
    assert keys["document#d-1"] == 2
    assert keys[f"user#{log.guid_of('jane.roe')}"] == keys[guid] == 1
    assert keys[f"document#{hashlib.sha256(b'A name alone').hexdigest()}"] == 2
    assert all(len(key.encode()) <= 256 for key in keys)
    assert len(keys) == 6


def test_a_targets_name_makes_a_key_that_names_nobody(log: ManagedLog, publishing: StreamHarness) -> None:
    """The key stays the same after a person in the name is forgotten."""
    publishing.set_up()
    log.sent({"target": {"type": "document", "name": "Notes of mike.mars"}})
    publishing.publish()
    log.forget(log.guid_of("mike.mars"))
    publishing.publish()
    first, second = (record.partition_key for record in publishing.streams.taken["acme"])
    assert first == second
    assert "mars" not in first


def test_a_tenant_without_a_stream_costs_one_read(log: TenantLog, publishing: StreamHarness) -> None:
    """Nothing is sent, parked or stored."""
    log.sent({}, {})
    assert publishing.publish() == []
    assert publishing.streams.calls == publishing.queue.messages == []


def test_another_environments_stream_gets_nothing(log: TenantLog, publishing: StreamHarness) -> None:
    publishing.set_up(environment="test")
    log.sent({}, {"environment": "test"})
    publishing.publish()
    assert len(publishing.streams.taken["acme"]) == 1


def test_a_re_stamp_and_a_removal_reach_nobody(log: TenantLog, publishing: StreamHarness) -> None:
    """Only a new item is an event, whatever the mapping's filter lets through."""
    publishing.set_up()
    log.sent({})
    event = publishing.stream()
    (record,) = event["Records"]
    for name in ("MODIFY", "REMOVE"):
        assert publishing.publish({"Records": [record | {"eventName": name}]}) == []
    assert publishing.streams.calls == []


@pytest.mark.parametrize("asked", [False, True])
def test_what_daybook_records_of_itself_goes_where_it_is_asked_for(
    log: TenantLog, publishing: StreamHarness, asked: bool
) -> None:
    publishing.set_up(include_audit_log=asked)
    sent = log.sent({})
    log.page()
    publishing.publish()
    activities = [json.loads(record.data)["activity"] for record in publishing.streams.taken["acme"]]
    assert sorted(activities) == (["audit-log.searched", "document.updated"] if asked else ["document.updated"])
    assert ids(publishing)[sent[0]] == 1


def test_what_only_operations_may_read_is_no_customers(dynamodb: Any, tables: Tables) -> None:
    """Enate's API access records are not sent."""
    log = TenantLog(dynamodb, tables, "enate")
    publishing = StreamHarness(log)
    publishing.set_up(profile="enate", include_audit_log=True)
    log.sent({"activity": "api.called"}, {"activity": "user-session.ended"})
    publishing.publish()
    (record,) = publishing.streams.taken["acme"]
    assert json.loads(record.data)["activity"] == "user-session.ended"


def test_who_is_forgotten_is_a_guid(log: ManagedLog, publishing: StreamHarness) -> None:
    """The record shows the GUID, as a read does."""
    publishing.set_up()
    log.sent({"details": "mike.mars was here"})
    guid = log.guid_of("mike.mars")
    log.forget(guid)
    publishing.publish()
    (record,) = publishing.streams.taken["acme"]
    assert b"mike.mars" not in record.data
    assert json.loads(record.data)["actor"]["username"] == guid


def test_a_broken_stream_delays_and_loses_nothing_of_a_neighbours(
    dynamodb: Any, tables: Tables, log: TenantLog, publishing: StreamHarness
) -> None:
    """In one batch, one tenant's events are parked and the other's are delivered. The next batch tries no broken
    stream.
    """
    other = TenantLog(dynamodb, tables, tenant="other")
    publishing.set_up()
    publishing.set_up(tenant="other")
    publishing.streams.break_down()
    mine, theirs = log.sent({}, {}), other.sent({})
    assert publishing.publish() == []
    assert ids(publishing, "other") == dict.fromkeys(theirs, 1)
    assert (publishing.stored().status, publishing.stored().last_error) == ("failing", "ResourceNotFoundException")
    assert publishing.pending() == len(mine)
    publishing.streams.calls.clear()
    later = log.sent({"id": "later"})
    assert publishing.publish(publishing.stream(later)) == []
    assert publishing.streams.calls == []
    assert publishing.pending() == len(mine) + 1


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


def test_a_record_above_kinesis_limit_is_given_up_and_holds_nobody_up(log: ManagedLog) -> None:
    """It is sent alone, because a stream may be configured to accept it. If it is refused, it is counted with the
    error and the others are delivered.
    """
    publishing = StreamHarness(log, record_bytes=LARGEST)
    publishing.streams.largest = LARGEST
    publishing.set_up()
    small = log.sent({"id": "1"}, {"id": "3"})
    (large,) = log.sent({"id": "2", "activity": "very.long", "details": "y" * LARGEST})
    assert publishing.publish() == []
    assert ids(publishing) == dict.fromkeys(small, 1)
    stored = publishing.stored()
    assert (stored.status, stored.given_up, stored.last_error) == ("active", 1, "ValidationException")
    assert publishing.given_up == [1]
    publishing.streams.largest = 10 * 1024 * 1024
    log.now += 3 * SECOND
    publishing.publish(publishing.stream([large]))
    assert ids(publishing)[large] == 1
    assert (publishing.stored().given_up, publishing.stored().last_error) == (1, None)
