"""The tenant's own catalogue applies to later events; stored events keep their wording and category."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.batches import Patience
from daybook.aws.control_table.tenants import ControlTable
from daybook.aws.wiring import Tables
from daybook.catalogue.profile import uncatalogued
from daybook.catalogue.tenant_catalogue import OwnActivity
from daybook.errors import Contended
from daybook.tenants.settings import TenantSettings
from tests.support.calls import answered
from tests.support.ingest import Sender
from tests.support.managed_log import ManagedLog
from tests.support.tenant_log import problem_of

ACTIVITY = "/v1/catalogue/{activity}"
INVOICE: dict[str, Any] = {
    "category": "Invoices",
    "component": "Invoice",
    "event": "Approved",
    "origin": "user",
    "kind": "access-change",
    "variants": [
        {
            "variant": "default",
            "template": "Invoice over {amount} approved",
            "params": [{"name": "amount", "type": "text"}],
        }
    ],
}
SENT = {"activity": "invoice.approved", "params": {"amount": 7}}


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> ManagedLog:
    return ManagedLog(dynamodb, tables)


def put(log: ManagedLog, activity: str = "invoice.approved", role: str = "admin", **changed: Any) -> dict[str, Any]:
    return log.manage("PUT", ACTIVITY, {**INVOICE, **changed}, role, activity=activity)


def is_put(log: ManagedLog, activity: str = "invoice.approved", role: str = "admin", **changed: Any) -> None:
    answer = put(log, activity, role, **changed)
    assert answer["statusCode"] == 200, answer["body"]


def take_back(log: ManagedLog, activity: str = "invoice.approved", role: str = "admin") -> dict[str, Any]:
    return log.manage("DELETE", ACTIVITY, None, role, activity=activity)


def kept(log: ManagedLog, activity: str, own: OwnActivity) -> None:
    """Writes the activity without the checks of the API."""
    row = log.wiring.activities.written(log.settings.code, activity, own)
    change = lambda now: replace(now, catalogue_version=now.catalogue_version + 1)  # noqa: E731
    log.control.change_tenant(log.settings.code, change, row)


def catalogue(log: ManagedLog) -> dict[str, Any]:
    described: dict[str, Any] = answered(log.read("/v1/catalogue"))
    return described


def stored(log: ManagedLog, event: Mapping[str, Any] = SENT) -> dict[str, Any]:
    """The event as a read shows it."""
    (event_id,) = log.sent(event)
    return next(each for each in log.page({"limit": "500"})["events"] if each["id"] == event_id)


def test_an_activity_is_added(log: ManagedLog) -> None:
    """It is in the catalogue with its category, and the very next event uses its wording."""
    before = stored(log, {**SENT, "details": "before"})
    assert (before["category"], before["component"], before["event"]) == ("other", "invoice", "approved")
    is_put(log)
    described = catalogue(log)
    (one,) = [each for each in described["activities"] if each["activity"] == "invoice.approved"]
    assert one == {
        "activity": "invoice.approved",
        "required_role": None,
        "visibility": None,
        **INVOICE,
        "variants": [{**INVOICE["variants"][0], "when": ""}],
    }
    assert "Invoices" in described["categories"]
    event = stored(log)
    assert (event["category"], event["details"], event["event"]) == ("Invoices", "Invoice over 7 approved", "Approved")
    assert next(each for each in log.page()["events"] if each["id"] == before["id"]) == before


def test_an_activity_of_the_profile_is_put_in_another_category(log: ManagedLog) -> None:
    """Events keep the wording and category they were recorded with. A filter by either category finds all events."""
    first = stored(log, {"activity": "user.login"})
    seen = {first["category"]: [first["id"]]}
    for category in ("Sign-ins", "Access", "Sign-ins"):
        is_put(log, "user.login", category=category, component="User", event="Login", variants=[{"template": category}])
        event = stored(log, {"activity": "user.login"})
        assert (event["category"], event["details"]) == (category, category)
        seen.setdefault(category, []).append(event["id"])
    assert take_back(log, "user.login")["statusCode"] == 204
    again = stored(log, {"activity": "user.login"})
    assert again["category"] == first["category"]
    seen[first["category"]].append(again["id"])
    for category, ids in seen.items():
        for spelling in (category, category.lower()):
            found = log.page({"category": spelling, "limit": "500"})["events"]
            assert sorted(event["id"] for event in found) == sorted(ids), spelling
    assert len(log.found(category=list(seen))) == sum(map(len, seen.values()))


def test_categories_of_two_changes_at_once_are_both_remembered(log: ManagedLog) -> None:
    """The second writer adds to what the first one wrote."""
    is_put(log, category="Invoices")
    event = stored(log)
    catalogues = log.managing.catalogues
    own = catalogues.of(log.control.settings(log.tenant)).own("invoice.approved")
    assert own is not None
    is_put(log, category="Money")
    kept(log, "invoice.approved", own)
    is_put(log, category="Bills")
    for category in ("Invoices", "Money", "Bills"):
        categories = catalogues.of(log.control.settings(log.tenant)).activities_in({category})
        assert categories == ["invoice.approved"]
    assert log.found(category="Invoices") == [event["id"]]


@pytest.mark.every_store
def test_a_removed_activity_is_the_profiles_or_uncatalogued(log: ManagedLog) -> None:
    """An activity that only the tenant defined is uncatalogued again. Its events keep their wording."""
    is_put(log)
    event = stored(log)
    assert take_back(log)["statusCode"] == 204
    assert problem_of(take_back(log)) == (404, "not_found")
    assert problem_of(take_back(log, "user.login")) == (404, "not_found")
    assert "invoice.approved" not in {each["activity"] for each in catalogue(log)["activities"]}
    after = stored(log)
    assert (after["category"], after["component"], after["details"]) == ("other", "invoice", None)
    assert log.found(category="invoices") == [event["id"]]
    assert log.found(category="other") == [after["id"]]


def test_strict_mode_accepts_what_the_catalogue_has(log: ManagedLog) -> None:
    """It applies to the very next request and accepts the tenant's own activities. Changes of the mode are recorded."""

    def set_mode(mode: str) -> Any:
        return log.done("PUT", "/v1/settings/catalogue", {"mode": mode})

    assert set_mode("strict") == set_mode("strict") == {"mode": "strict"}
    assert catalogue(log)["mode"] == "strict"
    assert answered(log.send(event_of()))["results"][0]["code"] == "unknown_activity"
    is_put(log)
    assert stored(log)["category"] == "Invoices"
    take_back(log)
    assert answered(log.send(event_of()))["results"][0]["code"] == "unknown_activity"
    assert set_mode("open") == {"mode": "open"}
    assert stored(log)["category"] == "other"
    told = sorted(event["details"] for event in log.recorded("catalogue"))
    assert told == [
        "Activity invoice.approved set in the catalogue",
        "Activity invoice.approved taken out of the catalogue",
        "Catalogue mode changed to open",
        "Catalogue mode changed to strict",
    ]


