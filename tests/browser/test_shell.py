"""The frame of every page: signing in and out, who may see what, the bands, the keys."""

import hashlib
import itertools
import json
import re
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, WIDE, axe, hold_still


def rows(page: Page) -> Any:
    """What was found, without the head of the table and those of the days."""
    return page.locator("tbody tr[aria-rowindex]:has(button)")


def test_a_link_signs_in_and_shows_the_log(visit: Visit, house: House) -> None:
    """The key leaves the address before anything is shown, and stays in no history."""
    page = visit("carear")
    expect(rows(page).first).to_be_visible()
    assert page.url == f"{house.url}/console#/log"
    expect(page).to_have_title(re.compile(r"· Fieldworks · Daybook$"))
    page.go_back()
    assert "dbk_" not in page.url


def test_a_key_in_the_address_of_an_open_page_signs_in(visit: Visit, house: House) -> None:
    """It stays in no history either. What the former reader filtered by is forgotten."""
    page = visit("carear", "auditor", "#/log?q=secret")
    expect(page.get_by_text("Fieldworks")).to_be_visible()
    page.evaluate("hash => { location.hash = hash }", f"#key={house.key('symbee', 'admin')}&to=exports")
    expect(page.get_by_text("ABC Company")).to_be_visible()
    assert page.url == f"{house.url}/console#/exports?env=prod"
    expect(page.get_by_role("link", name="Log", exact=True)).not_to_have_attribute("href", re.compile("secret"))
    page.evaluate("hash => { location.hash = hash }", f"#key={house.key('', 'operations')}&tenant=enate-demo")
    expect(page.get_by_role("button", name="Tenant: Meridian Services")).to_be_visible()
    expect(rows(page).first).to_be_visible()
    assert re.search(r"#/log\?.*tenant=enate-demo", page.url)
    for _ in range(page.evaluate("history.length") - 1):
        page.go_back()
        assert "dbk_" not in page.url


def test_somebody_without_a_key_signs_in_by_hand(visit: Visit, house: House) -> None:
    """A wrong key is said to be wrong; the address that they came for is kept. Verifying needs no key."""
    page = visit(None, address="#/log?status=failure")
    expect(page.get_by_label("API key")).to_be_visible()
    assert not axe(page)
    page.get_by_label("API key").fill("dbk_" + "a" * 16 + "_" + "b" * 40)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    page.get_by_label("API key").fill(house.key("enate", "auditor"))
    page.get_by_role("button", name="Sign in with the key").click()
    expect(page.get_by_role("link", name="Log", exact=True)).to_be_visible()
    assert page.url.endswith("#/log?status=failure")


def test_people_sign_in_at_the_issuer(visit: Visit, house: House, provider: str) -> None:
    """There and back by a redirect, with the place kept. Nothing of it stays in the address or the tab.

    The verifier that the page sends fits the challenge that the issuer was shown (RFC 7636, section 4.6).
    """
    page = visit(None, address="#/log?status=success", elsewhere=provider)
    with page.expect_request(f"{provider}/oauth2/authorize?*") as asked:
        page.get_by_role("button", name="Sign in with 127.0.0.1").click()
    with page.expect_request("**/v1/sign-in") as exchanged:
        page.get_by_role("button", name="Authorize as maya").click()
    challenge = parse_qs(urlsplit(asked.value.url).query)
    assert challenge["code_challenge_method"] == ["S256"]
    verifier = json.loads(exchanged.value.post_data or "")["verifier"]
    assert re.fullmatch("[A-Za-z0-9._~-]{43,128}", verifier)
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert challenge["code_challenge"] == [digest]
    expect(page.get_by_role("button", name="Signed in: maya.lindqvist")).to_be_visible()
    expect(rows(page).first).to_be_visible()
    assert page.url == f"{house.url}/console#/log?status=success"
    assert page.evaluate("Object.keys(sessionStorage)") == ["daybook.credential"]


def test_who_is_refused_at_the_issuer_is_told(visit: Visit, house: House, provider: str) -> None:
    """Whoever denies, whoever has no role here, and an answer that this tab did not ask for."""
    page = visit(None, elsewhere=provider)
    for choice, said in (("Deny access", "did not sign you in"), ("Authorize as stranger", "not valid")):
        page.get_by_role("button", name="Sign in with 127.0.0.1").click()
        page.get_by_role("button", name=choice).click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    page.goto(f"{house.url}/console?code=stolen&state=forged")
    expect(page.get_by_role("alert")).to_contain_text("not begun in this tab")
    assert "stolen" not in page.url


