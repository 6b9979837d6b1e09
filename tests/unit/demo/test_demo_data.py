"""The demo's events: accepted, complete, believable, and the same whenever they are made."""

from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from benchmarks.typical import code_for
from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.clock import DAY, MINUTE, parse_time
from daybook.crypto.keys import DeploymentKeys
from daybook.events.acceptance import AcceptancePolicy
from daybook.events.content import AcceptedEvent
from daybook.events.decoding import read_event
from daybook.tenant import Tenant
from daybook.tenants.settings import Layout, TenantSettings
from events.demo import PRODUCTS, generate

KEYS = DeploymentKeys(bytes(32))

MOMENTS = {
    "a Sunday afternoon": "2026-11-22T16:31:07.123Z",
    "the first millisecond of a Monday": "2026-11-23T00:00:00.000Z",
    "the last one of a Friday": "2026-11-27T23:59:59.999Z",
    "before work": "2027-01-05T07:59:00.000Z",
    "in the middle of work": "2028-02-29T10:30:00.000Z",
    "another season": "2031-07-16T18:00:00.000Z",
}

# What stands in each product's document, apart from Jiffy's: of that all does.
DOCUMENTED = {
    "enate": """work-item.status-changed work-item.due-date-overridden work-item.due-date-changed work-item.assigned
        work-item.unassigned work-item.auto-assigned work-item.pulled work-item.queued work-item.note-added
        work-item.email-sent work-item.email-received work-item.opened work-item.closed work-item.time-adjusted
        user-account.created user-account.deleted user-account.changed user-group.created user-group.deleted
        user-group.changed user-group.objects-changed customer.access-changed contract.access-changed
        service.access-changed process.access-changed user-role.changed process.set-live user-session.started
        record.stamped api.called""",
    "chat": """chat-opened chat-assigned-to-user user-joined-to-chat chat-closed user-logged-in user-logged-out
        settings-changed""",
    "carear": "administration-settings.tenant-expired",
    "symbee": "adminuser.login workcodes.upd",
}

Event = dict[str, Any]


@pytest.fixture(params=sorted(PRODUCTS))
def product(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(MOMENTS.values()), ids=list(MOMENTS))
def now_ms(request: pytest.FixtureRequest) -> int:
    return parse_time(request.param)


@cache
def _generated(product: str, now_ms: int) -> list[Event]:
    return generate(product, now_ms)


def _known(event: Event) -> tuple[str, str, str]:
    """By which Daybook knows it."""
    return event.get("environment", ""), event["id"], event["occurred_at"]


@cache
def _accepted(product: str, now_ms: int) -> list[AcceptedEvent]:
    settings = TenantSettings(
        code=code_for(product),
        tenant=Tenant(f"{product}-demo"),
        name=product,
        profile=product,
        environments=PRODUCTS[product].environments,
        created_at=now_ms,
        audit_since=None,
        retention_days=profile(product).retention.default_days,
        layouts=(Layout(0, 1),),
        mode="strict",
    )
    policy = AcceptancePolicy(
        settings, Catalogue(profile(product), {}), KEYS.of(settings.code), sender="k", now_ms=now_ms, random_bytes=bytes
    )
    accepted = []
    for event in _generated(product, now_ms):
        environment = event.get("environment", settings.environments[0])
        assert environment in settings.environments
        received = read_event(event)
        accepted.append(policy.accept(received, environment, policy.identify(received, environment), None))
    return accepted


def test_every_event_is_accepted(product: str, now_ms: int) -> None:
    """No activity unknown, no parameter missing, no wording left open, nothing past retention or in the future."""
    assert all(accepted.variant for accepted in _accepted(product, now_ms))


def test_a_few_hundred_events_over_the_whole_time(product: str, now_ms: int) -> None:
    """Oldest first, from the first working days of the quarter, or of the retention, to the last ones before now."""
    events = _generated(product, now_ms)
    assert 300 <= len(events) <= 500
    times = [parse_time(event["occurred_at"]) for event in events]
    assert times == sorted(times)
    recent = [time for time in times if time >= now_ms - PRODUCTS[product].days * DAY]
    assert len(recent) >= len(times) - 3  # but for the one old story of Enate's document
    assert recent[0] < now_ms - (PRODUCTS[product].days - 4) * DAY
    assert now_ms - 4 * DAY < times[-1] <= now_ms


