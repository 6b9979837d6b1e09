"""People in saved views: in the filters by GUID, in the record of a shared view sealed."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

import pytest

from daybook.aws.control_table.views import ViewTable
from daybook.aws.wiring import Tables
from daybook.clock import MINUTE
from daybook.errors import Throttled
from daybook.people.identities import Row
from daybook.search.saved_view import open_view
from daybook.tenant import EnvironmentKey
from manage.view_settling import MAX_TEXTS
from tests.support.managed_log import ManagedLog
from tests.support.views import OF, VIEW, saved


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


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


class Counting:
    """The identities, with the rows that are asked for counted."""

    def __init__(self, log: ManagedLog) -> None:
        self.store = log.wiring.identities
        self.asked: list[str] = []

    def with_time_limit(self, _remaining_seconds: Any) -> "Counting":
        return self

    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> dict[str, Row]:
        keys = list(sort_keys)
        self.asked += keys
        return self.store.read(environment, keys)

    def query(self, *given: Any) -> list[list[Row]]:
        return self.store.query(*given)


@pytest.mark.large
def test_a_list_looks_up_no_more_than_500_names(log: ManagedLog) -> None:
    """Each time others: none that somebody has stays in a view for good."""
    for number in range(6):
        saved(log, f"{number}", {"query": "&".join(f"actor=n{number}.{one}" for one in range(100))})
    for one in range(0, 100, 20):
        log.sent(*({"actor": {"type": "user", "username": f"n{number}.{one}"}} for number in range(6)))
    counting = Counting(log)
    log.operations = log.operations_over(log.managing.replacing(identities=counting))
    table = ViewTable(log.dynamodb, log.tables.control)
    for _ in range(20):
        counting.asked.clear()
        log.done("GET", "/v1/views", **OF["admin"])
        assert len({key for key in counting.asked if key.startswith("more#")}) <= MAX_TEXTS
    kept = [open_view(view, log.key(), log.keys).query for view in table.of(log.key(), "admin")]
    assert not [text for ((_, texts),) in kept for text in texts if text.endswith((".0", ".20", ".40", ".60", ".80"))]


class _Throttled(ViewTable):
    def replace(self, *_: Any) -> None:
        raise Throttled


def test_views_are_listed_where_none_can_be_written(log: ManagedLog) -> None:
    """With the person by the latest name, which a later read writes."""
    saved(log, "v", {"query": "actor=MIKE.MARS"})
    log.sent({"actor": {"type": "user", "username": "mike.mars"}})
    views = _Throttled(log.dynamodb, log.tables.control)
    log.operations = log.operations_over(log.managing.replacing(views=views))
    assert log.done("GET", VIEW, **OF["admin"], name="v")["query"] == "actor=mike.mars"
    (view,) = views.of(log.key(), "admin")
    assert open_view(view, log.key(), log.keys).query == [("actor", ["MIKE.MARS"])]


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
