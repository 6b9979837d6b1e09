"""Forgotten people: their rows are gone, and every read shows the GUID in their place."""

import json
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from tests.support.calls import answered
from tests.support.tenant_log import TenantLog

MIKE = {"type": "user", "id": "u-1", "username": "mike.mars", "name": "Mike Mars", "email": "mike@mars.example"}
CONTEXT = {"ip": "192.0.2.77", "user_agent": "Netscape", "session_id": "mike.mars-1"}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables, "enate")


@pytest.fixture
def events(log: TenantLog) -> list[str]:
    """Mike as actor, as target, in parameters, texts and ids, and as declared."""
    jane = {"type": "user", "username": "jane.roe"}
    return log.sent(
        {"activity": "record.stamped", "actor": MIKE, "details": "Mike Mars did it", "context": CONTEXT},
        {"activity": "record.stamped", "actor": jane, "target": {"type": "user", "username": "Mike.Mars"}},
        {"activity": "work-item.assigned", "actor": jane, "params": {"assignee": "mike.mars"}},
        {
            "activity": "record.stamped",
            "actor": jane,
            "target": {"type": "account", "id": "mike.mars", "name": "Mike Mars"},
            "people": [{"id": "u-1", "username": "mike.mars", "name": "Mike Mars"}],
            "details": "for mike.mars",
        },
        {
            "activity": "record.stamped",
            "actor": jane,
            "target": {"type": "report", "id": "mike.mars/2026", "within": {"type": "user", "id": "mike.mars"}},
            "params": {"approver": {"user": "mike.mars"}},
        },
    )


def native(log: TenantLog, event_id: str) -> dict[str, Any]:
    event: dict[str, Any] = answered(log.read("/v1/events/{event_id}", parameters={"event_id": event_id}))
    return event


def test_a_forgotten_person_is_a_guid_everywhere(log: TenantLog, events: list[str]) -> None:
    """As actor, target, in parameters, texts and ids, in the native form and in every view. Nobody else is."""
    guid = native(log, events[0])["actor"]["id"]
    log.forget(guid)
    log.now += 30_000
    actor, target, assigned, account, report = (native(log, event_id) for event_id in events)
    assert actor["actor"] == {
        "type": "user",
        "id": guid,
        "client_id": None,
        "username": guid,
        "name": None,
        "email": None,
        "impersonator": None,
        "user_type": None,
        "roles": None,
        "forgotten": True,
    }
    assert actor["details"] == f"{guid} did it"
    assert actor["context"] == {"ip": None, "user_agent": None, "session_id": f"{guid}-1", "request_id": None}
    assert (target["target"]["username"], target["target"]["id"], target["target"]["forgotten"]) == (guid, guid, True)
    assert target["actor"]["username"] == "jane.roe"
    assert (assigned["params"], assigned["details"]) == ({"assignee": guid}, f"Manual assignment to {guid}")
    assert (account["target"]["id"], account["target"]["name"], account["details"]) == (guid, guid, f"for {guid}")
    assert account["people"][0]["username"] == guid
    assert (report["target"]["id"], report["target"]["within"]) == (f"{guid}/2026", {"type": "user", "id": guid})
    assert report["params"] == {"approver": {"user": guid}}
    for view in ("native", "jiffy", "carear", "chat", "symbee", "enate", "generic"):
        page = log.page({"view": view, "limit": "500"})
        shown = json.dumps(page["events"])
        assert guid in shown
        assert not any(word in shown.lower() for word in ("mike", "mars", "192.0.2.77", "netscape", "u-1")), view


@pytest.mark.every_store
def test_a_forgotten_person_is_found_by_guid_and_by_nothing_else(log: TenantLog, events: list[str]) -> None:
    """Names, client ids and texts no longer find anything, as actor, target or free text."""
    guid = native(log, events[0])["actor"]["id"]
    before = {
        ("actor", "mike.mars"): events[:1],
        ("actor", "u-1"): events[:1],
        ("target", "user:MIKE.MARS"): [events[1], events[4]],
        ("target", "account:mike.mars"): [events[3]],
        ("target", "report:mike.mars/2026"): [events[4]],
        ("q", "mike"): events,
        ("ip", "192.0.2.77"): events[:1],
        ("session_id", "mike.mars-1"): events[:1],
    }
    for (name, value), expected in before.items():
        assert sorted(log.found(**{name: value})) == sorted(expected), (name, value)
    log.forget(guid)
    log.now += 30_000
    for name, value in before:
        assert log.found(**{name: value}) == [], (name, value)
    for value in (guid, guid.upper()):
        assert log.found(actor=value) == events[:1]
        assert sorted(log.found(target=f"user:{value}")) == sorted([events[1], events[4]])
        assert log.found(target=f"account:{value}") == [events[3]]