def event_of(**changed: Any) -> dict[str, Any]:
    return {"actor": {"type": "user", "username": "mike.mars"}, **SENT, **changed}


def test_a_retry_is_a_retry_whatever_the_catalogue_has_become(log: ManagedLog) -> None:
    """Even if strict mode, another wording or another role would refuse it now."""
    event = event_of(id="i-1", occurred_at="2026-11-22T10:00:00Z", environment="prod")
    is_put(log)
    first = answered(log.send(event))["results"][0]
    is_put(log, required_role="Boss", variants=[{"template": "{x}", "params": [{"name": "x", "type": "text"}]}])
    assert answered(log.send(event))["results"][0] == first
    take_back(log)
    log.done("PUT", "/v1/settings/catalogue", {"mode": "strict"})
    assert answered(log.send(event))["results"][0] == first


def test_another_warm_function_sees_a_change_in_its_very_next_request(log: ManagedLog) -> None:
    """Each function caches the catalogue until the settings name a newer version, and reads it no more often."""
    other = copy(log)
    other.send = Sender(log.wiring.replacing(), log.tenant)
    other.read = log.reader()
    for number in range(3):
        is_put(log, category=f"Category {number}", variants=[{"template": str(number)}])
        for one in (log, other):
            event = stored(one)
            assert (event["category"], event["details"]) == (f"Category {number}", str(number))
            assert f"Category {number}" in catalogue(one)["categories"]
    take_back(log)
    assert stored(other)["category"] == "other"