def test_a_second_tab_needs_no_key_and_signing_out_ends_both(visit: Visit, house: House) -> None:
    """The first tab hands it over; nothing is stored for good."""
    first = visit("jiffy", "auditor")
    expect(rows(first).first).to_be_visible()
    second = first.context.new_page()
    second.goto(f"{house.url}/console#/overview")
    expect(second.get_by_role("link", name="Overview", exact=True)).to_have_attribute("aria-current", "page")
    assert "dbk_" not in second.evaluate("JSON.stringify(localStorage)")
    second.get_by_role("button", name="Signed in").click()
    second.get_by_role("menuitem", name="Sign out").click()
    for page in (first, second):
        expect(page.get_by_label("API key")).to_be_visible()
    third = first.context.new_page()
    third.goto(f"{house.url}/console#/log")
    expect(third.get_by_label("API key")).to_be_visible()


def test_a_key_that_is_revoked_in_mid_work_loses_nothing(visit: Visit, house: House) -> None:
    """A sheet asks for another one. Filters, rows and place are kept."""
    tenant = house.tenant("shell-revoked")
    house.send(tenant, *({"activity": f"door.opened{n}", "actor": {"type": "system"}} for n in range(3)))
    with house.client(tenant) as admin:
        made = admin.post(f"/v1/tenants/{tenant}/keys", json={"role": "auditor", "label": "soon gone"}).json()
        house.made["revoked", "auditor"] = made["key"]
        page = visit("revoked", "auditor", "#/log?activity=door.*")
        expect(rows(page)).to_have_count(3)
        assert admin.delete(f"/v1/tenants/{tenant}/keys/{made['key_id']}").status_code == 204
    sheet = page.get_by_role("dialog", name="Sign in again")

    def again() -> bool:
        page.keyboard.press("r")
        page.wait_for_timeout(1000)
        return sheet.is_visible()

    assert any(again() for _ in range(75)), "the gateway keeps an answer for a minute"
    expect(rows(page)).to_have_count(3)
    assert not axe(page, "dialog[open]")  # the rows are dimmed while they wait
    for _ in range(3):  # a browser closes a dialog at the second, whatever the page says
        page.keyboard.press("Escape")
        page.wait_for_timeout(100)
    expect(sheet).to_be_visible()
    sheet.get_by_label("API key").fill(house.key(tenant, "auditor"))
    page.keyboard.press("Enter")
    expect(sheet).to_be_hidden()
    expect(rows(page)).to_have_count(3)
    assert page.url.endswith("#/log?activity=door.*")


def test_the_network_goes_and_comes_back(visit: Visit) -> None:
    """A band counts down and goes away by itself; the rows stay."""
    page = visit("chat")
    expect(rows(page).first).to_be_visible()
    shown = rows(page).first.inner_text()
    page.context.set_offline(True)
    page.keyboard.press("r")
    expect(page.get_by_text(re.compile(r"Not reached since \d\d:\d\d"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"Trying again in \d+ s"))).to_be_visible()
    assert rows(page).first.inner_text() == shown
    assert not axe(page, "section[aria-label='State of the service']")  # the rows are dimmed while they wait
    page.context.set_offline(False)
    page.get_by_role("button", name="now", exact=True).click()
    expect(page.get_by_text("Not reached since")).to_be_hidden()
    expect(rows(page).first).to_be_visible()


@pytest.mark.parametrize(
    ("status", "said"), [(429, "More calls than this tenant may make"), (503, "Not reached since")]
)
def test_a_service_that_is_busy_is_waited_for(visit: Visit, status: int, said: str) -> None:
    """For as long as it says itself, and as often; then the page goes on."""
    page = visit("symbee")
    expect(rows(page).first).to_be_visible()
    body = '{"type":"about:blank","title":"x","status":0,"code":"throttled","detail":"x","errors":[]}'
    asked: list[float] = []
    is_busy = True

    def busy(route: Route) -> None:
        if not is_busy:
            route.continue_()
            return
        asked.append(time.monotonic())
        headers = {"Retry-After": "2", "Content-Type": "application/problem+json"}
        route.fulfill(status=status, body=body, headers=headers)

    page.route("**/v1/events?*", busy)
    for _ in range(10):  # a key that comes before the page has bound it is lost
        page.keyboard.press("r")
        page.wait_for_timeout(2_000)
        if asked:
            break
    expect(page.get_by_text(said)).to_be_visible()
    is_busy = False
    expect(page.get_by_text(said)).to_be_hidden()
    assert all(later - earlier > 1.5 for earlier, later in itertools.pairwise(asked))


