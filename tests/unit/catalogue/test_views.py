"""The views of the contract, against rows written by hand."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daybook.catalogue.profile import profile
from daybook.catalogue.views import Shown, labels, show
from daybook.search.sorting import shown_value

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
    "impersonator": None,
}
NOBODY = dict.fromkeys(("id", "client_id", "name", "email", "user_type", "roles", "impersonator")) | {
    "forgotten": False
}
SUPPORT = {
    "id": "GUID-2",
    "client_id": "u-7",
    "username": "support.lee",
    "name": None,
    "email": None,
    "forgotten": False,
}
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


def row(
    view: str, native: dict[str, Any], zone: str = "UTC", of: str | None = None, alias: str | None = None
) -> dict[str, str]:
    """`alias`: the one in the event's content."""
    return show(Shown(native, alias, "Acme Inc", profile(of or view).aliases, profile(view), ZoneInfo(zone)))


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
    for native, alias, expected in ((EVENT, None, full), (EMPTY, "System", empty)):
        shown = row(view, native, alias=alias)
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
    ("actor", "alias", "user", "person"),
    [
        (PERSON | {"name": None}, None, "mike.mars", "mike.mars"),
        (PERSON | {"username": "GUID", "name": None, "forgotten": True}, None, "GUID", "GUID"),
        (PERSON | {"username": None, "name": None}, None, "u-1", "u-1"),
        (PERSON | {"username": None, "name": None, "client_id": None}, None, PERSON["id"], PERSON["id"]),
        ({"type": "api", "username": "ci-bot", **NOBODY}, "Provisioning API", "Provisioning API", "Provisioning API"),
        ({"type": "operations", "username": "Ops", **NOBODY}, "CareAR Ops", "CareAR Ops", "CareAR Ops"),
        ({"type": "unknown", "username": "Unknown", **NOBODY}, "Unknown", "Unknown", "Unknown"),
        ({**PERSON, "type": "unknown"}, None, "mike.mars", "Mike Mars"),
        ({"type": "unknown", "username": "GUID", **NOBODY, "forgotten": True}, "Unknown", "GUID", "GUID"),
    ],
)
def test_who_acted_is_shown_by_name_or_alias(actor: dict[str, Any], alias: str | None, user: str, person: str) -> None:
    """An actor other than a person is shown by the alias of its time, whatever name it carries, in any view."""
    assert row("carear", EVENT | {"actor": actor}, alias=alias)["Username"] == user
    assert row("jiffy", EVENT | {"actor": actor}, of="carear", alias=alias)["UserName"] == person


LIKE_ALIASES = [
    "System",
    "SYSTEM",
    " sys\ttem ",
    "Provisioning  API",
    "provisioning\u00a0api",
    "\uff33ystem",
    "Sys\u200btem",
    "Sys\u115ftem",
    "Unknown.",
    "CareAR-Operations",
    "\u200fSystem",
]
UNLIKE = ["Systems", "mike.mars", "Sýstem", "sistema", "\u0405ystem", "API", "ops"]
"""U+0405 is a Cyrillic letter, and one of other people's names."""


@pytest.mark.parametrize(("name", "is_like"), [(n, True) for n in LIKE_ALIASES] + [(n, False) for n in UNLIKE])
def test_a_person_is_never_mistaken_for_an_alias(name: str, is_like: bool) -> None:
    """Every column that shows a person's name has it in quotation marks if it passes for an alias."""
    quoted = f'"{name}"' if is_like else name
    by_username = EVENT | {"actor": PERSON | {"username": name, "name": None}}
    by_name = EVENT | {"actor": PERSON | {"name": name}}
    by_id = EVENT | {"actor": PERSON | {"client_id": name, "username": None, "name": None}}
    failed = EVENT | {"actor": PERSON | {"type": "unknown", "username": name, "name": None}}
    for native in (by_username, by_id, failed):
        for view, column in (
            ("carear", "Username"),
            ("chat", "User"),
            ("symbee", "SourceUserId"),
            ("enate", "User"),
            ("generic", "Actor"),
            ("jiffy", "UserName"),
        ):
            assert row(view, native, of="carear")[column] == quoted, view
    assert row("jiffy", by_name, of="carear")["UserName"] == quoted
    target = {"type": "User", "id": "GUID", "username": name, "name": None, "client_id": None, "within": None}
    by_target = EVENT | {"target": target, "params": {"from": {"user": name}, "to": {"user": "jane.roe"}}}
    assert row("symbee", by_target, of="carear")["ActionTarget"] == quoted
    assert row("generic", by_target, of="carear")["Target"] == quoted
    enate = row("enate", by_target, of="carear")
    assert (enate["From"], enate["To"]) == (quoted, "jane.roe")
    by_impersonator = EVENT | {"actor": PERSON | {"impersonator": SUPPORT | {"username": name}}}
    assert row("generic", by_impersonator, of="carear")["Actor"] == f"mike.mars (by {quoted})"


@pytest.mark.parametrize("view", ["carear", "jiffy", "generic"])
def test_a_sorted_read_goes_by_what_is_shown(view: str) -> None:
    """A user called System stands among the quotation marks, before the letters, and not beside the system."""
    about = profile(view)
    native = EVENT | {"actor": PERSON | {"username": "System", "name": None}}
    shown = Shown(native, None, "Acme Inc", about.aliases, about, ZoneInfo("UTC"))
    assert shown_value("actor", about)(shown) == '"System"'


