"""One event by its id, and the catalogue."""

from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, format_time
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.tenant_log import TenantLog, problem_of


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables, "enate", retention_days=30)


def viewed(log: TenantLog, event_id: str, role: str = "auditor", **more: Any) -> dict[str, Any]:
    return log.reader(role)("/v1/events/{event_id}", more.pop("query", None), {"event_id": event_id}, **more)


@pytest.mark.every_store
def test_an_event_is_read_in_its_native_form(log: TenantLog) -> None:
    """Every field of the contract is present, in one shape; an absent value is null."""
    (event_id,) = log.sent({"activity": "record.stamped", "actor": {"type": "system"}})
    nobody = {"id": None, "client_id": None, "name": None, "email": None, "user_type": None, "roles": None}
    assert answered(viewed(log, event_id)) == {
        "id": event_id,
        "client_id": None,
        "sender": {"credential": "k1"},
        "tenant": "acme",
        "environment": "prod",
        "occurred_at": "2026-11-22T16:31:08.000Z",
        "received_at": "2026-11-22T16:31:08.000Z",
        "activity": "record.stamped",
        "component": "Record",
        "event": "Stamped",
        "category": "Universal Timestamp",
        "variant": "default",
        "origin": "system",
        "status": "success",
        "actor": {"type": "system", "username": "System", "forgotten": False, "impersonator": None, **nobody},
        "source": None,
        "target": None,
        "params": None,
        "details": "Record last updated",
        "people": None,
        "changes": None,
        "context": {"ip": None, "user_agent": None, "session_id": None, "request_id": None},
        "caused_by": None,
        "adjusted": None,
    }


def test_an_event_is_found_in_each_environment_that_the_key_may_read(log: TenantLog) -> None:
    """In all of them without `environment`, otherwise only in that one."""
    (event_id,) = log.sent({"activity": "record.stamped", "environment": "test"})
    assert viewed(log, event_id)["statusCode"] == 200
    assert viewed(log, event_id, environment="test")["statusCode"] == 200
    assert viewed(log, event_id, environment="dev,test")["statusCode"] == 200
    assert problem_of(viewed(log, event_id, environment="dev,prod")) == (404, "not_found")
    assert viewed(log, event_id, query={"environment": "test"})["statusCode"] == 200
    assert problem_of(viewed(log, event_id, query={"environment": "prod"})) == (404, "not_found")
    assert problem_of(viewed(log, event_id, environment="prod")) == (404, "not_found")
    assert problem_of(viewed(log, event_id, query={"environment": "test"}, environment="prod"))[0] == 403


def test_another_tenants_event_does_not_exist(log: TenantLog) -> None:
    """404, never 403, as for an id that does not exist."""
    (event_id,) = log.sent({"activity": "record.stamped"})
    other = TenantLog(log.dynamodb, log.tables, "enate", tenant="acme2")
    assert problem_of(viewed(other, event_id)) == (404, "not_found")


@pytest.mark.parametrize("event_id", ["x", "0" * 36, "Z" * 36, "0" * 35 + "U", "A" * 2_000, "#", "\x00", "ü" * 36])
def test_an_id_that_no_event_has_is_not_found(log: TenantLog, event_id: str) -> None:
    """Malformed or not."""
    assert problem_of(viewed(log, event_id)) == (404, "not_found")


def test_an_event_past_retention_is_gone_at_once(log: TenantLog) -> None:
    """Whether or not TTL has deleted it."""
    (event_id,) = log.sent({"activity": "record.stamped", "occurred_at": format_time(NOW - 30 * DAY)})
    assert viewed(log, event_id)["statusCode"] == 200
    log.now += 1
    assert problem_of(viewed(log, event_id)) == (404, "not_found")


def test_events_for_operations_are_hidden_from_others(log: TenantLog) -> None:
    """Enate's API access records: only operations find them, by id or by search."""
    (event_id,) = log.sent({"activity": "api.called"})
    for role in ("auditor", "admin"):
        assert problem_of(viewed(log, event_id, role)) == (404, "not_found")
        for query in ({}, {"activity": "api.called"}, {"actor": "mike.mars"}, {"category": "api-access"}):
            events = answered(log.reader(role)(query=query))["events"]
            assert event_id not in [event["id"] for event in events]
    assert viewed(log, event_id, "operations")["statusCode"] == 200
    assert log.recorded("viewed") == []  # the record would name it
    assert [event["id"] for event in answered(log.reader("operations")(query={"actor": "mike.mars"}))["events"]] == [
        event_id
    ]


def test_the_record_of_a_search_shows_no_id_that_only_operations_may_read(log: TenantLog) -> None:
    """An id that stands in the clear in a hidden event alone is not written, as one that nobody has seen."""
    for activity, written in (("api.called", "page"), ("record.stamped", "page:P-1")):
        log.sent({"activity": activity, "target": {"type": "page", "id": "P-1"}})
        answered(log.reader("operations")(query={"target": "page:P-1"}))
        (newest, *_) = [event for event in log.recorded("searched") if event["actor"]["type"] == "operations"]
        assert newest["params"]["filters"] == [f"target={written}"]
        log.now += 1


def test_the_catalogue_is_the_tenants(log: TenantLog) -> None:
    """For every role, with variants and typed parameters."""
    catalogue = answered(log.reader("producer")("/v1/catalogue"))
    assert (catalogue["profile"], catalogue["mode"]) == ("enate", "open")
    assert catalogue["categories"][:3] == ["Packet Status", "Due Dates", "Allocation"]
    by_id = {activity["activity"]: activity for activity in catalogue["activities"]}
    assert by_id["work-item.assigned"] == {
        "activity": "work-item.assigned",
        "category": "Allocation",
        "component": "Work Item",
        "event": "Assigned",
        "origin": "user",
        "kind": None,
        "required_role": None,
        "visibility": None,
        "variants": [
            {
                "variant": "default",
                "when": "When a user allocates a piece of work to a user",
                "template": "Manual assignment to {assignee}",
                "params": [{"name": "assignee", "type": "person"}],
            }
        ],
    }
    assert by_id["process.set-live"]["required_role"] == "Release Manager"
    assert by_id["api.called"]["visibility"] == "operations"
    assert problem_of(log.read("/v1/catalogue", {"environment": "prod"})) == (400, "unknown_parameter")
    assert log.recorded() == []
