"""The tenant's own catalogue: for events from then on; what is stored keeps the words and the category of its day."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.batches import Patience
from daybook.aws.catalogues import CatalogueTable
from daybook.aws.control import ControlTable
from daybook.catalogue import uncatalogued
from daybook.tenant_catalogue import Catalogues, OwnActivity
from daybook.tenants import Contended, TenantSettings
from tests.calls import answered
from tests.conftest import Tables
from tests.ingesting import Sender, ingest_over
from tests.managing import ManagedHouse
from tests.reading import problem_of

ACTIVITY = "/v1/catalogue/{activity}"
INVOICE = {
    "category": "Invoices",
    "component": "Invoice",
    "event": "Approved",
    "origin": "user",
    "variants": [
        {
            "variant": "default",
            "template": "Invoice over {amount} approved",
            "params": [{"name": "amount", "type": "text"}],
        }
    ],
}
SENT = {"activity": "invoice.approved", "params": {"amount": 7}}

pytestmark = pytest.mark.parametrize("store", ["moto"], indirect=True)


@pytest.fixture
def house(dynamodb: Any, tables: Tables) -> ManagedHouse:
    return ManagedHouse(dynamodb, tables)


def put(house: ManagedHouse, activity: str = "invoice.approved", role: str = "admin", **changed: Any) -> dict[str, Any]:
    return house.manage("PUT", ACTIVITY, {**INVOICE, **changed}, role, activity=activity)


def is_put(house: ManagedHouse, activity: str = "invoice.approved", role: str = "admin", **changed: Any) -> None:
    answer = put(house, activity, role, **changed)
    assert answer["statusCode"] == 200, answer["body"]


def take_back(house: ManagedHouse, activity: str = "invoice.approved", role: str = "admin") -> dict[str, Any]:
    return house.manage("DELETE", ACTIVITY, None, role, activity=activity)


def kept(house: ManagedHouse, activity: str, own: OwnActivity) -> None:
    """Written as it is, whatever it is."""
    row = house.cataloguing.activities.written(house.tenant, activity, own)
    change = lambda now: replace(now, catalogue_version=now.catalogue_version + 1)  # noqa: E731
    house.control.change_tenant(house.tenant, change, row)


def catalogue(house: ManagedHouse) -> dict[str, Any]:
    described: dict[str, Any] = answered(house.read("/v1/catalogue"))
    return described


def stored(house: ManagedHouse, event: Mapping[str, Any] = SENT) -> dict[str, Any]:
    """The event as it is read."""
    (event_id,) = house.sent(event)
    return next(each for each in house.page({"limit": "500"})["events"] if each["id"] == event_id)


def test_an_activity_is_added(house: ManagedHouse) -> None:
    """It stands in the catalogue with its category, and the very next event is told in its words."""
    before = stored(house, {**SENT, "details": "before"})
    assert (before["category"], before["component"], before["event"]) == ("other", "invoice", "approved")
    is_put(house)
    described = catalogue(house)
    (one,) = [each for each in described["activities"] if each["activity"] == "invoice.approved"]
    assert one == {
        "activity": "invoice.approved",
        "required_role": None,
        "visibility": None,
        **INVOICE,
        "variants": [{**INVOICE["variants"][0], "when": ""}],
    }
    assert "Invoices" in described["categories"]
    event = stored(house)
    assert (event["category"], event["details"], event["event"]) == ("Invoices", "Invoice over 7 approved", "Approved")
    assert next(each for each in house.page()["events"] if each["id"] == before["id"]) == before


def test_an_activity_of_the_profile_is_put_in_another_category(house: ManagedHouse) -> None:
    """Events keep the words and the category of their day, and a filter by either category is complete."""
    first = stored(house, {"activity": "user.login"})
    seen = {first["category"]: [first["id"]]}
    for category in ("Sign-ins", "Access", "Sign-ins"):
        is_put(
            house, "user.login", category=category, component="User", event="Login", variants=[{"template": category}]
        )
        event = stored(house, {"activity": "user.login"})
        assert (event["category"], event["details"]) == (category, category)
        seen.setdefault(category, []).append(event["id"])
    assert take_back(house, "user.login")["statusCode"] == 204
    again = stored(house, {"activity": "user.login"})
    assert again["category"] == first["category"]
    seen[first["category"]].append(again["id"])
    for category, ids in seen.items():
        for spelling in (category, category.lower()):
            found = house.page({"category": spelling, "limit": "500"})["events"]
            assert sorted(event["id"] for event in found) == sorted(ids), spelling
    assert len(house.found(category=list(seen))) == sum(map(len, seen.values()))


def test_categories_of_two_changes_at_once_are_both_remembered(house: ManagedHouse) -> None:
    """Whoever writes second adds to what the first one left."""
    is_put(house, category="Invoices")
    event = stored(house)
    cataloguing = house.cataloguing
    own = cataloguing.catalogues.of(house.control.settings(house.tenant)).own("invoice.approved")
    assert own is not None
    is_put(house, category="Money")
    kept(house, "invoice.approved", own)
    is_put(house, category="Bills")
    for category in ("Invoices", "Money", "Bills"):
        categories = cataloguing.catalogues.of(house.control.settings(house.tenant)).activities_in({category})
        assert categories == ["invoice.approved"]
    assert house.found(category="Invoices") == [event["id"]]


def test_what_is_taken_back_is_the_profiles_or_nobodys(house: ManagedHouse) -> None:
    """An activity of the tenant's alone is uncatalogued again; its events keep their words."""
    is_put(house)
    event = stored(house)
    assert take_back(house)["statusCode"] == 204
    assert problem_of(take_back(house)) == (404, "not_found")
    assert problem_of(take_back(house, "user.login")) == (404, "not_found")
    assert "invoice.approved" not in {each["activity"] for each in catalogue(house)["activities"]}
    after = stored(house)
    assert (after["category"], after["component"], after["details"]) == ("other", "invoice", None)
    assert house.found(category="invoices") == [event["id"]]
    assert house.found(category="other") == [after["id"]]


