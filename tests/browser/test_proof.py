"""The drawer's proof: asked for on demand and checked in the browser step by step. It is green by the reader's own key
alone, and only where all that is shown was compared.
"""

import base64
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, axe

TENANT = "proofs"


@pytest.fixture(scope="module")
def proved(house: House) -> tuple[str, str]:
    """Two events whose proofs are there: one of a person, and one of somebody who was forgotten since."""
    house.tenant(TENANT)
    people = {"people": [{"username": "zoe.unal", "name": "Zoë Ünal"}], "details": "~5 € for Zoë Ünal, by zoe.unal"}
    one, two = house.send(
        TENANT,
        {"activity": "invoice.approved", "actor": {"type": "user", "username": "mike.mars", "name": "Mike Mars"}}
        | {"target": {"type": "user", "username": "tom.tell"}}
        | people
        | {"params": {"10": "b", "9": 2}, "changes": [{"field": "limit", "from": 1, "to": "zoe.unal"}]},
        {"activity": "invoice.sent", "actor": {"type": "user", "username": "gone.soon"}, "details": "of gone.soon"},
    )
    with house.client(TENANT, "operations") as operations:
        assert operations.post("/v1/actors/gone.soon/forget").is_success
    return one, two


def opened(visit: Visit, event: str, **given: Any) -> Page:
    """The event's drawer, whose log is not the demo's."""
    return visit(TENANT, "auditor", f"#/log?event={event}", **given)


def asked(page: Page) -> None:
    page.get_by_role("region", name="Proof").get_by_role("button", name="Check it").click()


def said(page: Page, text: str) -> None:
    expect(page.get_by_role("region", name="Proof").get_by_role("status")).to_contain_text(text, timeout=60_000)


def opened_seal(page: Page) -> None:
    page.get_by_role("region", name="Proof").get_by_role("button", name="Open and compare").click()


def records(house: House, activity: str, **more: str) -> int:
    """How many the log has of what readers did."""
    asked = {"activity": f"audit-log.{activity}", "view": "native", **more}
    with house.client(TENANT) as admin:
        return len(admin.get("/v1/events", params=asked).json()["events"])


