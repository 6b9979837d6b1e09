"""How far a reading got, and why there is nothing: what the log says when rows are few, late, refused or absent."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, axe

TENANT, QUIET, BARE = "reading", "quiet", "bare"
EVENTS = re.compile(r"/v1/events\?")
ALL = "#/log?component!=Audit%20Log"


@pytest.fixture(scope="module")
def reading(house: House) -> str:
    """Five events of this month by mike, one of them a failure; one by jane 60 days ago."""
    house.tenant(TENANT, "carear")
    now = datetime.now(UTC)
    mike, jane = ({"type": "user", "username": name} for name in ("mike.mars", "jane.roe"))
    month = [
        {
            "activity": "user-access.login",
            "status": "failure" if hours == 3 else "success",
            "actor": mike,
            "details": f"{hours} hours ago",
            "occurred_at": (now - timedelta(hours=hours)).isoformat(),
        }
        for hours in range(1, 6)
    ]
    old = {
        "activity": "surveys.add",
        "actor": jane,
        "details": "Long ago",
        "occurred_at": (now - timedelta(days=60)).isoformat(),
    }
    house.send(TENANT, *month, old)
    return TENANT


def _answers(page: Page, pages: Sequence[Mapping[str, Any]]) -> list[int]:
    """Answers the searches with these pages, one after the other. Gives the numbers of those asked for."""
    asked: list[int] = []

    def answer(route: Route) -> None:
        number = int(parse_qs(urlsplit(route.request.url).query).get("cursor", ["0"])[0])
        asked.append(number)
        is_last = number + 1 == len(pages)
        common = {"columns": ["Date", "Time", "Username", "Event Category", "Event Description"], "index": "timeline"}
        body = {"events": [], "native": [], "scanned": 4_580, "reached": "2026-10-03T12:20:00.000Z", **pages[number]}
        route.fulfill(json={**common, **body, "next_cursor": None if is_last else str(number + 1)})

    page.route(EVENTS, answer)
    return asked


def test_a_search_says_how_far_it_got_and_stops_by_itself(visit: Visit, reading: str) -> None:
    """After five pages without rows it waits for the reader, who may go on, or export where no index helps."""
    page = visit(reading, address="#/event/none", expects=("404",))
    asked = _answers(page, [{}] * 8)
    page.evaluate(f"location.hash = '{ALL}&q=needle&range=12m'")
    foot = page.locator(".foot")
    expect(foot).to_contain_text("Searched 22,900 back to 3 Oct 14:20 · 0 found · more to search")
    assert asked == [0, 1, 2, 3, 4]
    foot.get_by_role("button", name="Go on").click()
    expect(foot).to_contain_text("Nothing matches")
    assert asked == list(range(8))


def test_a_search_that_takes_long_can_be_stopped(visit: Visit, reading: str) -> None:
    """While it searches it says so, with a button to stop; the rest can be searched in the background."""
    page = visit(reading, address="#/event/none", expects=("404",))
    _answers(page, [{}] * 8)
    held: list[Route] = []
    page.route(re.compile("cursor=2"), lambda route: held.append(route))  # noqa: PLW0108  Playwright needs a function of Python
    page.evaluate(f"location.hash = '{ALL}&q=needle&range=12m'")
    foot = page.locator(".foot")
    expect(foot).to_contain_text("Searched 9,160 back to 3 Oct 14:20 · 0 found · searching…")
    foot.get_by_role("button", name="Stop").click()
    expect(foot).to_contain_text("more to search")
    page.unroute(EVENTS)
    foot.get_by_role("button", name="Search all in the background").click()
    dialog = page.get_by_role("dialog", name="Export")
    expect(dialog).to_contain_text("needle")
    dialog.get_by_role("button", name="Export").click()
    expect(page).to_have_url(re.compile("#/exports/"))


def test_a_day_old_cursor_keeps_the_rows(visit: Visit, reading: str) -> None:
    page = visit(reading, address="#/event/none", expects=("404", "400"))
    problem = {"status": 400, "code": "cursor_mismatch", "title": "", "detail": "", "type": ""}
    headers = {"Content-Type": "application/problem+json"}

    def first(route: Route) -> None:
        body = route.fetch().json()
        route.fulfill(json={**body, "next_cursor": "old"})

    page.route(EVENTS, first)
    page.route(re.compile("cursor=old"), lambda route: route.fulfill(status=400, headers=headers, json=problem))
    page.evaluate(f"location.hash = '{ALL}'")
    foot = page.locator(".foot")
    expect(foot).to_contain_text("This page is a day old.")
    expect(page.locator(".rows .what")).to_have_count(6)
    page.unroute(EVENTS)
    foot.get_by_role("button", name="Reload from the top").click()
    expect(foot).to_contain_text("6 shown of 6 · all that match")


def test_what_a_filter_hides_and_where_the_log_begins(visit: Visit, reading: str) -> None:
    """The foot of a whole log says when it begins, and how many of Daybook's own records are hidden."""
    page = visit(reading, address=ALL)
    foot = page.locator(".foot")
    expect(foot).to_contain_text(re.compile(r"This log begins \d+ \w+ 2026 \(90 days kept\)"))
    expect(foot).to_contain_text(re.compile(r"\d+ of Daybook's own records in this time are hidden"))
    expect(page.locator(".status-words")).to_contain_text(
        re.compile(r"6 events · retained since \d+ \w+ · as of \d\d:\d\d:\d\d")
    )
    foot.get_by_role("button", name="show").click()
    expect(page.locator(".rows")).to_contain_text(re.compile("audit-log|Key |Tenant created"))
    assert "component" not in page.url


