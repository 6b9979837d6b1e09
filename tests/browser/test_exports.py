"""Exports: what is on screen, said in words, as a file; followed, fetched and cancelled."""

import csv
import hashlib
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Download, Page, Route, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, axe

ASKED = "#/log?status=failure&actor!=System&range=12m"
WORDS = "status is failure, actor is not System, last 12 months"
FORM = "newest first, as Fieldworks' columns, times in Europe/Berlin (UTC+1)"


def opened(page: Page) -> Any:
    """The dialog, by its key."""
    expect(page.get_by_role("row").nth(2)).to_be_visible()
    page.keyboard.press("e")
    return page.get_by_role("dialog", name="Export")


def fetched(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_an_export_is_what_is_on_screen(visit: Visit, house: House) -> None:
    """The dialog says what it will hold; the list says the same again; the file has these rows and that hash."""
    page = visit("carear", "admin", ASKED)
    dialog = opened(page)
    sentence = dialog.locator(".export-sentence")
    expect(sentence).to_contain_text(f"{WORDS}, {FORM}")
    expect(sentence).to_contain_text(re.compile(r": \d+ rows"))
    rows = int(re.findall(r": (\d+) rows", sentence.inner_text())[0])
    evidence = dialog.get_by_role("checkbox", name="With evidence")
    dialog.get_by_role("combobox", name="Format").select_option("ndjson")
    expect(evidence).to_be_disabled()
    expect(dialog).to_contain_text("For NDJSON only with every field.")
    dialog.get_by_role("combobox", name="Columns").select_option("native")
    expect(evidence).to_be_enabled()
    dialog.get_by_role("combobox", name="Format").select_option("csv")
    dialog.get_by_role("combobox", name="Columns").select_option("carear")
    assert not axe(page)
    dialog.get_by_role("button", name="Export", exact=True).click()

    expect(page.get_by_role("heading", name="Exports")).to_be_visible()
    row = page.locator(".exports tr[aria-current]")
    expect(row).to_contain_text("Ready", timeout=60_000)
    expect(row.get_by_role("link", name="last 12 months")).to_have_text(re.compile("status is failure.*last 12 months"))
    expect(row).to_contain_text("expires in 7 days")
    facts = page.locator(".export-facts")
    expect(facts).to_contain_text(FORM)
    assert not axe(page)
    name, content = fetched(page, "Download")
    assert re.fullmatch(r"AuditLogs_\d{8}_\d{6}\.csv", name)
    expect(facts).to_contain_text(hashlib.sha256(content).hexdigest())
    shown = list(csv.DictReader(io.StringIO(content.decode())))
    with house.client("carear", "auditor") as reader:
        asked = [("status", "failure"), ("actor!", "System"), ("range", "12m"), ("view", "carear"), ("limit", "500")]
        found = reader.get("/v1/events", params=[*asked, ("tz", "Europe/Berlin")]).json()["events"]
    assert shown == found
    assert rows == len(found)
    downloaded: list[Download] = []
    page.on("download", lambda each: downloaded.append(each))  # noqa: PLW0108  Playwright needs a function of Python
    with page.expect_download(lambda each: each.suggested_filename.endswith(".manifest.json")):
        facts.get_by_role("button", name="File and manifest").click()
    facts.get_by_role("button", name="with curl").click()
    first, second = facts.locator("pre").inner_text().splitlines()
    assert re.fullmatch(rf"curl --fail --output {re.escape(name)} 'http\S+'", first)
    assert second.startswith(f"curl --fail --output {name}.manifest.json ")
    assert httpx.get(first.split("'")[1]).content == content
    assert [each.suggested_filename for each in downloaded] == [name, f"{name}.manifest.json"]
    manifest = json.loads(Path(downloaded[1].path()).read_bytes())
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    page.get_by_role("button", name="Delete").first.click()
    expect(row).to_contain_text("Files deleted")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)


def test_one_under_way_survives_a_reload_and_is_cancelled(visit: Visit) -> None:
    """One with evidence waits a minute and a half. Somebody without a mouse, in the dark, on a telephone."""
    page = visit("jiffy", "auditor", "#/log?range=7d&q=zz-nothing", size=NARROW, dark=True)
    page.get_by_role("button", name=re.compile("^Export")).click()
    dialog = page.get_by_role("dialog", name="Export")
    expect(dialog.locator(".export-sentence")).to_contain_text(re.compile("text has .zz-nothing., last 7 days"))
    dialog.get_by_role("checkbox", name="With evidence").check()
    assert not axe(page)
    dialog.get_by_role("button", name="Export", exact=True).click()
    row = page.locator(".exports tr[aria-current]")
    expect(row).to_contain_text(re.compile("Waiting|%"))
    page.reload()
    expect(row).to_contain_text("a filter on text that is not kept here")
    expect(row).not_to_contain_text("zz-nothing")
    expect(page.locator(".export-facts")).to_contain_text("follows once the log has sealed every row")
    assert not axe(page)
    page.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(row).to_contain_text("Cancelled")


