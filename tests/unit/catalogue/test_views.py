"""The views of the contract, against rows written by hand."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daybook.catalogue.profile import profile
from daybook.catalogue.views import Shown, labels, show

PERSON = {
    "type": "user",
    "id": "0b5c1a2e-7d3f-4c11-9a55-1f2e3d4c5b6a",
    "client_id": "u-1",
    "username": "mike.mars",
    "name": "Mike Mars",
    "email": "mike@mars.example",
    "user_type": "Admin",
    "roles": ["Release Manager"],
    "forgotten": False,
}
NOBODY = dict.fromkeys(("id", "client_id", "name", "email", "user_type", "roles")) | {"forgotten": False}
EVENT: dict[str, Any] = {
    "id": "01JD0000000000000000000000000000000A",
    "client_id": None,
    "tenant": "acme",
    "environment": "prod",
    "occurred_at": "2026-08-18T17:57:09.636Z",
    "received_at": "2026-08-18T17:57:10.000Z",
    "activity": "work-item.status-changed",
    "component": "Work Item",
    "event": "Status Changed",
    "category": "Packet Status",
    "variant": "changed",
    "origin": "user",
    "status": "success",
    "actor": PERSON,
    "source": {"type": "PORTAL"},
    "target": {"type": "defect", "id": "D-9", "name": None, "within": {"type": "work-item", "id": "1234-C-A1"}},
    "params": {"from": "To Do", "to": "In progress"},
    "details": "Status changed from To Do to In progress",
    "people": None,
    "changes": None,
    "context": {"ip": "203.0.113.7", "user_agent": None, "session_id": None, "request_id": None},
    "caused_by": None,
}
EMPTY = EVENT | {
    "actor": {"type": "system", "username": "System", **NOBODY},
    "component": None,
    "source": None,
    "target": None,
    "params": None,
    "details": None,
    "context": dict.fromkeys(EVENT["context"]),
    "status": "failure",
    "origin": "system",
    "activity": "thing",
    "event": "thing",
    "category": "other",
}


def row(view: str, native: dict[str, Any], zone: str = "UTC", of: str | None = None) -> dict[str, str]:
    return show(Shown(native, "Acme Inc", profile(of or view).aliases, profile(view), ZoneInfo(zone)))


ROWS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "jiffy": (
        {
            "Tenant Name": "Acme Inc",
            "Component": "Work Item",
            "Event": "Status Changed",
            "Event Details": "Status changed from To Do to In progress",
            "Event Status": "Success",
            "Date-Time": "Aug 18, 2026 @ 17:57:09.636",
            "UserName": "Mike Mars",
            "User Type": "Admin",
        },
        {
            "Tenant Name": "Acme Inc",
            "Component": "",
            "Event": "thing",
            "Event Details": "",
            "Event Status": "Failure",
            "Date-Time": "Aug 18, 2026 @ 17:57:09.636",
            "UserName": "System",
            "User Type": "",
        },
    ),
    "carear": (
        {
            "Date": "2026-08-18",
            "Time": "17:57:09",
            "Username": "mike.mars",
            "Event Category": "Packet Status",
            "Event Description": "Status changed from To Do to In progress",
        },
        {
            "Date": "2026-08-18",
            "Time": "17:57:09",
            "Username": "System",
            "Event Category": "other",
            "Event Description": "",
        },
    ),
    "chat": (
        {
            "Date and Time": "2026-08-18 17:57:09",
            "User": "mike.mars",
            "IP Address": "203.0.113.7",
            "Activity": "work-item.status-changed",
        },
        {"Date and Time": "2026-08-18 17:57:09", "User": "System", "IP Address": "", "Activity": "thing"},
    ),
    "symbee": (
        {
            "PlatformId": "AWS Connect",
            "CompanyId": "acme",
            "Environment": "prod",
            "TimeStamp": "2026-08-18T17:57:09Z",
            "SourceType": "PORTAL",
            "SourceUserId": "mike.mars",
            "ActivityAction": "STATUSCHANGED",
            "ActivityType": "WORKITEM",
            "ActionTarget": "D-9",
            "ActionDetails": "Status changed from To Do to In progress",
        },
        {
            "PlatformId": "AWS Connect",
            "CompanyId": "acme",
            "Environment": "prod",
            "TimeStamp": "2026-08-18T17:57:09Z",
            "SourceType": "ADMIN",
            "SourceUserId": "System",
            "ActivityAction": "THING",
            "ActivityType": "",
            "ActionTarget": "",
            "ActionDetails": "",
        },
    ),
    "enate": (
        {
            "Timestamp": "2026/08/18 17:57:09 GMT",
            "Activity": "work-item.status-changed",
            "Origin": "user",
            "User": "mike.mars",
            "Work Item": "1234-C-A1",
            "From": "To Do",
            "To": "In progress",
            "Details": "Status changed from To Do to In progress",
            "Status": "success",
        },
        {
            "Timestamp": "2026/08/18 17:57:09 GMT",
            "Activity": "thing",
            "Origin": "system",
            "User": "System",
            "Work Item": "",
            "From": "",
            "To": "",
            "Details": "",
            "Status": "failure",
        },
    ),
    "generic": (
        {
            "Time": "2026-08-18T17:57:09.636Z",
            "Activity": "work-item.status-changed",
            "Actor": "mike.mars",
            "Target": "D-9",
            "Details": "Status changed from To Do to In progress",
            "Status": "success",
        },
        {
            "Time": "2026-08-18T17:57:09.636Z",
            "Activity": "thing",
            "Actor": "System",
            "Target": "",
            "Details": "",
            "Status": "failure",
        },
    ),
}


@pytest.mark.parametrize("view", ROWS)
def test_each_view_has_its_products_columns_in_order(view: str) -> None:
    """Exact labels, order and formats. An absent value is the empty string."""
    full, empty = ROWS[view]
    assert labels(profile(view)) == list(full)
    for native, expected in ((EVENT, full), (EMPTY, empty)):
        shown = row(view, native)
        assert shown == expected
        assert list(shown) == list(expected)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ({"type": "work-code", "id": "7", "name": "Promised to Pay", "within": None}, "Promised to Pay"),
        ({"type": "work-code", "id": "7", "name": None, "within": None}, "7"),
        ({"type": "work-code", "id": None, "name": None, "within": None}, ""),
        ({"type": "user", "id": "GUID", "username": "mike.mars", "name": "Mike Mars", "client_id": "u-1"}, "mike.mars"),
        ({"type": "user", "id": "GUID", "username": "GUID", "name": None, "client_id": None}, "GUID"),
    ],
)
def test_symbees_target_is_a_username_or_a_name_or_an_id(target: dict[str, Any], shown: str) -> None:
    """In the contract's order."""
    assert row("symbee", EVENT | {"target": target})["ActionTarget"] == shown