def test_strict_takes_what_the_catalogue_has(house: ManagedHouse) -> None:
    """In force in the very next request; an activity of one's own counts; recorded where it changes anything."""
    set_mode = lambda mode: house.done("PUT", "/v1/settings/catalogue", {"mode": mode})  # noqa: E731
    assert set_mode("strict") == set_mode("strict") == {"mode": "strict"}
    assert catalogue(house)["mode"] == "strict"
    assert answered(house.send(event_of()))["results"][0]["code"] == "unknown_activity"
    is_put(house)
    assert stored(house)["category"] == "Invoices"
    take_back(house)
    assert answered(house.send(event_of()))["results"][0]["code"] == "unknown_activity"
    assert set_mode("open") == {"mode": "open"}
    assert stored(house)["category"] == "other"
    told = sorted(event["details"] for event in house.recorded("catalogue"))
    assert told == [
        "Activity invoice.approved set in the catalogue",
        "Activity invoice.approved taken out of the catalogue",
        "Catalogue mode changed to open",
        "Catalogue mode changed to strict",
    ]


def event_of(**changed: Any) -> dict[str, Any]:
    return {"actor": {"type": "user", "username": "mike.mars"}, **SENT, **changed}


def test_a_retry_is_a_retry_whatever_the_catalogue_has_become(house: ManagedHouse) -> None:
    """Though strict mode, another wording or another role would refuse it now."""
    event = event_of(id="i-1", occurred_at="2026-11-22T10:00:00Z", environment="prod")
    is_put(house)
    first = answered(house.send(event))["results"][0]
    is_put(house, required_role="Boss", variants=[{"template": "{x}", "params": [{"name": "x", "type": "text"}]}])
    assert answered(house.send(event))["results"][0] == first
    take_back(house)
    house.done("PUT", "/v1/settings/catalogue", {"mode": "strict"})
    assert answered(house.send(event))["results"][0] == first