def test_each_event_has_an_id_of_its_own(product: str, now_ms: int) -> None:
    """An id stands once in an environment: a second under it would be a conflict."""
    events = _generated(product, now_ms)
    assert len({(event.get("environment"), event["id"]) for event in events}) == len(events)


@pytest.mark.parametrize("later", [MINUTE, DAY, 30 * DAY])
def test_a_later_start_repeats_or_adds_and_changes_nothing(product: str, now_ms: int, later: int) -> None:
    """What both starts tell is the same to the letter; of the time up to the first nothing is new."""
    first, second = _generated(product, now_ms), generate(product, now_ms + later)
    by_key = {_known(event): event for event in first}
    assert all(by_key.get(_known(event), event) == event for event in second)
    assert all(_known(event) in by_key for event in second if parse_time(event["occurred_at"]) <= now_ms)


def test_made_twice_it_is_the_same(product: str, now_ms: int) -> None:
    """Nothing comes from the process, the machine or the order of a set."""
    assert generate(product, now_ms) == _generated(product, now_ms)


def test_everything_documented_occurs(product: str, now_ms: int) -> None:
    """At whatever time of whatever day the demo is started."""
    activities = {event["activity"] for event in _generated(product, now_ms)}
    assert {*DOCUMENTED.get(product, "").split()} <= activities


@pytest.mark.parametrize("product", ["carear", "jiffy", "symbee"])
def test_everything_catalogued_occurs(product: str, now_ms: int) -> None:
    """Of these three every wording that there is, each in every quarter."""
    seen = {(accepted.activity.activity, accepted.variant) for accepted in _accepted(product, now_ms)}
    assert seen == {
        (name, variant)
        for name, activity in profile(product).activities.items()
        if activity.component != "Audit Log"
        for variant in activity.variants
    }


def test_nobody_acts_before_signing_in_or_after_signing_out(product: str, now_ms: int) -> None:
    """Each day of each person begins with the sign-in; failures, and those who are not of the team, aside."""
    attendance = PRODUCTS[product].attendance
    days: dict[Any, list[Event]] = defaultdict(list)
    for event in _generated(product, now_ms):
        who, day = event["actor"].get("username"), event["occurred_at"][:10]
        if who in attendance.team and day > "2023" and event.get("status") != "failure":
            days[who, day, event.get("environment")].append(event)
    for events in days.values():
        signs = [event["activity"] == attendance.sign_in for event in events]
        outs = [event["activity"] == attendance.sign_out for event in events]
        assert signs[0], events[0]
        assert not any(outs[:-1]) or signs[-1], events


def test_weekends_are_quiet(product: str, now_ms: int) -> None:
    """Somewhat happens on a weekend, far less than on a working day."""
    at_weekends = [event for event in _generated(product, now_ms) if _weekday(event["occurred_at"]) >= 5]
    assert 0 < len(at_weekends) < len(_generated(product, now_ms)) / 8


def _weekday(time: str) -> int:
    return datetime.fromtimestamp(parse_time(time) / 1_000, UTC).weekday()


def test_it_is_somebodys_story(product: str, now_ms: int) -> None:
    """A dozen people act, sign-ins fail, and every domain and address is one for examples."""
    events = _generated(product, now_ms)
    networks = [ip_network(f"{network}/24") for network in ("192.0.2.0", "198.51.100.0", "203.0.113.0")]
    people = {event["actor"]["username"] for event in events if event["actor"].get("name")}
    assert len(people) >= 12
    sign_in = PRODUCTS[product].attendance.sign_in
    assert any(event["activity"] == sign_in and event.get("status") == "failure" for event in events)
    for event in events:
        assert event["actor"].get("email", "x.example").endswith(".example")
        address = event.get("context", {}).get("ip")
        assert address is None or any(ip_address(address) in network for network in networks)