def test_a_narrow_range_offers_to_search_further_back(visit: Visit, reading: str) -> None:
    page = visit(reading, address="#/")
    expect(page).to_have_url(re.compile(r"#/log\?component!=Audit%20Log&range=30d$"))
    foot = page.locator(".foot")
    expect(foot).to_contain_text("5 shown of 5")
    foot.get_by_role("button", name="Search further back").click()
    expect(foot).to_contain_text("6 shown of 6")
    assert "range" not in page.url


def test_nothing_matches_says_which_filter_to_take_away(visit: Visit, reading: str) -> None:
    """Counters say which one brings rows, and how many. A filter that brings none is not offered."""
    page = visit(reading, address=f"{ALL}&range=30d&status=failure&category=Surveys")
    nothing = page.locator(".nothing")
    expect(nothing).to_contain_text("Nothing matches")
    expect(nothing.get_by_role("listitem")).to_have_text(["Without “category is Surveys” about 1 event"])
    nothing.get_by_role("button").click()
    expect(page.locator(".rows .what")).to_have_text(["3 hours ago"])
    assert "category" not in page.url


def test_old_rows_stay_dimmed_until_the_new_ones_are_there(visit: Visit, reading: str) -> None:
    """And before the first answer, after a while, there are twelve hairlines."""
    page = visit(reading, address="#/event/none", expects=("404",))
    held: list[Route] = []
    page.route(EVENTS, lambda route: held.append(route))  # noqa: PLW0108  Playwright needs a function of Python
    page.evaluate(f"location.hash = '{ALL}'")
    expect(page.locator(".skeleton hr")).to_have_count(12)
    held.pop().continue_()
    rows = page.locator(".rows")
    expect(page.locator(".rows .what")).to_have_count(6)
    expect(rows).to_have_attribute("aria-busy", "false")
    page.evaluate(f"location.hash = '{ALL}&status=failure'")
    expect(rows).to_have_attribute("aria-busy", "true")
    expect(page.locator(".rows .what")).to_have_count(6)
    assert float(page.locator(".rows table").evaluate("table => getComputedStyle(table).opacity")) < 1
    assert not axe(page, ".rows")
    held.pop().continue_()
    expect(page.locator(".rows .what")).to_have_text(["3 hours ago"])


def test_what_the_api_refuses_is_said_in_its_words(visit: Visit, reading: str) -> None:
    page = visit(reading, address=f"{ALL}&group=nobody-made-it", expects=("400",))
    foot = page.locator(".foot")
    expect(foot.locator(".error")).to_contain_text("group")
    expect(foot.get_by_role("button", name="Try again")).to_be_visible()


def test_an_empty_log_waits_for_its_first_event(visit: Visit, house: House) -> None:
    """The command to copy has this house's address; an admin makes the key. The event is shown as it arrives."""
    house.tenant(QUIET)
    page = visit(QUIET, address="#/")
    nothing = page.locator(".nothing")
    expect(nothing).to_contain_text("No events yet")
    lines, command = nothing.locator("pre").all()
    expect(command).to_contain_text(f"curl -sS --fail-with-body {house.url}/v1/events")
    for each in (lines, command):
        expect(each).to_contain_text("dbk_<your producer key>")
    assert not axe(page, ".nothing")
    nothing.get_by_role("button", name="Make a producer key").click()
    for each in (lines, command):
        expect(each).not_to_contain_text("<your producer key>")
    key = re.search(r"Bearer (dbk_\w+)", command.text_content() or "")
    sent = re.search(r"-d '(.*)'", command.text_content() or "")
    assert key
    assert sent
    with house.daybook.client(key[1]) as producer:
        answer = producer.post("/v1/events", content=sent[1], headers={"Content-Type": "application/json"})
        assert answer.status_code == 201, answer.text
    expect(nothing).to_contain_text("✓ The first event has arrived")
    expect(page.locator(".rows .what")).to_have_text(["signed_in"])


def test_the_lines_of_python_are_copied_as_they_run(visit: Visit, house: House) -> None:
    """They have the page's own address, and name the environment that was chosen unless it is the tenant's first."""
    house.tenant(BARE, environments=["prod", "test"])
    page = visit(BARE, address=f"{ALL}&env=test", permissions=["clipboard-read", "clipboard-write"], size=NARROW)
    nothing = page.locator(".nothing")
    nothing.get_by_role("button", name="Copy lines of Python").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines() == [
        "from daybook_client import Daybook",
        f'daybook = Daybook("{house.url}", "dbk_<your producer key>", environment="test")',
        'daybook.record("user.signed_in", actor={"type": "user", "username": "mike.mars"})',
    ]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(f"location.hash = '{ALL}&env=prod'")
    expect(nothing.locator("pre").first).not_to_contain_text("environment=")
    nothing.get_by_role("button", name="Copy installation").click()
    assert page.evaluate("navigator.clipboard.readText()") == "pip install ./clients/python"
