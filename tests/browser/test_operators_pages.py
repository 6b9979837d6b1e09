"""What is refused, what was tampered with, and the tenants: pages for whoever runs the log."""

import json
import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, axe

HOSTILE = "<img src=x onerror=window.pwned=1>"


def test_refused_events_are_counted_and_name_nobody(visit: Visit, house: House) -> None:
    """By reason, activity and key. An auditor has no such page, and no link to it."""
    tenant = house.tenant("refused-browser")
    events = [
        {"activity": "door.opened", "actor": {"type": "user"}, "details": "Mike Mars did it"},
        {"activity": "door.opened", "actor": {"type": "user"}, HOSTILE: "mike.mars"},
        {"activity": HOSTILE, "actor": {"type": "user", "username": "mike.mars"}},
    ]
    with house.client(tenant, "producer") as producer:
        assert producer.post("/v1/events", json={"events": events}).json()["rejected"] == len(events)
    page = visit(tenant, "admin", "#/settings/refused")
    rows = page.locator(".refused-counts tbody tr")
    expect(rows).to_have_count(3)
    expect(page.locator(".refused-counts")).to_contain_text("door.opened")
    expect(page.locator(".refused-counts").get_by_role("link", name="The producer")).to_have_count(3)
    page.locator("details").first.click()
    expect(page.locator("details").first).to_contain_text("is required for a user without an id")
    expect(page.locator("details").first).to_contain_text('"details": "text of 16 characters"')
    said = page.locator("main").inner_text()
    assert "mike" not in said.lower()
    assert "onerror" not in said
    assert page.evaluate("window.pwned") is None
    assert not axe(page)
    page.locator(".refused-counts").get_by_role("link", name="The producer").first.click()
    expect(page).to_have_url(re.compile(r"#/log\?credential=[a-z0-9]+&range=7d"))
    reader = visit(tenant, "auditor", "#/settings/refused", size=NARROW, dark=True)
    expect(reader.get_by_text("There is no such setting")).to_be_visible()
    expect(reader.get_by_role("link", name="Refused events")).to_have_count(0)


def finding(number: int, what: str) -> dict[str, object]:
    at = "2026-11-26T16:31:07.123Z"
    event = {"what": what, "id": f"01M8AAAAA{number}BBBBBBBBBBBBBBBBBBBBBBBBBB", "at": at}
    identifier = f"01M8CCCCC{number}DDDDDDDDDDDDDDDDDDDDDDDDDD"
    return {"id": identifier, "kind": "tamper-found", "environment": "prod", "raised_at": at, "event": event}


def test_findings_lead_to_their_events(visit: Visit) -> None:
    """Nobody can tamper with a running Daybook from here, so the answers with findings are the test's own."""
    page = visit("carear", "auditor", "#/alerts")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    assert not axe(page)

    def found(route: Route) -> None:
        first = "cursor" not in route.request.url
        alerts = [finding(1, "altered"), finding(2, "removed")] if first else [finding(3, "changed")]
        answer = {"alerts": alerts, "next_cursor": alerts[-1]["id"] if first else None}
        route.fulfill(body=json.dumps(answer), content_type="application/json")

    page.route("**/v1/alerts*", found)
    page.reload()
    rows = page.locator(".alert")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("The stored bytes of an event are not those that the log has sealed.")
    record = rows.first.get_by_role("link", name="The record of the finding")
    expect(record).to_have_attribute("href", re.compile("^#/event/01M8CCCCC1"))
    expect(rows.nth(1).get_by_role("link")).to_have_count(1)  # what was removed can't be looked at
    page.get_by_role("button", name="Earlier ones").click()
    expect(rows).to_have_count(3)
    expect(page.get_by_role("button", name="Earlier ones")).to_have_count(0)
    assert not axe(page)


def test_operations_choose_and_create_tenants(visit: Visit, house: House) -> None:
    """The first admin's key is shown once, and signs in."""
    page = visit("enate", "operations", "#/tenants")
    table = page.locator("table.tenants")
    expect(table.locator("tr[aria-current]")).to_contain_text("Meridian Services")
    page.get_by_label("Find a tenant").fill("FIELD care")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert not axe(page)
    page.get_by_role("button", name="Create a tenant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("Grüne Äpfel GmbH")
    expect(dialog.get_by_role("textbox", name=re.compile("^Tenant"))).to_have_value("grune-apfel-gmbh")
    dialog.get_by_role("textbox", name=re.compile("^Environments")).fill("Prod")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("environments")
    expect(dialog.get_by_role("textbox", name=re.compile("^Environments"))).to_have_attribute("aria-invalid", "true")
    assert not axe(page)
    dialog.get_by_role("textbox", name=re.compile("^Environments")).fill("prod, test")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_contain_text("This is the only time that the key is shown.")
    key = re.findall(r"dbk_\w+", dialog.inner_text())[0]
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    with house.daybook.client(key) as admin:
        me = admin.get("/v1/me").json()
    assert (me["tenant"], me["role"], me["environments"]) == ("grune-apfel-gmbh", "admin", ["prod", "test"])
    page.get_by_label("Find a tenant").fill("äpfel")
    table.get_by_role("link", name="Grüne Äpfel GmbH").click()
    expect(page).to_have_url(re.compile(r"#/log\?.*tenant=grune-apfel-gmbh"))
    expect(page.get_by_text("No events yet").first).to_be_visible()
