"""New events are sent to their tenants' streams."""

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import SECOND
from tests.support.managed_log import ManagedLog
from tests.support.streams import StreamHarness, ids
from tests.support.tenant_log import TenantLog


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def publishing(log: ManagedLog) -> StreamHarness:
    return StreamHarness(log)


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
