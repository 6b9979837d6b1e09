"""A thing's story and a person's: lanes, sums, who could have done it, and forgetting."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import NARROW, ZONE, axe, hold_still

TENANT = "story"
ITEM = "77/<img src=x onerror=alert(1)>"
BEGUN = (datetime.now(UTC) - timedelta(hours=5)).replace(microsecond=0)


def at(minutes: float) -> str:
    return (BEGUN + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def local_time(minutes: float) -> str:
    """As the page writes it: with the year, where that is not this one."""
    moment = (BEGUN + timedelta(minutes=minutes)).astimezone(ZoneInfo(ZONE))
    year = "" if moment.year == datetime.now(ZoneInfo(ZONE)).year else f" {moment.year}"
    return f"{moment.day} {moment:%b}{year} {moment:%H:%M:%S}"


@pytest.fixture(scope="module")
def story(house: House) -> None:
    """Jane works on an item with a pause, which Lee shortens; Lee has it open too, and still has. A defect in it is
    deleted by nobody who is named.
    """
    house.tenant(TENANT, "enate")
    within = {"type": "work-item", "id": ITEM}
    item = {**within, "name": "Match purchase orders"}

    def event(who: str, what: str, minutes: float, session: str, **rest: Any) -> dict[str, Any]:
        actor = {"type": "user", "id": f"id-{who}", "username": who, "name": who.title()}
        told = {"activity": what, "occurred_at": at(minutes), "actor": actor, "context": {"session_id": session}}
        return {"target": item, "details": what, **told, **rest}

    deleted = {"target": {"type": "defect", "id": "D-1", "within": within}, "actor": {"type": "system"}}
    opened, *_ = house.send(
        TENANT,
        event("jane", "work-item.opened", 0, "s-1"),
        event("jane", "work-item.timer-paused", 10, "s-1"),
        event("jane", "work-item.timer-resumed", 20, "s-1"),
        event("jane", "work-item.closed", 40, "s-1"),
        event("lee", "work-item.opened", 30, "s-2"),
        {**event("jane", "record.stamped", 5, "s-1"), **deleted},
        event("lee", "user-account.changed", 70, "s-2", target={"type": "user", "username": "jane"}),
        event(
            "old.name",
            "user-session.started",
            80,
            "s-3",
            actor={"type": "user", "id": "id-x", "username": "twice"},
            target=None,
        ),
        event(
            "new.name",
            "user-session.started",
            81,
            "s-4",
            actor={"type": "user", "id": "id-y", "username": "twice"},
            target=None,
        ),
    )
    shorter = [{"field": "seconds", "from": 1_800, "to": 1_500}]
    house.send(TENANT, event("lee", "work-item.time-adjusted", 60, "s-2", params={"session": opened}, changes=shorter))
    with house.client(TENANT) as admin:
        for group, members in (("night", ["jane"]), ("day", ["lee"])):
            assert admin.put(f"/v1/groups/{group}", json={"members": members}).is_success


def address(target: str, query: str = "") -> str:
    return f"#/story/{quote(target, safe=':')}{query}"


def shown(page: Page) -> Page:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    hold_still(page)
    return page


@pytest.fixture
def thing(visit: Visit, story: None) -> Page:  # noqa: ARG001  the events
    page = shown(visit(TENANT, address=address(f"work-item:{ITEM}")))
    expect(page.locator(".timeline .run").first).to_be_visible()
    return page


def test_a_thing_shows_who_had_it_open_and_for_how_long(thing: Page) -> None:
    """A lane a person: the pause is cut out, the original length lies below the adjusted one, an open session fades.
    The sums are as recorded and as they count.
    """
    main = thing.locator(".story-main")
    expect(thing.get_by_role("heading", level=1)).to_have_text(f"work-item {ITEM}")
    expect(main.locator(".facts")).to_contain_text("Match purchase orders")
    expect(main.locator(".facts")).to_contain_text("by Lee")
    expect(main.locator(".facts")).to_contain_text("7")
    assert thing.title().startswith(f"Story of work-item {ITEM} · ")
    assert main.locator(".timeline .who").all_text_contents() == ["jane 25:00", "lee"]
    assert main.locator(".run.original").count() == 2
    assert main.locator(".run:not(.original)").count() == 2
    assert main.locator(".pause").count() == main.locator(".open").count() == 1
    expect(main.locator(".flag")).to_have_text("30:00 → 25:00")
    assert main.locator(".dot").count() == 7
    assert [row.split("\t") for row in main.locator("table.sums tbody tr, table.sums tfoot tr").all_inner_texts()] == [
        ["Jane jane", "1", "30:00", "25:00"],
        ["Lee lee", "1", "0:00", "0:00"],
        ["Sum", "2", "30:00", "25:00"],
    ]
    main.get_by_text("2 sessions").click()
    sessions = main.locator(".sessions tbody tr").all_inner_texts()
    assert "30:00 → 25:00 by lee" in sessions[0]
    assert "still open" in sessions[1]
    assert main.get_by_role("region", name="Events", exact=True).get_by_role("row").count() > 7
    expect(main.locator(".story-foot")).to_contain_text("7 events, all there are")


def test_a_stretch_is_zoomed_by_dragging_and_by_key(thing: Page) -> None:
    """And everything is shown again."""
    bar = thing.locator(".run.original").first
    before = bar.bounding_box()
    frame = thing.locator(".timeline svg").first.bounding_box()
    assert before
    assert frame
    thing.mouse.move(before["x"], frame["y"] + 4)
    thing.mouse.down()
    thing.mouse.move(before["x"] + before["width"], frame["y"] + 6)
    thing.mouse.up()
    zoomed = bar.bounding_box()
    assert zoomed
    assert zoomed["width"] > 0.9 * frame["width"]
    thing.get_by_role("button", name="Show all").click()
    assert bar.bounding_box() == pytest.approx(before, abs=1)
    thing.get_by_text("2 sessions").click()
    thing.get_by_role("button", name="Zoom").first.press("Enter")
    again = bar.bounding_box()
    assert again
    assert again["width"] > before["width"]
    thing.locator(".timeline svg").first.dblclick(position={"x": 600, "y": 5})
    expect(thing.get_by_role("button", name="Show all")).to_be_hidden()
    thing.wait_for_timeout(300)  # longer than a second click may take
    assert "at=" not in thing.url


def test_an_event_leads_to_who_could_have_done_it(visit: Visit, story: None) -> None:  # noqa: ARG001  the events
    """A click on it asks, and opens it; the address keeps both. The basis is the API's sentence, in the reader's zone.
    Who could have done it stands out in the lanes of what contains the thing.
    """
    page = shown(visit(TENANT, "auditor", address("defect:D-1")))
    page.locator(".dot").click()
    who = page.get_by_role("region", name="Who could have done this?")
    expect(who.locator(".basis")).to_contain_text("Only jane had defect:D-1 or work-item:77/<img")
    assert "Z." not in who.locator(".basis").inner_text()
    expect(who.locator(".basis")).to_contain_text(f"at {local_time(5)}.")
    expect(who.locator(".conclusion")).to_have_text("Concluded from that: Jane jane")
    expect(who.locator(".candidates li")).to_have_count(1)
    expect(page.get_by_role("complementary", name="Event")).to_contain_text("record.stamped")
    assert f"at={at(5).replace('Z', '.000Z')}" in page.url
    assert page.locator(".bar:not(.dim):not(.outer)").count() == 1
    assert page.locator(".bar.dim").count() == 1
    expect(page.locator(".facts").first).to_contain_text("Within")
    # At a time typed in the reader's zone, an hour or two ahead of UTC, several had it open: nothing is concluded.
    page.reload()
    expect(who.locator(".conclusion")).to_be_visible()
    local = page.locator("input[name=at]").input_value()
    moment = datetime.fromisoformat(local) + timedelta(minutes=30)
    page.locator("input[name=at]").fill(moment.isoformat())
    page.get_by_role("button", name="Ask").click()
    expect(who.locator(".basis")).to_contain_text("2 actors had")
    expect(who.locator(".candidates li")).to_have_count(2)
    assert who.locator(".conclusion").count() == 0
    assert f"at={at(35).replace('Z', '.000Z')}" in page.url


def test_a_story_is_of_the_tenant_in_the_address(visit: Visit, story: None, house: House) -> None:  # noqa: ARG001  the events
    """Another tenant's things may have the same names. Nothing of the tenant before stays on the page."""
    house.tenant("story-empty", "enate")
    for target, its, other in (
        ("defect:D-1", "Who could have done this?", "No event in this log is about it."),
        ("user:jane", "Look through the groups", "Nobody of this name is written down."),
    ):
        page = shown(visit(TENANT, "operations", address(target, f"?at={at(35)}")))
        expect(page.get_by_text(its)).to_be_visible()
        page.evaluate("location.hash = location.hash.replace('tenant=story', 'tenant=story-empty')")
        expect(page.get_by_text(other)).to_be_visible()
        expect(page.get_by_text(its)).to_have_count(0)
    page.get_by_role("button", name="Tenant: story-empty").click()
    page.get_by_role("menuitemradio", name="Fieldworks").click()
    expect(page.get_by_role("heading", name="Log")).to_be_attached()