def test_a_proof_is_checked_in_four_steps_and_green_by_a_pinned_key(
    visit: Visit, house: House, proved: tuple[str, str]
) -> None:
    """Opening the event asks for nothing. Values of the steps are those of the API; keys are disclosed on demand."""
    page = opened(visit, proved[0])
    expect(page.get_by_role("button", name="Check it")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert records(house, "viewed", variant="proof") == 0
    asked(page)
    said(page, "4 checks hold; who did it, to whom and parts of its texts not opened yet")
    with house.client(TENANT) as admin:
        proof = admin.get(f"/v1/events/{proved[0]}/proof").json()
        (key,) = [line for log in admin.get("/v1/logs").json()["logs"] for line in log["key"] if log["origin"] in line]
    section = page.get_by_role("region", name="Proof")
    for step in section.locator(".steps summary").all():
        step.click()
    shown = section.inner_text()
    for value in (proof["leaf"], base64.b64decode(proof["canonical"]).decode()[:200], f"Entry {proof['index']}"):
        assert value in shown
    sealed = section.get_by_text("what they say of people is sealed:").inner_text()
    assert {"actor.username", "details", "changes.0.to", "people.0.name"} <= {*re.findall(r"[a-z][\w.]+\w", sealed)}
    assert f"daybook-verify proof proof.json --key '{key}'" in shown or f"--key {key}" in shown
    assert not axe(page)

    assert records(house, "people-disclosed") == 0
    section.get_by_role("button", name="Pin this key").click()
    said(page, "not opened yet")
    section.get_by_role("button", name="Unpin").click()
    opened_seal(page)
    expect(section.get_by_text("is sealed")).not_to_be_visible()
    said(page, "4 checks hold, the key is not pinned")
    expect(section.get_by_text("Unchanged since Daybook received it")).to_be_visible()
    assert records(house, "people-disclosed") == 1

    typed = section.get_by_label("Fingerprint or key that you have from elsewhere")
    typed.fill("00" * 32)
    section.get_by_role("button", name="Compare and pin").click()
    expect(section.get_by_text("That is another key")).to_be_visible()
    typed.fill(key)
    section.get_by_role("button", name="Compare and pin").click()
    said(page, "4 checks passed")
    page.goto(f"{house.url}/console#/verify")
    expect(page.get_by_label("Key of the log")).to_have_value(key)
    page.go_back()
    section.get_by_role("button", name="Check it").click()
    opened_seal(page)
    said(page, "4 checks passed")
    section.get_by_role("button", name="Unpin").click()
    said(page, "not pinned")


def test_a_proof_of_somebody_forgotten_stays_green(visit: Visit, proved: tuple[str, str]) -> None:
    """There is no key to open, so nothing but the GUID may be shown of them: the page says whose word that is."""
    page = opened(visit, proved[1], size=NARROW, dark=True)
    asked(page)
    said(page, "4 checks hold; who did it and parts of its texts not opened yet")
    page.get_by_role("button", name="Pin this key").click()
    opened_seal(page)
    said(page, "4 checks passed")
    expect(page.get_by_text("Somebody is shown as forgotten")).to_be_visible()
    assert not axe(page)


def changed(name: str) -> Any:
    """A bit of this part of the answer, under the base64."""

    def handle(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        if name == "signature":
            head, dash, rest = body["proof"].partition("\n\N{EM DASH} ")
            at = rest.index("\n") - 20
            body["proof"] = head + dash + rest[:at] + ("A" if rest[at] != "A" else "B") + rest[at + 1 :]
        else:
            data = bytearray(base64.b64decode(body[name]))
            data[40] ^= 1
            body[name] = base64.b64encode(data).decode()
        route.fulfill(response=answer, json=body)

    return handle


@pytest.mark.parametrize("name", ["canonical", "entry", "signature"])
def test_one_bit_makes_it_red(visit: Visit, proved: tuple[str, str], name: str) -> None:
    """Of the event's bytes, of the entry, or of the signature that the key made."""
    page = opened(visit, proved[0])
    page.route("**/proof*", changed(name))
    asked(page)
    said(page, "failed")
    expect(page.get_by_role("region", name="Proof").locator("p.bad").first).to_be_visible()


FORGED_NAME = ('"mike.mars"', '"eve.moss"')
FORGED_TARGET = ('"tom.tell"', '"eve.moss"')


@pytest.mark.parametrize(
    ("forged", "withheld", "differs"),
    [
        (("~5 € for", "~9 € for"), False, "details"),
        (FORGED_NAME, False, "actor.username"),
        (FORGED_NAME, True, "actor.username, actor.name"),
        (FORGED_TARGET, False, "target.username"),
    ],
    ids=["around-a-sealed-name", "name", "name-without-its-key", "target"],
)
def test_what_is_shown_must_stand_in_the_bytes(
    visit: Visit, proved: tuple[str, str], forged: tuple[str, str], withheld: bool, differs: str
) -> None:
    """A service that shows another event than it sealed is found. Beneath a sealed name nothing is green until the
    seal is opened, and then the name is found too, even where the service keeps the key to itself.
    """
    page = visit(TENANT, "auditor", "#/log")

    def other(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(*forged))

    def without_keys(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        if "people" in body:
            body["people"] = []
        route.fulfill(response=answer, json=body)

    page.route(re.compile(r"/v1/events(/\w+)?\?"), other)
    if withheld:
        page.route("**/proof*", without_keys)
    page.goto(page.url.partition("#")[0] + f"#/log?event={proved[0]}")
    page.reload()
    asked(page)
    if forged in (FORGED_NAME, FORGED_TARGET):
        said(page, "4 checks hold; who did it, to whom and parts of its texts not opened yet")
        page.get_by_role("button", name="Pin this key").click()
        expect(page.get_by_role("region", name="Proof").get_by_role("status").locator(".good")).to_have_count(0)
        opened_seal(page)
    said(page, "1 of 4 checks failed")
    expect(page.get_by_text(f"what is shown is not what the bytes say: {differs}")).to_be_visible()


def test_what_is_not_sealed_yet_is_tried_again(visit: Visit, proved: tuple[str, str]) -> None:
    """After the seconds that the service names."""
    page = opened(visit, proved[0])
    page.clock.install()
    unsealed = {"type": "about:blank", "title": "x", "status": 404, "code": "not_sealed_yet", "detail": "Later."}
    tries: list[str] = []

    def later(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.fulfill(
                status=404,
                headers={"Retry-After": "2"},
                content_type="application/problem+json",
                body=json.dumps(unsealed),
            )
        else:
            route.continue_()

    page.route("**/proof*", later)
    asked(page)
    said(page, "not sealed yet, trying in 2 s")
    page.clock.run_for(1_000)
    said(page, "trying in 1 s")
    page.clock.run_for(1_100)
    said(page, "4 checks hold")
    assert len(tries) == 2
