"""The settings: each change as somebody makes it, what stands in its way, and who does not see it."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, WIDE, ZONE, axe

TENANT = "settled"
HOSTILE = "<img src=x onerror=window.pwned=1>"
OLD_DAYS = 75
STREAM = "arn:aws:kinesis:us-east-1:210987654321:stream/{}"
ROLE = "arn:aws:iam::210987654321:role/daybook"


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


@pytest.fixture(scope="module")
def tenant(house: House) -> str:
    """CareAR's: retention of 30 to 180 days, usually 90. Three events would leave one of 60 days."""
    house.tenant(TENANT, "carear")
    maya = {"type": "user", "username": "maya.lindqvist", "name": "Maya Lindqvist"}
    event: dict[str, Any] = {"actor": maya, "source": {"type": "portal"}}
    house.send(
        TENANT,
        *({**event, "activity": "surveys.add", "occurred_at": ago(OLD_DAYS + hours / 24)} for hours in range(3)),
        {**event, "activity": "user-access.login", "actor": {"type": "user", "username": "noor.haddad"}},
        *({**event, "activity": f"kiosk.{name}"} for name in ("opened", "opened", "closed")),
    )
    with house.client(TENANT) as admin:
        query = {"range": "12m", "interval": "none", "component!": "Audit Log"}
        wait_until(lambda: admin.get("/v1/stats", params=query).json()["total"] == 7)
    return TENANT


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.5)


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_the_retention_is_spelled_out_before_it_is_changed(visit: Visit, house: House, tenant: str) -> None:
    """A shorter one says what it hides and asks for the number; a longer one brings nothing back. A hold forbids the
    first.
    """
    page = visit(tenant, "admin", "#/settings/retention")
    box, dialog = section(page, "Retention"), page.get_by_role("dialog")
    expect(box).to_contain_text("Events are kept for 90 days. This log begins ")
    expect(page).to_have_title("Retention, settings · settled · Daybook")
    days, change = box.get_by_role("textbox", name="Days"), box.get_by_role("button", name="Change…")
    expect(change).to_be_disabled()
    days.fill("20")
    expect(box).to_contain_text("must be 30 to 180")
    expect(change).to_be_disabled()
    days.fill("60")
    expect(box.get_by_role("slider")).to_have_value("60")
    change.click()
    edge = (datetime.now(UTC) - timedelta(days=60)).astimezone(ZoneInfo(ZONE))
    told = f"Shortening 90 → 60 days hides 3 events older than {edge.day} {edge:%b} now."
    expect(dialog).to_contain_text(told)
    confirm = dialog.get_by_role("button", name="Change to 60 days")
    expect(confirm).to_be_disabled()
    with house.client(tenant) as admin:
        assert admin.get("/v1/settings/retention").json()["days"] == 90
    dialog.get_by_label("Type 60 to confirm").fill("60")
    confirm.click()
    expect(box).to_contain_text("Events are kept for 60 days.")
    expect(box).to_contain_text("Bringing what is stored in line")
    page.reload()
    expect(box).to_contain_text("Bringing what is stored in line waits, begins within two minutes")
    days.fill("120")
    change.click()
    expect(dialog).to_contain_text("Lengthening 60 → 120 days brings nothing back that is deleted.")
    dialog.get_by_role("button", name="Change to 120 days").click()
    expect(box).to_contain_text("Events are kept for 120 days.")

    hold = section(page, "Legal hold")
    hold.get_by_role("button", name="Put a hold on…").click()
    dialog.get_by_label("Reason").fill(f"Dispute {HOSTILE}")
    dialog.get_by_role("button", name="Put the hold on").click()
    expect(hold).to_contain_text(f"Dispute {HOSTILE}")
    expect(hold.get_by_role("link", name="see the record")).to_have_attribute(
        "href", "#/log?activity=audit-log.legal-hold-set"
    )
    days.fill("60")
    expect(box).to_contain_text("A legal hold is on: the retention can't be shortened.")
    expect(change).to_be_disabled()
    hold.get_by_role("button", name="Lift the hold…").click()
    dialog.get_by_role("button", name="Lift the hold").click()
    expect(hold.get_by_role("button", name="Put a hold on…")).to_be_visible()
    expect(change).to_be_enabled()
    assert page.evaluate("window.pwned") is None


