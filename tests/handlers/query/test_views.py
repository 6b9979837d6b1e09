"""Reads in a product's view, through ingest and search."""

from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.catalogue.profile import profile
from daybook.clock import MINUTE, format_time
from daybook.search.merge import Bounds
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.tenant_log import TenantLog, problem_of

USERS = [
    ("generic", "Actor"),
    ("chat", "User"),
    ("enate", "User"),
    ("jiffy", "UserName"),
    ("carear", "Username"),
    ("symbee", "SourceUserId"),
]


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


def sent(log: TenantLog, *actors: dict[str, Any], **more: Any) -> None:
    """An event of each actor, oldest first."""
    events = [
        {"activity": "user.login", "actor": actor, "occurred_at": format_time(NOW - (9 - place) * MINUTE), **more}
        for place, actor in enumerate(actors)
    ]
    log.sent(*events)


def column(log: TenantLog, name: str, **query: Any) -> list[str]:
    """A column of the generic view, without Daybook's own events."""
    rows = log.page({"view": "generic", "activity": "user.login", **query})["events"]
    return [row[name] for row in rows]


@pytest.mark.every_store
def test_a_user_called_system_is_stored_and_told_from_the_system(log: TenantLog) -> None:
    """Also in a failed sign-in. A search for the name finds both; a sorted page goes by what it shows."""
    sent(
        log,
        {"type": "user", "username": "System", "id": "u-1"},
        {"type": "system"},
        {"type": "user", "username": '"System"'},
        {"type": "user", "username": "anna"},
        {"type": "unknown", "username": "SYSTEM"},
    )
    shown = ['"System"', "System", '""System""', "anna", '"SYSTEM"']
    assert column(log, "Actor", sort="occurred_at") == shown
    assert column(log, "Actor", sort="actor") == sorted(shown)
    assert {row["UserName"] for row in log.page({"view": "jiffy", "activity": "user.login"})["events"]} == set(shown)
    assert set(column(log, "Actor", actor="System")) == {"System", '"System"', '"SYSTEM"'}


def test_an_unknown_actor_without_a_username_is_no_user_called_unknown(log: TenantLog) -> None:
    """Quotation marks are for a username that is like an alias. Nobody chose this one."""
    sent(
        log,
        {"type": "unknown", "id": "u-7"},
        {"type": "unknown", "id": "u-8", "name": "Jane Roe"},
        {"type": "unknown", "id": "u-9", "name": "System"},
        {"type": "unknown", "username": "Unknown"},
    )
    shown = ["Unknown", "Unknown", "Unknown", '"Unknown"']
    assert column(log, "Actor", sort="occurred_at") == shown
    assert column(log, "Actor", sort="actor") == sorted(shown)
    rows = log.page({"view": "jiffy", "activity": "user.login", "sort": "occurred_at"})["events"]
    assert [row["UserName"] for row in rows] == ["Unknown", "Jane Roe", '"System"', '"Unknown"']
    assert {each["actor"]["username"] for each in log.page({"activity": "user.login"})["events"]} == {"Unknown"}


def test_the_generic_view_tells_apis_apart_and_shows_who_really_acted(log: TenantLog) -> None:
    sent(
        log,
        {"type": "api", "username": "ci-token"},
        {"type": "api"},
        {"type": "user", "username": "customer.kim", "impersonator": {"id": "u-7", "username": "support.lee"}},
    )
    assert column(log, "Actor", sort="occurred_at") == ["API (ci-token)", "API", "customer.kim (by support.lee)"]
    users = [
        row["User"] for row in log.page({"view": "chat", "activity": "user.login", "sort": "occurred_at"})["events"]
    ]
    assert users == ["API", "API", "customer.kim"]


@pytest.mark.parametrize(("view", "column"), USERS)
def test_every_view_shows_who_looked(dynamodb: Any, tables: Tables, view: str, column: str) -> None:
    """Daybook's own records have the key's label behind the alias, and no user's name can pass for that."""
    log = TenantLog(dynamodb, tables, view)
    api = profile(view).aliases.api
    user = {"type": "user", "username": f"{api} (The key)"}
    log.sent({"activity": "thing.done", "actor": user, "source": {"type": "portal"}})
    log.now += MINUTE
    log.page({"activity": "thing.done"})
    query = {"view": view, "sort": "occurred_at"}
    (sent,) = log.page({**query, "activity": "thing.done"})["events"]
    searched, *_ = log.page({**query, "activity": "audit-log.searched"})["events"]
    assert (searched[column], sent[column]) == (f"{api} (The key)", f'"{api} (The key)"')


def test_changes_stand_for_missing_details(log: TenantLog) -> None:
    """The event's activity is not catalogued, so nothing makes details of it."""
    log.sent(
        {
            "activity": "Profile:nickname_changed",
            "actor": {"type": "user", "username": "ani"},
            "changes": [{"field": "nickname", "from": "Ani", "to": ""}],
        }
    )
    (row,) = log.page({"view": "generic", "activity": "Profile:nickname_changed"})["events"]
    assert row["Details"] == "nickname: Ani → (empty)"
    (native,) = log.page({"activity": "Profile:nickname_changed"})["events"]
    assert (native["component"], native["event"]) == ("Profile", "nickname_changed")


@pytest.mark.parametrize("more", [{}, {"sort": "actor"}, {"limit": "1"}])
def test_a_view_comes_with_the_native_events(log: TenantLog, more: dict[str, str]) -> None:
    """On request: the same events, in the same order, on every page. Otherwise the answer has no such field."""
    sent(log, {"type": "user", "username": "jane.roe"}, {"type": "system"}, {"type": "user", "username": "anna"})
    query = {"activity": "user.login", "view": "generic", **more}
    assert "native" not in log.page(query)
    rows: list[dict[str, str]] = []
    native: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while cursor != {"cursor": None}:
        page = log.page({**query, "with": "native", **cursor})
        rows, native = rows + page["events"], native + page["native"]
        cursor = {"cursor": page["next_cursor"]}
    assert [row["Actor"] for row in rows] == [event["actor"]["username"] for event in native]
    assert sorted(row["Actor"] for row in rows) == ["System", "anna", "jane.roe"]
    alone = log.page({"activity": "user.login", "limit": "500"})["events"]
    assert sorted(alone, key=lambda event: str(event["id"])) == sorted(native, key=lambda event: str(event["id"]))


@pytest.mark.parametrize(
    "query", [{"with": "native"}, {"with": "native", "view": "native"}, {"with": "", "view": "chat"}, {"with": "x"}]
)
def test_what_has_no_native_form_beside_it_is_refused(log: TenantLog, query: dict[str, str]) -> None:
    """Only a view has."""
    assert problem_of(log.read(query=query)) == (400, "invalid_parameter")


@pytest.mark.parametrize("order", ["-occurred_at", "actor"])
def test_both_forms_count_for_the_bound_on_the_answer(log: TenantLog, order: str) -> None:
    """So a page may be shorter than one of the view alone, and loses nothing."""
    sent(log, *({"type": "system"} for _ in range(4)), details="x" * 1_000)
    query = {"activity": "user.login", "view": "generic", "sort": order}
    read = log.reader(search_bounds=Bounds(answer_bytes=3_800))
    assert len(answered(read(query=query))["events"]) == 2
    shown: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while cursor != {"cursor": None}:
        page = answered(read(query={**query, "with": "native", **cursor}))
        assert len(page["events"]) == 1
        shown += page["native"]
        cursor = {"cursor": page["next_cursor"]}
    assert len({event["id"] for event in shown}) == 4