def test_own_activities_check_what_they_name(log: ManagedLog) -> None:
    """Origin, role, variants, and people among the parameters, like the profile's activities."""
    is_put(
        log,
        required_role="Boss",
        variants=[{"template": "Approved by {boss}", "params": [{"name": "boss", "type": "person"}]}],
    )
    refused: list[dict[str, Any]] = [
        {"actor": {"type": "system"}, "params": {"boss": "jane.roe"}},
        {"params": {}},
        {"params": {"boss": "jane.roe"}},
        {"variant": "nothing"},
    ]
    codes = [answered(log.send(event_of(**changed)))["results"][0]["code"] for changed in refused]
    assert codes == ["actor_required", "missing_params", "role_required", "unknown_variant"]
    boss = {"type": "user", "username": "mike.mars", "roles": ["Boss"]}
    event = stored(log, {**SENT, "actor": boss, "params": {"boss": "jane.roe"}})
    assert event["details"] == "Approved by jane.roe"
    log.forget(log.guid_of("jane.roe"))
    log.now += 60_000
    (shown,) = [each for each in log.page()["events"] if each["id"] == event["id"]]
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
def test_a_template_is_text(log: ManagedLog, template: str) -> None:
    """Markup and the like comes out unchanged, and placeholders within a parameter's value are never filled in."""
    is_put(log, variants=[{"template": template, "params": [{"name": "amount", "type": "text"}]}])
    given = "{amount} {} <i>"
    event = stored(log, {**SENT, "params": {"amount": given}})
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
def test_an_invalid_activity_is_422_with_its_path(
    log: ManagedLog, changed: dict[str, Any], path: str, code: str | None
) -> None:
    """Nothing is changed or recorded."""
    answer = log.manage("PUT", ACTIVITY, {**INVOICE, **changed}, activity="invoice.approved")
    assert problem_of(answer) == (422, code or "invalid_value")
    assert [error["path"] for error in answered(answer)["errors"]] == [path]
    assert "invoice.approved" not in {each["activity"] for each in catalogue(log)["activities"]}
    assert log.recorded() == []


def test_what_is_too_large_is_413(log: ManagedLog) -> None:
    """A template of 64 KB alone exceeds the limit, since the body around it adds more."""
    assert problem_of(put(log, variants=[{"template": "x" * 65_536}])) == (413, "too_large")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("audit-log", "reserved_activity"),
        ("audit-log.searched", "reserved_activity"),
        ("audit-log.mine", "reserved_activity"),
        ("Audit-Log.searched", "reserved_activity"),
        ("AUDIT-LOG:searched", "reserved_activity"),
        ("audit-logs", "reserved_activity"),
        ("a.", "invalid_value"),
        (":a", "invalid_value"),
        ("_a", "invalid_value"),
        ("a#b", "invalid_value"),
        ("a b", "invalid_value"),
        ("a/b", "invalid_value"),
        ("ü", "invalid_value"),
        ("a\n", "invalid_value"),
        ("x" * 129, "invalid_value"),
    ],
)
def test_names_that_no_activity_may_have(log: ManagedLog, name: str, code: str) -> None:
    """In particular not the name of one of Daybook's own."""
    assert problem_of(put(log, name)) == (422, code)
    assert take_back(log, name)["statusCode"] == 404


@pytest.mark.parametrize(
    "name", ["user.signed_in", "ConsoleLogin", "repo:create", "a..b", "auditlog.read", "my.audit-log", "x" * 128, "7"]
)
def test_other_products_names_can_be_catalogued(log: ManagedLog, name: str) -> None:
    """A name is compared as it stands: another case is another activity."""
    is_put(log, name)
    assert name in {each["activity"] for each in catalogue(log)["activities"]}
    if name.swapcase() != name:
        assert take_back(log, name.swapcase())["statusCode"] == 404
    assert take_back(log, name)["statusCode"] == 204


@pytest.mark.parametrize("body", [{"mode": "closed"}, {"mode": None}, {}, {"mode": "open", "x": 1}])
def test_an_unknown_mode_is_422(log: ManagedLog, body: Any) -> None:
    """422, and the mode stays open."""
    assert log.manage("PUT", "/v1/settings/catalogue", body)["statusCode"] == 422
    assert catalogue(log)["mode"] == "open"


