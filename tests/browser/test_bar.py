"""The bar of the log: what is typed, chosen or pasted becomes chips, and the chips are the address."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, ZONE, axe

TENANT = "bar"
PEOPLE = {"maya.lindqvist": "Maya Lindqvist", "omar.haddad": "Omar Haddad", "jane.roe": "Jane Roe"}
ALL = "#/log?range=30d"
CLIPBOARD = ["clipboard-read", "clipboard-write"]

# The clipboard of the test's own machine plays no part.
PASTE = """(field, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module", autouse=True)
def tenant(house: House) -> None:
    """Three people, some of whose sign-ins failed, a group of one of them, and a target."""
    house.tenant(TENANT)
    now = datetime.now(UTC)

    def event(number: int, activity: str, username: str, **rest: Any) -> dict[str, Any]:
        actor = {"type": "user", "username": username, "name": PEOPLE[username]}
        moment = (now - timedelta(minutes=number)).isoformat()
        return {"id": f"e{number}", "occurred_at": moment, "activity": activity, "actor": actor, **rest}

    house.send(
        TENANT,
        event(1, "user.login", "maya.lindqvist", status="failure", context={"session_id": "s-1"}),
        event(2, "user.login", "maya.lindqvist", status="failure"),
        event(3, "user.login", "jane.roe"),
        event(
            4, "report.opened", "omar.haddad", target={"type": "report", "id": "R-7", "name": "Sums"}, details="a, b"
        ),
        event(5, "report.opened", "jane.roe", details="note: call back"),
    )
    with house.client(TENANT) as admin:
        assert admin.put("/v1/groups/auditors", json={"members": ["jane.roe"]}).is_success


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Filter or text")


def chips(page: Page) -> list[str]:
    """The filters in force as they read."""
    return [" ".join(chip.split()) for chip in page.locator(".chips > li").all_inner_texts()]


def asked(page: Page) -> list[tuple[str, str]]:
    """The parameters of the address."""
    return parse_qsl(page.url.partition("?")[2], keep_blank_values=True)


def option(page: Page, text: str) -> Locator:
    return page.get_by_role("option").filter(has_text=text)


def paste(page: Page, text: str) -> None:
    field(page).evaluate(PASTE, text)


def test_typing(visit: Visit) -> None:
    """Keys by label and name, usual questions and text for the first word; behind a key its values, with counts where
    the service counts; Enter applies, and completes where only one value begins so; Tab completes. A word without a key
    may be somebody's name.
    """
    page = visit(TENANT, address=ALL)
    expect(page.locator(".rows tbody")).to_contain_text("call back")
    bar = field(page)
    bar.click()
    expect(option(page, "Failed sign-ins")).to_be_visible()
    bar.fill("addr")
    expect(option(page, "address")).to_contain_text("ip:")
    expect(option(page, "Search text \u2018addr\u2019")).to_be_visible()
    bar.press("Tab")
    expect(bar).to_have_value("ip:")

    bar.fill("status:f")
    expect(option(page, "failure")).to_contain_text("2")
    bar.press("ArrowDown")
    active = bar.get_attribute("aria-activedescendant")
    assert active is not None
    expect(page.locator(f"[id='{active}']")).to_have_attribute("aria-selected", "true")
    expect(bar).to_have_attribute("aria-expanded", "true")
    assert not axe(page)
    bar.press("Enter")
    expect(page.locator(".chips")).to_contain_text("failure")
    assert asked(page) == [("status", "failure"), ("range", "30d")]
    expect(bar).to_have_value("")

    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url))
    bar.press_sequentially("-actor:linds")
    bar.press("Backspace")
    expect(option(page, "maya.lindqvist")).to_contain_text("Maya Lindqvist")
    named = [url for url in calls if "/v1/actors" in url and "q=" in url]
    assert named[-1].split("q=")[1].startswith("lind&")
    assert len(named) < len("linds"), "not each letter is a call"
    bar.press("Enter")
    expect(page.locator(".rows")).to_contain_text("Nothing matches")
    assert chips(page) == ["status is failure", "actor is not maya.lindqvist"]
    page.go_back()
    page.go_back()
    assert asked(page) == [("range", "30d")]
    bar.fill("maya l")
    expect(option(page, "Search text \u2018maya l\u2019")).to_be_visible()
    option(page, "maya.lindqvist").click()
    assert asked(page) == [("actor", "maya.lindqvist"), ("range", "30d")]


