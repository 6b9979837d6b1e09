"""The rows of the log: paged, windowed, sorted, in the reader's zone and columns, moved in by keys."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Request, Route, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, axe, hold_still

TENANT = "rows"
EVENTS = 1_060
"""Over 20 pages."""
DAYS = 25
ALL = "#/log?component!=Audit%20Log"


@pytest.fixture(scope="module")
def rows(house: House) -> str:
    house.tenant(TENANT, "carear")
    now = datetime.now(UTC)
    events = [_event(number, now - timedelta(days=DAYS) * number / EVENTS) for number in range(1, EVENTS + 1)]
    for start in range(0, EVENTS, 500):
        house.send(TENANT, *events[start : start + 500])
    return TENANT


def _event(number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "occurred_at": at.isoformat(),
        "activity": "user-access.login",
        "status": "failure" if number % 10 == 3 else "success",
        "actor": {"type": "user", "username": ("mike.mars", "jane.roe")[number % 2], "name": "Somebody"},
        "details": f"Row {number}",
        "context": {"ip": f"203.0.113.{number % 7}", "session_id": f"s{number}"},
    }


def _main(page: Page) -> Locator:
    return page.locator(".rows .what")


def _box(of: Locator) -> FloatRect:
    box = of.bounding_box()
    assert box
    return box


def _asked(page: Page, path: str) -> list[Mapping[str, list[str]]]:
    """The queries of the calls of a path from now on."""
    asked: list[Mapping[str, list[str]]] = []

    def note(request: Request) -> None:
        parts = urlsplit(request.url)
        if path in parts.path:
            asked.append(parse_qs(parts.query))

    page.on("request", note)
    return asked


def test_twenty_pages_keep_at_most_500_rows_in_the_document(visit: Visit, rows: str) -> None:
    """Pages come as the foot comes near. Each event is shown once, in order, also after scrolling back and forth."""
    page = visit(rows, address=ALL)
    expect(_main(page).first).to_have_text("Row 1")
    words = page.locator(".status-words")
    expect(words).to_contain_text(f"about {EVENTS:,} events")  # retention does not begin at a whole hour
    expect(page.get_by_role("button", name=f"Export about {EVENTS:,}")).to_be_visible()
    midnight = (datetime.now(UTC) - timedelta(days=DAYS + 2)).strftime("%Y-%m-%dT00:00:00Z")
    page.evaluate("hash => { location.hash = hash }", f"{ALL}&from={midnight}")
    expect(words).to_have_text(re.compile(f"^{EVENTS:,} events"))
    expect(page.get_by_role("button", name=f"Export {EVENTS:,}")).to_be_visible()
    seen, most = set[str](), 0
    box = page.locator(".rows")
    for _ in range(400):
        texts = _main(page).all_text_contents()
        assert texts == sorted(texts, key=lambda text: int(text.split()[1]))
        seen.update(texts)
        most = max(most, len(texts))
        if f"Row {EVENTS}" in texts:
            break
        box.evaluate("box => { box.scrollTop += box.clientHeight * 0.9 }")
        page.wait_for_timeout(30)
    assert len(seen) == EVENTS
    assert most <= 500
    expect(page.locator(".foot")).to_contain_text(f"{EVENTS:,} shown of {EVENTS:,} · all that match")
    expect(page.locator(".rows table")).to_have_attribute("aria-rowcount", str(EVENTS + 1))
    # The day's heading sticks although the row that it came with has left the document.
    heading = page.locator("tr.day").first
    box.evaluate("box => { box.scrollTop = box.scrollHeight / 2 }")
    expect(heading).to_be_visible()
    top = _box(box)
    page.wait_for_function(
        "([x, y]) => document.elementFromPoint(x, y)?.closest('tr')?.className === 'day'",
        arg=[top["x"] + 30, top["y"] + 55],  # below the columns' names
    )
    box.evaluate("box => { box.scrollTop = 0 }")
    expect(_main(page).first).to_have_text("Row 1")
    assert len(page.query_selector_all(".rows tbody tr")) <= 500 + DAYS


def test_days_are_those_of_the_times_beside_them(visit: Visit) -> None:
    """A view whose column is in UTC has UTC's days, whatever zone the reader is in."""
    page = visit("symbee", "auditor", "#/log?range=30d", zone="Asia/Kolkata")
    expect(_main(page).nth(20)).to_be_visible()
    texts = page.locator(".rows tbody tr:not(.spacer tr)").all_inner_texts()
    day = ""
    for text in texts:
        if found := re.search(r"\d{4}-\d\d-\d\dT", text):
            assert found[0] == day
        else:
            day = f"{datetime.strptime(text.strip(), '%A %d %B %Y').replace(tzinfo=UTC):%Y-%m-%dT}"


