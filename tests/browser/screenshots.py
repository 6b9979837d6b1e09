"""`make screenshots`: each demo tenant's log, drawer, overview, story, export and settings, light and dark.

They go to `.cache/screenshots/`, and three small ones to `docs/pictures/`, which the README shows.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from infra import ROOT
from infra.local.template import CACHE
from infra.page.build import build
from tests.browser.conftest import PRODUCTS, House, keys_of, signed_in, tenant_of
from tests.support.browsing import NARROW, WIDE, ZONE, hold_still
from tests.support.chromium import ARGUMENTS, MISSING, chromium
from tests.support.running_daybook import running_daybook

INTO = CACHE / "screenshots"
PICTURES = ROOT / "docs" / "pictures"
SMALL = (1120, 660)
LOG = "#/log?component!=Audit%20Log&range=30d"
"""The log as it is first seen: without what the pictures themselves leave in it."""


def main() -> int:
    program = chromium()
    if not program:
        print(MISSING, file=sys.stderr)  # noqa: T201
        return 1
    build()
    for folder in (INTO, PICTURES):
        folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        running_daybook(Path(data), DAYBOOK_DEMO="1") as daybook,
        sync_playwright() as playwright,
    ):
        house = House(daybook, keys_of(daybook.printed))
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for product in PRODUCTS:
            for dark in (False, True):
                all_of(Camera(browser, house, product, dark))
        for_the_readme(browser, house)
        browser.close()
    print(f"{len([*INTO.iterdir()])} pictures in {INTO.relative_to(ROOT)}")  # noqa: T201
    return 0


class Camera:
    def __init__(self, browser: Browser, house: House, product: str, dark: bool, size: tuple[int, int] = WIDE) -> None:
        self.house, self.product, self.dark = house, product, dark
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            timezone_id=ZONE,
            locale="en-GB",
            reduced_motion="reduce",
        )

    def at(self, address: str) -> Page:
        page = self._context.new_page()
        page.goto(f"{self.house.url}/console{signed_in(self.house, self.product, 'admin', address)}")
        page.locator("h1").first.wait_for(state="attached")
        settled(page)
        return page

    def take(self, page: Page, name: str) -> None:
        settled(page)
        page.screenshot(path=INTO / f"{self.product}-{name}-{'dark' if self.dark else 'light'}.png")

    def end(self) -> None:
        self._context.close()


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    hold_still(page)


def all_of(camera: Camera) -> None:
    log = camera.at(LOG)
    camera.take(log, "log")
    log.locator("tbody tr[aria-rowindex] button").first.click()
    camera.take(log, "drawer")
    log.keyboard.press("Escape")
    log.keyboard.press("e")
    camera.take(log, "export")
    for name, address in (
        ("overview", "#/overview"),
        ("story", f"#/story/{target_of(camera.house, camera.product)}"),
        ("settings", "#/settings/retention"),
    ):
        camera.take(camera.at(address), name)
    camera.end()


def target_of(house: House, product: str) -> str:
    """The thing that most of the newest events are about."""
    with house.client(product, "auditor") as client:
        found = client.get("/v1/events", params={"view": "native", "limit": 200, "activity!": "audit-log.*"}).json()
    targets = [f"{target['type']}:{target['id']}" for event in found["events"] if (target := event["target"])]
    return max(set(targets), key=targets.count) if targets else f"tenant:{tenant_of(product)}"


def for_the_readme(browser: Browser, house: House) -> None:
    wide = Camera(browser, house, "carear", dark=False, size=SMALL)
    wide.at(LOG).screenshot(path=PICTURES / "log.png")
    wide.at("#/overview").screenshot(path=PICTURES / "overview.png")
    wide.end()
    narrow = Camera(browser, house, "enate", dark=True, size=NARROW)
    narrow.at(LOG).screenshot(path=PICTURES / "phone.png")
    narrow.end()


if __name__ == "__main__":
    sys.exit(main())
