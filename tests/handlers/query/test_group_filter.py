"""The filter `group` means the current members, and finds the same events through an index and the timeline."""

import uuid
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.search.planner import MAX_PARTITIONS
from tests.support.calls import answered
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

STRANGERS = tuple(str(uuid.UUID(int=number, version=4)) for number in range(MAX_PARTITIONS + 6))
SIZES = pytest.mark.parametrize("strangers", [(), STRANGERS[:62], STRANGERS], ids=["few", "64", "many"])
"""In addition to the two members that the tests name."""


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


def by(name: str, **more: Any) -> dict[str, Any]:
    return {"actor": {"type": "user", "username": name}, **more}


def rest(log: ManagedLog, query: dict[str, Any], cursor: str | None) -> list[str]:
    ids = []
    while cursor is not None:
        page = log.page({**query, "cursor": cursor})
        ids += [event["id"] for event in page["events"]]
        cursor = page["next_cursor"]
    return ids


@SIZES
def test_a_group_means_its_members_now(log: ManagedLog, strangers: tuple[str, ...]) -> None:
    """The very next search sees a change of the group. Groups also cover events under the members' former names."""
    mike, jane, other = log.sent(
        {"actor": {"type": "user", "id": "u-1", "username": "mike.mars"}}, by("jane.roe"), by("somebody")
    )
    (renamed,) = log.sent({"actor": {"type": "user", "id": "u-1", "username": "michael"}})
    log.put_group("team", "mike.mars", "jane.roe", *strangers)
    assert sorted(log.found(group="team")) == sorted([mike, renamed, jane])
    log.put_group("team", "jane.roe", "somebody", *strangers)
    assert sorted(log.found(group="team")) == sorted([jane, other])


@pytest.mark.every_store
@SIZES
def test_a_group_with_other_filters(log: ManagedLog, strangers: tuple[str, ...]) -> None:
    """Different parameters are combined with and, several groups with or. Each event appears once."""
    doc = {"target": {"type": "doc", "id": "D-1"}}
    mike, mike_doc, jane_doc, other_doc = log.sent(
        by("mike.mars"), by("mike.mars", **doc), by("jane.roe", **doc, activity="user.login"), by("other", **doc)
    )
    log.put_group("team", "mike.mars", "jane.roe", *strangers)
    log.put_group("mikes", "mike.mars", *strangers)
    log.put_group("nobody")
    assert sorted(log.found(group="team", target="doc:D-1")) == sorted([mike_doc, jane_doc])
    assert log.found(group="team", activity="user.login") == [jane_doc]
    assert log.found(group="mikes", actor=["jane.roe", "other"]) == []
    assert sorted(log.found(group=["team"], actor=["mike.mars", "other"])) == sorted([mike, mike_doc])
    assert sorted(log.found(group=["mikes", "team", "nobody"])) == sorted([mike, mike_doc, jane_doc])
    assert log.found(group="nobody", target="doc:D-1") == []
    assert other_doc not in log.found(group=["team", "mikes"])


@SIZES
def test_members_known_by_an_address_alone(log: ManagedLog, strangers: tuple[str, ...]) -> None:
    """The index has them under the alias that they are shown by. They are found even when forgotten."""
    unknown = {"actor": {"type": "unknown"}}
    first, other = (log.sent({**unknown, "context": {"ip": ip}})[0] for ip in ("198.51.100.9", "198.51.100.10"))
    guid = next(event["actor"]["id"] for event in log.page()["events"] if event["id"] == first)
    log.put_group("team", guid, "jane.roe", *strangers)
    assert log.found(group="team") == [first]
    log.forget(guid)
    assert log.found(group="team") == [first]
    assert other in log.found()


def test_all_spellings_of_an_address_are_one_person(log: ManagedLog) -> None:
    """So forgetting that person reaches all of them, and no user agent of the same text."""
    unknown = {"actor": {"type": "unknown"}}
    spelled = ("2001:DB8::1", "2001:db8:0::1")
    first, second = log.sent(*({**unknown, "context": {"ip": ip}} for ip in spelled))
    (agent,) = log.sent({**unknown, "context": {"user_agent": spelled[0]}})
    people = {event["id"]: event["actor"]["id"] for event in log.page()["events"]}
    assert people[first] == people[second] != people[agent]


