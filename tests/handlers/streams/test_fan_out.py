"""New events are sent to their tenants' streams."""

import base64
import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import SECOND
from daybook.delivery.sender import PutFailed
from daybook.events.canonical import canonical, decode
from daybook.events.packing import pack, unpack
from streams.fan_out import healthy_first
from tests.support.managed_log import ManagedLog
from tests.support.streams import StreamHarness, destination, ids
from tests.support.tenant_log import TenantLog


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def publishing(log: ManagedLog) -> StreamHarness:
    return StreamHarness(log)


THROTTLED = "ProvisionedThroughputExceededException"
LARGEST = 30 * 1024  # the largest record, for tests that set it


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


def test_what_the_system_does_is_spread_over_the_shards(log: TenantLog, publishing: StreamHarness) -> None:
    """Its events without a target have nobody's history to keep together, and would fill one shard. So with an API."""
    publishing.set_up()
    sent = log.sent(
        *({"id": f"{kind}-{number}", "actor": {"type": kind}} for kind in ("system", "api") for number in (1, 2))
    )
    (with_target,) = log.sent({"actor": {"type": "system"}, "target": {"type": "document", "id": "d-1"}})
    publishing.publish()
    keys = {json.loads(record.data)["id"]: record.partition_key for record in publishing.streams.taken["acme"]}
    assert keys == {**{one: one for one in sent}, with_target: "document#d-1"}


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
    assert publishing.given_up == 1
    publishing.streams.largest = 10 * 1024 * 1024
    log.now += 3 * SECOND
    publishing.publish(publishing.stream([large]))
    assert ids(publishing)[large] == 1
    assert (publishing.stored().given_up, publishing.stored().last_error) == (1, None)


def test_a_stream_that_does_not_answer_is_cut_off_at_once(log: TenantLog, publishing: StreamHarness) -> None:
    """Nothing more is sent to it, in this batch or the next, and it stays active."""
    publishing.set_up()
    sent = log.sent(*({"id": str(number)} for number in range(400)))
    sent += log.sent(*({"id": str(number)} for number in range(400, 700)))
    publishing.streams.faults["acme"] = [PutFailed("ReadTimeoutError", transient=True, timed_out=True)]
    assert publishing.publish(publishing.stream(sent)) == []
    assert publishing.streams.calls == [("acme", 500)]
    stored = publishing.stored()
    assert (stored.status, stored.last_error, stored.slow_since_ms) == ("active", "SlowStream", log.now)
    assert publishing.pending() == 700
    later = log.sent({"id": "later"})
    assert publishing.publish(publishing.stream(later)) == []
    assert publishing.streams.calls == [("acme", 500)]
    assert publishing.pending() == 701


@pytest.mark.every_store
def test_three_slow_answers_within_a_minute_make_a_stream_slow(log: TenantLog, publishing: StreamHarness) -> None:
    """Whichever instances of the function noticed them. What was answered is delivered and not parked."""
    before = publishing.set_up()
    publishing.streams.milliseconds["acme"] = 600
    sent = log.sent(*({"id": str(number)} for number in range(4)))
    publishing.publish(publishing.stream(sent[:1]))
    log.now += 30 * SECOND
    stale = publishing.destinations.answered(before, [600], log.now, timed_out=False)  # it read the row long ago
    assert stale.slow_calls == (log.now - 30 * SECOND, log.now)
    publishing.publish(publishing.stream(sent[1:2]))
    stored = publishing.stored()
    assert (stored.status, stored.last_error, stored.slow_calls) == ("active", "SlowStream", ())
    publishing.destinations.delivered(before, log.now)
    publishing.destinations.throttled(before, THROTTLED)
    assert publishing.destinations.answered(before, [600], log.now, timed_out=False) == stored == publishing.stored()
    publishing.publish(publishing.stream(sent[2:]))
    assert (publishing.pending(), len(publishing.streams.taken["acme"])) == (2, 2)