def test_a_thing_that_no_event_is_about(visit: Visit, story: None) -> None:  # noqa: ARG001  the tenant
    """It is said, and nothing is drawn."""
    page = shown(visit(TENANT, address=address("work-item:nothing")))
    expect(page.get_by_text("No event in this log is about it.")).to_be_visible()
    assert page.locator(".timeline, .who-form").count() == 0
    nothing = visit(TENANT, address="#/story/nothing")
    expect(nothing.get_by_text("names a thing")).to_be_visible()


def test_a_persons_story_has_both_sides(visit: Visit, story: None) -> None:  # noqa: ARG001  the events
    """What they did and what was done to them; their groups; and who else had the name. Only operations may forget."""
    page = shown(visit(TENANT, address=address("user:jane")))
    expect(page.get_by_role("heading", level=1)).to_have_text("Jane")
    expect(page.locator(".story-foot")).to_contain_text("4 events, all there are")
    page.get_by_role("button", name="What was done to them").click()
    expect(page.locator(".story-foot")).to_contain_text("1 event, the only one")
    expect(page.get_by_role("region", name="Events", exact=True)).to_contain_text("user-account.changed")
    page.get_by_role("button", name="Look through the groups").click()
    expect(page.locator(".facts")).to_contain_text("night")
    assert "day" not in page.locator(".facts").inner_text()
    assert page.get_by_role("button", name="Forget this person").count() == 0
    twice = shown(visit(TENANT, address=address("user:TWICE")))
    expect(twice.get_by_text("2 people have had this name")).to_be_visible()
    twice.get_by_role("listitem").first.get_by_role("link").click()
    expect(twice.locator(".story-foot")).to_contain_text("1 event, the only one")