@pytest.mark.parametrize(
    ("actor", "user", "person"),
    [
        (PERSON | {"name": None}, "mike.mars", "mike.mars"),
        (PERSON | {"username": "GUID", "name": None}, "GUID", "GUID"),
        ({"type": "api", "username": "ci-bot", **NOBODY}, "Provisioning API", "Provisioning API"),
        ({"type": "operations", "username": "CareAR Operations", **NOBODY}, "CareAR Operations", "CareAR Operations"),
        ({"type": "unknown", "username": "Unknown", **NOBODY}, "Unknown", "Unknown"),
        ({**PERSON, "type": "unknown"}, "mike.mars", "Mike Mars"),
    ],
)
def test_who_acted_is_shown_by_name_or_alias(actor: dict[str, Any], user: str, person: str) -> None:
    """An actor other than a person is shown by the tenant's alias, whatever name it carries, in any profile's view."""
    assert row("carear", EVENT | {"actor": actor})["Username"] == user
    assert row("jiffy", EVENT | {"actor": actor}, of="carear")["UserName"] == person


def test_enates_from_and_to_come_from_the_parameters_or_the_changes() -> None:
    """A manual override of a due date has changes; a change of status has parameters."""
    changes = [{"field": "due_date", "from": "2026-11-20", "to": "2026-11-24"}, {"field": "x", "from": None, "to": 7}]
    shown = row("enate", EVENT | {"params": None, "changes": changes})
    assert (shown["From"], shown["To"]) == ("2026-11-20", "2026-11-24, 7")


@pytest.mark.parametrize(
    ("zone", "occurred_at", "jiffy", "generic", "date"),
    [
        ("UTC", "2026-11-01T05:59:59.999Z", "Nov 01, 2026 @ 05:59:59.999", "2026-11-01T05:59:59.999Z", "2026-11-01"),
        (
            "America/New_York",  # summer time until the clocks go back at 06:00 UTC
            "2026-11-01T05:59:59.999Z",
            "Nov 01, 2026 @ 01:59:59.999",
            "2026-11-01T01:59:59.999-04:00",
            "2026-11-01",
        ),
        (
            "America/New_York",
            "2026-11-01T06:00:00.000Z",
            "Nov 01, 2026 @ 01:00:00.000",
            "2026-11-01T01:00:00.000-05:00",
            "2026-11-01",
        ),
        (
            "Asia/Kathmandu",
            "2026-12-31T18:15:00.001Z",
            "Jan 01, 2027 @ 00:00:00.001",
            "2027-01-01T00:00:00.001+05:45",
            "2027-01-01",
        ),
        (
            "Pacific/Honolulu",
            "1970-01-01T00:00:00.000Z",
            "Dec 31, 1969 @ 14:00:00.000",
            "1969-12-31T14:00:00.000-10:00",
            "1969-12-31",
        ),
        (
            "Africa/Monrovia",  # 44 minutes and 30 seconds behind until 1972; RFC 3339 has no such offset
            "1970-01-01T12:00:00.123Z",
            "Jan 01, 1970 @ 11:15:30.123",
            "1970-01-01T11:16:00.123-00:44",
            "1970-01-01",
        ),
    ],
)
def test_times_are_in_the_zone_asked_for(zone: str, occurred_at: str, jiffy: str, generic: str, date: str) -> None:
    """In any season and with offsets of a fraction of an hour. Milliseconds are unchanged."""
    native = EVENT | {"occurred_at": occurred_at}
    assert row("jiffy", native, zone)["Date-Time"] == jiffy
    assert row("generic", native, zone)["Time"] == generic
    assert row("carear", native, zone)["Date"] == date


def test_symbees_time_is_utc_in_every_zone() -> None:
    """It ends in Z and is truncated to seconds, not rounded."""
    native = EVENT | {"occurred_at": "2023-01-18T23:29:45.999Z"}
    assert row("symbee", native, "Asia/Tokyo")["TimeStamp"] == "2023-01-18T23:29:45Z"


def test_enates_time_names_its_zone() -> None:
    """As in the product's own example."""
    assert row("enate", EVENT, "America/New_York")["Timestamp"] == "2026/08/18 13:57:09 EDT"
