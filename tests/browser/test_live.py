"""The live tail: new rows come in at the top, and wait while one reads."""

import re
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import House, Visit

TENANT = "live"
ADDRESS = "#/log?actor=jane.roe&live=1"


class Send(Protocol):
    def __call__(self, many: int = 1, **rest: object) -> list[str]: ...


@pytest.fixture(scope="module")
def send(house: House) -> Send:
    """Sends events by jane and as many by another one, whom the filter leaves out."""
    house.tenant(TENANT)
    numbers = count(1)

    def send(many: int = 1, **rest: object) -> list[str]:
        names = [f"Note {next(numbers)}" for _ in range(many)]
        for username in ("jane.roe", "somebody.else"):
            actor = {"type": "user", "username": username}
            house.send(TENANT, *({"activity": "a.b", "actor": actor, "details": name, **rest} for name in names))
        return names

    return send


def _rows(page: Page) -> list[str]:
    return page.locator(".rows .what").all_text_contents()


def test_rows_arrive_and_wait_while_one_reads(visit: Visit, send: Send) -> None:
    """At the top with nothing open they slide in, and a screen reader hears a count. With an event open, or scrolled
    down, the word says so and a button counts them.
    """
    before = send(45)
    page = visit(TENANT, address=ADDRESS)
    expect(page.locator(".rows .what")).to_have_count(45)
    live = page.locator("button.live")
    expect(live).to_have_attribute("aria-pressed", "true")
    (first,) = send()
    expect(page.locator(".rows .what").first).to_have_text(first)
    expect(page.locator(".status-actions [role=status]")).to_have_text("1 new event")
    assert len(_rows(page)) == 46
    page.locator(".rows .what").first.click()
    expect(live).to_contain_text("Paused while you read")
    some = send(3)
    waiting = page.get_by_role("button", name="3 new ↑")
    expect(waiting).to_be_visible()
    assert len(_rows(page)) == 46
    waiting.click()
    assert {*_rows(page)[:3]} == {*some}
    assert _rows(page)[3] == first
    page.get_by_role("button", name="Close the event").click()
    expect(live).to_contain_text("Live")
    page.locator(".rows").evaluate("rows => { rows.scrollTop = 400 }")
    expect(live).to_contain_text("Paused while you read")
    (last,) = send()
    expect(page.get_by_role("button", name="1 new ↑")).to_be_visible()
    page.locator(".rows").evaluate("rows => { rows.scrollTop = 0 }")
    expect(page.locator(".rows .what").first).to_have_text(last)
    assert len(_rows(page)) == 50
    assert sorted(_rows(page)) == sorted([*before, first, *some, last])


def test_a_late_event_comes_in_at_its_own_time(visit: Visit, send: Send) -> None:
    page = visit(TENANT, address=f"{ADDRESS}&range=7d")
    top = page.locator(".rows .what").first
    expect(top).to_be_visible()
    was = top.text_content()
    (late,) = send(occurred_at=(datetime.now(UTC) - timedelta(days=3)).isoformat())
    expect(page.get_by_role("button", name=late, exact=True)).to_be_visible()
    assert top.text_content() == was
    assert _rows(page)[-1] == late


def test_nothing_is_asked_while_hidden_or_switched_off(visit: Visit, send: Send) -> None:
    """`.` switches it on and off. A tab that is hidden does not poll, and catches up when it is shown."""
    page = visit(TENANT, address="#/log?actor=jane.roe")
    expect(page.locator(".rows .what").first).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/feed" in request.url else None)
    page.wait_for_timeout(2_500)
    assert not asked
    with page.expect_request(re.compile(r"/v1/feed\?.*actor=jane\.roe")):
        page.keyboard.press(".")
        expect(page).to_have_url(re.compile("live=1"))
    assert any("after=0&limit=1" in url for url in asked)
    page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(300)
    asked.clear()
    (missed,) = send()
    page.wait_for_timeout(2_500)
    assert not asked
    page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'visible' })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".rows .what").first).to_have_text(missed)
    page.keyboard.press(".")
    expect(page.locator("button.live")).to_have_attribute("aria-pressed", "false")


def test_a_slow_feed_brings_no_old_events_and_one_that_is_refused_says_so(visit: Visit, send: Send) -> None:
    """What was there before is not new. A refusal ends the watching, and the reader begins it again."""
    send()
    page = visit(TENANT, address="#/log?actor=jane.roe")
    expect(page.locator(".rows .what").first).to_be_visible()
    tips: list[Route] = []
    page.route("**/v1/feed?after=0&limit=1*", lambda route: tips.append(route))  # noqa: PLW0108  Playwright needs a function of Python
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/feed" in request.url else None)
    page.keyboard.press(".")
    page.wait_for_timeout(3_000)
    assert len(asked) == len(tips) == 1
    problem = {"title": "x", "status": 403, "code": "x", "detail": "No feed today.", "errors": []}
    page.route("**/v1/feed?*actor=*", lambda route: route.fulfill(status=403, json=problem))
    tips[0].continue_()
    expect(page.get_by_text("Live has stopped: No feed today.")).to_be_visible()
    expect(page.locator(".status-actions [role=status]")).to_be_empty()
    page.unroute_all()
    page.get_by_role("button", name="Begin again").click()
    expect(page.get_by_text("Live has stopped")).to_have_count(0)
    (first,) = send()
    expect(page.locator(".rows .what").first).to_have_text(first)


def test_only_what_can_grow_at_the_top_can_be_watched(visit: Visit, send: Send) -> None:
    send()
    page = visit(TENANT, address=f"{ADDRESS}&sort=occurred_at")
    expect(page.locator(".rows .what").first).to_be_visible()
    expect(page.locator("button.live")).to_have_count(0)
