"""A tab of the console in a real browser, and what must never happen in it."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from infra.page.build import PACKAGES

WIDE, NARROW = (1440, 900), (390, 844)
ZONE = "Europe/Berlin"

# It is installed before any script of the page, in each document.
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  reportViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
_AXE_OPTIONS = {"resultTypes": ["violations"]}


@dataclass
class Watch:
    """Collects what goes wrong in the tabs of a context. `check` fails the test for whatever was not expected."""

    origin: str
    elsewhere: str = ""
    """Another address that the test itself goes to: its pages are not watched."""
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Parts of errors that the test itself brings about."""

    def over(self, context: BrowserContext) -> None:
        context.expose_function("reportViolation", lambda report: self.violations.append(report))  # noqa: PLW0108  Playwright needs a function of Python
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("request", self._request)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", self._console)

    def check(self) -> None:
        assert not self.violations, self.violations
        assert not self.foreign, self.foreign
        unexpected = [error for error in self.errors if not any(part in error for part in self.expected)]
        assert not unexpected, unexpected

    def _request(self, request: Request) -> None:
        if request.is_navigation_request():  # a link that somebody follows, to a file say, is no request of the page
            return
        if self.elsewhere and request.frame.url.startswith(self.elsewhere):
            return
        parts = urlsplit(request.url)
        if parts.scheme not in ("blob", "data") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.foreign.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium also writes an error for each answer of 4xx and 5xx, which the page handles.
        if self.elsewhere and message.location["url"].startswith(self.elsewhere):
            return
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)


@cache
def _axe() -> str:
    return (PACKAGES / "axe-core" / "axe.min.js").read_text("utf-8")


def axe(page: Page, within: str = "html") -> list[str]:
    """What axe finds on the page, or within an element of it: one line for each rule and element that breaks it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    result: dict[str, Any] = page.evaluate("([within, options]) => axe.run(within, options)", [within, _AXE_OPTIONS])
    return [
        f"{violation['id']}: {node['html'][:160]} ({node.get('failureSummary', '').splitlines()[-1:]})"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def hold_still(page: Page) -> None:
    """Waits until the page has nothing more to load: no skeleton, nothing busy."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