def test_only_operations_hide_and_show(log: ManagedLog) -> None:
    """An admin cannot hide an activity, nor show, change or remove one that operations have hidden."""
    assert problem_of(put(log, visibility="operations")) == (403, "forbidden")
    is_put(log, role="operations", visibility="operations")
    (event_id,) = log.sent(SENT)
    assert log.found() == []
    assert [
        event["id"] for event in answered(log.reader("operations")())["events"] if event["category"] == "Invoices"
    ] == [event_id]
    assert problem_of(put(log)) == (403, "forbidden")
    assert problem_of(take_back(log)) == (403, "forbidden")
    assert problem_of(put(log, visibility="operations", event="Reworded")) == (403, "forbidden")
    is_put(log, role="operations", visibility="operations", event="Reworded")
    assert take_back(log, role="operations")["statusCode"] == 204
    is_put(log)


def test_what_the_profile_hides_stays_hidden(dynamodb: Any, tables: Tables) -> None:
    """Enate's API access records belong to the operators."""
    log = ManagedLog(dynamodb, tables, "enate")
    assert problem_of(put(log, "api.called")) == (403, "forbidden")
    is_put(log, "api.called", role="operations")
    assert problem_of(take_back(log, "api.called")) == (403, "forbidden")


def test_an_admin_cannot_change_hidden_activities(dynamodb: Any, tables: Tables) -> None:
    """Neither with a role that nobody has nor with another wording: only operators change what is hidden."""
    log = ManagedLog(dynamodb, tables, "enate")
    hidden = {"visibility": "operations", "category": "API Access"}
    assert problem_of(put(log, "api.called", **hidden, required_role="Nobody")) == (403, "forbidden")
    is_put(log, "api.called", role="operations", **hidden)
    assert problem_of(put(log, "api.called", **hidden, required_role="Nobody")) == (403, "forbidden")
    assert problem_of(take_back(log, "api.called")) == (403, "forbidden")
    assert stored_by_operations(log, {"activity": "api.called", "params": {"amount": 7}})


def stored_by_operations(log: ManagedLog, event: Mapping[str, Any]) -> bool:
    (event_id,) = log.sent(event)
    return event_id in {each["id"] for each in answered(log.reader("operations")())["events"]}


def test_a_key_for_one_environment_cannot_change_settings(log: ManagedLog) -> None:
    """Catalogue and mode apply to all environments. A key for all of them may change them."""
    is_put(log)
    calls: list[tuple[str, str, Any, dict[str, str]]] = [
        ("PUT", ACTIVITY, INVOICE, {"activity": "invoice.approved"}),
        ("DELETE", ACTIVITY, None, {"activity": "invoice.approved"}),
        ("PUT", "/v1/settings/catalogue", {"mode": "strict"}, {}),
    ]
    before = catalogue(log)
    told = log.recorded("catalogue")
    for method, path, body, given in calls:
        refused = log.manage(method, path, body, environment="test", **given)
        assert problem_of(refused) == (403, "environment_denied"), (method, path)
    assert catalogue(log) == before
    assert log.recorded("catalogue") == told
    for method, path, body, given in calls:
        log.done(method, path, body, **given)


def test_a_variant_keeps_the_origin_that_it_has_in_the_profile(dynamodb: Any, tables: Tables) -> None:
    """An activity that is put back as it was read changes nothing: the system cannot complete Enate's work items."""
    log = ManagedLog(dynamodb, tables, "enate")
    completed = {
        "activity": "work-item.status-changed",
        "variant": "completed",
        "actor": {"type": "system"},
        "params": {"from": "a", "to": "b"},
    }
    (one,) = [each for each in catalogue(log)["activities"] if each["activity"] == completed["activity"]]
    for changed in ({}, {"origin": "system"}):
        log.done("PUT", ACTIVITY, {**one, **changed}, activity=completed["activity"])
        assert answered(log.send(completed))["results"][0]["code"] == "actor_required"
        assert answered(log.send({**completed, "variant": "changed"}))["stored"] == 1


