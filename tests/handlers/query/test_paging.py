"""Paging over the handler: whose cursor it is, what retention hides, and what the passing of time does not."""

import base64
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR, format_time
from daybook.search.merge import Bounds
from tests.support.calls import answered
from tests.support.ingest import NOW
from tests.support.tenant_log import Reader, TenantLog, problem_of

QUERY: dict[str, str | list[str]] = {"activity": ["document.updated", "document.created"], "limit": "2"}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    log = TenantLog(dynamodb, tables, retention_days=30)
    log.sent(*({"occurred_at": format_time(NOW - age)} for age in (30 * DAY, 29 * DAY, 3 * DAY, 2 * DAY, 1, 0)))
    return log


def cursor_of(log: TenantLog, query: Mapping[str, str | Sequence[str]] = QUERY) -> str:
    cursor: str = log.page(query)["next_cursor"]
    return cursor


def after_of(cursor: str) -> str:
    """The id in a cursor, which anybody can read."""
    packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[18:]
    after: str = msgspec.msgpack.decode(packed)[0]
    return after


def rest(log: TenantLog, cursor: str | None) -> list[str]:
    """The times of the events on this page and all later ones."""
    times: list[str] = []
    while cursor is not None:
        page = log.page({**QUERY, "cursor": cursor})
        times += [event["occurred_at"] for event in page["events"]]
        cursor = page["next_cursor"]
    return times


def times(*ages: int) -> list[str]:
    return [format_time(NOW - age) for age in ages]