def test_the_sentence_says_who_and_what_is_left_out(visit: Visit, house: House) -> None:
    """Every value of a filter, and people by the name that they have now. The default view leaves records out, so that
    nothing can prove that none is missing: one button takes them in.
    """
    house.tenant("export-words")
    for username, hours in (("jo.then", 9), ("jo.now", 8), ("jo.now", 7)):
        at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")
        actor = {"type": "user", "id": "jo", "username": username}
        house.send("export-words", {"activity": "door.opened", "occurred_at": at, "actor": actor})
    with house.client("export-words", "auditor") as reader:
        guid = reader.get("/v1/actors", params={"q": "jo.now"}).json()["actors"][0]["id"]
    doors = [f"door.{number}" for number in range(7)]
    query = "&".join(f"activity={door}" for door in [*doors, "door.opened"])
    page = visit("export-words", "auditor", f"#/log?actor={guid}&{query}")
    dialog = opened(page)
    sentence = dialog.locator(".export-sentence")
    expect(sentence).to_contain_text("actor is jo.now,")
    expect(sentence).to_contain_text(f"activity is {' or '.join([*doors, 'door.opened'])}, all that is kept")
    expect(dialog.get_by_role("button", name="Export them too")).to_have_count(0)
    page.keyboard.press("Escape")
    with house.client("export-words", "operations") as operations:
        assert operations.post(f"/v1/actors/{guid}/forget").is_success
    opened(page)
    expect(sentence).to_contain_text(f"actor is {guid[:8]}…,")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit: actor is")).not_to_contain_text("jo.now")

    page.get_by_role("link", name="Daybook", exact=True).click()
    dialog = opened(page)
    expect(dialog).to_contain_text("the evidence can't show that no row is missing")
    dialog.get_by_role("button", name="Export them too").click()
    expect(sentence).to_contain_text(re.compile("^Last 30 days, newest first"))
    expect(dialog).to_contain_text("and that none is missing")
    assert not axe(page)


def test_the_list_is_of_the_tenant_in_the_address_and_waits_for_the_tab(visit: Visit, house: House) -> None:
    """A tab in the background reads nothing, and reads as soon as somebody looks at it."""
    house.tenant("export-none")
    with house.client("carear") as admin:
        made = admin.post("/v1/exports", json={"filters": {"range": "7d"}})
        assert made.status_code == 202, made.text
    page = visit("carear", "operations", "#/alerts")
    expect(page.get_by_role("heading", name="Alerts")).to_be_visible()
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    page.get_by_role("link", name="Exports").click()
    expect(page.locator(".column[aria-busy=true] h1")).to_have_text("Exports")
    page.evaluate("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("link", name="last 7 days").first).to_be_visible()

    page.route("**/v1/exports", lambda _: None)
    page.evaluate("location.hash = location.hash.replace('carear-demo', 'export-none')")
    expect(page.locator(".column[aria-busy=true] h1")).to_have_text("Exports")
    expect(page.locator(".exports")).to_have_count(0)
    page.unroute_all()
    page.reload()
    expect(page.get_by_text("There are none yet.")).to_be_visible()


def test_nothing_is_asked_for_of_a_tenant_chosen_meanwhile(visit: Visit, house: House) -> None:
    """Where evidence begins is read first. Whoever goes to another tenant until then gets nothing of either."""
    house.tenant("export-none")
    page = visit("carear", "operations", "#/log?range=7d")
    held: list[Route] = []
    page.route("**/v1/logs", lambda route: held.append(route))  # noqa: PLW0108  Playwright needs a function of Python
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    dialog = opened(page)
    dialog.get_by_role("checkbox", name="With evidence").check()
    with page.expect_request("**/v1/logs"):
        dialog.get_by_role("button", name="Export", exact=True).click()
    page.evaluate("location.hash = location.hash.replace('carear-demo', 'export-none')")
    expect(page.locator(".rows tbody")).to_contain_text("audit-log.key-created")
    with page.expect_response("**/v1/logs"):
        held.pop().continue_()
    page.get_by_role("link", name="Exports").click()
    expect(page.get_by_text("There are none yet.")).to_be_visible()
    assert not posted


@pytest.mark.parametrize("answer", ["too_many_exports", "offline"])
def test_what_could_not_be_asked_for_is_said_in_the_dialog(visit: Visit, answer: str) -> None:
    """The dialog stays, with what was chosen."""
    page = visit("carear", "admin", ASKED)
    detail = "The tenant has 12 exports waiting or running. Try again when one of them is done."
    problem = {"type": "urn:x", "title": "x", "status": 429, "detail": detail, "code": answer}

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
        elif answer == "offline":
            route.abort()
        else:
            route.fulfill(status=429, body=json.dumps(problem), content_type="application/problem+json")

    page.route("**/v1/exports", refuse)
    dialog = opened(page)
    dialog.get_by_role("checkbox", name="For Excel on Windows").check()
    dialog.get_by_role("button", name="Export", exact=True).click()
    said = detail if answer != "offline" else "The service was not reached. Nothing was asked for."
    expect(dialog.get_by_role("alert")).to_have_text(said)
    expect(dialog.get_by_role("checkbox", name="For Excel on Windows")).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