def test_operations_forget_a_person_who_stays_a_guid(visit: Visit, house: House) -> None:
    """The name has to be typed; what remains is said before and after. The story goes on under the GUID, with the
    record of the forgetting.
    """
    house.tenant("story-forgets")
    house.send("story-forgets", {"activity": "door.opened", "actor": {"type": "user", "username": "sam.stone"}})
    page = shown(visit("story-forgets", "operations", address("user:sam.stone")))
    page.get_by_role("button", name="Forget this person").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("streams have already received")
    forget = dialog.get_by_role("button", name="Forget", exact=True)
    expect(forget).to_be_disabled()
    dialog.get_by_label("Type sam.stone to confirm").fill("sam.stone")
    forget.click()
    expect(dialog).to_contain_text("Forgotten in prod")
    expect(dialog).to_contain_text("No export that has not expired")
    expect(dialog).to_contain_text("half a minute")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("h1 .mark")).to_have_text("forgotten")
    expect(page.locator(".story-foot")).to_contain_text("1 event, the only one")
    assert "sam.stone" not in page.locator("h1, .facts").first.inner_text()
    page.get_by_role("link", name="The record of it").click()
    expect(page.get_by_role("region", name="Events", exact=True)).to_contain_text("forgotten")
    assert page.url.split("#")[1].startswith("/log?activity=audit-log.person-forgotten")


@pytest.mark.parametrize(
    "dark",
    [
        pytest.param(False, id="light"),
        pytest.param(True, id="dark", marks=(pytest.mark.long, pytest.mark.nightly)),
    ],
)
def test_axe_finds_nothing(visit: Visit, story: None, *, dark: bool) -> None:  # noqa: ARG001  the events
    """Wide and narrow, a thing's story with an answer, and a person's."""
    asked = address("defect:D-1", f"?at={at(35)}")
    for size in ((1440, 900), NARROW):
        page = visit(TENANT, address=asked, size=size, dark=dark)
        expect(page.locator(".basis")).to_be_visible()
        page.locator(".sessions summary").click()
        assert not axe(page)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
    person = shown(visit(TENANT, address=address("user:jane"), size=NARROW, dark=dark))
    expect(person.locator(".story-foot")).to_contain_text("4 events")
    assert not axe(person)