@SIZES
@pytest.mark.parametrize("sort", ["-occurred_at", "occurred_at", "activity"])
@pytest.mark.parametrize("change", ["changed", "emptied", "removed", "made anew"])
def test_a_cursor_keeps_the_groups_members_of_the_first_page(
    log: ManagedLog, strangers: tuple[str, ...], sort: str, change: str
) -> None:
    """Later pages show the events of those who were members at the first page."""
    sent = log.sent(*(by(name) for _ in range(3) for name in ("mike.mars", "jane.roe", "somebody")))
    expected = {event for number, event in enumerate(sent) if number % 3 < 2}
    log.put_group("team", "mike.mars", "jane.roe", *strangers)
    log.put_group("stays", "nobody.else")
    query = {"group": ["team", "stays"], "limit": "2", "sort": sort}
    page = log.page(query)
    if change in {"removed", "made anew"}:
        log.done("DELETE", "/v1/groups/{name}", name="team")
    if change != "removed":
        log.put_group("team", *(() if change == "emptied" else ("somebody", *strangers)))
    ids = [event["id"] for event in page["events"]] + rest(log, query, page["next_cursor"])
    assert len(ids) == len(expected)
    assert set(ids) == expected


@SIZES
@pytest.mark.parametrize("sort", ["-occurred_at", "occurred_at"])
def test_a_cursor_keeps_whom_an_actor_meant_beside_a_group(
    log: ManagedLog, strangers: tuple[str, ...], sort: str
) -> None:
    """However many members the group has, a person forgotten between the pages is still found on later ones."""
    sent = log.sent(*(by("mike.mars") for _ in range(6)))
    guid = log.guid_of("mike.mars")
    log.put_group("team", guid, *strangers)
    query = {"group": "team", "actor": "mike.mars", "limit": "2", "sort": sort}
    page = log.page(query)
    log.forget(guid)
    ids = [event["id"] for event in page["events"]] + rest(log, query, page["next_cursor"])
    assert sorted(ids) == sorted(sent)


@pytest.mark.parametrize("length", [129, 1_018, 1_019, 2_000])
def test_an_impossible_group_name_is_400(log: ManagedLog, length: int) -> None:
    """Even one that no key of a store can hold."""
    assert problem_of(log.read(query={"group": "x" * length})) == (400, "unknown_group")


@SIZES
def test_an_unknown_group_is_400(log: ManagedLog, strangers: tuple[str, ...]) -> None:
    """On the first page, even if another group of the query exists, and if the group was removed."""
    log.put_group("team", "mike.mars", *strangers)
    log.put_group("gone", "mike.mars", *strangers)
    log.done("DELETE", "/v1/groups/{name}", name="gone")
    for asked in ("nothing", ["team", "nothing"], "gone", "TEAM"):
        assert problem_of(log.read(query={"group": asked})) == (400, "unknown_group")


def test_a_search_for_a_group_is_on_record(log: ManagedLog) -> None:
    """With the group's name: its members are not recorded."""
    log.put_group("team", "mike.mars")
    log.found(group="team", activity="user.login")
    (recorded,) = log.recorded("searched")
    assert recorded["params"]["filters"] == ["activity=user.login", "group=team"]


def test_a_cursor_with_a_large_group_is_short(log: ManagedLog) -> None:
    """A request line and headers have a limit of 10 KB."""
    log.sent(*(by("mike.mars") for _ in range(3)))
    log.put_group("team", log.guid_of("mike.mars"), *STRANGERS)
    log.put_group("sixty-four", log.guid_of("mike.mars"), *STRANGERS[:63])
    large, small = (log.page({"group": name, "limit": "1"})["next_cursor"] for name in ("team", "sixty-four"))
    assert len(large) < 200
    assert len(small) < 2_000


def test_a_cursor_of_a_group_lasts_no_longer_than_its_members_are_kept(log: ManagedLog) -> None:
    """Once TTL has deleted the members, the cursor is refused and never shows another group's events."""
    log.sent(*(by("mike.mars") for _ in range(3)))
    log.put_group("team", "mike.mars", *STRANGERS)
    query = {"group": "team", "limit": "1"}
    cursor = log.page(query)["next_cursor"]
    version = log.groups.group(log.settings.environment_key("prod"), "team").version
    log.put_group("team", "jane.roe")
    key = {"pk": {"S": log.settings.code}, "sk": {"S": f"group-members#0#team#{version}"}}
    kept = log.dynamodb.get_item(TableName=log.tables.control, Key=key)["Item"]
    assert int(kept["expires_at"]["N"]) * 1000 > log.now + 24 * 3_600_000
    log.dynamodb.delete_item(TableName=log.tables.control, Key=key)
    answer = log.read(query={**query, "cursor": cursor})
    assert (answer["statusCode"], answered(answer)["code"]) == (400, "cursor_mismatch")
