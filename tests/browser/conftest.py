"""One running house with the demo tenants, and one browser, for all tests of the console.

A test asks for `visit`, which opens the page as somebody: `visit("enate", "auditor", "#/overview")`. At its end nothing
may have gone wrong in any of its tabs: no report of the content security policy, no error, no request to another host.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from infra.local.template import Templates
from tests.support.browsing import WIDE, ZONE, Watch
from tests.support.chromium import ARGUMENTS, MISSING, chromium
from tests.support.running_daybook import LocalDaybook, make_tenant, running_daybook
from tests.support.sign_in import CLIENT, running_provider

SECONDS = 30
"""How long a test waits for what it expects of the page. Both cores may be busy with other tests."""

PRODUCTS = ("enate", "jiffy", "chat", "carear", "symbee")
"""Each has a demo tenant."""

PROVEN = "proven"
"""A tenant with an export with evidence, which is ready after a minute and a half."""

Role = Literal["producer", "auditor", "admin", "operations"]


@dataclass(frozen=True)
class House:
    """The running house. Tenants go by their product's name where they are the demo's."""

    daybook: LocalDaybook
    keys: Mapping[tuple[str, str], str]
    """By tenant and role."""
    made: dict[tuple[str, str], str] = field(default_factory=dict)
    """The same of tenants that tests have made."""

    @property
    def url(self) -> str:
        return self.daybook.url

    def key(self, tenant: str, role: Role) -> str:
        """Of a demo tenant, named by its product, or of one that a test has made."""
        if role == "operations":
            return self.daybook.operations_key
        return (self.made | dict(self.keys))[tenant, role]

    def client(self, tenant: str, role: Role = "admin") -> httpx.Client:
        """The API as somebody of the tenant. The caller closes it."""
        headers = {"Daybook-Tenant": tenant_of(tenant)} if role == "operations" else {}
        return self.daybook.client(self.key(tenant, role), **headers)

    def tenant(self, name: str, profile: str = "generic", **settings: Any) -> str:
        """Makes a tenant with a key for each role, unless there is one of that name. Returns the name."""
        if (name, "admin") not in self.made:
            with self.daybook.operations as operations:
                made = make_tenant(operations, name, profile)
                assert made.status_code == 201, made.text
                if settings:
                    assert operations.patch(f"/v1/tenants/{name}", json=settings).is_success
                for role in ("producer", "auditor", "admin"):
                    wanted = {"role": role, "label": f"The {role}"}
                    key = operations.post(f"/v1/tenants/{name}/keys", json=wanted)
                    assert key.status_code == 201, key.text
                    self.made[name, role] = key.json()["key"]
        return name

    def send(self, tenant: str, *events: Mapping[str, Any]) -> list[str]:
        """Sends events and returns their ids."""
        with self.client(tenant, "producer") as producer:
            answer = producer.post("/v1/events", json={"events": list(events)})
        assert answer.status_code == 201, answer.text
        return [result["id"] for result in answer.json()["results"]]


class Visit(Protocol):
    def __call__(
        self,
        tenant: str | None = None,
        role: Role = "admin",
        address: str = "#/log",
        *,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        zone: str = ZONE,
        expects: tuple[str, ...] = (),
        elsewhere: str = "",
        **context: Any,
    ) -> Page:
        """A tab of a browser of its own.

        `tenant`: None for somebody who has not signed in. `expects`: parts of the errors that the test brings about.
        `elsewhere`: another address that the test goes to, and nothing of which is watched.
        """


def tenant_of(name: str) -> str:
    """The tenant's name in the API: the demo's are `enate-demo`, …"""
    return f"{name}-demo" if name in PRODUCTS else name


@pytest.fixture(scope="package")
def provider() -> Iterator[str]:
    """The OIDC issuer at which people of CareAR's demo tenant sign in."""
    people = {
        "maya": {"tenant": "carear-demo", "roles": ["auditor"], "preferred_username": "maya.lindqvist"},
        "stranger": {"tenant": "carear-demo", "roles": ["Buyer"]},
    }
    with running_provider(people) as url:
        yield url


@pytest.fixture(scope="package")
def house(
    provider: str,
    tmp_path_factory: pytest.TempPathFactory,
    synthesised: Templates,  # noqa: ARG001  local Daybook starts from the session's templates
    console_page: None,  # noqa: ARG001  and with its page
) -> Iterator[House]:
    options = {
        "DAYBOOK_DEMO": "1",
        "DAYBOOK_CHECKPOINT_SECONDS": "2",
        "DAYBOOK_OIDC_ISSUER": provider,
        "DAYBOOK_OIDC_AUDIENCE": CLIENT,
        "DAYBOOK_OIDC_CONSOLE_CLIENT": CLIENT,
    }
    with running_daybook(tmp_path_factory.mktemp("browser"), **options) as daybook:
        made = House(daybook, keys_of(daybook.printed))
        ask_for_evidence(made)
        yield made


def ask_for_evidence(house: House) -> None:
    """Evidence takes a minute and a half: it is asked for at once, so that whoever tests it waits less."""
    house.tenant(PROVEN)
    house.send(
        PROVEN,
        {"activity": "document.updated", "actor": {"type": "user", "username": "mike.mars"}, "details": "Signed off"},
        {"activity": "document.deleted", "actor": {"type": "user", "username": "zoe.unal", "name": "Zoë Ünal"}},
    )
    with house.client(PROVEN) as admin:
        asked = {"evidence": True, "evidence_since": 0, "filters": {"range": "30d"}}
        assert admin.post("/v1/exports", json=asked).status_code == 202


def keys_of(printed: list[str]) -> dict[tuple[str, str], str]:
    """The demo tenants' keys out of what the house prints at its start."""
    keys, product = {}, ""
    for words in map(str.split, printed):
        if words and words[0].endswith("-demo"):
            product = words[0].removesuffix("-demo")
        elif product and words[0] in ("admin", "auditor", "producer"):
            keys[product, words[0]] = words[1]
    return keys


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = chromium()
    if not program:
        pytest.skip(MISSING)
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def contexts() -> Iterator[list[tuple[BrowserContext, Watch]]]:
    opened: list[tuple[BrowserContext, Watch]] = []
    yield opened
    for context, _ in opened:
        context.close()
    for _, watch in opened:
        watch.check()


@pytest.fixture
def visit(browser: Browser, house: House, contexts: list[tuple[BrowserContext, Watch]]) -> Visit:
    def open_page(
        tenant: str | None = None,
        role: Role = "admin",
        address: str = "#/log",
        *,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        zone: str = ZONE,
        expects: tuple[str, ...] = (),
        elsewhere: str = "",
        **context: Any,
    ) -> Page:
        width, height = size
        opened = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            timezone_id=zone,
            locale="en-GB",
            reduced_motion="reduce",
            **context,
        )
        opened.set_default_timeout(SECONDS * 1000)
        watch = Watch(house.url, elsewhere, expected=list(expects))
        watch.over(opened)
        contexts.append((opened, watch))
        page = opened.new_page()
        page.goto(f"{house.url}/console{signed_in(house, tenant, role, address)}")
        return page

    return open_page


def signed_in(house: House, tenant: str | None, role: Role, address: str) -> str:
    """The fragment that signs somebody in and leads to the address; operations choose the tenant in it."""
    if tenant is None:
        return address
    if role == "operations":
        address += f"{'&' if '?' in address else '?'}tenant={tenant_of(tenant)}"
    return f"#key={house.key(tenant, role)}&to={address.removeprefix('#/')}"
