"""Exports: what is on screen, said in words, as a file; followed, fetched and cancelled."""

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

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
    manifest = json.loads(fetched(page, "Manifest")[1])
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