def test_what_is_no_person_is_not_quoted() -> None:
    """A folder may be called System."""
    target = {"type": "folder", "id": "7", "name": "System", "within": None}
    assert row("symbee", EVENT | {"target": target})["ActionTarget"] == "System"


@given(st.text("\"'System()by aAPI“”", max_size=14), st.text("\"'System()by aAPI“”", max_size=14))
@example("System", '"System"')
@example('"System"', '""System""')
@example("a (by b)", '"a (by b)"')
def test_different_people_are_shown_differently(one: str, other: str) -> None:
    """A username that has quotation marks itself is not mistaken for one to which they were added."""

    def shown(name: str) -> tuple[str, str]:
        native = EVENT | {"actor": PERSON | {"username": name, "name": None, "client_id": None}}
        return row("carear", native)["Username"], row("generic", native)["Actor"]

    if one and other and one != other:
        first, second = shown(one), shown(other)
        assert first[0] != second[0]
        assert first[1] != second[1]
    for name in filter(None, (one, other)):
        for text in shown(name):
            assert text in (name, f'"{name}"')


@pytest.mark.parametrize(
    ("actor", "alias", "shown"),
    [
        ({"type": "api", "username": "ci-token", **NOBODY}, "API", "API (ci-token)"),
        ({"type": "api", "username": "API", **NOBODY, "name": "Backup"}, "API", "API (Backup)"),
        ({"type": "api", "username": "API", **NOBODY, "client_id": "k-1"}, "API", "API (k-1)"),
        ({"type": "api", "username": "API", **NOBODY}, "API", "API"),
        ({"type": "api", "username": "ci-token", **NOBODY}, "Old API", "Old API (ci-token)"),
        ({"type": "system", "username": "nightly", **NOBODY}, "System", "System"),
        ({"type": "operations", "username": "Operations", **NOBODY, "client_id": "ops"}, "Operations", "Operations"),
        (PERSON, None, "mike.mars"),
        (PERSON | {"impersonator": SUPPORT}, None, "mike.mars (by support.lee)"),
        (PERSON | {"impersonator": SUPPORT | {"username": "GUID-2", "client_id": None}}, None, "mike.mars (by GUID-2)"),
        (PERSON | {"impersonator": SUPPORT | {"username": None}}, None, "mike.mars (by u-7)"),
        (PERSON | {"username": "System", "impersonator": SUPPORT}, None, '"System" (by support.lee)'),
        (PERSON | {"username": "API (ci-token)"}, None, '"API (ci-token)"'),
        (PERSON | {"username": "mike.mars (by support.lee)"}, None, '"mike.mars (by support.lee)"'),
        (PERSON | {"username": "mike \uff08\uff22Y lee)"}, None, '"mike \uff08\uff22Y lee)"'),
        (PERSON | {"username": "Mike (Contractor)"}, None, "Mike (Contractor)"),
    ],
)
def test_the_generic_view_says_which_api_and_who_really_acted(
    actor: dict[str, Any], alias: str | None, shown: str
) -> None:
    """Nobody can choose a username that looks like either."""
    native = EVENT | {"actor": actor}
    assert row("generic", native, alias=alias)["Actor"] == shown


@pytest.mark.parametrize("view", ["jiffy", "carear", "chat", "symbee", "enate"])
def test_documented_products_show_the_actor_alone(view: str) -> None:
    """Their documents know no impersonator."""
    native = EVENT | {"actor": PERSON | {"impersonator": SUPPORT}}
    assert row(view, native) == row(view, EVENT)


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ([("nickname", "Ani", "")], "nickname: Ani → (empty)"),
        ([("nickname", "", "Ani")], "nickname: (empty) → Ani"),
        ([("nickname", None, "Ani")], "nickname: (none) → Ani"),
        ([("nickname", "Ani", None)], "nickname: Ani → (none)"),
        ([("password", None, None)], "password: changed"),
        ([("limit", 7, -8), ("active", True, False)], "limit: 7 → -8; active: true → false"),
        ([("zero", 0, False)], "zero: 0 → false"),
        ([("nickname", "(empty)", "(none)")], 'nickname: "(empty)" → "(none)"'),
        ([("note", "a; role: user → admin", "b")], 'note: "a; role: user → admin" → b'),
        ([("note", 'say "hi"', " x ")], r'note: "say \"hi\"" → " x "'),
        ([("two\nlines", "a\nb", "é")], r'"two\nlines": "a\nb" → é'),
        ([("a: b", "x: y", "z")], '"a: b": "x: y" → z'),
    ],
)
def test_the_generic_view_puts_changes_in_words(changes: list[tuple[str, Any, Any]], details: str) -> None:
    """Where an event has no details. A value cannot pass for another change, nor for "(empty)"."""
    native = EVENT | {"changes": [dict(zip(("field", "from", "to"), change, strict=True)) for change in changes]}
    for without in (None, ""):
        assert row("generic", native | {"details": without})["Details"] == details
        assert row("carear", native | {"details": without})["Event Description"] == ""
    assert row("generic", native)["Details"] == EVENT["details"]


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