@pytest.mark.parametrize("more", [{}, {"status": "failure"}, {"q": "nothing of it"}, {"limit": "1"}])
def test_the_number_scanned_does_not_reveal_a_forgotten_id(
    log: TenantLog, events: list[str], more: dict[str, str]
) -> None:
    """An id with the name scans as few events as one that never existed. Other searches count all events."""
    (beside,) = log.sent({"activity": "record.stamped", "target": {"type": "report", "id": "2026"}})
    (within,) = log.sent(
        {
            "activity": "record.stamped",
            "target": {"type": "page", "id": "1", "within": {"type": "report", "id": "mike.mars/2026"}},
            "people": [{"username": "mike.mars"}],
        }
    )
    asked = {"target": "report:mike.mars/2026"} | more
    assert log.page(asked)["scanned"] == (2 if more.get("status") is None else 0)
    assert log.page({"target": "report:2026"} | more)["scanned"] == 1
    assert native(log, within)["target"]["within"]["id"] == "mike.mars/2026"
    log.forget(native(log, events[0])["actor"]["id"])
    log.now += 30_000
    never = log.page({"target": "report:nobody/2026"} | more)
    now = log.page(asked)
    assert (now["events"], now["scanned"]) == (never["events"], never["scanned"]) == ([], 0)
    assert (now["reached"], now["index"]) == (never["reached"], never["index"]) == (None, "target")
    both = log.page({"target": ["report:mike.mars/2026", "report:2026"], **more})
    assert both["scanned"] == 1
    assert [event["id"] for event in both["events"]] == ([beside] if more in ({}, {"limit": "1"}) else [])


def test_somebody_known_by_an_address_alone_is_found_by_guid_also_when_forgotten(log: TenantLog) -> None:
    """Such an actor is indexed under the alias that it is shown by."""
    unknown = {"activity": "record.stamped", "actor": {"type": "unknown"}}
    first, *_ = log.sent(
        {**unknown, "context": {"ip": "198.51.100.9"}}, {**unknown, "context": {"ip": "198.51.100.10"}}, unknown
    )
    guid = native(log, first)["actor"]["id"]
    assert log.found(actor=guid) == [first]
    assert len(log.found(actor="unknown")) == 3
    log.forget(guid)
    log.now += 30_000
    assert log.found(actor=guid) == [first]
    assert (native(log, first)["actor"]["username"], native(log, first)["context"]["ip"]) == (guid, None)


def test_a_key_is_kept_for_thirty_seconds_at_most(log: TenantLog, events: list[str]) -> None:
    """That is the longest that a warm function may show a forgotten person."""
    before = native(log, events[0])
    log.forget(before["actor"]["id"])
    log.now += 29_999
    assert native(log, events[0]) == before
    log.now += 1
    assert native(log, events[0])["actor"]["forgotten"] is True


def test_records_of_searches_do_not_keep_a_forgotten_name(log: TenantLog, events: list[str]) -> None:
    """The name of a search is sealed in its record. It too becomes a GUID once the person is forgotten."""
    guid = native(log, events[0])["actor"]["id"]
    log.found(actor="mike.mars", target=["user:u-1", "account:mike.mars"])
    (recorded,) = log.recorded("searched")
    assert recorded["params"]["filters"] == ["actor=mike.mars", "target=account:mike.mars", "target=user:u-1"]
    log.forget(guid)
    log.now += 60_000
    shown = [event["params"]["filters"] for event in log.recorded("searched") if event["id"] == recorded["id"]]
    assert shown == [[f"actor={guid}", f"target=account:{guid}", f"target=user:{guid}"]]
