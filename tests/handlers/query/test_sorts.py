"""Orders other than by time: by the shown value, ties newest first, over the events received by the first page."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from daybook.aws.wiring import Tables
from daybook.catalogue.profile import PROFILES
from daybook.clock import format_time
from daybook.events.item import partition_of
from daybook.ids import occurred_ms
from daybook.search.merge import Bounds
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

FIELDS = ("actor", "category", "component", "activity", "status", "target", "ip")
COLUMNS = {
    "jiffy": {"actor": "UserName", "component": "Component", "activity": "Event", "status": "Event Status"},
    "carear": {"actor": "Username", "category": "Event Category"},
    "chat": {"actor": "User", "activity": "Activity", "ip": "IP Address"},
    "symbee": {
        "actor": "SourceUserId",
        "component": "ActivityType",
        "activity": "ActivityAction",
        "target": "ActionTarget",
    },
    "enate": {"actor": "User", "activity": "Activity", "target": "Work Item", "status": "Status"},
    "generic": {"actor": "Actor", "activity": "Activity", "target": "Target", "status": "Status"},
}
"""The column of a view that shows each field."""

UNTIL = format_time(NOW - 8_000)
"""After the events of the tests and before the records of their searches."""


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


@pytest.fixture
def events(log: ManagedLog) -> list[str]:
    """In the order of time: letters of all kinds, absent values, ties."""
    names = ["zoë", "Zoe", "Ärger", "a", "B", "🦀", "\uffee", "mike.mars", "mike.mars", "mike.mars"]
    activities = ["document.updated", "user.login", "custom.thing", "plain", "document.created"]
    targets: list[Any] = [
        None,
        {"type": "doc", "id": "D-2"},
        {"type": "work-item", "id": "1234", "name": "Über"},
        {"type": "user", "username": "jane.roe"},
        {"type": "doc", "id": "D-9", "within": {"type": "work-item", "id": "0999"}},
    ]
    actors: list[dict[str, Any]] = [{"type": "user", "username": name} for name in names]
    actors += [
        {"type": "system"},
        {"type": "unknown"},
        {"type": "api", "username": "bot"},
        {"type": "user", "id": "u-9"},
    ]
    actors[0]["name"] = "Aa Zoë"
    sent = []
    for number, actor in enumerate(actors * 2):
        event = {
            "occurred_at": format_time(log.now - 50_000 + number),
            "actor": actor,
            "activity": activities[number % len(activities)],
            "status": ["success", "failure"][number % 3 == 0],
            "target": targets[number % len(targets)],
            "context": {"ip": f"203.0.113.{[7, 10, 9][number % 3]}"}
            if number % 4 and actor["type"] != "unknown"
            else None,
            "details": f"{number}",
        }
        sent.append({name: value for name, value in event.items() if value is not None})
    return log.sent(*sent)


def paged(log: ManagedLog, query: Mapping[str, str | Sequence[str]], key: str = "id") -> list[Any]:
    """All pages of a search, without the events that Daybook records."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = log.page({**query, "to": UNTIL, **cursor})
        found += [event[key] if key else event for event in page["events"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def native_value(field: str, event: Mapping[str, Any]) -> str:
    target = event["target"] or {}
    presented = {
        "actor": event["actor"]["username"],
        "target": target.get("username") or target.get("name") or target.get("id"),
        "ip": event["context"]["ip"],
    }
    return (presented[field] if field in presented else event[field]) or ""


@pytest.mark.parametrize("limit", ["3", "500"])
@pytest.mark.parametrize("field", FIELDS)
def test_each_field_in_both_directions(log: ManagedLog, events: list[str], field: str, limit: str) -> None:
    """By code points of the native value, absent first in ascending order; ties newest first in both directions."""
    by_id = {event["id"]: event for event in paged(log, {"limit": "500"}, "")}
    assert sorted(by_id) == sorted(events)
    newest_first = sorted(events, reverse=True)
    rising = sorted(newest_first, key=lambda each: native_value(field, by_id[each]))
    assert paged(log, {"sort": field, "limit": limit}) == rising
    falling = sorted(newest_first, key=lambda each: native_value(field, by_id[each]), reverse=True)
    assert paged(log, {"sort": f"-{field}", "limit": limit}) == falling


@pytest.mark.parametrize("view", PROFILES)
@pytest.mark.large
def test_each_view_is_sorted_by_what_it_shows(log: ManagedLog, events: list[str], view: str) -> None:
    """A column that shows the field is in order, with any page size."""
    for field in FIELDS:
        for sort in (field, f"-{field}"):
            shown = paged(log, {"sort": sort, "limit": "4", "view": view, "tz": "Asia/Tokyo"}, "")
            assert len(shown) == len(events)
            if field in COLUMNS[view]:
                column = [event[COLUMNS[view][field]] for event in shown]
                assert column == sorted(column, reverse=sort.startswith("-")), (view, sort)
                rows = paged(log, {"sort": sort, "limit": "500", "view": view}, "")
                assert [row[COLUMNS[view][field]] for row in rows] == column


@pytest.mark.parametrize("sort", ["actor", "-activity", "ip"])
def test_pages_cover_the_events_received_by_the_first_page(log: ManagedLog, events: list[str], sort: str) -> None:
    """Whatever arrives between the pages, even in the first page's own millisecond, earlier or later in the order."""
    query: dict[str, str] = {"sort": sort, "limit": "5"}
    before = paged(log, {**query, "limit": "500"})
    span = {"to": UNTIL}
    page = log.page({**query, **span})
    ids = [event["id"] for event in page["events"]]
    late: list[str] = []
    while page["next_cursor"] is not None:
        late += log.sent(
            *(
                {"occurred_at": format_time(log.now - 40_000 - number), "actor": {"type": "user", "username": name}}
                for number, name in enumerate(("0", "mike.mars", "\U0010ffff"))
            )
        )
        log.now += 1
        page = log.page({**query, **span, "cursor": page["next_cursor"]})
        ids += [event["id"] for event in page["events"]]
    assert len(ids) == len(set(ids))
    assert [each for each in ids if each not in late] == before
    assert len(events) == len(before)


@pytest.mark.parametrize("sort", ["actor", "-actor"])
def test_an_event_that_becomes_durable_between_pages_is_not_shown_twice(
    log: ManagedLog, events: list[str], sort: str
) -> None:
    """It appears if its place is on a later page, and does not if its place is on an earlier one."""
    query = {"sort": sort, "limit": "7", "to": UNTIL}
    before = paged(log, {**query, "limit": "500"})
    log.now += 1_000
    page = log.page(query)
    ids = [event["id"] for event in page["events"]]
    log.now -= 500
    first, last = (
        log.sent({"occurred_at": format_time(NOW - 40_000), "actor": {"type": "user", "username": name}})[0]
        for name in (("0", "\U0010ffff") if sort == "actor" else ("\U0010ffff", "0"))
    )
    log.now += 500
    while page["next_cursor"] is not None:
        page = log.page({**query, "cursor": page["next_cursor"]})
        ids += [event["id"] for event in page["events"]]
    assert first not in ids
    assert [each for each in ids if each != last] == before
    assert ids.count(last) == 1
    assert len(events) == len(before)


@pytest.mark.parametrize("limit", ["2", "4", "5"])
def test_somebody_forgotten_between_the_pages_moves_nobody_else(log: ManagedLog, limit: str) -> None:
    """From then on that person's events are at the GUID's place, on earlier or later pages."""
    names = ["0", "g", "g", "m", "m", "z", "z"]
    sent = log.sent(*({"actor": {"type": "user", "username": name}} for name in names))
    query = {"sort": "actor", "limit": limit, "actor": sorted(set(names))}
    guids = {name: log.guid_of(name) for name in names}
    for name in ("g", "m", "z"):
        page = log.page(query)
        ids = [event["id"] for event in page["events"]]
        log.forget(guids[name])
        while page["next_cursor"] is not None:
            page = log.page({**query, "cursor": page["next_cursor"]})
            ids += [event["id"] for event in page["events"]]
        moved = {each for each, its in zip(sent, names, strict=True) if its == name}
        assert len(ids) == len(sent)
        assert len(set(sent) - set(ids)) <= len(moved)
        query["actor"] = [*query["actor"], guids[name]]


def test_the_page_after_a_deleted_event_starts_by_number(log: ManagedLog, events: list[str]) -> None:
    """For example, if the last event has expired."""
    query = {"sort": "-activity", "limit": "5"}
    before = paged(log, {**query, "limit": "500"})
    page = log.page({**query, "to": UNTIL})
    last = page["events"][-1]["id"]
    home = partition_of(log.settings, "prod", last, occurred_ms(last))
    log.dynamodb.delete_item(TableName=log.tables.events, Key={"pk": {"S": home}, "sk": {"S": last}})
    behind = log.page({**query, "to": UNTIL, "cursor": page["next_cursor"]})["events"]
    assert [event["id"] for event in behind] == before[6:11]
    assert len(events) == len(before)


@pytest.mark.every_store
def test_a_sorted_page_is_limited_by_the_size_of_an_answer(log: ManagedLog, events: list[str]) -> None:
    """At least one event, and a cursor to the others."""
    reader = log.reader(search_bounds=Bounds(answer_bytes=1))
    span = {"to": UNTIL, "sort": "-actor"}
    page = answered(reader(query=span))
    ids = [event["id"] for event in page["events"]]
    while page["next_cursor"] is not None:
        page = answered(reader(query={**span, "cursor": page["next_cursor"]}))
        assert len(page["events"]) == 1
        ids += [event["id"] for event in page["events"]]
    assert ids == paged(log, {"sort": "-actor", "limit": "500"})
    assert len(ids) == len(events)


def test_too_many_to_sort(log: ManagedLog, events: list[str]) -> None:
    """422 with advice for one event over the limit. Filtered events do not count. By time any number works."""
    assert Bounds().sorted_events == 10_000
    query = {"sort": "actor", "to": UNTIL}
    assert answered(log.reader(search_bounds=Bounds(sorted_events=len(events)))(query=query))["events"]
    read = log.reader(search_bounds=Bounds(sorted_events=len(events) - 1))
    answer = read(query=query)
    assert problem_of(answer) == (422, "too_many_to_sort")
    assert "narrow" in answered(answer)["detail"]
    assert "export" in answered(answer)["detail"]
    assert answered(read(query={**query, "status": "failure"}))["events"]
    assert answered(read(query={**query, "sort": "occurred_at"}))["events"]


@pytest.mark.parametrize(("bounds", "some"), [(Bounds(read_bytes=40_000), 21), (Bounds(milliseconds=0), 1)])
def test_too_much_to_read_is_too_many_to_sort(log: ManagedLog, bounds: Bounds, some: int) -> None:
    """Events beyond the bound on reading cannot be sorted: sorting only a part would give a wrong order."""
    log.sent(*({"occurred_at": format_time(log.now - number)} for number in range(150)))
    answer = log.reader(search_bounds=bounds)(query={"sort": "-actor", "actor": "mike.mars"})
    assert problem_of(answer) == (422, "too_many_to_sort")
    few = {"sort": "-actor", "actor": "mike.mars", "from": format_time(log.now - some + 1)}
    assert len(answered(log.reader(search_bounds=bounds)(query=few))["events"]) == some


@pytest.mark.parametrize("sort", ["", "-", "--actor", "details", "Actor", "actor,ip", "-received_at"])
def test_an_unknown_order_is_400(log: ManagedLog, sort: str) -> None:
    """400, whatever else is asked for."""
    assert problem_of(log.read(query={"sort": sort})) == (400, "invalid_parameter")
