"""The drawer: an event beside the rows, from its sentence down to its raw form."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SECONDS, House, Visit
from tests.support.browsing import NARROW, axe

TENANT = "drawer"
OLD, NEW = (
    "The kiosk in the hall of the north wing is " + word + " until further notice." for word in ("open", "shut")
)


@pytest.fixture(scope="module")
def ids(house: House) -> dict[str, str]:
    """Daybook's ids of three events: a cause, what it led to, and what that led to."""
    house.tenant(TENANT)
    at = datetime.now(UTC) - timedelta(hours=2)

    def event(name: str, minutes: int, **rest: Any) -> dict[str, Any]:
        moment = (at + timedelta(minutes=minutes)).isoformat()
        actor = {"type": "user", "username": "mike.mars", "name": "Mike Mars", "user_type": "Admin"}
        return {"id": name, "occurred_at": moment, "activity": f"kiosk.{name}", "actor": actor, **rest}

    cause = event("requested", 0, details="A change was requested")
    change = event(
        "changed",
        5,
        caused_by={"id": "requested", "occurred_at": cause["occurred_at"]},
        status="failure",
        details="x" * 30_000,
        target={"type": "kiosk", "id": "K-7", "name": "Hall", "within": {"type": "wing", "id": "north"}},
        params={"ticket": "T-99"},
        changes=[
            {"field": "notice", "from": OLD, "to": NEW},
            {"field": "open", "from": True, "to": False},
            {"field": "nickname", "from": "Ani", "to": ""},
            {"field": "owner", "to": "jane.roe"},
            *({"field": f"f{number}", "from": number, "to": number + 1} for number in range(8)),
        ],
        context={"ip": "203.0.113.7", "user_agent": "Kiosk/1.0"},
    )
    effect = event("closed", 9, caused_by={"id": "changed", "occurred_at": change["occurred_at"]})
    return dict(zip(("cause", "change", "effect"), house.send(TENANT, cause, change, effect), strict=True))


@pytest.fixture
def drawer(visit: Visit, ids: dict[str, str]) -> Page:
    page = visit(TENANT, address=f"#/log?event={ids['change']}")
    expect(page.get_by_role("complementary", name="Event")).to_contain_text("kiosk.changed")
    return page


def test_an_event_from_its_sentence_to_its_raw_form(drawer: Page, ids: dict[str, str]) -> None:
    """Long details show their beginning; changes show only what differs, in words; parameters that the sentence has
    not follow; the raw form is the event that the API answers.
    """
    box = drawer.get_by_role("complementary", name="Event")
    expect(box.locator(".sentence")).to_have_text("x" * 2048 + "… show all 30 KB")
    expect(box).to_contain_text("arrived 115 min later")
    for text in ("Mike Mars", "203.0.113.7", "Kiosk/1.0", "K-7", "within", "wing north", "T-99"):
        expect(box).to_contain_text(text)
    changes = box.get_by_role("table").get_by_role("row")
    expect(changes.nth(1)).to_contain_text("notice")
    assert changes.nth(1).locator("del").all_text_contents() == ["open"]
    assert changes.nth(1).locator("ins").all_text_contents() == ["shut"]
    assert [changes.nth(row).locator("td").all_text_contents() for row in (2, 3, 4)] == [
        ["yes", "→", "no"],
        ["Ani", "→", "(empty)"],
        ["—", "→", "jane.roe"],
    ]
    assert changes.count() == 1 + 10
    box.get_by_role("button", name="2 more").click()
    assert changes.count() == 1 + 12
    box.get_by_text("Raw", exact=True).click()
    expect(box.locator("pre")).to_contain_text(f'"id": "{ids["change"]}"')
    assert not axe(drawer)


def test_opening_a_row_makes_no_call(visit: Visit, ids: dict[str, str]) -> None:
    """The rows have all that the drawer shows, so looking at one leaves no record."""
    page = visit(TENANT)
    row = page.get_by_role("row").filter(has_text="A change was requested")
    expect(row).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    row.click()
    expect(page.get_by_role("complementary", name="Event")).to_contain_text("kiosk.requested")
    assert ids["cause"] in page.url
    page.get_by_role("button", name="Close the event").click()
    expect(page.get_by_role("complementary", name="Event")).to_have_count(0)
    assert not [url for url in asked if ids["cause"] in url]