def test_what_an_operator_must_know_stands_on_every_page(visit: Visit, house: House) -> None:
    """Tampering, a failing stream, a legal hold: each as a band that leads on."""
    tenant = house.tenant("shell-bands")
    with house.client(tenant) as admin:
        assert admin.put("/v1/settings/legal-hold", json={"reason": "A case"}).is_success
        stream = admin.get("/v1/settings/stream").json()
    page = visit(tenant, "operations", "#/overview")
    expect(page.get_by_text("Legal hold: nothing in this log is deleted.")).to_be_visible()
    found = {"what": "changed", "id": "x", "at": "2026-01-01T00:00:00.000Z"}
    alert = {"id": "x", "kind": "tamper-found", "environment": "prod", "raised_at": found["at"], "event": found}
    failing = {
        **stream,
        "status": "failing",
        "failing_since": found["at"],
        "last_error": "AccessDenied",
        "pending": 1234,
    }
    page.route("**/v1/alerts?*", lambda route: route.fulfill(json={"alerts": [alert], "next_cursor": None}))
    page.route("**/v1/settings/stream?*", lambda route: route.fulfill(json=failing))
    page.reload()
    expect(page.get_by_text("Tampering was found: an event was changed or removed")).to_be_visible()
    expect(page.get_by_text("AccessDenied. 1,234 events wait.")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_text("Tampering was found")).to_be_visible()
    assert not axe(page)


def test_each_role_sees_what_it_may(visit: Visit) -> None:
    """What one may not do is absent. A key that only sends is told what kind is needed."""
    producer = visit("enate", "producer")
    expect(producer.get_by_text("This key may only send events.")).to_be_visible()
    expect(producer.get_by_role("link", name="Log", exact=True)).to_be_hidden()
    auditor = visit("enate", "auditor")
    expect(auditor.get_by_role("link", name="Log", exact=True)).to_be_visible()
    expect(auditor.get_by_role("link", name="Tenants", exact=True)).to_be_hidden()
    for place in ("nowhere", "constructor"):
        unknown = visit("enate", "auditor", f"#/{place}")
        expect(unknown.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_operations_change_tenant_and_people_environment(visit: Visit) -> None:
    """Both stand in the address, so that a link names them."""
    page = visit("carear", "operations", "#/log?status=failure")
    page.get_by_role("button", name="Tenant: Fieldworks").click()
    page.get_by_role("menuitemradio", name="ABC Company").click()
    expect(page.get_by_role("button", name="Environment: prod")).to_be_visible()
    assert page.url.endswith("#/log?tenant=symbee-demo&env=prod")
    page.get_by_role("button", name="Environment: prod").click()
    page.get_by_role("menuitemradio", name="test").click()
    expect(page.get_by_role("button", name="Environment: test")).to_be_visible()
    assert "env=test" in page.url
    page.go_back()
    expect(page.get_by_role("button", name="Environment: prod")).to_be_visible()


def test_another_tenant_leaves_nothing_of_the_former_one(visit: Visit, house: House) -> None:
    """Neither its numbers, nor its environment, nor a late answer about it; and the focus stays where it was."""
    other = {"tenant": "shell-other", "name": "Other", "profile": "generic", "audit_since": None}
    with house.daybook.operations as operations:
        assert operations.post("/v1/tenants", json={**other, "environments": ["live", "try"]}).is_success
    page = visit("symbee", "operations", "#/overview?env=test")
    switch = page.get_by_role("button", name=re.compile("^Tenant: "))
    busiest = page.locator(".ranking").first
    expect(busiest).to_be_visible()
    late: list[Route] = []

    held = ["/v1/stats"]

    def hold(route: Route) -> None:
        if held and held[0] in route.request.url:
            late.append(route)
        else:
            route.continue_()

    page.route("**/v1/*", hold)
    page.get_by_role("button", name="Environment: test").click()
    page.get_by_role("menuitemradio", name="prod").click()
    expect(busiest).to_have_count(0)  # before the other environment's numbers are there
    held.clear()
    switch.click()
    page.get_by_role("menuitemradio", name="Fieldworks").click()
    expect(page.get_by_role("button", name="Tenant: Fieldworks")).to_be_focused()
    expect(page.get_by_role("region", name="Events over time")).to_contain_text("Connector Center")
    late.clear()
    held.append("/v1/me")
    switch.click()
    page.get_by_role("menuitemradio", name="Meridian Services").click()
    expect(page.get_by_role("heading", name="Overview")).to_have_count(0)
    held.clear()
    switch.click()
    page.get_by_role("menuitem", name="All tenants").click()
    page.locator("table.tenants").get_by_role("link", name="Other").click()
    expect(page.get_by_role("button", name="Environment: live")).to_be_visible()
    for route in late:
        route.continue_()
    expect(page.get_by_text("No events yet").first).to_be_visible()
    expect(switch).to_have_text("Other")
    assert page.url.endswith("tenant=shell-other&env=live")
    late.clear()
    held.append("/v1/me")
    page.go_back()
    page.get_by_role("button", name="Signed in").click()
    page.get_by_role("menuitem", name="Sign out").click()
    for route in late:
        route.continue_()
    page.wait_for_timeout(300)
    expect(page.get_by_label("API key")).to_be_visible()
    expect(page.get_by_role("button", name="Signed in")).to_have_count(0)


def test_operations_without_a_tenant_choose_one(visit: Visit, house: House) -> None:
    """They reach every tenant, and none by itself."""
    page = visit(None)
    page.get_by_label("API key").fill(house.key("", "operations"))
    refusals: list[str] = []
    page.on("response", lambda answer: refusals.append(answer.url) if answer.status >= 400 else None)
    page.keyboard.press("Enter")
    link = page.locator("table.tenants").get_by_role("link", name="Fieldworks")
    expect(link).to_be_visible()
    assert page.url.endswith("#/tenants")
    link.click()
    expect(rows(page).first).to_be_visible()
    assert re.search(r"#/log\?.*tenant=carear-demo", page.url)
    assert not refusals


def test_keys_work_are_listed_and_can_be_turned_off(visit: Visit) -> None:
    """WCAG 2.1.4: single letters have a switch, and mean nothing where somebody types."""
    page = visit("carear")
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("link", name="Overview", exact=True)).to_have_attribute("aria-current", "page")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_text("Go to the log")).to_be_visible()
    assert not axe(page)
    keys.get_by_label("Single letters are keys").uncheck()
    keys.get_by_role("button", name="Close").click()
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("link", name="Overview", exact=True)).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Signed in").click()
    page.get_by_role("menuitem", name="Keys").click()
    assert not keys.get_by_label("Single letters are keys").is_checked()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    expect(page.get_by_role("button", name="Signed in")).to_be_focused()
    assert set(page.evaluate("Object.keys(localStorage)")) <= {"daybook.letters", "daybook.theme", "daybook.density"}


