"""Saved views: searches with a name, one's own or shared, with people kept as people."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from daybook.aws.control_table.views import ViewTable
from daybook.aws.wiring import Tables
from daybook.clock import MINUTE
from daybook.search.saved_view import MAX_VIEWS, open_view
from tests.support.calls import answered
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

VIEW = "/v1/views/{name}"
PUT = {"query": "status=failure&actor!=System&range=30d"}

OF = {role: {"role": role, "credential": role} for role in ("admin", "auditor")}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


def saved(log: ManagedLog, name: str, body: Any = PUT, role: str = "admin", **given: Any) -> dict[str, Any]:
    view: dict[str, Any] = log.done("PUT", VIEW, body, role, name=name, credential=role, **given)
    return view


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


def test_people_are_kept_as_people_and_shown_by_their_latest_name(log: ManagedLog) -> None:
    """Aliases, labels and names that nobody has stay as they are. A forgotten person is a GUID."""
    log.sent({"actor": {"type": "user", "id": "u-1", "username": "mike.mars"}})
    guid = log.guid_of("mike.mars")
    query = "actor=mike.mars&actor=System&impersonator!=MIKE.MARS&target=user:mike.mars&target=door:7&actor=no.body"
    assert saved(log, "v", {"query": query})["query"] == (
        "actor=mike.mars&actor=System&actor=no.body&impersonator!=mike.mars&target=user:mike.mars&target=door:7"
    )
    log.now += 1
    log.sent({"actor": {"type": "user", "id": "u-1", "username": "mike.moon"}})
    assert log.done("GET", VIEW, **OF["admin"], name="v")["query"].startswith("actor=mike.moon&actor=System&")
    assert log.done("GET", "/v1/views", **OF["admin"])["views"][0]["query"].endswith(
        "target=user:mike.moon&target=door:7"
    )
    log.forget(guid)
    assert log.done("GET", VIEW, **OF["admin"], name="v")["query"].startswith(f"actor={guid}&actor=System&")


def test_a_view_keeps_no_name_of_whoever_is_forgotten_later(log: ManagedLog) -> None:
    """Neither of those whom nobody knew when it was saved, and who were known and forgotten before it was read; nor of
    those who were known when it was read, and are forgotten long afterwards.
    """
    saved(log, "v", {"query": "actor=zoe.zorn&actor=ann.able&target=user:zoe.zorn&actor=no.body"})
    guids = {}
    for name in ("zoe.zorn", "ann.able"):
        log.sent({"actor": {"type": "user", "username": name}})
        guids[name] = log.guid_of(name)
    log.forget(guids["zoe.zorn"])
    zoe = guids["zoe.zorn"]
    expected = f"actor={zoe}&actor=ann.able&actor=no.body&target=user:{zoe}"
    assert log.done("GET", VIEW, **OF["admin"], name="v")["query"] == expected
    view = ViewTable(log.dynamodb, log.tables.control).find(log.key(), "admin", "v")
    assert view is not None
    kept = str(open_view(view, log.key(), log.wiring.keys.of(log.settings.code, log.settings.secret)).query)
    assert "zoe" not in kept
    assert "ann" not in kept
    log.forget(guids["ann.able"])
    assert "ann" not in log.done("GET", VIEW, **OF["admin"], name="v")["query"]
    assert "zoe" not in saved(log, "late", {"query": "actor=zoe.zorn"})["query"]


def test_a_target_that_is_no_user_keeps_its_id(log: ManagedLog) -> None:
    """Even if it is somebody's id or username, or a GUID in capital letters: a search finds the target by it alone."""
    door, mailbox = {"type": "door", "id": "7"}, {"type": "mailbox", "id": "mike.mars"}
    document = {"type": "document", "id": "6F9619FF-8B86-D011-B42D-00C04FC964FF"}
    query = "&".join(f"target={target['type']}:{target['id']}" for target in (door, mailbox, document))
    query += "&target=user:7&target!=door:8"
    assert saved(log, "before", {"query": query})["query"] == query
    ids = log.sent(*({"target": target, "actor": {"type": "system"}} for target in (door, mailbox, document)))
    log.sent({"actor": {"type": "user", "id": "7", "username": "mike.mars"}})
    saved(log, "after", {"query": query})
    for _ in range(2):
        listed = log.done("GET", "/v1/views", **OF["admin"])["views"]
        assert [view["query"] for view in listed] == [query.replace("user:7", "user:mike.mars")] * 2
    shown = parse_qs(listed[0]["query"])["target"]
    assert set(ids) <= set(log.found(target=shown))