def test_what_a_role_may_not_do_is_absent(visit: Visit, tenant: str) -> None:
    """But for one line that says who sets the retention. Operations alone forget people."""
    page = visit(tenant, "auditor", "#/settings")
    expect(section(page, "Retention")).to_contain_text("Retention is set by an admin.")
    sections = page.get_by_role("navigation", name="Settings").get_by_role("link")
    names = sections.all_text_contents()
    assert not {"Stream", "Keys", "People"} & set(names)
    assert {"Retention", "Groups", "Catalogue"} <= set(names)
    sections.filter(has_text="Groups").click()
    expect(section(page, "Groups")).to_contain_text("Groups are set by an admin.")
    expect(page.get_by_role("button", name="New group…")).to_have_count(0)
    sections.filter(has_text="Catalogue").click()
    expect(section(page, "Catalogue")).to_contain_text("Open: activities that the catalogue lacks are stored")
    expect(page.get_by_role("button", name="Make it strict")).to_have_count(0)
    page.goto(page.url.replace("catalogue", "keys"))
    expect(page.get_by_role("main")).to_contain_text("There is no such setting, or it is not yours to see.")


def test_a_stream_is_set_up_tested_and_switched_off(visit: Visit, house: House, tenant: str) -> None:
    """A slip in an ARN is seen at once. The test's answer and the stream's state are told in words."""
    page = visit(tenant, "admin", "#/settings/stream?tz=Asia/Tokyo")
    box = section(page, "Stream")
    with house.client(tenant) as admin:
        external_id = admin.get("/v1/settings/stream").json()["external_id"]
    policy = json.loads(box.locator("pre").first.text_content() or "")
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"sts:ExternalId": external_id}}
    arn, role = box.get_by_label("Stream", exact=False).first, box.get_by_label("Role")
    save = box.get_by_role("button", name="Publish from now on")
    arn.fill("arn:aws:kinesis:us-east-1:21:stream/x")
    expect(box).to_contain_text("must be like arn:aws:kinesis:us-east-1:123456789012:stream/name")
    arn.fill(STREAM.format("missing"))
    role.fill(ROLE.replace("aws", "aws-cn"))
    expect(box).to_contain_text("must be in the same AWS partition as the stream")
    expect(save).to_be_disabled()
    role.fill(ROLE)
    box.get_by_label("Format").select_option("ocsf")
    box.get_by_label("Also publish Daybook's own records").check()
    save.click()
    expect(box).to_contain_text("Last deliverednever")
    with house.client(tenant) as admin:
        kept = admin.get("/v1/settings/stream").json()
    assert [kept[name] for name in ("stream_arn", "format", "include_audit_log")] == [
        STREAM.format("missing"),
        "ocsf",
        True,
    ]
    box.get_by_role("button", name="Test now").click()
    expect(box).to_contain_text("The stream did not take the test record: ")
    expect(box).to_contain_text("failing since ")
    box.get_by_label("From").fill("2026-01-01T00:00")
    box.get_by_label("To Asia/Tokyo, UTC+9").fill("2026-02-01T00:00")
    with page.expect_request("**/settings/stream/replay*") as replay:
        box.get_by_role("button", name="Publish again").click()
    assert replay.value.post_data_json == {"from": "2025-12-31T15:00:00.000Z", "to": "2026-01-31T15:00:00.000Z"}
    expect(box).to_contain_text("Publishing again")
    page.reload()
    expect(box).to_contain_text("Publishing again")
    box.get_by_role("button", name="Stop publishing…").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop publishing").click()
    expect(box.get_by_role("button", name="Publish from now on")).to_be_visible()