def test_values_from_groups_rows_and_catalogue(visit: Visit) -> None:
    """What only the loaded rows know says so. A key needs its value right behind it, else it is text."""
    page = visit(TENANT, address=ALL)
    rows_ = page.locator(".rows tbody")
    expect(rows_).to_contain_text("call back")
    bar = field(page)
    bar.fill("group:")
    expect(option(page, "auditors")).to_be_visible()
    unanswered: list[Route] = []
    page.route("**/v1/groups*", lambda route: unanswered.append(route))  # noqa: PLW0108  Playwright needs a function of Python
    bar.fill("group:aud")
    bar.press("Enter")
    expect(page.locator(".chips")).to_contain_text("auditors")
    assert asked(page)[0] == ("group", "auditors"), "it need not wait for the list"
    page.unroute_all()
    page.go_back()
    expect(rows_).to_contain_text("Sums")
    bar.fill("target:")
    expect(option(page, "report:R-7")).to_contain_text("Sums")
    expect(page.get_by_role("listbox")).to_contain_text("target, in the")
    bar.fill("category!:")
    expect(option(page, "Documents")).to_be_visible()
    bar.fill("category:ocum")
    expect(option(page, "Documents")).to_be_visible()
    bar.press("Enter")
    expect(page.locator(".chips")).to_contain_text("ocum")
    assert asked(page)[0] == ("category", "ocum"), "nothing begins so"
    page.go_back()
    bar.fill("note: call back")
    bar.press("Enter")
    expect(page.locator(".chips")).to_contain_text("note: call back")
    assert asked(page)[0] == ("q", "note: call back")
    expect(rows_).not_to_contain_text("Signed in")


def test_chips(visit: Visit) -> None:
    """A chip's parts toggle, edit and remove it; the keyboard reaches the last; what the API refuses stands at it."""
    page = visit(TENANT, address="#/log?actor=jane.roe&actor=omar.haddad&range=30d&colour=red")
    expect(page.locator(".rows tbody")).to_contain_text("call back")
    assert chips(page) == ["actor is jane.roe or omar.haddad", "colour=red unknown, ignored"]

    page.get_by_role("button", name="make it is not").click()
    assert asked(page)[:2] == [("actor!", "jane.roe"), ("actor!", "omar.haddad")]
    page.get_by_role("button", name="Edit: actor is not").click()
    edit = page.get_by_role("combobox", name="Edit actor as text")
    expect(edit).to_have_value("-actor:jane.roe -actor:omar.haddad")
    edit.fill(" ".join(f"actor:user.{number}" for number in range(6)))
    edit.press("Enter")
    expect(page.locator(".chips")).to_contain_text("any of 6 ▾")
    page.get_by_role("button", name="any of 6 ▾").click()
    page.get_by_role("menuitem", name="user.3").click()
    expect(page.locator(".chips")).to_contain_text("user.5")
    assert ("actor", "user.3") not in asked(page)

    field(page).click()
    field(page).press("Backspace")
    expect(page.locator(".chip.selected")).to_have_count(1)
    field(page).press("Backspace")
    expect(page.locator(".chip:not(.warn)")).to_have_count(0)
    assert asked(page) == [("range", "30d"), ("colour", "red")], "an unknown parameter is not dropped"
    page.get_by_role("button", name="Remove: colour").click()
    assert asked(page) == [("range", "30d")]

    field(page).fill("origin:nobody")
    field(page).press("Enter")
    expect(page.locator(".chip.bad")).to_contain_text("must be one of user, system")
    expect(page.locator(".bar-note")).to_contain_text("origin must be one of user, system")
    assert not axe(page)
    page.get_by_role("button", name="Remove: origin").click()
    expect(page.locator(".rows tbody")).to_contain_text("call back")