def test_colours_follow_the_reader(visit: Visit) -> None:
    """The choice is kept, over the system's."""
    page = visit("carear", dark=True)
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(23, 25, 29)"
    page.get_by_role("button", name="Colours").click()
    page.get_by_role("menuitemradio", name="Light").click()
    assert page.evaluate(paper) == "rgb(251, 250, 247)"
    page.reload()
    assert page.evaluate(paper) == "rgb(251, 250, 247)"


PLACES = ("#/log", "#/overview", "#/exports", "#/verify", "#/alerts", "#/tenants")
SETTINGS = ("retention", "stream", "groups", "keys", "catalogue", "people", "refused")


AT_NIGHT = (pytest.mark.long, pytest.mark.nightly)


@pytest.mark.parametrize(
    ("size", "dark"),
    [
        pytest.param(WIDE, False, id="wide-light"),
        pytest.param(NARROW, True, id="narrow-dark"),  # so each size and each colour is there
        pytest.param(WIDE, True, id="wide-dark", marks=AT_NIGHT),
        pytest.param(NARROW, False, id="narrow-light", marks=AT_NIGHT),
    ],
)
def test_axe_finds_nothing_on_any_page(visit: Visit, size: tuple[int, int], dark: bool) -> None:
    """WCAG's rules and axe's best practice, as an operator sees each page and the log's menus. Nothing is wider than
    the window, and no menu leaves it.
    """
    page = visit("symbee", "operations", "#/log", size=size, dark=dark)
    expect(page.get_by_role("link", name="Log", exact=True)).to_be_visible()
    found = []
    hold_still(page)
    for button in page.locator("button[aria-haspopup=menu]:visible").all():
        button.click()
        menu = page.get_by_role("menu").bounding_box()
        assert menu
        if menu["x"] < 0 or menu["x"] + menu["width"] > size[0] or menu["y"] + menu["height"] > size[1]:
            found.append(f"{button.inner_text()}: the menu is not on the screen")
        found += [f"{button.inner_text()}: {violation}" for violation in axe(page, ".menu:has([role=menu])")]
        page.keyboard.press("Escape")
    for place in (*PLACES, *(f"#/settings/{name}" for name in SETTINGS)):
        page.evaluate("place => { location.hash = place }", f"{place}?tenant=symbee-demo")
        page.wait_for_timeout(300)
        hold_still(page)
        expect(page.locator("h1").first).to_be_attached()
        found += [f"{place} {violation}" for violation in axe(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{place} is wider than the window")
        if page.get_by_role("heading", name="There is no such page").is_visible():
            found.append(f"{place} is missing")
    assert not found, "\n".join(found)