def test_another_warm_function_sees_a_change_in_its_very_next_request(house: ManagedHouse) -> None:
    """Each keeps the catalogue until the settings name a newer version, and asks for it no more often."""
    other = copy(house)
    other.send = Sender(ingest_over(house.dynamodb, house.tables, house.clock, seed="other"), house.tenant)
    other.read = house.reader()
    for number in range(3):
        is_put(house, category=f"Category {number}", variants=[{"template": str(number)}])
        for one in (house, other):
            event = stored(one)
            assert (event["category"], event["details"]) == (f"Category {number}", str(number))
            assert f"Category {number}" in catalogue(one)["categories"]
    take_back(house)
    assert stored(other)["category"] == "other"


def test_own_activities_check_what_they_name(house: ManagedHouse) -> None:
    """Origin, role, variants, and people among the parameters, like the profile's."""
    is_put(
        house,
        required_role="Boss",
        variants=[{"template": "Approved by {boss}", "params": [{"name": "boss", "type": "person"}]}],
    )
    codes = [
        answered(house.send(event_of(**changed)))["results"][0]["code"]
        for changed in (
            {"actor": {"type": "system"}, "params": {"boss": "jane.roe"}},
            {"params": {}},
            {"params": {"boss": "jane.roe"}},
            {"variant": "nothing"},
        )
    ]
    assert codes == ["actor_required", "missing_params", "role_required", "unknown_variant"]
    boss = {"type": "user", "username": "mike.mars", "roles": ["Boss"]}
    event = stored(house, {**SENT, "actor": boss, "params": {"boss": "jane.roe"}})
    assert event["details"] == "Approved by jane.roe"
    house.forget(house.guid_of("jane.roe"))
    house.now += 60_000
    (shown,) = [each for each in house.page()["events"] if each["id"] == event["id"]]
    assert "jane" not in shown["details"]


@pytest.mark.parametrize(
    "template",
    [
        "<b>{amount}</b> & <script>alert(1)</script>",
        "{amount}{amount}",
        "%s $1 \\1 \"'`",
        "über\n\tZeilen 🦀",
        "",
        "x" * 4_000,
        "{amount} " * 64,
    ],
)
def test_a_template_is_text(house: ManagedHouse, template: str) -> None:
    """Markup and anything like it comes out as it went in, and what a parameter holds is never filled in again."""
    is_put(house, variants=[{"template": template, "params": [{"name": "amount", "type": "text"}]}])
    given = "{amount} {} <i>"
    event = stored(house, {**SENT, "params": {"amount": given}})
    assert event["details"] == template.replace("{amount}", given)


def params(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "text"} for name in names]


