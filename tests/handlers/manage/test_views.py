"""Saved views: searches with a name, one's own or shared, with people kept as people."""

from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.search.saved_view import MAX_VIEWS
from tests.support.calls import answered
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of
from tests.support.views import OF, PUT, VIEW, saved


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


def names(log: ManagedLog, role: str = "admin", **given: Any) -> list[tuple[str, bool, bool]]:
    listed = log.done("GET", "/v1/views", role=role, credential=role, **given)["views"]
    return [(view["name"], view["shared"], view["mine"]) for view in listed]


@pytest.mark.every_store
def test_a_view_is_saved_read_listed_changed_and_removed(log: ManagedLog) -> None:
    """What is absent is the profile's view, its columns and the newest first."""
    whole = {"name": "Sign-ins", **PUT, "view": "generic", "columns": [], "sort": "-occurred_at", "shared": False}
    assert saved(log, "Sign-ins") == {**whole, "mine": True}
    changed = {"query": "q=a%20b&category=a,b", "view": "native", "columns": ["actor", "ip"], "sort": "actor"}
    saved(log, "Another", {**changed, "shared": True})
    assert log.done("GET", VIEW, **OF["admin"], name="Another") == {
        "name": "Another",
        **changed,
        "shared": True,
        "mine": True,
    }
    assert names(log) == [("Another", True, True), ("Sign-ins", False, True)]
    assert saved(log, "Sign-ins", {"query": ""})["query"] == ""
    for name in ("Sign-ins", "Another"):
        assert log.manage("DELETE", VIEW, **OF["admin"], name=name)["statusCode"] == 204
        for method in ("GET", "DELETE"):
            assert problem_of(log.manage(method, VIEW, **OF["admin"], name=name)) == (404, "not_found")
    assert names(log) == []


def test_whose_a_view_is(log: ManagedLog) -> None:
    """A private view is its credential's alone; the own view is found before the shared one of the same name."""
    saved(log, "mine", role="auditor")
    saved(log, "both", {"query": "status=success"}, role="auditor")
    saved(log, "both", {"query": "status=failure", "shared": True})
    assert names(log, "auditor") == [("both", False, True), ("both", True, False), ("mine", False, True)]
    assert names(log) == [("both", True, True)]
    assert problem_of(log.manage("GET", VIEW, **OF["admin"], name="mine")) == (404, "not_found")

    def query(**parameters: str) -> str:
        return str(log.done("GET", VIEW, **OF["auditor"], name="both", query=parameters)["query"])

    assert [query(), query(shared="false"), query(shared="true")] == [
        "status=success",
        "status=success",
        "status=failure",
    ]
    # Who may read only, neither saves nor removes a shared one.
    for refused in (
        log.manage("PUT", VIEW, {**PUT, "shared": True}, **OF["auditor"], name="new"),
        log.manage("DELETE", VIEW, **OF["auditor"], name="both", query={"shared": "true"}),
    ):
        assert problem_of(refused) == (403, "forbidden")
    assert log.manage("DELETE", VIEW, **OF["auditor"], name="both")["statusCode"] == 204
    assert query() == "status=failure"
    saved(log, "theirs", {**PUT, "shared": True}, role="operations")
    assert names(log, "auditor")[-1] == ("theirs", True, False)


def test_a_rotated_keys_private_views_are_its_successors(log: ManagedLog) -> None:
    """While both are valid, and after. `first` comes from the authorizer."""
    saved(log, "mine")
    successor = {"role": "admin", "credential": "k2", "first": "admin"}
    (view,) = log.done("GET", "/v1/views", **successor)["views"]
    assert (view["name"], view["mine"]) == ("mine", True)
    log.done("PUT", VIEW, PUT, **successor, name="other")
    assert names(log) == [("mine", False, True), ("other", False, True)]


def test_no_row_holds_what_may_be_somebodys(log: ManagedLog) -> None:
    """Free text and addresses are sealed like the rest; equal views of two environments do not look equal."""
    log.sent({"actor": {"type": "user", "username": "mike.mars"}})
    for environment in ("prod", "test"):
        saved(log, "v", {"query": "actor=mike.mars&q=Secret&ip=203.0.113.7"}, query={"environment": environment})
    rows = log.dynamodb.query(
        TableName=log.tables.control,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": log.settings.code}, ":prefix": {"S": "view#"}},
    )["Items"]
    assert len({row["sealed"]["S"] for row in rows}) == 2
    assert not [word for word in ("mike", "Secret", "203.0") if word in str(rows)]


