"""`#/verify`: exports and proofs are checked in the browser, without signing in, and nothing is sent."""

import base64
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from tests.browser.conftest import PROVEN, Visit
from tests.support.browsing import NARROW, axe
from tests.verify.made_export import FROM, MadeExport, event, made_export, packed
from tests.verify.made_log import LOG, LOGS_TIME, MadeLog
from tests.verify.test_export import FORGERIES
from tests.verify.test_mutations import MUTATIONS

KEYS = f"{LOG.line}\n{LOGS_TIME.line}"
FILE, EVIDENCE, MANIFEST = "AuditLogs.csv", "AuditLogs.csv.evidence.ndjson", "AuditLogs.csv.manifest.json"

# How long the page was deaf, at the longest: a timer measures how late it comes.
_LISTEN = """() => {
  window.deaf = 0;
  let last = performance.now();
  setInterval(() => {
    window.deaf = Math.max(window.deaf, performance.now() - last);
    last = performance.now();
  }, 10);
}"""


def payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def files_of(made: MadeExport) -> tuple[bytes, bytes]:
    file = made.file()
    return file, packed(made.evidence(file))


def check(page: Page, *files: FilePayload, verdict: str | None = None) -> str:
    """Chooses these files, checks them, and answers the verdict."""
    for button in page.get_by_role("button", name="Remove").all()[::-1]:
        button.click()
    page.get_by_label("Drop files here").set_input_files([*files])
    for each in files:
        expect(page.get_by_text(each["name"], exact=True)).to_be_visible()
    page.get_by_role("button", name="Check", exact=True).click()
    shown = page.get_by_role("region", name="Result").get_by_role("heading")
    if verdict is not None:
        expect(shown).to_contain_text(verdict)
    return shown.inner_text()


def result(page: Page) -> str:
    return page.get_by_role("region", name="Result").inner_text()


@pytest.fixture
def page(visit: Visit) -> Page:
    opened = visit(None, address="#/verify")
    opened.get_by_label("Key of the log").fill(KEYS)
    return opened


def test_a_genuine_export_is_shown_to_be_complete(visit: Visit) -> None:
    """Rows, none missing, who signed and as of when; the command that finds the same. No call is made for it."""
    file, evidence = files_of(made_export(17, view="carear"))
    manifest = base64.b64decode(json.loads(evidence.splitlines()[0])["manifest"])
    sent: list[str] = []
    for size, dark in (((1440, 900), False), (NARROW, True)):
        page = visit(None, address="#/verify", size=size, dark=dark)
        page.get_by_label("Key of the log").fill(KEYS)
        page.on("request", lambda request: sent.append(request.url))
        check(page, payload(FILE, file), payload(EVIDENCE, evidence), payload(MANIFEST, manifest), verdict="Genuine")
        shown = result(page)
        for said in ("17, each as it was recorded", "none of the span", LOG.name, "2026-11-18T11:06:40Z", "acme, prod"):
            assert said in shown
        assert f"daybook-verify export {FILE} --evidence {EVIDENCE} --key '{LOG.line}'" in shown
        assert sent == []
        assert not axe(page)
        key = page.get_by_label("Key of the log")
        key.press_sequentially(" ")
        expect(page.get_by_role("region", name="Result")).not_to_be_visible()
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.get_by_role("heading", name="Genuine")).to_be_visible()
        page.get_by_role("button", name="Remove manifest").click()
        expect(page.get_by_role("region", name="Result")).not_to_be_visible()
        page.context.close()


def test_changed_files_are_found(page: Page) -> None:
    """Each kind of change that the tests of the auditor's program make, in the page itself."""
    random = Random(7)  # noqa: S311  a test's choices
    made = made_export(5)
    file, evidence = files_of(made)
    changed = [mutation(file, evidence, random) for mutation in MUTATIONS]
    changed += [(file, packed(forgery(made.evidence(file)))) for forgery in FORGERIES.values()]
    assert len(changed) > 30
    # What names another version, or can't be read at all, is said to need a newer page.
    for number, (other, proof) in enumerate(changed):
        found = check(page, payload(FILE, other), payload(EVIDENCE, proof))
        assert "Not genuine" in found or "Could not tell" in found, number
    assert "Genuine" in check(page, payload(FILE, file), payload(EVIDENCE, evidence))


def test_what_is_missing_is_named(page: Page) -> None:
    """An event that was left out; a filtered export says nothing of it; one without evidence proves nothing."""
    made = made_export(8)
    index, _ = made.rows.pop(3)
    check(page, *named(*files_of(made)), verdict="Not genuine")
    assert f"MISSING: entry {index}," in result(page)
    check(page, *named(*files_of(made_export(3, changed={"filters": ["q"]}))), verdict="Genuine")
    assert "not said: the export was filtered" in result(page)
    file, evidence = files_of(made_export(3))
    manifest = base64.b64decode(json.loads(evidence.splitlines()[0])["manifest"])
    check(page, payload(FILE, file), payload(MANIFEST, manifest), verdict="Could not tell")
    assert "nobody has signed file or manifest" in result(page)
    check(page, payload(FILE, file + b"x"), payload(MANIFEST, manifest), verdict="Not genuine")
    other = payload(MANIFEST, manifest.replace(b'"rows": 3', b'"rows": 4'))
    check(page, *named(file, evidence), other, verdict="Not genuine")
    assert "the manifest beside the file is not the one in the evidence" in result(page)