def test_keys_of_an_open_event(visit: Visit, ids: dict[str, str]) -> None:
    """Brackets go from event to event. Escape closes, leaves the row, clears the filters, one after the other."""
    page = visit(TENANT, address="#/log?activity=kiosk.*")
    box = page.get_by_role("complementary", name="Event")
    expect(page.locator(".rows .what")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(box).to_contain_text("1 of 3")
    page.get_by_role("button", name="Older event").click()
    expect(page.get_by_role("button", name="Older event")).to_be_focused()
    expect(box).to_contain_text("kiosk.changed")
    page.keyboard.press("]")
    expect(box).to_contain_text("3 of 3")
    page.keyboard.press("[")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(page.locator(f"#row-{ids['change']}")).to_be_focused()
    page.keyboard.press("?")
    for name in ("Esc", "[", "]", "t"):
        expect(page.get_by_role("dialog").get_by_text(name, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile("#/story/kiosk:K-7"))
    page.get_by_role("link", name="Log", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/log\?activity=kiosk\.\*$"))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("#/log$"))


def test_on_a_phone_nothing_behind_an_event_is_reached(visit: Visit, ids: dict[str, str]) -> None:
    page = visit(TENANT, address="#/log?activity=kiosk.*", size=NARROW)
    page.locator(f"#row-{ids['cause']}").click()
    box = page.get_by_role("complementary", name="Event")
    expect(box).to_be_focused()
    inert = "[...document.querySelectorAll('.head, .log-main')].map(each => each.inert)"
    assert page.evaluate(inert) == [True, True]
    page.get_by_role("button", name="Close the event").click()
    expect(page.locator(f"#row-{ids['cause']}")).to_be_focused()
    assert page.evaluate(inert) == [False, False]


def test_a_link_to_an_event_among_the_first_rows_reads_no_single_event(
    visit: Visit, house: House, ids: dict[str, str]
) -> None:
    page = visit(TENANT, address=f"#/log?event={ids['effect']}")
    expect(page.get_by_role("complementary", name="Event")).to_contain_text("kiosk.closed")
    with house.client(TENANT) as admin:
        looks = admin.get("/v1/events", params={"activity": "audit-log.viewed", "q": ids["effect"]})
    assert looks.json()["events"] == []


def test_why_it_happened_and_what_it_led_to(drawer: Page, ids: dict[str, str]) -> None:
    box = drawer.get_by_role("complementary", name="Event")
    box.get_by_text("Because of · led to").click()
    chain = box.locator(".chain li")
    expect(chain).to_have_count(3)
    expect(chain.nth(0)).to_contain_text("A change was requested")
    expect(chain.nth(1)).to_have_text("this event")
    chain.nth(2).get_by_role("button").click()
    expect(box).to_contain_text("kiosk.closed")
    assert ids["effect"] in drawer.url


def test_a_value_is_a_filter(drawer: Page) -> None:
    """A click means only this, a click with Alt without this."""
    box = drawer.get_by_role("complementary", name="Event")
    box.get_by_role("button", name="203.0.113.7").click()
    expect(drawer.get_by_role("row").nth(1)).to_be_visible()
    assert "ip=203.0.113.7" in drawer.url
    drawer.go_back()
    drawer.get_by_role("complementary", name="Event").get_by_role("button", name="failure").click(modifiers=["Alt"])
    drawer.wait_for_url("**status!=failure**")


def test_an_event_has_an_address_of_its_own(visit: Visit, house: House, ids: dict[str, str]) -> None:
    """It names the event in the tab, and leads on to causes and effects. Another tenant never sees what it showed."""
    page = visit(TENANT, "operations", f"#/event/{ids['cause']}")
    article = page.get_by_role("article")
    expect(article).to_contain_text("A change was requested")
    expect(page).to_have_title(f"A change was requested · {TENANT} · Daybook")
    assert not axe(page)
    page.get_by_text("Led to", exact=True).click()
    page.locator(".chain li").nth(1).get_by_role("button").click()
    expect(article).to_contain_text("kiosk.changed")
    assert f"#/event/{ids['change']}?" in page.url

    main = page.get_by_role("main")
    held: list[Route] = []
    page.route("**/v1/events/*", lambda route: held.append(route))  # noqa: PLW0108  Playwright needs a function of Python
    house.tenant("drawer-beside")
    page.evaluate("location.hash = location.hash.replace('tenant=drawer', 'tenant=drawer-beside')")
    expect(main).to_contain_text("Reading…")
    expect(article).to_have_count(0)
    call = first_of(page, held)
    assert call.request.headers["daybook-tenant"] == "drawer-beside"
    call.continue_()
    expect(main).to_contain_text("There is no such event in this log.")
    page.evaluate(f"location.hash = '#/event/{ids['effect']}?tenant={TENANT}'")
    first_of(page, held).continue_()
    expect(article).to_contain_text("kiosk.closed")
    for nothing in ("", ".."):
        page.evaluate(f"location.hash = '#/event/{nothing}?tenant={TENANT}'")
        expect(article).to_have_count(0)
        expect(main).to_contain_text("There is no such event in this log.")
    assert not held, "neither can be an event's id"
    page.evaluate(f"location.hash = '#/event/none?tenant={TENANT}'")
    first_of(page, held).continue_()
    expect(main).to_contain_text("There is no such event in this log.")


def first_of(page: Page, held: list[Route]) -> Route:
    """The call that a route holds, as soon as the page has made it."""
    for _ in range(SECONDS * 20):
        if held:
            return held.pop(0)
        page.wait_for_timeout(50)
    raise AssertionError("no call")