@pytest.mark.parametrize(
    ("changed", "path", "code"),
    [
        ({"variants": [{"template": "{unknown}"}]}, "variants[0].template", "invalid_value"),
        (
            {"variants": [{}, {"variant": "b", "template": "{a}{b}", "params": params("a")}]},
            "variants[1].template",
            None,
        ),
        ({"variants": [{"params": params("a", "b", "a")}]}, "variants[0].params[2].name", "invalid_value"),
        ({"variants": [{"params": params("A")}]}, "variants[0].params[0].name", "invalid_value"),
        ({"variants": [{"params": params("")}]}, "variants[0].params[0].name", "invalid_value"),
        ({"variants": [{"params": params("x" * 41)}]}, "variants[0].params[0].name", "invalid_value"),
        ({"variants": [{"params": [{"name": "a", "type": "html"}]}]}, "variants[0].params[0].type", "invalid_value"),
        ({"variants": [{"params": params(*(f"p{n}" for n in range(51)))}]}, "variants[0].params", "invalid_length"),
        (
            {"variants": [{"template": "{a}" * 65, "params": params("a")}]},
            "variants[0].template",
            "invalid_length",
        ),
        ({"variants": [{"template": "{A}"}]}, "variants[0].template", "invalid_value"),
        ({"variants": [{"template": "{ amount }", "params": params("amount")}]}, "variants[0].template", None),
        ({"variants": [{"template": "{{amount}}", "params": params("amount")}]}, "variants[0].template", None),
        ({"variants": [{"template": "{"}]}, "variants[0].template", "invalid_value"),
        ({"variants": [{"template": "a\x00"}]}, "variants[0].template", "invalid_value"),
        ({"variants": [{"template": "x" * 4_001}]}, "variants[0].template", "invalid_length"),
        ({"variants": [{"template": "x" * 63_000}]}, "variants[0].template", "invalid_length"),
        ({"variants": [{"variant": "a"}, {"variant": "a"}]}, "variants", "invalid_value"),
        ({"variants": [{"variant": "A b"}]}, "variants[0].variant", "invalid_value"),
        ({"variants": []}, "variants", "invalid_length"),
        ({"variants": [{"variant": f"v{n}"} for n in range(51)]}, "variants", "invalid_length"),
        ({"category": ""}, "category", "invalid_length"),
        ({"category": "--"}, "category", "invalid_value"),
        ({"category": "a\nb"}, "category", "invalid_value"),
        ({"category": "x" * 129}, "category", "invalid_length"),
        ({"component": ""}, "component", "invalid_length"),
        ({"component": "Audit Log"}, "component", "reserved_component"),
        ({"component": " audit--LOG!"}, "component", "reserved_component"),
        ({"origin": "nobody"}, "origin", "invalid_value"),
        ({"visibility": "admin"}, "visibility", "invalid_value"),
        ({"activity": "another.one"}, "activity", "invalid_value"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_what_no_activity_can_be_is_422_naming_it(
    house: ManagedHouse, changed: dict[str, Any], path: str, code: str | None
) -> None:
    """And nothing is changed or recorded."""
    answer = house.manage("PUT", ACTIVITY, {**INVOICE, **changed}, activity="invoice.approved")
    assert problem_of(answer) == (422, code or "invalid_value")
    assert [error["path"] for error in answered(answer)["errors"]] == [path]
    assert "invoice.approved" not in {each["activity"] for each in catalogue(house)["activities"]}
    assert house.recorded() == []


def test_what_is_too_large_is_413(house: ManagedHouse) -> None:
    """A template of 64 KB makes a body of more."""
    assert problem_of(put(house, variants=[{"template": "x" * 65_536}])) == (413, "too_large")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("audit-log", "reserved_activity"),
        ("audit-log.searched", "reserved_activity"),
        ("audit-log.mine", "reserved_activity"),
        ("Invoice", "invalid_value"),
        ("a..b", "invalid_value"),
        ("a.", "invalid_value"),
        ("a#b", "invalid_value"),
        ("x" * 129, "invalid_value"),
    ],
)
def test_what_no_activity_is_called(house: ManagedHouse, name: str, code: str) -> None:
    """Above all not as one of Daybook's own."""
    assert problem_of(put(house, name)) == (422, code)
    assert take_back(house, name)["statusCode"] == 404


@pytest.mark.parametrize("body", [{"mode": "closed"}, {"mode": None}, {}, {"mode": "open", "x": 1}])
def test_what_no_mode_is(house: ManagedHouse, body: Any) -> None:
    """422, and it stays open."""
    assert house.manage("PUT", "/v1/settings/catalogue", body)["statusCode"] == 422
    assert catalogue(house)["mode"] == "open"


def test_only_operations_hide_and_show(house: ManagedHouse) -> None:
    """An admin neither hides an activity nor lifts, changes back or takes back what operations have hidden."""
    assert problem_of(put(house, visibility="operations")) == (403, "forbidden")
    is_put(house, role="operations", visibility="operations")
    (event_id,) = house.sent(SENT)
    assert house.found() == []
    assert [
        event["id"] for event in answered(house.reader("operations")())["events"] if event["category"] == "Invoices"
    ] == [event_id]
    assert problem_of(put(house)) == (403, "forbidden")
    assert problem_of(take_back(house)) == (403, "forbidden")
    assert problem_of(put(house, visibility="operations", event="Reworded")) == (403, "forbidden")
    is_put(house, role="operations", visibility="operations", event="Reworded")
    assert take_back(house, role="operations")["statusCode"] == 204
    is_put(house)


def test_what_the_profile_hides_stays_hidden(dynamodb: Any, tables: Tables) -> None:
    """Enate's API access records are the operators'."""
    house = ManagedHouse(dynamodb, tables, "enate")
    assert problem_of(put(house, "api.called")) == (403, "forbidden")
    is_put(house, "api.called", role="operations")
    assert problem_of(take_back(house, "api.called")) == (403, "forbidden")


def test_an_admin_silences_nothing_that_operations_see(dynamodb: Any, tables: Tables) -> None:
    """Neither by a role that nobody has, nor by other words: what is hidden is the operators' own to change."""
    house = ManagedHouse(dynamodb, tables, "enate")
    hidden = {"visibility": "operations", "category": "API Access"}
    assert problem_of(put(house, "api.called", **hidden, required_role="Nobody")) == (403, "forbidden")
    is_put(house, "api.called", role="operations", **hidden)
    assert problem_of(put(house, "api.called", **hidden, required_role="Nobody")) == (403, "forbidden")
    assert problem_of(take_back(house, "api.called")) == (403, "forbidden")
    assert stored_by_operations(house, {"activity": "api.called", "params": {"amount": 7}})


def stored_by_operations(house: ManagedHouse, event: Mapping[str, Any]) -> bool:
    (event_id,) = house.sent(event)
    return event_id in {each["id"] for each in answered(house.reader("operations")())["events"]}


def test_a_key_of_one_environment_rules_none_of_them(house: ManagedHouse) -> None:
    """Catalogue, mode and groups are of all environments; whoever reaches all of them may."""
    is_put(house)
    house.put_group("team", "mike.mars")
    calls: list[tuple[str, str, Any, dict[str, str]]] = [
        ("PUT", ACTIVITY, INVOICE, {"activity": "invoice.approved"}),
        ("DELETE", ACTIVITY, None, {"activity": "invoice.approved"}),
        ("PUT", "/v1/settings/catalogue", {"mode": "strict"}, {}),
        ("PUT", "/v1/groups/{name}", {"members": ["jane.roe"]}, {"name": "team"}),
        ("DELETE", "/v1/groups/{name}", None, {"name": "team"}),
    ]
    before = catalogue(house)
    told = [house.recorded("catalogue"), house.recorded("group")]
    for method, path, body, given in calls:
        refused = house.manage(method, path, body, environment="test", **given)
        assert problem_of(refused) == (403, "environment_denied"), (method, path)
    assert catalogue(house) == before
    assert house.group("team") == ["mike.mars"]
    assert [house.recorded("catalogue"), house.recorded("group")] == told
    for method, path, body, given in calls:
        house.done(method, path, body, **given)


def test_a_variant_keeps_the_origin_that_it_has_in_the_profile(dynamodb: Any, tables: Tables) -> None:
    """What is read and put back unchanged changes nothing: the system can't complete Enate's work items."""
    house = ManagedHouse(dynamodb, tables, "enate")
    completed = {
        "activity": "work-item.status-changed",
        "variant": "completed",
        "actor": {"type": "system"},
        "params": {"from": "a", "to": "b"},
    }
    (one,) = [each for each in catalogue(house)["activities"] if each["activity"] == completed["activity"]]
    for changed in ({}, {"origin": "system"}):
        house.done("PUT", ACTIVITY, {**one, **changed}, activity=completed["activity"])
        assert answered(house.send(completed))["results"][0]["code"] == "actor_required"
        assert answered(house.send({**completed, "variant": "changed"}))["stored"] == 1


def test_an_activity_has_been_in_50_categories(house: ManagedHouse) -> None:
    """Each is remembered; those that it has been in it may be in again."""
    kept(house, "invoice.approved", OwnActivity(uncatalogued("invoice.approved"), tuple(map(str, range(49)))))
    is_put(house, category="Invoices")
    assert problem_of(put(house, category="Money")) == (422, "too_many_categories")
    is_put(house, category="7")
    assert take_back(house)["statusCode"] == 204
    assert problem_of(put(house, category="Money")) == (422, "too_many_categories")
    is_put(house, "another.one", category="Money")


def test_a_tenants_own_activities_have_a_megabyte(house: ManagedHouse) -> None:
    """In all, as they stand: what is put in another's place, or taken back, makes room."""
    large = [{"variant": f"v{number}", "template": "x" * 1_150} for number in range(50)]
    number = 0
    while (answer := put(house, f"own.a-{number}", variants=large))["statusCode"] == 200:
        number += 1
    assert problem_of(answer) == (422, "catalogue_too_large")
    definitions = [
        row["definition"]["S"]
        for row in house.dynamodb.scan(TableName=house.tables.control)["Items"]
        if "definition" in row
    ]
    assert 1024 * 1024 - 80 * 1024 < sum(map(len, definitions)) <= 1024 * 1024
    assert len(house.read("/v1/catalogue")["body"]) < 2 * 1024 * 1024
    assert len(house.recorded("catalogue")) == number
    is_put(house, "own.a-0", variants=large)
    assert take_back(house, "own.a-1")["statusCode"] == 204
    is_put(house, "own.one-more", variants=large)
    assert put(house, "own.a-1", variants=large)["statusCode"] == 422


def test_an_activity_and_its_version_are_written_together(house: ManagedHouse) -> None:
    """Where the settings can't be written, the activity is not either: no function has words that others lack."""
    is_put(house)
    own = OwnActivity(uncatalogued("invoice.approved"), ("Money",))
    row = house.cataloguing.activities.written(house.tenant, "invoice.approved", own)

    def overtaken(now: TenantSettings) -> TenantSettings:
        house.control.change_tenant(house.tenant, lambda other: replace(other, created_at=other.created_at + 1))
        return replace(now, catalogue_version=now.catalogue_version + 1)

    hasty = ControlTable(house.dynamodb, house.tables.control, Patience(sleep=lambda _: None))
    with pytest.raises(Contended):
        hasty.change_tenant(house.tenant, overtaken, row)
    fresh = Catalogues(CatalogueTable(house.dynamodb, house.tables.control))
    assert fresh.of(house.control.settings(house.tenant)).activities_in({"Money"}) == []


def test_the_catalogue_is_changed_by_admins(house: ManagedHouse) -> None:
    """Neither by auditors nor by producers."""
    for role in ("auditor", "producer"):
        assert put(house, role=role)["statusCode"] == 403
        assert take_back(house, role=role)["statusCode"] == 403
        assert house.manage("PUT", "/v1/settings/catalogue", {"mode": "strict"}, role)["statusCode"] == 403


def test_a_tenant_has_500_activities_of_its_own(house: ManagedHouse) -> None:
    """Those that there are may change; those taken back count, since their categories are remembered."""
    for number in range(500):
        own = OwnActivity(uncatalogued(f"own.a-{number}"), ("Own",))
        row = house.cataloguing.activities.written(house.tenant, f"own.a-{number}", own)["Update"]
        house.dynamodb.update_item(TableName=house.tables.control, **row)
    house.control.change_tenant(house.tenant, lambda now: replace(now, catalogue_version=1))
    assert problem_of(put(house)) == (422, "too_many_activities")
    is_put(house, "own.a-7")
    assert take_back(house, "own.a-8")["statusCode"] == 204
    assert problem_of(put(house)) == (422, "too_many_activities")
    is_put(house, "own.a-9", category="Own", variants=[{}])
    (event_id,) = house.sent({"activity": "own.a-9"})
    assert house.found(category="own") == [event_id]


def test_own_activities_are_a_tenants_own(house: ManagedHouse) -> None:
    """Another tenant of the same profile knows nothing of them."""
    other = ManagedHouse(house.dynamodb, house.tables, tenant="acme2")
    is_put(house)
    assert stored(other)["category"] == "other"
    assert problem_of(take_back(other)) == (404, "not_found")
