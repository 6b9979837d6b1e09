"""The histogram of the log, the overview's pictures, and what is around an event: every number is the API's."""

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Locator, Page, Position, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, WIDE, axe, hold_still

TENANT = "pictures"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
OWN = "component!=Audit%20Log"
WITHIN = 60
"""Seconds until an event that is stored is counted."""


def event(days: int, hour: int, who: str, activity: str = "document.updated", **rest: Any) -> dict[str, Any]:
    """At that hour of UTC, so many days ago."""
    moment = TODAY - timedelta(days=days) + timedelta(hours=hour, minutes=12)
    actor = {"type": "user", "username": who}
    return {"occurred_at": moment.isoformat(), "activity": activity, "actor": actor, **rest}


EVENTS = [
    *(event(2, 9, "mike.mars", context={"session_id": "s-1", "ip": "192.0.2.7"}) for _ in range(6)),
    *(event(9, 9, "mike.mars") for _ in range(3)),
    *(event(5, 14, "jane.roe", target={"type": "kiosk", "id": "K-7"}) for _ in range(4)),
    *(event(4, 3, "jane.roe", "user.login", status="failure", context={"ip": "203.0.113.9"}) for _ in range(5)),
    event(3, 3, "root", "user.login", status="failure", context={"ip": "203.0.113.10"}),
    *(event(40, 8, "jane.roe") for _ in range(2)),
    event(45, 8, "mike.mars"),
]
RECENT = [each for each in EVENTS if datetime.fromisoformat(each["occurred_at"]) > TODAY - timedelta(days=29)]


@pytest.fixture(scope="module")
def counted(house: House) -> str:
    """A tenant whose events are all counted."""
    house.tenant(TENANT)
    house.send(TENANT, *EVENTS)
    with house.client(TENANT, "auditor") as api:
        question = {"interval": "none", "component!": "Audit Log"}
        until = time.monotonic() + WITHIN
        while api.get("/v1/stats", params=question).json()["total"] < len(EVENTS):
            assert time.monotonic() < until, "the events are not counted"
            time.sleep(0.5)
    return TENANT


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(page.url.partition("#")[2].partition("?")[2])


def expect_span(page: Page, start: datetime, end: datetime) -> None:
    """In the address."""
    of = (re.escape(each.strftime("%Y-%m-%dT%H:%M:%S.000Z")) for each in (start, end))
    expect(page).to_have_url(re.compile("from={}&to={}(&|$)".format(*of)))


def caption(page: Page) -> Locator:
    return page.get_by_role("region", name="Events over time").locator("summary")


def bar(page: Page, number: float, of: int) -> Position:
    """Where the middle of a bar is, within the plot, which has no width while it is drawn anew."""
    size = page.wait_for_function(
        "() => [...document.querySelectorAll('.u-over')].map(on => [on.clientWidth, on.clientHeight]).find(([w]) => w)"
    )
    width, height = size.json_value()
    return {"x": width * (number + 0.5) / of, "y": height / 2}


def bars_of(page: Page, name: str) -> list[list[str]]:
    """The table that is not seen, row by row."""
    table = page.get_by_role("table", name=name)
    expect(table).to_have_count(1)
    rows: list[list[str]] = table.evaluate(
        "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(c => c.innerText))"
    )
    return rows


def test_a_part_of_the_histogram_is_a_range(visit: Visit, counted: str) -> None:
    """Dragged, clicked, extended, or by keys: whole bars, marked in the same picture; a double click goes back."""
    page = visit(counted, address=f"#/log?range=7d&{OWN}", zone="UTC")
    expect(caption(page)).to_have_text("16 events by day")
    rows = bars_of(page, "Events by day")
    assert [int(row[1]) for row in rows] == [0, 0, 4, 5, 1, 6, 0, 0]
    plot = page.locator(".u-over")
    plot.drag_to(plot, source_position=bar(page, 2, 8), target_position=bar(page, 4, 8))
    expect_span(page, TODAY - timedelta(days=5), TODAY - timedelta(days=2))
    expect(caption(page)).to_contain_text(": 10")
    expect(page.get_by_role("region", name="Events", exact=True).get_by_text("user.login").first).to_be_visible()
    plot.click(position=bar(page, 3, 8))
    expect(caption(page)).to_contain_text(": 5")
    expect_span(page, TODAY - timedelta(days=4), TODAY - timedelta(days=3))
    plot.click(position=bar(page, 5, 8), modifiers=["Shift"])
    page.mouse.move(0, 0)
    expect(caption(page)).to_contain_text(": 12")
    expect_span(page, TODAY - timedelta(days=4), TODAY - timedelta(days=1))
    plot.dblclick(position=bar(page, 3, 8))
    page.mouse.move(0, 0)
    expect(caption(page)).to_contain_text(": 5")
    page.go_back()
    expect(caption(page)).to_contain_text(": 12")
    start = page.get_by_role("slider", name="From")
    start.press("Home")
    expect(start).to_have_attribute("aria-valuenow", "0")
    end = page.get_by_role("slider", name="To")
    end.press("ArrowLeft")
    expect(caption(page)).to_contain_text(": 10")
    expect_span(page, TODAY - timedelta(days=7), TODAY - timedelta(days=2))


