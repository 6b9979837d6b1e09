"""A tenant whose senders put into every field what would run, break out, or hide something, if the page let it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, WIDE, hold_still

RUNS = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{7*7}}${window.pwned=1}'
LINK = "javascript:window.pwned=1"
BACKWARDS = "\u202egnp.exe\u2066 \u200b hidden \u2069"
LONG = "wide" * 16_000


@pytest.fixture(scope="module")
def tenant(house: House) -> str:
    tenant = house.tenant("hostile")
    person = {
        "type": "user",
        "id": LINK,
        "username": f"<b>{LINK}",
        "name": RUNS,
        "email": '"><svg/onload=pwned=1>@x.de',
    }
    house.send(
        tenant,
        {
            "activity": "door.opened",
            "actor": person,
            "target": {"type": "door", "id": LINK, "name": RUNS},
            "details": f"{RUNS} {BACKWARDS}",
            "changes": [{"field": RUNS, "from": LINK, "to": BACKWARDS}],
            "params": {"link": LINK, "html": RUNS},
            "context": {"session_id": LINK, "request_id": RUNS, "user_agent": RUNS},
            "status": "failure",
        },
        {"activity": "door.long", "actor": person, "details": LONG},
    )
    return tenant


def check(page: Page) -> None:
    """Nothing has run, nothing was made of the text, and the window is as wide as it was."""
    hold_still(page)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img, script:not([src]), svg[onload]").count() == 0
    assert page.locator("a[href^='javascript:' i]").count() == 0
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_what_is_in_events_stays_text(visit: Visit, tenant: str, size: tuple[int, int]) -> None:
    """In the table, the drawer, a story and the pictures: shown as it was sent, and nothing more."""
    page = visit(tenant, "auditor", "#/log?activity=door.opened", size=size)
    row = page.locator("tbody tr[aria-rowindex]:has(button)").first
    expect(row).to_contain_text("<img src=x onerror=")
    check(page)
    row.get_by_role("button").last.click()
    expect(page.get_by_text("javascript:window.pwned=1").first).to_be_visible()
    check(page)
    for place in ("#/overview", "#/story/door:javascript%3Awindow.pwned%3D1", "#/log?q=%3Cimg%20src%3Dx%20onerror%3D"):
        page.evaluate("place => { location.hash = place }", place)
        page.wait_for_timeout(300)
        check(page)


def test_a_text_of_64_kb_is_cut_and_shown_on_request(visit: Visit, tenant: str) -> None:
    """The table cuts it; the drawer shows its beginning, and all of it when asked."""
    page = visit(tenant, "auditor", "#/log?activity=door.long")
    row = page.locator("tbody tr[aria-rowindex]:has(button)").first
    expect(row).to_be_visible()
    assert len(row.inner_text()) < 2_000
    row.get_by_role("button").last.click()
    page.get_by_role("button", name="show all").first.click()
    expect(page.get_by_text(LONG[:10_000]).first).to_be_attached()
    check(page)


ADDRESSES = (
    "#/log?actor=%3Cscript%3Epwned=1%3C/script%3E&nonsense=%22%3E%3Cimg%20src=x%3E",
    "#/story/%3Cimg%3E:x",
    "#/%3Cimg%3E",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_in_an_address_stays_text(visit: Visit, tenant: str, address: str) -> None:
    """Links come from anybody."""
    page = visit(tenant, "auditor", address)
    page.wait_for_timeout(500)
    check(page)