def test_a_group_has_people_as_tokens(visit: Visit, house: House, tenant: str) -> None:
    """Offered by any word of their names, or many pasted at once."""
    page = visit(tenant, "admin", "#/settings/groups", permissions=["clipboard-read", "clipboard-write"])
    expect(section(page, "Groups")).to_contain_text("There are no groups yet.")
    page.get_by_role("button", name="New group…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(HOSTILE)
    field = dialog.get_by_role("combobox", name="Members")
    field.fill("Lind")
    expect(dialog.get_by_role("option")).to_have_text("maya.lindqvist Maya Lindqvist")
    field.press("ArrowDown")
    field.press("Enter")
    page.evaluate("navigator.clipboard.writeText('noor.haddad\\nnew.one; maya.lindqvist')")
    field.press("Control+V")
    expect(dialog.locator(".token bdi")).to_have_text(["maya.lindqvist", "noor.haddad", "new.one"])
    field.press("Backspace")
    dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text=HOSTILE)
    row.get_by_role("button").click()
    expect(dialog.locator(".token bdi")).to_have_text(["maya.lindqvist", "noor.haddad"])
    dialog.get_by_role("button", name="Take noor.haddad out").click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    with house.client(tenant) as admin:
        (group,) = admin.get("/v1/groups").json()["groups"]
        assert group["name"] == HOSTILE
    row.get_by_role("button").click()
    dialog.get_by_role("button", name="Remove the group").click()
    expect(section(page, "Groups")).to_contain_text("There are no groups yet.")
    assert page.evaluate("window.pwned") is None


def test_a_key_is_shown_once(visit: Visit, house: House, tenant: str) -> None:
    """The dialog closes only once it has heard that the key is copied. Rotating keeps the old one for a while."""
    page = visit(tenant, "admin", "#/settings/keys?tz=Asia/Tokyo")
    dialog, box = page.get_by_role("dialog"), section(page, "Keys")
    page.get_by_role("button", name="New key…").click()
    dialog.get_by_label("Label").fill("billing")
    dialog.get_by_label("Role").select_option("producer")
    dialog.get_by_label("Environment").select_option("prod")
    dialog.get_by_label("Ends Asia/Tokyo, UTC+9").fill("2040-01-01T00:00")
    with page.expect_request("**/keys") as made:
        dialog.get_by_role("button", name="Make the key").click()
    assert (made.value.post_data_json or {})["valid_until"] == "2039-12-31T15:00:00.000Z"
    done = dialog.get_by_role("button", name="Done")
    expect(done).to_be_disabled()
    key = dialog.locator("pre").text_content() or ""
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_label("I have copied it").check()
    done.click()
    expect(dialog).to_have_count(0)
    with house.daybook.client(key.strip()) as producer:
        me = producer.get("/v1/me").json()
    assert (me["role"], me["environment"], me["credential"]["label"]) == ("producer", "prod", "billing")
    assert key not in page.content()
    row = box.get_by_role("row").filter(has_text="billing")
    expect(row).to_contain_text("producerprod")
    expect(row).to_contain_text("1 Jan 2040 00:00")
    expect(box.get_by_role("row").filter(has_text="yours")).to_contain_text(re.compile(r"\d\d:00\u2013\d\d:00"))
    row.get_by_role("button", name="Rotate billing").click()
    dialog.get_by_label("The old one stays valid for (hours)").fill("900")
    expect(dialog).to_contain_text("must be 0 to 720")
    dialog.get_by_label("The old one stays valid for (hours)").fill("2")
    dialog.get_by_role("button", name="Make the new key").click()
    dialog.get_by_label("I have copied it").check()
    done.click()
    expect(row).to_have_count(2)
    row.first.get_by_role("button", name="Revoke billing").click()
    expect(dialog).to_contain_text("Whatever uses this key is refused, within a minute.")
    dialog.get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(1)
    own = box.get_by_role("row").filter(has_text="yours")
    expect(own).to_contain_text("The admin")
    assert own.evaluate("row => row.clientHeight") < 80, "a row has three lines at most"