def test_bars_are_hours_days_or_weeks_and_name_their_categories(visit: Visit, counted: str) -> None:
    """A longer span has longer bars; a category of the legend narrows the log to it, or leaves it out."""
    page = visit(counted, address=f"#/log?range=12m&{OWN}")
    expect(caption(page)).to_have_text(f"{len(EVENTS)} events by week of UTC")
    assert len(bars_of(page, "Events by week")) in (53, 54)
    day = (TODAY - timedelta(days=2)).isoformat().replace("+00:00", "Z")
    page.evaluate(f"location.hash = '#/log?{OWN}&from={day}'")
    expect(caption(page)).to_have_text("6 events by hour")
    page.evaluate(f"location.hash = '#/log?{OWN}&range=30d'")
    legend = page.get_by_role("region", name="Events over time").get_by_role("list")
    expect(legend).to_contain_text("Documents13")
    legend.get_by_role("button", name="Documents").click(modifiers=["Alt"])
    expect(caption(page)).to_have_text("6 events by day of UTC")
    assert query(page)["category!"] == ["Documents"]


def test_what_no_count_answers_is_of_the_shown_rows(visit: Visit, counted: str) -> None:
    """Hatched, and the caption says of how many. A person alone is counted, by how it ended."""
    page = visit(counted, address="#/log?range=30d&target=kiosk:K-7")
    expect(caption(page)).to_have_text("hatched: counts only the 4 shown")
    expect(page.locator(".swatch.hatched")).to_have_count(1)
    page.evaluate("location.hash = '#/log?range=30d&actor=jane.roe'")
    expect(caption(page)).to_have_text("9 events by day of UTC")
    expect(page.locator(".swatch.hatched")).to_have_count(0)
    expect(page.get_by_role("region", name="Events over time").get_by_role("list")).to_contain_text("failure5success4")


def test_the_overviews_numbers_are_the_apis(visit: Visit, house: House, counted: str) -> None:
    """Six pictures of one span in few questions; each number leads to the events behind it."""
    asked: list[str] = []
    page = visit(counted, permissions=["clipboard-read", "clipboard-write"])
    expect(caption(page)).to_be_visible()  # the log has asked what it asks
    page.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
    page.evaluate("location.hash = '#/overview?range=30d'")
    fresh = page.get_by_role("region", name="New in this range")
    expect(fresh.get_by_role("link", name="root")).to_be_visible()
    hold_still(page)
    assert len([url for url in asked if "/v1/stats" in url]) == 7
    assert len([url for url in asked if "/v1/events?" in url and "status=failure" in url]) == 1

    over_time = page.get_by_role("region", name="Events over time")
    expect(over_time).to_contain_text(f"{len(RECENT)} events by day of UTC")
    people = page.get_by_role("region", name="People", exact=True)
    ranked = people.get_by_role("listitem").all_inner_texts()
    assert {"jane.roe\n9", "mike.mars\n9", "root\n1"} <= set(ranked)
    activities = page.get_by_role("region", name="Activities")
    with house.client(TENANT, "auditor") as api:
        question = {"by": "activity", "interval": "none", "range": "30d", "component!": "Audit Log"}
        buckets = api.get("/v1/stats", params=question).json()["buckets"]
    shown = {link.get_attribute("title"): link for link in activities.get_by_role("link").all()}
    assert {each["key"] for each in buckets} == set(shown)

    failed = page.get_by_role("region", name="Failed sign-ins")
    expect(failed).to_contain_text("6 in all")
    assert failed.get_by_role("listitem").all_inner_texts() == [
        "jane.roe\n5",
        "root\n1",
        "203.0.113.9\n5",
        "203.0.113.10\n1",
    ]
    assert "root" in fresh.get_by_role("link").all_inner_texts()
    expect(fresh).not_to_contain_text("mike.mars")

    people.get_by_role("button", name="Table of People").click()
    expect(people.get_by_role("row").filter(has_text="jane.roe")).to_contain_text("9")
    people.get_by_role("button", name="Copy People as CSV").click()
    expect(page.get_by_role("status").filter(has_text="CSV copied")).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert lines[0] == "Person,Events"
    assert "jane.roe,9" in lines

    failed.get_by_role("link", name="203.0.113.9").click()
    expect(page.get_by_role("region", name="Events", exact=True).get_by_text("user.login")).to_have_count(5)
    assert query(page)["ip"] == ["203.0.113.9"]
    assert query(page)["range"] == ["30d"]