def test_data_of_over_5000_rows_is_let_go_of_and_read_again(visit: Visit, rows: str) -> None:
    """Back at the top, the first pages are read again by their cursor."""
    page = visit(rows, address="#/event/none", expects=("404",))
    asked: list[int] = []

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        start = int(query.get("cursor", ["0"])[0])
        asked.append(start)
        native = [_native(number) for number in range(start, start + 50)]
        shown = [
            {"Date": "", "Time": "", "Username": "", "Event Category": "", "Event Description": each["details"]}
            for each in native
        ]
        body = {"columns": list(shown[0]), "events": shown, "native": native, "next_cursor": str(start + 50)}
        route.fulfill(json={**body, "scanned": 50, "reached": native[-1]["occurred_at"], "index": "timeline"})

    page.route(re.compile(r"/v1/events\?"), answer)
    page.evaluate(f"location.hash = '{ALL}'")
    expect(_main(page).first).to_have_text("Row 0")
    box = page.locator(".rows")
    while len(asked) < 105:
        box.evaluate("box => { box.scrollTop = box.scrollHeight }")
        page.wait_for_timeout(20)
    assert asked == [50 * number for number in range(len(asked))]
    asked.clear()
    box.evaluate("box => { box.scrollTop = 0 }")
    expect(_main(page).first).to_have_text("Row 0")
    assert 0 in asked


def _native(number: int) -> dict[str, Any]:
    """The event of a row that no log holds; ids and times fall."""
    at = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(minutes=number)
    none = dict.fromkeys(
        ("caused_by", "changes", "params", "people", "sender", "source", "target", "variant", "adjusted")
    )
    actor = {
        "type": "system",
        "username": "System",
        **dict.fromkeys(("id", "name", "email", "client_id", "user_type", "roles", "impersonator")),
    }
    return {
        **none,
        "id": f"{1_000_000 - number:08}",
        "client_id": None,
        "activity": "a.b",
        "category": "other",
        "component": "a",
        "event": "b",
        "details": f"Row {number}",
        "status": "success",
        "origin": "system",
        "tenant": TENANT,
        "environment": "prod",
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "received_at": at.isoformat().replace("+00:00", "Z"),
        "actor": {**actor, "forgotten": False},
        "context": dict.fromkeys(("ip", "user_agent", "session_id", "request_id")),
    }


def test_columns_zone_and_marks(visit: Visit, rows: str) -> None:
    """The product's columns, in the zone that the head names; UTC on hover and by one switch; failures have a word."""
    page = visit(rows, address=ALL)
    heads = page.locator(".rows thead th")
    expect(heads).to_have_text(
        ["Date", re.compile(r"Time ▾\s*Europe/Berlin, UTC\+[12]"), "Username", "Event Category", "Event Description"]
    )
    widths = [_box(head)["width"] for head in heads.all()]
    assert widths[4] > 2 * widths[2]  # the description takes the rest
    assert 90 < widths[1] < widths[2]
    failed = page.locator("tr.failed").first
    expect(failed).to_contain_text("failed")
    shadow = failed.locator("td").first.evaluate("cell => getComputedStyle(cell).boxShadow")
    assert "3px" in shadow
    expect(page.locator("tbody td.time").first).to_have_attribute(
        "title", re.compile(r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC$")
    )
    local = page.locator("tbody td.time").first.text_content()
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile("tz=UTC"))
    expect(heads.nth(1)).to_contain_text("UTC")
    expect(page.locator("tbody td.time").first).not_to_have_text(local or "")
    page.keyboard.press("v")
    expect(heads.first).to_contain_text("occurred_at")
    expect(page).to_have_url(re.compile("view=native"))