def test_a_target_that_is_no_user_keeps_no_forgotten_username(log: ManagedLog) -> None:
    """Unless somebody living is called that. A forgotten client id is no name."""
    query = "target=mailbox:mike.mars&target=mailbox:same.name&target=door:7"
    saved(log, "v", {"query": query})
    log.sent({"actor": {"type": "user", "id": "7", "username": "mike.mars"}})
    log.sent({"actor": {"type": "user", "id": "8", "username": "same.name"}})
    log.now += 1
    guids = [log.guid_of(name) for name in ("mike.mars", "same.name")]
    log.sent({"actor": {"type": "user", "id": "9", "username": "same.name"}})
    for guid in guids:
        log.forget(guid)
    expected = query.replace("mike.mars", guids[0])
    assert log.done("GET", VIEW, **OF["admin"], name="v")["query"] == expected
    assert saved(log, "late", {"query": query})["query"] == expected


def test_a_view_that_becomes_too_long_keeps_the_names_of_the_living(log: ManagedLog) -> None:
    """A search refuses more than 100 values. It finds the living by their names, too; the forgotten it does not."""
    query = "&".join([*(f"ip=192.0.2.{number}" for number in range(99)), "actor=same.name"])
    saved(log, "v", {"query": query})
    for number in range(2):
        log.sent({"actor": {"type": "user", "id": f"u-{number}", "username": "same.name"}})
    people = log.done("GET", "/v1/actors", query={"prefix": "same.name"})["actors"]
    log.now += 1
    log.sent({"actor": {"type": "user", "id": "u-0", "username": "new.name"}})
    assert log.done("GET", VIEW, **OF["admin"], name="v")["query"] == query
    for person in people:
        log.forget(person["id"])
    assert "same.name" not in log.done("GET", VIEW, **OF["admin"], name="v")["query"]


def test_the_record_of_a_shared_view_seals_whom_its_name_names(log: ManagedLog) -> None:
    """By a username, or by the full name of somebody in its filters. Once forgotten, they are not in the log."""
    log.sent({"actor": {"type": "user", "username": "mike.mars", "name": "Mike Mars"}})
    log.sent({"actor": {"type": "user", "username": "ann.able"}})
    name = "What Mike Mars (mike.mars) did to ann.able"
    saved(log, name, {"query": "actor=mike.mars", "shared": True})
    log.now += 1
    log.done("DELETE", VIEW, **OF["admin"], name=name)

    def details() -> list[str]:
        return [event["details"] for event in log.page({"activity": "audit-log.view-*"})["events"]]

    assert details() == [f"View {name} removed", f"View {name} saved"]
    for username in ("mike.mars", "ann.able"):
        log.forget(log.guid_of(username))
    log.now += MINUTE  # a key lives at most 30 s in a warm function
    assert not [text for text in details() for word in ("mike", "mars", "ann") if word in text.lower()]


@pytest.mark.parametrize(
    "name",
    [
        "Logins of mike.mars.",
        "mike.mars's logins",
        "mike.mars\u2019s logins",
        "o'brien's logins",
        "a/mike.mars/b",
        "@mike.mars",
        "<mike.mars>",
        "2026\u2013mike.mars\u2013all",
        "-mike.mars-",
        "mike.mars…",
        "mike.mars|o'brien",
        "mike.mars@",
        "Logins (mike mars/all)",
    ],
)
def test_punctuation_hides_no_username_from_the_record(log: ManagedLog, name: str) -> None:
    """Nor in front of it or behind it."""
    for username in ("mike.mars", "o'brien", "mike mars"):
        log.sent({"actor": {"type": "user", "username": username}})
    saved(log, name, {"query": "", "shared": True})
    (record,) = log.page({"activity": "audit-log.view-saved"})["events"]
    assert record["details"] == f"View {name} saved"
    for username in ("mike.mars", "o'brien", "mike mars"):
        log.forget(log.guid_of(username))
    log.now += MINUTE  # a key lives at most 30 s in a warm function
    (record,) = log.page({"activity": "audit-log.view-saved"})["events"]
    assert not [word for word in ("mike", "mars", "brien") if word in record["details"]]


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