@pytest.mark.parametrize(
    "changed",
    [
        {"activity": ["document.updated"]},
        {"activity": ["document.updated", "document.created", "document.deleted"]},
        {"actor": "mike.mars"},
        {"sort": "occurred_at"},
        {"environment": "test"},
        {"environment": "prod"},
        {"view": "generic"},
        {"tz": "Europe/Berlin"},
        {"range": "30d"},
        {"from": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_cursor_is_valid_for_its_query_only(log: TenantLog, changed: dict[str, str | list[str]]) -> None:
    """Any other filter, span, order, environment or view is another query."""
    answer = log.read(query={**QUERY, **changed, "cursor": cursor_of(log)})
    assert problem_of(answer) == (400, "cursor_mismatch")


def test_a_cursor_is_valid_for_its_credential_and_tenant_only(log: TenantLog) -> None:
    """Another key of the tenant cannot use it, nor can a key with the same id and environment in another tenant."""
    cursor = cursor_of(log)
    assert problem_of(log.read(query={**QUERY, "cursor": cursor}, credential="k2")) == (400, "cursor_mismatch")
    other = TenantLog(log.dynamodb, log.tables, tenant="acme2")
    other.sent({}, {}, {})
    assert problem_of(other.read(query={**QUERY, "cursor": cursor})) == (400, "cursor_mismatch")


@pytest.mark.parametrize("alter", [lambda cursor: cursor[:-1], lambda cursor: cursor[::-1], lambda _: "x" * 10_000])
def test_a_cursor_that_was_not_given_out_is_refused(log: TenantLog, alter: Any) -> None:
    """400 for a cut or reversed cursor, and for 10 KB of anything."""
    answer = log.read(query={**QUERY, "cursor": alter(cursor_of(log))})
    assert problem_of(answer) == (400, "cursor_mismatch")


def test_a_cursor_lasts_a_day(log: TenantLog) -> None:
    """It works for 24 hours and is refused afterwards."""
    cursor = cursor_of(log)
    log.now += DAY
    assert log.page({**QUERY, "cursor": cursor})["events"]
    log.now += 1
    assert problem_of(log.read(query={**QUERY, "cursor": cursor})) == (400, "cursor_mismatch")


def test_the_limit_and_the_order_of_values_may_change_between_pages(log: TenantLog) -> None:
    """The query is the same with any page size and any order of its values."""
    turned = {"limit": "500", "activity": ["document.created", "document.updated"], "cursor": cursor_of(log)}
    page = log.page(turned)
    assert [event["occurred_at"] for event in page["events"]] == times(2 * DAY, 3 * DAY, 29 * DAY, 30 * DAY)
    assert page["next_cursor"] is None


def test_the_meaning_of_names_does_not_depend_on_their_order(log: TenantLog) -> None:
    """A client that repeats its values in another order continues with the same people."""
    log.sent(
        *({"activity": "user.login", "target": {"type": "user", "username": "jane.roe"}} for _ in range(2)),
        *({"activity": "user.login", "target": {"type": "doc", "id": "mike.mars"}} for _ in range(2)),
    )
    query = {"target": ["user:jane.roe", "doc:mike.mars"], "limit": "1"}
    cursor = cursor_of(log, query)
    turned = {"target": query["target"][::-1], "limit": "500", "cursor": cursor}
    assert len(log.page(turned)["events"]) == 3


@pytest.mark.every_store
def test_a_name_means_the_same_people_on_every_page(log: TenantLog) -> None:
    """A person who takes the name between two pages does not appear on the later ones."""
    log.sent(*({"actor": {"type": "user", "id": "u-1", "username": "jane.roe"}} for _ in range(2)))
    query = {"actor": "jane.roe", "limit": "1"}
    first = log.page(query)
    second = {"type": "user", "id": "u-2", "username": "jane.roe"}
    log.sent({"actor": second, "occurred_at": format_time(NOW - DAY)})
    page = log.page({**query, "limit": "500", "cursor": first["next_cursor"]})
    assert {event["actor"]["client_id"] for event in page["events"]} == {"u-1"}
    assert len(log.page({**query, "limit": "500"})["events"]) == 3


def test_the_retentions_edge_hides_at_once(log: TenantLog) -> None:
    """An event is shown up to the last millisecond of its retention, whether or not TTL has deleted it."""
    assert rest(log, cursor_of(log)) == times(2 * DAY, 3 * DAY, 29 * DAY, 30 * DAY)
    log.now += 1
    assert rest(log, cursor_of(log)) == times(2 * DAY, 3 * DAY, 29 * DAY)


def test_the_passing_of_time_hides_nothing_while_paging(log: TenantLog) -> None:
    """Events of the first page's moment are on the later pages, even an hour after their retention ended."""
    cursor = cursor_of(log)
    log.now += HOUR
    assert rest(log, cursor) == times(2 * DAY, 3 * DAY, 29 * DAY, 30 * DAY)


def test_retention_shortened_between_two_pages_hides_at_once(log: TenantLog) -> None:
    """The setting applies to the very next read. A longer one shows nothing that the first page's edge had hidden."""
    cursor = cursor_of(log)
    log.control.change_tenant(log.settings.code, lambda settings: replace(settings, retention_days=2))
    assert rest(log, cursor) == times(2 * DAY)
    cursor = cursor_of(log)
    log.control.change_tenant(log.settings.code, lambda settings: replace(settings, retention_days=60))
    assert rest(log, cursor) == times(2 * DAY)


@pytest.mark.parametrize("order", ["occurred_at", "-occurred_at"])
@pytest.mark.large
def test_what_only_operations_may_know_of_makes_no_further_page(dynamodb: Any, tables: Tables, order: str) -> None:
    """Neither by the timeline nor by an index, however many such events follow. A cursor begins after an event that the
    caller may see, even if the bound on reading ended the page among the others. The record says the same.
    """
    log = TenantLog(dynamodb, tables, "enate")
    hidden = {"activity": "api.called", "details": "GET /packets"}
    around = [{**hidden, "occurred_at": format_time(NOW - age)} for age in (*range(1, 9), *range(21, 29))]
    seen = {"occurred_at": format_time(NOW - 10), "details": "seen"}
    _, (identifier,) = log.sent(*around), log.sent(seen)
    query = {"limit": "1", "sort": order, "from": format_time(NOW - 30), "to": format_time(NOW)}
    log.page(query)
    (record,) = log.recorded("searched")
    assert (record["params"]["rows"], record["params"]["more"]) == (1, False)
    every: tuple[dict[str, str], ...] = ({}, {"actor": "mike.mars"}, {"session_id!": "none"})
    for filters in every:
        page = log.page(query | filters)
        assert ([event["id"] for event in page["events"]], page["next_cursor"]) == ([identifier], None), filters
        for bytes_read in range(500, 16_000, 500):
            tight = log.reader(search_bounds=Bounds(read_bytes=bytes_read))
            pages = [answered(tight(query=query | filters))]
            while (cursor := pages[-1]["next_cursor"]) is not None:
                assert pages[-1]["events"] == [] or after_of(cursor) == identifier
                pages.append(answered(tight(query={**query, **filters, "cursor": cursor})))
            assert [event["id"] for page in pages for event in page["events"]] == [identifier]


def test_the_end_has_no_cursor(log: TenantLog) -> None:
    """A last page that is exactly full has no cursor."""
    page = log.page({**QUERY, "limit": "6"})
    assert len(page["events"]) == 6
    assert page["next_cursor"] is None
    assert page["scanned"] == 6


@pytest.mark.every_store
def test_a_page_that_stops_at_a_bound_says_how_much_it_scanned(log: TenantLog) -> None:
    """With a filter on the opened event, a page may be empty and not the last, as long as it has a cursor."""
    reader = log.reader(search_bounds=Bounds(read_bytes=1))
    log.sent(*({"occurred_at": format_time(NOW - DAY - age)} for age in range(5)))
    found: list[str] = []
    cursor: dict[str, str] = {}
    scanned = 0
    reached: list[str] = []
    while True:
        page = answered(reader(query={**QUERY, "limit": "2", "ip": "203.0.113.7", **cursor}))
        reached.append(page["reached"])
        found += page["events"]
        scanned += page["scanned"]
        if page["next_cursor"] is None:
            break
        assert page["scanned"] > 0
        cursor = {"cursor": page["next_cursor"]}
    assert (found, scanned) == ([], 11)
    assert reached == sorted(set(reached), reverse=True)
    assert reached[-1] == format_time(NOW - 30 * DAY)


@pytest.mark.every_store
@pytest.mark.parametrize(
    ("query", "reached"),
    [
        ({}, [1, 3 * DAY, 30 * DAY]),
        ({"sort": "occurred_at"}, [29 * DAY, 2 * DAY, 0]),
        ({"sort": "actor"}, [30 * DAY, 30 * DAY, 30 * DAY]),
    ],
    ids=["newest first", "oldest first", "by actor"],
)
def test_each_page_says_how_far_it_got(log: TenantLog, query: dict[str, str], reached: list[int]) -> None:
    """Up to the last event that the page covers, so that pages never say more than was looked at. An order other than
    by time looks at all of them.
    """
    asked: dict[str, Any] = {**QUERY, **query}
    cursor: dict[str, str] = {}
    for age in reached:
        page = log.page(asked | cursor)
        assert (page["reached"], page["index"]) == (format_time(NOW - age), "activity")
        cursor = {"cursor": page["next_cursor"]}
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "timeline"),
        ({"actor": "mike.mars"}, "actor"),
        ({"target": "door:1"}, "target"),
        ({"activity": "document.*"}, "timeline"),
    ],
)
def test_a_page_names_the_index_that_answered(log: TenantLog, filters: dict[str, str], index: str) -> None:
    """`timeline` is the whole log. Where nothing was looked at, nothing is reached."""
    page = log.page({**filters, "status": "failure", "to": format_time(NOW - 60 * DAY), "from": "2020-01-01T00:00:00Z"})
    assert (page["index"], page["scanned"], page["reached"]) == (index, 0, None)


@pytest.mark.parametrize("step", [700, 1_500, 3_000])
def test_a_page_ends_when_matching_takes_too_long(log: TenantLog, step: int) -> None:
    """The deadline counts between the events of one batch, too. Every page makes progress, and skips nothing."""
    moments = itertools.count(NOW + 10, step)
    reader = Reader(replace(log.wiring.replacing(), clock=lambda: next(moments)), log.tenant)
    log.sent(*({"occurred_at": format_time(NOW - DAY - age)} for age in range(9)))
    pages = [answered(reader(query={"q": "document", "limit": "50"}))]
    while pages[-1]["next_cursor"] is not None:
        moments = itertools.count(NOW + 10, step)
        pages.append(answered(reader(query={"q": "document", "limit": "50", "cursor": pages[-1]["next_cursor"]})))
    assert len(pages) >= 4
    assert all(page["events"] for page in pages[:-1])
    *kept, _ = log.found(q="document", limit="50")  # the oldest one is past its retention by then
    assert [event["id"] for page in pages for event in page["events"]] == kept