def test_density_wrapping_and_chosen_columns(visit: Visit, rows: str) -> None:
    """`⋯` changes how the rows look. Density is kept in the browser, columns stand in the address."""
    page = visit(rows, address=ALL)
    row = page.locator(".rows tbody tr:not(.day)").first
    hold_still(page)
    assert 26 <= _box(row)["height"] <= 29
    page.get_by_role("button", name="Rows and columns").click()
    page.get_by_role("menuitemradio", name="Roomy rows").click()
    assert 34 <= _box(row)["height"] <= 37
    page.get_by_role("button", name="Rows and columns").click()
    page.get_by_role("menuitem", name="Choose columns…").click()
    dialog = page.get_by_role("dialog", name="Columns")
    assert dialog.evaluate("box => box.scrollWidth <= box.clientWidth"), "its boxes wrap"
    dialog.get_by_label("Event Category").uncheck()
    dialog.get_by_label("session_id").check()
    dialog.get_by_role("button", name="Show these").click()
    expect(page.locator(".rows thead th")).to_contain_text(
        ["Date", "Time", "Username", "Event Description", "session_id"]
    )
    expect(page.locator(".rows tbody td.id").first).to_have_text("s1")
    assert "session_id" in page.url
    page.reload()
    expect(page.locator(".rows")).to_have_class(re.compile("roomy"))
    expect(page.locator(".rows thead th")).to_have_count(5)


def test_heads_and_times_are_never_cut(visit: Visit) -> None:
    """Ten columns of Symbee's fit a screen of 1440 with their heads whole; so does the longest form of a time."""
    cut = "found => found.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    page = visit("symbee", address=ALL)
    heads = page.locator(".rows thead .label > span:first-child")
    expect(heads).to_have_count(10)
    assert heads.evaluate_all(cut) == []
    page.goto(f"{page.url}&view=generic")
    expect(heads).to_have_count(6)
    times = page.locator(".rows td.moment")
    expect(times.first).to_have_text(re.compile(r"\.\d{3}\+0[12]:00"))
    assert times.evaluate_all(cut) == []


def test_a_cells_value_filters_and_the_row_opens(visit: Visit, rows: str) -> None:
    """`=` and `≠` show at the cell under the pointer. A click elsewhere on the row opens the event, with no call."""
    page = visit(rows, address=ALL)
    asked = _asked(page, "/v1/events")
    cell = page.get_by_role("cell", name="mike.mars").first
    cell.hover()
    page.get_by_role("button", name="Without mike.mars").click()
    expect(page).to_have_url(re.compile(r"actor!=mike\.mars"))
    expect(page.get_by_role("cell", name="mike.mars")).to_have_count(0)
    page.get_by_role("cell", name="jane.roe").first.hover()
    page.get_by_role("button", name="Only jane.roe").click()
    expect(page).to_have_url(re.compile(r"actor=jane\.roe"))
    hold_still(page)
    page.wait_for_load_state("networkidle")
    asked.clear()
    page.locator("tbody td.date").first.click()
    expect(page.get_by_role("complementary", name="Event")).to_contain_text("Row 1")
    expect(page.locator("tr[aria-current]")).to_have_count(1)
    assert not asked


def test_rows_are_moved_in_by_keys(visit: Visit, rows: str) -> None:
    """Tab stops at one row. Arrows, `j` and `k` move from it, Enter opens it, and `f` asks for its person."""
    page = visit(rows, address=ALL)
    expect(_main(page).first).to_be_visible()
    assert page.locator('.rows .what[tabindex="0"]').count() == 1
    page.keyboard.press("j")
    expect(_main(page).first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    expect(_main(page).nth(1)).to_be_focused()
    assert page.locator('.rows .what[tabindex="0"]').all_text_contents() == ["Row 2"]
    for _ in range(40):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Row 62", exact=True)).to_be_attached()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Row 62")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Event")
    expect(drawer).to_contain_text("Row 62")
    page.keyboard.press("f")
    expect(page).to_have_url(re.compile(r"actor=mike\.mars"))