def test_who_stands_in_a_text_is_declared(product: str, now_ms: int) -> None:
    """A name that an event does not declare would stay in its text in the clear."""
    accepted = _accepted(product, now_ms)
    names = {mention.name for one in accepted for mention in one.mentions.all if mention.name}
    for one in accepted:
        own = {mention.name for mention in one.mentions.all}
        assert not [name for name in names - own if name in (one.event.details or "")]


def test_enates_sessions_add_up(now_ms: int) -> None:
    """What is opened is closed in the same session; an adjustment names an opening and the seconds tracked."""
    events = [event for event in _generated("enate", now_ms) if parse_time(event["occurred_at"]) < now_ms - 5 * DAY]
    moments: dict[str, dict[str, int]] = defaultdict(dict)
    for event in events:
        session = event.get("context", {}).get("session_id")
        if session:
            moments[session][event["activity"]] = parse_time(event["occurred_at"])
    assert all({"work-item.opened", "work-item.closed"} <= set(found) for found in moments.values())
    opened = {event["id"]: event for event in events if event["activity"] == "work-item.opened"}
    adjusted = [event for event in events if event["activity"] == "work-item.time-adjusted"]
    assert adjusted
    for event in adjusted:
        opening = opened[event["params"]["session"]["id"]]
        assert opening["occurred_at"] == event["params"]["session"]["occurred_at"]
        found = moments[opening["context"]["session_id"]]
        rest = found["work-item.timer-resumed"] - found["work-item.timer-paused"]
        seconds = (found["work-item.closed"] - found["work-item.opened"] - rest) // 1_000
        assert event["changes"][0]["from"] == seconds
        assert event["changes"][0]["to"] > 0


def test_what_caused_something_came_before_it(product: str, now_ms: int) -> None:
    """And is among the events."""
    events = _generated(product, now_ms)
    known = {(event["id"], event["occurred_at"]) for event in events}
    for event in events:
        if cause := event.get("caused_by"):
            assert (cause["id"], cause["occurred_at"]) in known
            assert cause["occurred_at"] < event["occurred_at"]


def test_the_documents_examples(now_ms: int) -> None:
    """Enate's Defect at its very times, Symbee's two at their times of day; addresses alone, and blank ones."""
    old = [event for event in _generated("enate", now_ms) if event["occurred_at"] < "2023"]
    assert [(event["occurred_at"], event["activity"], event["actor"].get("name")) for event in old] == [
        ("2022-04-12T13:39:00.000Z", "work-item.opened", "John Doe"),
        ("2022-04-12T13:41:32.000Z", "record.stamped", None),
        ("2022-04-12T13:50:00.000Z", "work-item.closed", "John Doe"),
    ]
    assert old[1]["target"]["within"] == {"type": "work-item", "id": old[0]["target"]["id"]}
    mike = [event for event in _generated("symbee", now_ms) if event["actor"]["username"] == "mike.mars"]
    shown = {(event["activity"], event["occurred_at"][11:], event["environment"]) for event in mike}
    assert {("adminuser.login", "23:29:45.000Z", "prod"), ("workcodes.upd", "09:31:30.000Z", "prod")} <= shown
    assert {event["source"]["type"] for event in _generated("symbee", now_ms)} == {"ADMIN"}
    assert {event["environment"] for event in _generated("symbee", now_ms)} == {"prod", "test"}
    assert any(event["actor"] == {"type": "unknown"} for event in _generated("jiffy", now_ms))
    assert any("context" not in event and "name" in event["actor"] for event in _generated("chat", now_ms))


def test_a_release_manager_sets_live_and_another_is_refused(now_ms: int) -> None:
    """Both attempts are evidence."""
    attempts = [event for event in _generated("enate", now_ms) if event["activity"] == "process.set-live"]
    assert {("Release Manager" in event["actor"]["roles"], event.get("status")) for event in attempts} == {
        (True, None),
        (False, "failure"),
    }


def test_carears_sources_and_actors(now_ms: int) -> None:
    """The portal's people, the provisioning API, operations and the system, each by the source of its own."""
    seen = {(event["actor"]["type"], event["source"]["type"]) for event in _generated("carear", now_ms)}
    assert seen == {
        ("user", "portal"),
        ("api", "provisioning-api"),
        ("operations", "super-admin"),
        ("system", "system"),
    }