def test_pasting_and_text(visit: Visit) -> None:
    """A whole query or address becomes chips; of 10,000 values 100 are taken; the chips open as one line of text."""
    page = visit(TENANT, address=ALL)
    field(page).click()
    paste(page, "actor:jane.roe -status:failure call back")
    expect(page.locator(".chips > li")).to_have_count(3)
    assert chips(page) == ["actor is jane.roe", "status is not failure", "text has \u2018call back\u2019"]

    page.get_by_role("button", name="Edit as text").click()
    line = page.get_by_role("combobox", name="Filters as text")
    expect(line).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+e")
    expect(line).to_have_value("actor:jane.roe -status:failure call back range:30d")
    line.fill('actor:"jane.roe" status:success from:2026-01-31')
    line.press("Enter")
    expect(page.locator(".chips > li")).to_have_count(2)
    assert asked(page) == [("actor", "jane.roe"), ("status", "success"), ("from", "2026-01-30T23:00:00.000Z")]

    field(page).click()
    paste(page, "https://elsewhere.example/v1/events?activity=report.*&range=7d&environment=prod&limit=9&colour=red")
    expect(page.locator(".chips")).to_contain_text("activity")
    assert asked(page) == [("activity", "report.*"), ("range", "7d"), ("env", "prod"), ("colour", "red")]

    field(page).fill("actor:")
    paste(page, "\n".join(f"user.{number}" for number in range(10_000)))
    expect(page.locator(".bar-note")).to_contain_text("100 values at most; 9,901 not taken, make a group of them?")
    expect(page.locator(".chips")).to_contain_text("any of 99 ▾")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_views(visit: Visit) -> None:
    """Usual questions and saved ones are in one menu. A question has the columns that answer it."""
    page = visit(TENANT, address=ALL)
    heads = page.locator(".rows thead th")
    expect(heads.filter(has_text="ip")).to_have_count(0)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Failed sign-ins").click()
    expect(page.locator(".rows tbody tr[aria-rowindex]")).to_have_count(2)
    assert page.title().startswith("Failed sign-ins, last 30 days")
    assert heads.all_inner_texts()[-2:] == ["Status", "ip"]

    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save…").click()
    dialog = page.get_by_role("dialog", name="Save this view")
    expect(dialog).to_contain_text("status is failure, last 30 days")
    dialog.get_by_label("Name").fill("Who cannot get in")
    dialog.get_by_label("Everybody").check()
    assert not axe(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)

    page.get_by_role("button", name="Time:").click()
    page.get_by_role("menuitemradio", name="Yesterday").click()
    assert [name for name, _ in asked(page)[-2:]] == ["from", "to"]
    page.get_by_role("button", name="Time:").click()
    page.get_by_role("menuitemradio", name="Last week").click()
    begin, end = (datetime.fromisoformat(at).astimezone(ZoneInfo(ZONE)) for _, at in asked(page)[-2:])
    today = datetime.now(ZoneInfo(ZONE)).date()
    assert (begin.weekday(), end.weekday(), begin.hour, end.hour) == (0, 0, 0, 0)
    assert (end.date() - begin.date(), end.date() <= today < end.date() + timedelta(days=7)) == (
        timedelta(days=7),
        True,
    )
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Who cannot get in").click()
    assert asked(page)[-1] == ("range", "30d")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Remove \u2018Who cannot get in\u2019").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("removed")).to_be_visible()
    page.get_by_role("button", name="Views").click()
    expect(page.get_by_role("menuitem", name="Save…")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Who cannot get in")).to_have_count(0)
    page.get_by_role("menuitem", name="What did … do").click()
    expect(field(page)).to_have_value("actor:")
    expect(option(page, "maya.lindqvist")).to_be_visible()


def test_time_and_links(visit: Visit, house: House) -> None:
    """A span is relative or fixed, in the reader's zone. The link and the request are of what is shown."""
    page = visit(TENANT, address="#/log?activity=user.login&status=failure&range=30d", permissions=CLIPBOARD)
    page.get_by_role("button", name="Time:").click()
    page.get_by_role("menuitem", name="Custom").click()
    page.get_by_role("textbox", name="From").fill("0202-07-01T00:00")
    expect(page.get_by_role("dialog")).to_contain_text("A day and a time of the years 1970 to 9999.")
    expect(page.get_by_role("button", name="Show")).to_be_disabled()
    page.get_by_role("textbox", name="From").fill("2026-07-01T00:00")
    page.get_by_role("textbox", name="To, not included").fill("2026-06-01T00:00")
    expect(page.get_by_role("dialog")).to_contain_text("The beginning must be before the end.")
    page.get_by_role("textbox", name="To, not included").fill("")
    page.get_by_role("button", name="Show").click()
    assert asked(page)[-1] == ("from", "2026-06-30T22:00:00.000Z")

    page.go_back()
    page.get_by_role("button", name="Link").click()
    page.get_by_role("menuitem", name="Copy link", exact=True).click()
    expect(page.get_by_text("Link copied")).to_be_visible()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    page.get_by_role("button", name="Link").click()
    page.get_by_role("menuitem", name="Copy link with fixed times").click()
    expect(page.get_by_text("Link with fixed times copied")).to_be_visible()
    fixed: str = page.evaluate("navigator.clipboard.readText()")
    assert "range=" not in fixed
    assert "from=" in fixed
    assert "to=" in fixed

    expect(page.locator(".rows tbody tr[aria-rowindex]")).to_have_count(2)
    page.get_by_role("button", name="API").click()
    url, command = page.get_by_role("dialog").locator("pre").all_inner_texts()
    assert house.key(TENANT, "admin") not in command
    answer = httpx.get(url, headers={"Authorization": f"Bearer {house.key(TENANT, 'admin')}"})
    assert [event["client_id"] for event in answer.json()["native"]] == ["e1", "e2"]
    assert f"curl -sS --fail-with-body '{url}'" in command


def test_on_a_phone_the_bar_is_one_line_that_opens_a_sheet(visit: Visit) -> None:
    page = visit(TENANT, address="#/log?status=failure&range=7d", size=NARROW, dark=True)
    page.get_by_role("button", name="Last 7 days, status is failure").click()
    sheet = page.get_by_role("dialog", name="Filter")
    sheet.get_by_role("button", name="make it is not").click()
    assert asked(page)[0] == ("status!", "failure")
    field(page).fill("activity:rep")
    option(page, "report.").first.wait_for()
    assert not axe(page)
    field(page).fill("activity:report.*")
    field(page).press("Enter")
    sheet.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Last 7 days, status is not failure, activity is report.*")).to_be_visible()