def test_a_view_is_of_one_environment_and_a_shared_one_is_recorded(log: ManagedLog) -> None:
    """A private one is nobody else's business, so the log does not tell of it."""
    saved(log, "private")
    saved(log, "all", {**PUT, "shared": True}, query={"environment": "test"})
    assert names(log) == [("private", False, True)]
    assert names(log, environment="test") == [("all", True, True)]
    assert (
        problem_of(log.manage("GET", "/v1/views", **OF["admin"], environment="test", query={"environment": "prod"}))[0]
        == 403
    )
    log.now += 1
    log.done("DELETE", VIEW, **OF["admin"], name="all", query={"environment": "test"})
    log.done("DELETE", VIEW, **OF["admin"], name="private")
    recorded = log.page({"activity": "audit-log.view-*", "environment": "test"})["events"]
    assert [event["details"] for event in recorded] == ["View all removed", "View all saved"]
    assert log.page({"activity": "audit-log.view-*", "environment": "prod"})["events"] == []


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"query": "colour=red"}, "unknown_field", "query"),
        ({"query": "view=native"}, "unknown_field", "query"),
        ({"query": "with=native"}, "unknown_field", "query"),
        ({"query": "status=maybe"}, "invalid_parameter", "query"),
        ({"query": "range=7d&from=2026-01-01T00:00:00Z"}, "invalid_parameter", "query"),
        ({"query": "status"}, "invalid_value", "query"),
        ({"query": "q=%ff"}, "invalid_value", "query"),
        ({"query": "q=%00"}, "invalid_parameter", "query"),
        ({"query": "q=" + "x" * 4_095}, "invalid_length", "query"),
        ({"query": "&".join(f"activity=a.{n}" for n in range(101))}, "too_many_values", None),
        ({"query": "", "view": "no-view"}, "unknown_view", "view"),
        ({"query": "", "sort": "colour"}, "invalid_parameter", "sort"),
        ({"query": "", "columns": ["a\nb"]}, "invalid_value", "columns[0]"),
        ({"query": "", "columns": ["x"] * 51}, "invalid_length", "columns"),
        ({}, "missing_field", "query"),
    ],
)
def test_what_is_no_view_is_refused(log: ManagedLog, body: Any, code: str, path: str | None) -> None:
    answer = log.manage("PUT", VIEW, body, **OF["admin"], name="v")
    assert problem_of(answer) == (422, code)
    assert [error["path"] for error in answered(answer).get("errors", [])] == ([path] if path else [])
    assert names(log) == []


def test_limits_of_views(log: ManagedLog) -> None:
    """100 shared ones, and 100 of each credential; a name of 128 characters; 100 people in a query."""
    for number in range(MAX_VIEWS):
        saved(log, f"{number:03}", {"query": ""})
    saved(log, "000")
    assert problem_of(log.manage("PUT", VIEW, PUT, **OF["admin"], name="more")) == (422, "too_many_views")
    saved(log, "more", {**PUT, "shared": True})
    saved(log, "more", role="auditor")
    assert problem_of(log.manage("PUT", VIEW, PUT, **OF["admin"], name="x" * 129)) == (422, "invalid_length")
    for number in range(MAX_VIEWS // 2 + 1):
        log.sent({"actor": {"type": "user", "id": f"u-{number}", "username": "same.name"}})
    crowd = {"query": "actor=same.name&actor!=same.name"}
    assert problem_of(log.manage("PUT", VIEW, crowd, **OF["auditor"], name="crowd")) == (422, "too_many_people")


def test_two_compositions_of_a_name_are_one_view(log: ManagedLog) -> None:
    """It is shown as it was written last."""
    saved(log, "Caf\u00e9")
    saved(log, "Cafe\u0301")
    assert names(log) == [("Cafe\u0301", False, True)]
    assert log.done("GET", VIEW, **OF["admin"], name="Caf\u00e9")["name"] == "Cafe\u0301"