def test_the_catalogue_is_searched_extended_and_made_strict(visit: Visit, house: House, tenant: str) -> None:
    """Own activities are previewed as they are worded. Before it becomes strict, it says what it would have refused."""
    page = visit(tenant, "admin", "#/settings/catalogue", permissions=["clipboard-read", "clipboard-write"])
    box, dialog = section(page, "Catalogue"), page.get_by_role("dialog")
    box.get_by_label("Search the catalogue").fill("login")
    activity = box.locator(".activity").filter(has_text="user-access.login")
    expect(activity).to_contain_text("1 in 30 days")
    activity.locator("summary").click()
    expect(activity).to_contain_text("kind: sign-in")
    activity.get_by_role("button", name="Copy a sample event").click()
    expect(page.get_by_role("status").filter(has_text="Sample event copied")).to_be_visible()
    sample = json.loads(page.evaluate("navigator.clipboard.readText()"))
    house.send(tenant, {**sample, "id": "sample", "source": {"type": "portal"}})
    activity.get_by_role("button", name="Take back").click()
    expect(activity).to_contain_text("It is the product's own, so there is nothing to take back.")

    box.get_by_role("button", name="New activity…").click()
    dialog.get_by_label("Name").fill("kiosk.opened")
    dialog.get_by_label("Category").fill("Kiosks")
    dialog.get_by_label("Kind").select_option("configuration")
    dialog.get_by_label("Template").fill("Kiosk {name} opened by {user}")
    expect(dialog.locator(".preview")).to_have_text("Reads: Kiosk Flight Scanner opened by jane.roe")
    expect(dialog.get_by_label("user is a person, who can be forgotten")).to_be_checked()
    dialog.get_by_label("Template").fill("Kiosk {name opened")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("braces must contain the name of a parameter")
    dialog.get_by_label("Template").fill("Kiosk {name} opened by {user}")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    box.get_by_label("Search the catalogue").fill("kiosk")
    expect(box.locator(".activity")).to_contain_text("kiosk.opened")
    with house.client(tenant) as admin:
        (own,) = [one for one in admin.get("/v1/catalogue").json()["activities"] if one["activity"] == "kiosk.opened"]
    params = [{"name": "name", "type": "text"}, {"name": "user", "type": "person"}]
    assert (own["kind"], own["variants"][0]["params"]) == ("configuration", params)

    box.get_by_role("button", name="Make it strict").click()
    expect(dialog).to_contain_text("In the last 7 days it would have refused 1 events of 1 activities:")
    expect(dialog.get_by_role("row")).to_have_text(["kiosk.closed1"])
    dialog.get_by_role("button", name="Make it strict").click()
    expect(box).to_contain_text("Strict: activities that the catalogue lacks are refused.")
    box.get_by_role("button", name="Open it").click()
    dialog.get_by_role("button", name="Open it").click()
    expect(box).to_contain_text("Open: ")
    box.locator(".activity").locator("summary").click()
    box.get_by_role("button", name="Take back").click()
    expect(box).to_contain_text("No activity has this in its name or its words.")


def test_operations_forget_a_person(visit: Visit, house: House, tenant: str) -> None:
    """The username is asked for, and what remains is said. Nobody of that name is found afterwards. Other environments
    are left alone, unless they are asked for.
    """
    page = visit(tenant, "operations", "#/settings/people")
    box, dialog = section(page, "People"), page.get_by_role("dialog")
    box.get_by_label("Username or name").fill("haddad")
    box.get_by_role("button", name="Look").click()
    box.get_by_role("button", name="Forget noor.haddad").click()
    expect(dialog).to_contain_text("what streams have already received")
    expect(dialog.get_by_label("In every environment, not only in prod")).not_to_be_checked()
    forget = dialog.get_by_role("button", name="Forget")
    dialog.get_by_label("Type noor.haddad to confirm").fill("noor")
    expect(forget).to_be_disabled()
    dialog.get_by_label("Type noor.haddad to confirm").fill("noor.haddad")
    with page.expect_request("**/forget*") as asked:
        forget.click()
    assert asked.value.url.endswith("/forget?environment=prod"), "not in every environment"
    expect(dialog.get_by_role("listitem")).to_have_text(["Forgotten in prod: the record of it"])
    dialog.get_by_role("button", name="Close").click()
    expect(box).to_contain_text("Nobody has such a name.")
    with house.client(tenant) as admin:
        (event,) = admin.get("/v1/events", params={"activity": "user-access.login", "limit": 1}).json()["events"][-1:]
        assert admin.get("/v1/actors", params={"prefix": "noor"}).json()["actors"] == []
    assert event["actor"]["username"] != "noor.haddad"


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (NARROW, True)])
def test_everybody_can_read_the_settings(visit: Visit, tenant: str, size: tuple[int, int], dark: bool) -> None:
    """Axe finds nothing in any section, and nothing is wider than the page."""
    page = visit(tenant, "operations", "#/settings/retention", size=size, dark=dark)
    sections = page.get_by_role("navigation", name="Settings").get_by_role("link")
    expect(sections.first).to_be_visible()
    for place in range(sections.count()):
        sections.nth(place).click()
        expect(page.locator(".settings-body").get_by_role("heading").first).to_be_visible()
        expect(page.get_by_text("Reading…")).to_have_count(0)
        assert not axe(page), sections.nth(place).text_content()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), sections.nth(place).text_content()
