"""The console's log in a real browser, on a log of 100,000 events on DynamoDB Local.

It runs only by name, `python -m benchmarks.console_log`, and starts its own Daybook on free ports. Sending the events
takes most of its time.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks.measuring import Row, table
from events.typical import TYPICAL
from infra.page.build import build
from tests.support.chromium import ARGUMENTS, chromium
from tests.support.running_daybook import LocalDaybook, make_tenant, running_daybook

PRODUCT = "jiffy"
TENANT = "long-log"
EVENTS = 100_000
ACTORS = 200
DAYS = 80
_AT_ONCE = 500
_THREADS = 4
ROUNDS = 5
PAGES = 20
PAGE = 50

# Milliseconds from navigation to the first row in the document.
_FIRST_ROW = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".rows .what")) return;
  requestAnimationFrame(() => requestAnimationFrame(() => { window.firstRow = performance.now(); }));
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
# Milliseconds from the last byte of the answer to a search to the frame after that in which its rows were drawn.
_PAINTED = """
async (fragment) => {
  const until = (test) => new Promise((done) => {
    const look = () => (test() ? done() : requestAnimationFrame(look));
    look();
  });
  performance.clearResourceTimings();
  const before = document.querySelector(".rows .what")?.id;
  location.hash = fragment;
  await until(() => {
    const first = document.querySelector(".rows[aria-busy=false] .what");
    return first && first.id !== before;
  });
  const painted = await new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))));
  const calls = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/v1/events?"));
  return painted - calls[0].responseEnd;
}
"""


def rows(local_daybook: LocalDaybook, events: int = EVENTS) -> Iterator[Row]:
    key = _loaded(local_daybook, events)
    address = f"{local_daybook.url}/console#key={key}&to=log?component!=Audit%20Log"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        first = []
        for _ in range(ROUNDS + 1):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(_FIRST_ROW)
            page.goto(address)
            page.wait_for_function("() => window.firstRow")
            first.append(page.evaluate("() => window.firstRow"))
            if len(first) <= ROUNDS:
                page.close()
        # The first opens the functions' connections.
        yield Row(
            f"first rows of a log of {events:,}, from navigation, median of {ROUNDS}: all of them",
            f"{statistics.median(first[1:]):,.0f} ms: {_told(first[1:])}",
            "1,000 ms",
        )
        painted = [
            page.evaluate(_PAINTED, f"#/log?component!=Audit%20Log&actor=worker.number{number}")
            for number in range(ROUNDS)
        ]
        yield Row(
            f"a filter's rows painted after the API's answer, median of {ROUNDS}: all of them",
            f"{statistics.median(painted):,.0f} ms: {_told(painted)}",
            "100 ms",
        )
        page.goto(f"{local_daybook.url}/console#/log?component!=Audit%20Log&range=12m")
        most, heap = _scrolled(page)
        yield Row(
            f"{PAGES} pages scrolled through: most rows in the document, heap",
            f"{most}, {heap / 1e6:.0f} MB",
            "500",
        )
        browser.close()


def _loaded(local_daybook: LocalDaybook, events: int) -> str:
    """Sends the events, spread evenly, and gives an auditor's key."""
    with local_daybook.operations as operations:
        assert make_tenant(operations, TENANT, PRODUCT).status_code == 201
        limits = {"calls_a_minute": 100_000, "events_a_second": 100_000, "events_a_day": 10_000_000}
        limited = operations.patch(f"/v1/tenants/{TENANT}", json={"limits": limits})
        assert limited.is_success, limited.text
        made = operations.post(f"/v1/tenants/{TENANT}/keys", json={"role": "auditor", "label": "Benchmark"})
        key: str = made.json()["key"]
    now = datetime.now(UTC)
    with ThreadPoolExecutor(_THREADS) as threads, _producer(local_daybook) as producer:

        def send(start: int) -> None:
            body = {"events": [_event(number, events, now) for number in range(start, start + _AT_ONCE)]}
            for _ in range(20):
                answer = producer.post("/v1/events", json=body)
                if answer.status_code in (201, 422):
                    assert answer.status_code == 201, answer.text[:500]
                    return
                time.sleep(1)
            raise AssertionError(answer.text[:500])

        for _ in threads.map(send, range(1, events, _AT_ONCE)):
            pass
    return key


def _event(number: int, events: int, now: datetime) -> dict[str, Any]:
    typical = TYPICAL[PRODUCT]
    worker = f"worker.number{number % ACTORS}"
    actor = {
        **typical["actor"],
        "id": f"u-{number % ACTORS}",
        "username": worker,
        "email": f"{worker}@customer.example",
    }
    at = now - timedelta(days=DAYS) * number / events
    return {**typical, "id": f"evt-{number}", "occurred_at": at.isoformat(), "actor": actor}


def _producer(local_daybook: LocalDaybook) -> httpx.Client:
    headers = {"Authorization": f"Bearer {local_daybook.operations_key}", "Daybook-Tenant": TENANT}
    return httpx.Client(base_url=local_daybook.url, headers=headers, timeout=120)


def _scrolled(page: Page) -> tuple[int, int]:
    """The most rows that were in the document at once, and the bytes of the heap at the end."""
    page.wait_for_selector(".rows[aria-busy=false] .what")
    most = 0
    while int(page.locator(".rows tr[aria-rowindex]").last.get_attribute("aria-rowindex") or 0) < PAGES * PAGE:
        page.evaluate("() => { const rows = document.querySelector('.rows'); rows.scrollTop = rows.scrollHeight; }")
        page.wait_for_timeout(50)
        most = max(most, page.locator(".rows .what").count())
    return most, page.evaluate("() => performance.memory.usedJSHeapSize")


def _told(milliseconds: list[float]) -> str:
    return ", ".join(f"{each:,.0f}" for each in milliseconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help=f"how many ({EVENTS:,}), in steps of {_AT_ONCE}")
    asked = parser.parse_args()
    build()
    with (
        tempfile.TemporaryDirectory() as data,
        running_daybook(Path(data), DAYBOOK_STORE="dynamodb-local") as local_daybook,
    ):
        print(table(rows(local_daybook, asked.events)))


if __name__ == "__main__":
    main()