def test_sorting(visit: Visit, rows: str) -> None:
    """Time flips; other columns ask the API; too many keep the old order and offer two ways."""
    page = visit(rows, address=ALL)
    expect(_main(page).first).to_have_text("Row 1")
    time = page.get_by_role("columnheader", name="Time")
    expect(time).to_have_attribute("aria-sort", "descending")
    time.get_by_role("button").click()
    expect(_main(page).first).to_have_text(f"Row {EVENTS}")
    expect(time).to_have_attribute("aria-sort", "ascending")
    assert "sort=occurred_at" in page.url
    page.get_by_role("columnheader", name="Username").get_by_role("button").click()
    expect(page.locator("tbody td.user").first).to_have_text("jane.roe")
    expect(page.locator("tr.day")).to_have_count(0)
    refusal = {
        "type": "about:blank",
        "title": "",
        "status": 422,
        "code": "too_many_to_sort",
        "detail": "6,010 events match.",
    }
    headers = {"Content-Type": "application/problem+json"}
    page.route(
        re.compile(r"sort=-actor"), lambda route: route.fulfill(status=422, headers=headers, body=json.dumps(refusal))
    )
    asked = _asked(page, "/v1/events")
    page.get_by_role("columnheader", name="Username").get_by_role("button").click()
    band = page.locator(".band.warn")
    expect(band).to_contain_text("6,010 events match.")
    assert "sort=actor" in page.url
    expect(page.locator("tbody td.user").first).to_have_text("jane.roe")
    assert len(asked) == 1, "the rows of the old order are not read again"
    expect(band.get_by_role("button", name="Export sorted")).to_be_visible()
    page.unroute(re.compile(r"sort=-actor"))
    band.get_by_role("button", name="Narrow to the last 7 days").click()
    expect(page).to_have_url(re.compile("range=7d.*sort=-actor"))
    expect(page.locator("tbody td.user").first).to_have_text("mike.mars")


def test_cards_on_a_phone(visit: Visit, rows: str) -> None:
    """Two lines a row, no wider than the screen; Live and the menu in a bar at the bottom. axe finds nothing."""
    page = visit(rows, address=ALL, size=NARROW, dark=True)
    card = page.locator(".rows tbody tr:not(.day)").first
    expect(card).to_contain_text(re.compile(r"\d\d:\d\d jane\.roe · User access\s*Row 1"))
    assert 44 <= _box(card)["height"] <= 56
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW[0]
    live = _box(page.get_by_role("button", name="Live"))
    assert live["y"] > NARROW[1] - 60
    hold_still(page)
    assert axe(page) == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(visit: Visit, rows: str, dark: bool) -> None:
    page = visit(rows, address=ALL, dark=dark)
    expect(_main(page).first).to_be_visible()
    hold_still(page)
    assert axe(page) == []


def test_a_key_that_is_revoked_in_mid_scroll_keeps_the_place(visit: Visit, house: House, rows: str) -> None:
    """The rows stay. With another key the next page follows, each event once."""
    with house.client(rows, "operations") as operations:
        made = operations.post(f"/v1/tenants/{rows}/keys", json={"role": "auditor", "label": "Soon revoked"}).json()
        page = visit(address=f"#key={made['key']}&to={ALL.removeprefix('#/')}", expects=("401",))
        expect(_main(page).first).to_have_text("Row 1")
        assert operations.delete(f"/v1/tenants/{rows}/keys/{made['key_id']}").status_code == 204
    box = page.locator(".rows")
    sheet = page.get_by_role("dialog")
    for _ in range(20):
        box.evaluate("box => { box.scrollTop = box.scrollHeight }")
        page.wait_for_timeout(100)
        if sheet.is_visible():
            break
    top = box.evaluate("box => box.scrollTop")
    assert top > 500
    sheet.get_by_label("API key").fill(house.key(rows, "auditor"))
    sheet.get_by_role("button", name="Sign in with the key").click()
    expect(sheet).to_have_count(0)
    expect(page.locator(".foot")).to_contain_text("shown so far")
    assert abs(box.evaluate("box => box.scrollTop") - top) < 5
    texts = _main(page).all_text_contents()
    numbers = [int(text.split()[1]) for text in texts]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