def test_hours_of_the_week_are_on_the_readers_clock(visit: Visit, counted: str) -> None:
    """India's is half an hour beside UTC: shifted to the hour before, which is said. A cell leads to its events."""
    page = visit(counted, address="#/overview?range=7d", zone="Asia/Kolkata")
    heat = page.get_by_role("region", name="Hours of the week")
    expect(heat).to_contain_text("in UTC+5:30, each counts in the hour in which it begins")
    local = Counter(
        (moment.strftime("%A"), moment.hour)
        for each in EVENTS
        if (moment := datetime.fromisoformat(each["occurred_at"]) + timedelta(hours=5, minutes=18))
        > TODAY - timedelta(days=6)
    )
    cells = heat.get_by_role("gridcell").get_by_role("link")
    expect(cells).to_have_count(len(local))
    for (day, hour), number in local.items():
        expect(
            heat.get_by_role("link", name=re.compile(rf"^{day}, {hour:02}:00\D\d\d:00: {number} event"))
        ).to_be_visible()
    grid = heat.get_by_role("grid")
    assert grid.locator("[tabindex='0']").count() == 1
    grid.locator("[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.cell") == "1-23"
    cells.first.click()
    expect(page.get_by_role("region", name="Events", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("from=.*to="))
    (start,), (end,) = query(page)["from"], query(page)["to"]
    assert datetime.fromisoformat(end) - datetime.fromisoformat(start) == timedelta(hours=1)


def test_the_overview_can_be_narrowed_and_is_counted_again(visit: Visit, counted: str) -> None:
    """A part of its first picture becomes the range of all six; a double click goes back."""
    page = visit(counted, address="#/overview?range=7d", zone="UTC")
    over_time = page.get_by_role("region", name="Events over time")
    expect(over_time).to_contain_text("16 events")
    plot = over_time.locator(".u-over")
    plot.drag_to(plot, source_position=bar(page, 3, 8), target_position=bar(page, 4, 8))
    expect_span(page, TODAY - timedelta(days=4), TODAY - timedelta(days=2))
    page.mouse.move(0, 0)
    expect(over_time).to_contain_text("6 events by hour")
    expect(page.get_by_role("region", name="People", exact=True)).not_to_contain_text("mike.mars")
    plot.dblclick(position=bar(page, 3, 48))
    expect(page).to_have_url(re.compile("range=7d"))
    page.get_by_role("link", name="These in the log").click()
    expect(caption(page)).to_have_text("16 events by day")


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (WIDE, True), (NARROW, False), (NARROW, True)])
def test_everybody_can_read_the_pictures(visit: Visit, size: tuple[int, int], *, dark: bool) -> None:
    """To axe nothing is wrong, wide and narrow, light and dark; nothing is wider than the window."""
    page = visit("jiffy", "auditor", "#/overview?range=30d", size=size, dark=dark)
    hold_still(page)
    expect(page.get_by_role("region", name="Hours of the week").get_by_role("gridcell").first).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    columns = page.locator(".panels").evaluate("grid => getComputedStyle(grid).gridTemplateColumns.split(' ').length")
    assert columns == (2 if size == WIDE else 1)


def test_around_an_event_is_counted_when_it_is_opened(visit: Visit, house: House, counted: str) -> None:
    """Not before: each count is a search. Each number is a way to those events."""
    with house.client(TENANT, "auditor") as api:
        (first, *_) = api.get("/v1/events", params={"session_id": "s-1"}).json()["events"]
    page = visit(counted, address=f"#/log?range=30d&{OWN}&event={first['id']}")
    drawer = page.get_by_role("complementary", name="Event")
    expect(drawer).to_contain_text("mike.mars")
    searches: list[str] = []
    page.on("request", lambda request: searches.append(request.url) if "/v1/events?" in request.url else None)
    assert searches == []
    drawer.get_by_text("Around it").click()
    around = drawer.locator(".around")
    for text in ("session 6 ± 1 day", "person 6 ± 10 min", "address 6 ± 1 day"):
        expect(around).to_contain_text(text)
    assert len(searches) == 3
    around.get_by_role("link", name="session").click()
    expect(page).to_have_url(re.compile("session_id=s-1"))
    expect(caption(page)).to_have_text("hatched: counts only the 6 shown")


def test_a_log_too_large_for_its_hours_shows_the_last_week(visit: Visit, counted: str) -> None:
    """The heat map says so, and the other pictures keep their range."""
    problem = {"status": 422, "code": "too_much_to_read", "title": "Too much", "detail": "Too many counts."}
    page = visit(counted, address="#/verify")
    refused: list[str] = []

    def answer(route: Any) -> None:
        if "range=30d" in route.request.url:
            refused.append(route.request.url)
            route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(problem))
        else:
            route.continue_()

    page.route("**/v1/stats?interval=hour*", answer)
    page.evaluate("location.hash = '#/overview?range=30d'")
    heat = page.get_by_role("region", name="Hours of the week")
    expect(heat).to_contain_text("The last 7 days of this range, which has too many hours to count.")
    expect(heat.get_by_role("link").first).to_be_visible()
    assert refused