def test_slow_answers_that_are_rare_cut_off_nothing(log: TenantLog, publishing: StreamHarness) -> None:
    publishing.set_up()
    publishing.streams.milliseconds["acme"] = 600
    for one in log.sent(*({"id": str(number)} for number in range(6))):
        publishing.publish(publishing.stream([one]))
        log.now += 31 * SECOND
    assert (publishing.pending(), len(publishing.streams.taken["acme"])) == (0, 6)
    assert publishing.stored().last_error is None


@pytest.mark.every_store
def test_a_new_stream_is_not_slow(log: TenantLog, publishing: StreamHarness) -> None:
    """The slowness was the former stream's. A repeated setup of the same stream proves nothing."""
    slow = publishing.destinations.answered(publishing.set_up(), [], log.now, timed_out=True)
    same = publishing.destinations.choose(slow, slow.chosen, slow.generation)
    assert same is not None
    assert same.is_slow
    other = publishing.destinations.choose(slow, slow.chosen, "g-2")
    assert other is not None
    assert (other.is_slow, other.last_error) == (False, None)


@pytest.mark.parametrize("taken", [0, 1])
def test_a_throttled_record_makes_no_stream_failing(log: TenantLog, publishing: StreamHarness, taken: int) -> None:
    """What the stream does not take after one more try is parked, and the next batch is sent."""
    publishing.set_up()
    sent = log.sent(*({"id": str(number)} for number in range(4)))
    throttled = lambda place: THROTTLED if place >= taken else None  # noqa: E731  as a fault it reads best so
    publishing.streams.faults["acme"] = [throttled, lambda _: THROTTLED]
    assert publishing.publish(publishing.stream(sent[:3])) == []
    assert (publishing.stored().status, publishing.stored().last_error) == ("active", THROTTLED)
    assert publishing.pending() == 3 - taken
    log.now += 3 * SECOND
    assert publishing.publish(publishing.stream(sent[3:])) == []
    assert ids(publishing)[sent[3]] == 1
    assert publishing.stored().last_error is None


def test_throttling_by_sts_is_no_fault_of_the_stream(log: TenantLog, publishing: StreamHarness) -> None:
    """The events are parked, and its state does not change."""
    before = publishing.set_up()
    sent = log.sent({}, {})
    publishing.streams.faults["acme"] = [PutFailed("Throttling", transient=True, own=True)] * 2
    assert publishing.publish(publishing.stream(sent)) == []
    assert publishing.pending() == 2
    assert (publishing.stored().status, publishing.stored().last_error) == (before.status, None)


@pytest.mark.parametrize(
    "broken",
    [
        {"people": 5},
        {"people": [{"sealed": "no id"}]},
        {"people": [{"id": ["no text"], "sealed": ""}]},
        {"activity": None},
        {"target": {"type": "document", "name": 7}},
        {"actor": None},
    ],
)
def test_an_event_of_which_no_record_can_be_made_costs_the_others_nothing(
    log: TenantLog, publishing: StreamHarness, broken: dict[str, Any]
) -> None:
    """Whichever part of it is malformed."""
    publishing.set_up()
    sent = sorted(log.sent(*({"id": str(number)} for number in range(10))))
    event = publishing.stream(sent)
    image = event["Records"][4]["dynamodb"]["NewImage"]
    content = decode(unpack(base64.b64decode(image["z"]["B"])))
    image["z"] = {"B": base64.b64encode(pack(canonical(content | broken))).decode()}
    image.pop("by_target", None)
    assert publishing.publish(event) == []
    assert set(ids(publishing)) == set(sent) - {sent[4]}
    assert publishing.stored().status == "active"
    assert publishing.parked() == 1


def test_streams_in_trouble_come_last() -> None:
    """They wait for a thread behind the healthy ones, even if their events came first."""
    failed, slow = destination(last_error=THROTTLED), destination(slow_calls=(1,))
    fine, fine_too = destination(), destination("other")
    assert healthy_first([(failed, []), (fine, []), (slow, []), (fine_too, [])]) == [
        (fine, []),
        (fine_too, []),
        (failed, []),
        (slow, []),
    ]