def test_keys_are_the_readers_own(page: Page) -> None:
    """Without a key nothing can be checked, a mistyped one is said to be, another one has signed nothing."""
    file, evidence = files_of(made_export(3))
    key = page.get_by_label("Key of the log")
    key.fill(LOG.line.replace("abc", "abd"))
    check(page, *named(file, evidence), verdict="Could not tell")
    assert "mistyped" in result(page)
    key.fill(LOGS_TIME.line)
    check(page, *named(file, evidence), verdict="Not genuine")
    assert "no given key of that log has signed it" in result(page)
    key.fill("")
    expect(page.get_by_role("button", name="Check", exact=True)).to_be_disabled()
    expect(page.get_by_text("The log's key is missing.")).to_be_visible()


def test_the_proof_of_an_event_is_checked_as_well(page: Page) -> None:
    """The answer of `GET /v1/events/{id}/proof`, by whatever name it was saved."""
    log, stored = MadeLog(), [event(number, FROM + number, FROM + number) for number in range(7)]
    for each in stored:
        log.add(each)
    proof = log.proof(stored[3], 3)
    check(page, payload("saved.txt", json.dumps(proof).encode()), verdict="Genuine")
    assert "it is entry 3 of that log" in result(page)
    assert "daybook-verify proof saved.txt --key" in result(page)
    check(page, payload("saved.txt", json.dumps(proof | {"leaf": "00" * 32}).encode()), verdict="Not genuine")


def test_a_large_export_leaves_the_page_alive_and_can_be_stopped(page: Page) -> None:
    """It is checked a few rows at a time."""
    file, evidence = files_of(made_export(4_000))
    stop = page.get_by_role("button", name="Stop")
    page.get_by_label("Drop files here").set_input_files([*named(file, evidence)])
    expect(page.get_by_text(EVIDENCE, exact=True)).to_be_visible()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text(" of 4,000 rows")).to_be_visible()
    stop.click()
    expect(stop).not_to_be_visible()
    expect(page.get_by_role("region", name="Result")).not_to_be_visible()


@pytest.mark.parametrize("rows", [10_000, pytest.param(100_000, marks=(pytest.mark.long, pytest.mark.nightly))])
def test_a_very_large_export_leaves_the_page_alive(page: Page, tmp_path: Path, rows: int) -> None:
    """The page is never deaf for a second, however busy the machine, and ends within three minutes."""
    file, evidence = files_of(made_export(rows, view="carear"))
    paths = [tmp_path / FILE, tmp_path / EVIDENCE]
    for path, data in zip(paths, (file, evidence), strict=True):
        path.write_bytes(data)
    page.evaluate(_LISTEN)
    page.get_by_label("Drop files here").set_input_files(paths)
    expect(page.get_by_text(EVIDENCE, exact=True)).to_be_visible()
    page.get_by_role("button", name="Check", exact=True).click()
    heading = page.get_by_role("region", name="Result").get_by_role("heading")
    expect(heading).to_contain_text("Genuine", timeout=180_000)
    deaf: Any = page.evaluate("window.deaf")
    assert deaf < 1_000, deaf


def test_from_an_export_of_ones_own_to_its_verdict(visit: Visit, tmp_path: Path) -> None:
    """An admin's three files and the key beside them are all that somebody else needs, who has no key of Daybook."""
    admin = visit(PROVEN, address="#/exports")
    row = admin.get_by_role("row").nth(1)
    row.get_by_role("link", name="last 30 days").click()
    expect(row).to_contain_text("Ready", timeout=180_000)
    paths = [fetched(admin, button, tmp_path) for button in ("Download", "Manifest", "Evidence")]
    facts = admin.locator(".export-facts")
    keys = facts.locator("dt", has_text="Key of the log").locator("+ dd").locator("code").all_text_contents()
    assert len(keys) == 2
    for line in keys:
        expect(facts.locator("pre")).to_contain_text(f"--key '{line}'")
    assert not axe(admin)

    page = visit(None, address="#/verify")
    page.get_by_label("Drop files here").set_input_files(paths)
    expect(page.get_by_text(paths[2].name, exact=True)).to_be_visible()
    key = page.get_by_label("Key of the log")
    act = page.get_by_role("button", name="Check", exact=True)
    for other, said in (("ab" * 32, "SHA-256"), (keys[0] + "\ndbk_x_y", "signing in"), ("key", "not the key of a log")):
        key.fill(other)
        expect(page.get_by_role("alert")).to_contain_text(said)
        expect(act).to_be_disabled()
    key.fill("\n".join(keys))
    expect(page.get_by_role("alert")).to_have_count(0)
    act.click()
    expect(page.get_by_role("region", name="Result").get_by_role("heading")).to_contain_text("Genuine")
    for said in ("none of the span", "entries of the log", "by the clock of", f"{PROVEN}, prod"):
        assert said in result(page)


def test_evidence_begins_where_the_log_begins(visit: Visit) -> None:
    """So that it shows that none is missing also to somebody who kept nothing of the log."""
    page = visit(PROVEN, address="#/log?range=30d")
    sent: list[Any] = []

    def take(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.abort()

    page.route("**/v1/exports", take)
    page.get_by_role("button", name=re.compile("^Export")).click()
    dialog = page.get_by_role("dialog", name="Export")
    dialog.get_by_role("checkbox", name="With evidence").check()
    dialog.get_by_role("button", name="Export", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert (sent[0]["evidence"], sent[0]["evidence_since"]) == (True, 0)


def fetched(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).first.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def named(file: bytes, evidence: bytes) -> tuple[FilePayload, FilePayload]:
    return payload(FILE, file), payload(EVIDENCE, evidence)
