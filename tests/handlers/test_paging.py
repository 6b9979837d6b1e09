"""Pages over the handler: whose cursor it is, what retention hides, and what time does not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from daybook.clock import DAY, HOUR, format_time
from daybook.reading.merge import Bounds
from tests.calls import answered
from tests.conftest import Tables
from tests.ingesting import NOW
from tests.reading import House, problem_of

QUERY: dict[str, str | list[str]] = {"activity": ["document.updated", "document.created"], "limit": "2"}

pytestmark = pytest.mark.parametrize("store", ["moto"], indirect=True)


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> House:
    house = House(dynamodb, tables, retention_days=30)
    house.sent(*({"occurred_at": format_time(NOW - age)} for age in (30 * DAY, 29 * DAY, 3 * DAY, 2 * DAY, 1, 0)))
    return house


def cursor_of(house: House, query: Mapping[str, str | Sequence[str]] = QUERY) -> str:
    cursor: str = house.page(query)["next_cursor"]
    return cursor


def rest(house: House, cursor: str | None) -> list[str]:
    """The times of the events on the pages from here."""
    times: list[str] = []
    while cursor is not None:
        page = house.page({**QUERY, "cursor": cursor})
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
def test_a_cursor_is_of_its_query_alone(house: House, changed: dict[str, str | list[str]]) -> None:
    """Any other filter, span, order, environment or view is another query."""
    answer = house.read(query={**QUERY, **changed, "cursor": cursor_of(house)})
    assert problem_of(answer) == (400, "cursor_mismatch")


def test_a_cursor_is_of_its_credential_and_tenant_alone(house: House) -> None:
    """Another key of the same tenant can't go on, nor can another tenant's of the same id and environment."""
    cursor = cursor_of(house)
    assert problem_of(house.read(query={**QUERY, "cursor": cursor}, credential="k2")) == (400, "cursor_mismatch")
    other = House(house.dynamodb, house.tables, tenant="acme2")
    other.sent({}, {}, {})
    assert problem_of(other.read(query={**QUERY, "cursor": cursor})) == (400, "cursor_mismatch")


@pytest.mark.parametrize("alter", [lambda cursor: cursor[:-1], lambda cursor: cursor[::-1], lambda _: "x" * 10_000])
def test_a_cursor_that_was_not_given_out_is_refused(house: House, alter: Any) -> None:
    """Cut, turned round, or 10 KB of anything: 400."""
    answer = house.read(query={**QUERY, "cursor": alter(cursor_of(house))})
    assert problem_of(answer) == (400, "cursor_mismatch")


def test_a_cursor_lasts_a_day(house: House) -> None:
    """After 24 hours it is refused, and up to then it goes on."""
    cursor = cursor_of(house)
    house.now += DAY
    assert house.page({**QUERY, "cursor": cursor})["events"]
    house.now += 1
    assert problem_of(house.read(query={**QUERY, "cursor": cursor})) == (400, "cursor_mismatch")


def test_the_limit_may_change_and_the_values_change_places(house: House) -> None:
    """The query is the same whatever its page size and the order in which its values stand."""
    turned = {"limit": "500", "activity": ["document.created", "document.updated"], "cursor": cursor_of(house)}
    page = house.page(turned)
    assert [event["occurred_at"] for event in page["events"]] == times(2 * DAY, 3 * DAY, 29 * DAY, 30 * DAY)
    assert page["next_cursor"] is None


def test_whom_names_meant_does_not_depend_on_their_order(house: House) -> None:
    """A client that repeats its values in another order goes on with the same people."""
    house.sent(
        *({"activity": "user.login", "target": {"type": "user", "username": "jane.roe"}} for _ in range(2)),
        *({"activity": "user.login", "target": {"type": "doc", "id": "mike.mars"}} for _ in range(2)),
    )
    query = {"target": ["user:jane.roe", "doc:mike.mars"], "limit": "1"}
    cursor = cursor_of(house, query)
    turned = {"target": query["target"][::-1], "limit": "500", "cursor": cursor}
    assert len(house.page(turned)["events"]) == 3


def test_a_name_means_at_every_page_what_it_meant_at_the_first(house: House) -> None:
    """Who takes the name between two pages does not appear in the middle of them."""
    house.sent(*({"actor": {"type": "user", "id": "u-1", "username": "jane.roe"}} for _ in range(2)))
    query = {"actor": "jane.roe", "limit": "1"}
    first = house.page(query)
    second = {"type": "user", "id": "u-2", "username": "jane.roe"}
    house.sent({"actor": second, "occurred_at": format_time(NOW - DAY)})
    page = house.page({**query, "limit": "500", "cursor": first["next_cursor"]})
    assert {event["actor"]["client_id"] for event in page["events"]} == {"u-1"}
    assert len(house.page({**query, "limit": "500"})["events"]) == 3


def test_the_retentions_edge_hides_at_once(house: House) -> None:
    """An event is shown up to the last millisecond of its retention, whether or not TTL has deleted it."""
    assert rest(house, cursor_of(house)) == times(2 * DAY, 3 * DAY, 29 * DAY, 30 * DAY)
    house.now += 1
    assert rest(house, cursor_of(house)) == times(2 * DAY, 3 * DAY, 29 * DAY)


def test_time_that_passes_hides_nothing_in_mid_paging(house: House) -> None:
    """What was there at the first page is on the later ones, an hour after it has left the retention."""
    cursor = cursor_of(house)
    house.now += HOUR
    assert rest(house, cursor) == times(2 * DAY, 3 * DAY, 29 * DAY, 30 * DAY)


def test_retention_shortened_between_two_pages_hides_at_once(house: House) -> None:
    """The setting rules the very next read; made longer it shows nothing that the first page's edge had hidden."""
    cursor = cursor_of(house)
    house.control.change_tenant(house.tenant, lambda settings: replace(settings, retention_days=2))
    assert rest(house, cursor) == times(2 * DAY)
    cursor = cursor_of(house)
    house.control.change_tenant(house.tenant, lambda settings: replace(settings, retention_days=60))
    assert rest(house, cursor) == times(2 * DAY)


def test_the_end_has_no_cursor(house: House) -> None:
    """A page that is just full and the last one says so."""
    page = house.page({**QUERY, "limit": "6"})
    assert len(page["events"]) == 6
    assert page["next_cursor"] is None
    assert page["scanned"] == 6


def test_a_page_that_stops_at_a_bound_says_how_much_it_scanned(house: House) -> None:
    """A filter that only the opened event tells: an empty page is not the end as long as it has a cursor."""
    reader = house.reader(bounds=Bounds(read_bytes=1))
    house.sent(*({"occurred_at": format_time(NOW - DAY - age)} for age in range(5)))
    found: list[str] = []
    cursor: dict[str, str] = {}
    scanned = 0
    while True:
        page = answered(reader(query={**QUERY, "limit": "2", "ip": "203.0.113.7", **cursor}))
        found += page["events"]
        scanned += page["scanned"]
        if page["next_cursor"] is None:
            break
        assert page["scanned"] > 0
        cursor = {"cursor": page["next_cursor"]}
    assert (found, scanned) == ([], 11)