def test_an_activity_has_been_in_50_categories(log: ManagedLog) -> None:
    """Each is remembered. The activity may return to those that it has been in."""
    kept(log, "invoice.approved", OwnActivity(uncatalogued("invoice.approved"), tuple(map(str, range(49)))))
    is_put(log, category="Invoices")
    assert problem_of(put(log, category="Money")) == (422, "too_many_categories")
    is_put(log, category="7")
    assert take_back(log)["statusCode"] == 204
    assert problem_of(put(log, category="Money")) == (422, "too_many_categories")
    is_put(log, "another.one", category="Money")


def test_a_tenants_own_activities_have_a_megabyte(log: ManagedLog) -> None:
    """In total, as they are now: replacing or removing one makes room."""
    large = [{"variant": f"v{number}", "template": "x" * 1_150} for number in range(50)]
    number = 0
    while (answer := put(log, f"own.a-{number}", variants=large))["statusCode"] == 200:
        number += 1
    assert problem_of(answer) == (422, "catalogue_too_large")
    definitions = [
        row["definition"]["S"]
        for row in log.dynamodb.scan(TableName=log.tables.control)["Items"]
        if "definition" in row
    ]
    assert 1024 * 1024 - 80 * 1024 < sum(map(len, definitions)) <= 1024 * 1024
    assert len(log.read("/v1/catalogue")["body"]) < 2 * 1024 * 1024
    assert len(log.recorded("catalogue")) == number
    is_put(log, "own.a-0", variants=large)
    assert take_back(log, "own.a-1")["statusCode"] == 204
    is_put(log, "own.one-more", variants=large)
    assert put(log, "own.a-1", variants=large)["statusCode"] == 422


def test_an_activity_and_its_version_are_written_together(log: ManagedLog) -> None:
    """If the settings cannot be written, neither is the activity: no function has a wording that others lack."""
    is_put(log)
    own = OwnActivity(uncatalogued("invoice.approved"), ("Money",))
    row = log.wiring.activities.written(log.settings.code, "invoice.approved", own)

    def overtaken(now: TenantSettings) -> TenantSettings:
        log.control.change_tenant(log.settings.code, lambda other: replace(other, created_at=other.created_at + 1))
        return replace(now, catalogue_version=now.catalogue_version + 1)

    hasty = ControlTable(log.dynamodb, log.tables.control, Patience(sleep=lambda _: None))
    with pytest.raises(Contended):
        hasty.change_tenant(log.settings.code, overtaken, row)
    fresh = log.wiring.replacing().catalogues
    assert fresh.of(log.control.settings(log.tenant)).activities_in({"Money"}) == []


def test_the_catalogue_is_changed_by_admins(log: ManagedLog) -> None:
    """Not by auditors or producers."""
    for role in ("auditor", "producer"):
        assert put(log, role=role)["statusCode"] == 403
        assert take_back(log, role=role)["statusCode"] == 403
        assert log.manage("PUT", "/v1/settings/catalogue", {"mode": "strict"}, role)["statusCode"] == 403


def test_a_tenant_has_500_activities_of_its_own(log: ManagedLog) -> None:
    """Existing ones may change. Removed ones count, since their categories are remembered."""
    for number in range(500):
        own = OwnActivity(uncatalogued(f"own.a-{number}"), ("Own",))
        row = log.wiring.activities.written(log.settings.code, f"own.a-{number}", own)["Update"]
        log.dynamodb.update_item(TableName=log.tables.control, **row)
    log.control.change_tenant(log.settings.code, lambda now: replace(now, catalogue_version=1))
    assert problem_of(put(log)) == (422, "too_many_activities")
    is_put(log, "own.a-7")
    assert take_back(log, "own.a-8")["statusCode"] == 204
    assert problem_of(put(log)) == (422, "too_many_activities")
    is_put(log, "own.a-9", category="Own", variants=[{}])
    (event_id,) = log.sent({"activity": "own.a-9"})
    assert log.found(category="own") == [event_id]


def test_own_activities_are_a_tenants_own(log: ManagedLog) -> None:
    """Another tenant with the same profile does not have them."""
    other = ManagedLog(log.dynamodb, log.tables, tenant="acme2")
    is_put(log)
    assert stored(other)["category"] == "other"
    assert problem_of(take_back(other)) == (404, "not_found")
