"""Tenants and their keys, over the gateway's events."""

from functools import reduce
from typing import Any

import pytest

from daybook.access.api_keys import matches, parse
from daybook.aws.wiring import Wiring
from daybook.ids import ALPHABET
from daybook.tenant import Tenant, new_code
from daybook.tenants.limits import Limits
from daybook.tenants.settings import LAYOUT_NOTICE_MS, Layout
from tests.support.calls import answered, authorized
from tests.support.tenancy import LIMITS, NEW, NOW, NOW_TEXT, SHOWN, Tenancy


def _at_fault(answer: dict[str, Any]) -> list[str]:
    assert answer["statusCode"] == 422
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    return [error["path"] for error in answered(answer)["errors"]]


@pytest.mark.every_store
def test_a_tenant_is_created(log: Tenancy) -> None:
    """The 201 has everything that can be read about the tenant. The profile's retention applies from the start."""
    answer = log.create()
    assert answer["statusCode"] == 201
    assert answer["headers"]["Location"] == "/prod/v1/tenants/acme"
    assert answered(answer) == SHOWN
    settings = log.control.settings(Tenant("acme"))
    assert (settings.retention_days, settings.layouts, settings.mode) == (90, (Layout(0, 1),), "open")


def test_a_tenant_may_begin_on_a_day(log: Tenancy) -> None:
    """Any offset and precision is accepted; the answer has UTC milliseconds."""
    answer = log.create(audit_since="2026-01-01T01:00:00.0009+01:00")
    assert answered(answer)["audit_since"] == "2026-01-01T00:00:00.000Z"


def test_a_tenant_without_a_word_of_audit_since_has_no_limit(log: Tenancy) -> None:
    """The field is optional."""
    answer = log("POST", "/v1/tenants", {name: value for name, value in NEW.items() if name != "audit_since"})
    assert answered(answer) == SHOWN


def test_enates_events_are_kept_for_ever(log: Tenancy) -> None:
    """The profile's default has no limit."""
    log.create(profile="enate")
    assert log.control.settings(Tenant("acme")).retention_days is None


def test_a_taken_name_is_409(acme: Tenancy) -> None:
    """The existing tenant stays and nothing is recorded."""
    answer = acme.create(name="Another")
    assert answer["statusCode"] == 409
    assert acme.control.settings(Tenant("acme")).name == "Acme Inc"
    assert acme.log.records == []


def test_a_code_that_is_taken_is_drawn_again(acme: Tenancy) -> None:
    """Before anything is recorded: the first event of a new tenant is never in another one's log."""
    taken, free = acme.control.settings(Tenant("acme")).code, b"free"
    number = reduce(lambda number, letter: number << 5 | ALPHABET.index(letter), taken, 0)
    drawn = iter([number.to_bytes(4), number.to_bytes(4), free])
    acme.wiring = Wiring(acme.dynamodb, acme.tables, bytes, lambda: NOW, lambda _: next(drawn), {"record": acme.log})
    assert acme.create(tenant="another")["statusCode"] == 201
    another = acme.control.settings(Tenant("another"))
    assert another.code == new_code(lambda _: free) != taken
    assert [record[0] for record in acme.log.records] == ["another"]
    assert next(drawn, None) is None


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"tenant": "Acme"}, "tenant"),
        ({"tenant": "a"}, "tenant"),
        ({"tenant": "a#b"}, "tenant"),
        ({"tenant": "acme\n"}, "tenant"),
        ({"tenant": "x" * 40}, "tenant"),
        ({"tenant": 1}, "tenant"),
        ({"tenant": None}, "tenant"),
        ({"name": ""}, "name"),
        ({"name": "n" * 257}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": ["Acme"]}, "name"),
        ({"profile": "nobody"}, "profile"),
        ({"profile": "../audit-log"}, "profile"),
        ({"profile": "audit-log"}, "profile"),
        ({"profile": {}}, "profile"),
        ({"environments": []}, "environments"),
        ({"environments": "prod"}, "environments"),
        ({"environments": None}, "environments"),
        ({"environments": ["prod", "prod"]}, "environments[1]"),
        ({"environments": ["prod", "*"]}, "environments[1]"),
        ({"environments": ["prod", "a#b"]}, "environments[1]"),
        ({"environments": ["prod", 5]}, "environments[1]"),
        ({"environments": [f"e{number}" for number in range(51)]}, "environments"),
        ({"audit_since": "yesterday"}, "audit_since"),
        ({"audit_since": "2026-02-30T00:00:00Z"}, "audit_since"),
        ({"audit_since": "1969-12-31T00:00:00Z"}, "audit_since"),
        ({"audit_since": 5}, "audit_since"),
        ({"audit_since": ""}, "audit_since"),
        ({"shards": 4}, "shards"),
        ({"evil": 1}, "evil"),
    ],
)
def test_what_a_tenant_can_not_be_is_422_naming_the_field(log: Tenancy, changed: dict[str, Any], path: str) -> None:
    """Nothing is stored or recorded."""
    assert _at_fault(log.create(**changed)) == [path]
    assert log.control.tenants() == []
    assert log.log.records == []


@pytest.mark.parametrize("missing", ["tenant", "name", "profile", "environments"])
def test_what_a_tenant_needs(log: Tenancy, missing: str) -> None:
    """The answer names the missing field."""
    answer = log("POST", "/v1/tenants", {name: value for name, value in NEW.items() if name != missing})
    assert _at_fault(answer) == [missing]


@pytest.mark.parametrize("body", [None, b"", b"{", b"[]", b"[" * 50_000, b'{"tenant":NaN}', b"\xff"])
def test_what_is_no_json_object_is_400(log: Tenancy, body: bytes | None) -> None:
    """The rule holds for all three operations that take a body."""
    log.create()
    assert log("POST", "/v1/tenants", body)["statusCode"] == 400
    assert log.change(body)["statusCode"] == 400
    assert log.issue(body)["statusCode"] == 400


def test_what_is_too_large_or_no_json_by_its_header_is_refused(log: Tenancy) -> None:
    """The answers are 413 and 415, as for events."""
    assert log("POST", "/v1/tenants", b" " * 70_000)["statusCode"] == 413
    assert log("POST", "/v1/tenants", NEW, headers={"Content-Type": "text/xml"})["statusCode"] == 415


def test_tenants_are_listed_to_operations_alone(acme: Tenancy) -> None:
    """The list is sorted by slug."""
    acme.create(tenant="0-first")
    answer = acme("GET", "/v1/tenants")
    assert answered(answer) == {"tenants": [{**SHOWN, "tenant": "0-first"}, SHOWN]}
    assert acme("GET", "/v1/tenants", authorizer=authorized())["statusCode"] == 403


@pytest.mark.parametrize("role", ["producer", "auditor", "admin"])
def test_any_role_reads_its_own_tenant_and_no_other(acme: Tenancy, role: str) -> None:
    """Another tenant is a 404, whether it exists or not."""
    acme.create(tenant="acme-2")

    def read(tenant: str) -> dict[str, Any]:
        return acme("GET", "/v1/tenants/{tenant}", parameters={"tenant": tenant}, authorizer=authorized(role))

    assert answered(read("acme")) == SHOWN
    assert read("acme-2")["statusCode"] == read("nobody")["statusCode"] == 404


@pytest.mark.parametrize("tenant", ["nobody", "ACME", "tenants", "a%23b", "x" * 3_000, "%ff"])
def test_a_tenant_that_there_is_not_is_404(acme: Tenancy, tenant: str) -> None:
    """Every operation answers 404, whatever the name looks like."""
    read = acme("GET", "/v1/tenants/{tenant}", parameters={"tenant": tenant})
    answers = [read, acme.change({"name": "x"}, tenant), acme.keys(tenant), acme.revoke("k1", tenant)]
    answers.append(acme.issue({"role": "admin", "label": "x"}, tenant))
    assert [answer["statusCode"] for answer in answers] == [404] * 5
    assert acme.log.records == []


def test_a_header_that_names_another_tenant_than_the_path_is_400(acme: Tenancy) -> None:
    """The header counts for operations only. It is ignored from anybody else."""
    elsewhere: dict[str, Any] = {"parameters": {"tenant": "acme"}, "headers": {"Daybook-Tenant": "other"}}
    assert acme("GET", "/v1/tenants/{tenant}", **elsewhere)["statusCode"] == 400
    assert acme("GET", "/v1/tenants/{tenant}", authorizer=authorized(), **elsewhere)["statusCode"] == 200


def test_name_and_beginning_change(acme: Tenancy) -> None:
    """Fields that are not named stay as they are; null removes the limit."""
    answer = acme.change({"name": "New", "audit_since": "2026-01-01T00:00:00Z"})
    assert answer["statusCode"] == 200
    assert answered(answer) == {**SHOWN, "name": "New", "audit_since": "2026-01-01T00:00:00.000Z"}
    assert answered(acme.change({"audit_since": None})) == {**SHOWN, "name": "New"}
    assert acme.control.settings(Tenant("acme")).name == "New"


def test_operators_change_limits(acme: Tenancy) -> None:
    """Those that are not named stay, null sets the default again, and every role of the tenant sees them."""
    changed = answered(acme.change({"limits": {"calls_a_minute": 5, "events_a_day": 7}}))
    assert changed["limits"] == {**LIMITS, "calls_a_minute": 5, "events_a_day": 7}
    acme.change({"limits": {"events_a_day": None}})
    shown = acme("GET", "/v1/tenants/{tenant}", parameters={"tenant": "acme"}, authorizer=authorized("auditor"))
    assert answered(shown)["limits"] == {**LIMITS, "calls_a_minute": 5}
    assert [params for _, _, params in acme.log.records] == [
        {"changed": "calls_a_minute, events_a_day", "calls_a_minute": 5, "events_a_day": 7},
        {"changed": "events_a_day", "events_a_day": LIMITS["events_a_day"]},
    ]
    # Who follows the defaults follows a release that changes them.
    assert acme.control.settings(Tenant("acme")).limits == Limits(calls_a_minute=5)
    refused = acme("PATCH", "/v1/tenants/{tenant}", {}, parameters={"tenant": "acme"}, authorizer=authorized("admin"))
    assert refused["statusCode"] == 403


def test_environments_grow_and_keep_their_order(acme: Tenancy) -> None:
    """A call that names no environment means the first one, so the first one stays first."""
    assert answered(acme.change({"environments": ["dev", "test", "prod"]}))["environments"] == ["prod", "test", "dev"]


def test_shards_grow_with_notice(acme: Tenancy) -> None:
    """The new layout begins later than any event's time may be. A pending layout stays."""
    assert answered(acme.change({"shards": 4}))["shards"] == 4
    assert answered(acme.change({"shards": 8}))["shards"] == 8
    begins = NOW + LAYOUT_NOTICE_MS
    assert acme.control.settings(Tenant("acme")).layouts == (Layout(0, 1), Layout(begins, 4), Layout(begins + 1, 8))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"environments": ["prod"]}, "environments"),
        ({"environments": []}, "environments"),
        ({"environments": ["prod", "test", "test"]}, "environments[2]"),
        ({"environments": ["prod", "test", "NEW"]}, "environments[2]"),
        ({"shards": 0}, "shards"),
        ({"shards": -1}, "shards"),
        ({"shards": 65}, "shards"),
        ({"shards": 10**30}, "shards"),
        ({"shards": True}, "shards"),
        ({"shards": "4"}, "shards"),
        ({"shards": None}, "shards"),
        ({"name": None}, "name"),
        ({"name": "n" * 257}, "name"),
        ({"audit_since": "x"}, "audit_since"),
        ({"limits": {"calls_a_minute": 0}}, "limits.calls_a_minute"),
        ({"limits": {"events_a_day": 10**13}}, "limits.events_a_day"),
        ({"limits": {"events_a_second": "5"}}, "limits.events_a_second"),
        ({"limits": {"events_a_second": 0.5}}, "limits.events_a_second"),
        ({"limits": {"events_an_hour": 5}}, "limits.events_an_hour"),
        ({"limits": None}, "limits"),
        ({"profile": "chat"}, "profile"),
        ({"tenant": "other"}, "tenant"),
    ],
)
def test_what_can_not_change_is_422_naming_the_field(acme: Tenancy, body: dict[str, Any], path: str) -> None:
    """Nothing changes."""
    assert _at_fault(acme.change({**body})) == [path]
    assert acme.control.settings(Tenant("acme")).name == "Acme Inc"
    assert acme.log.records == []


def test_shards_never_shrink(acme: Tenancy) -> None:
    """Pending shards count too."""
    acme.change({"shards": 4})
    assert _at_fault(acme.change({"shards": 3})) == ["shards"]


@pytest.mark.parametrize("body", [{}, {"name": "Acme Inc"}, {"shards": 1}, {"environments": ["test", "prod"]}])
def test_a_change_of_nothing_is_no_change(acme: Tenancy, body: dict[str, Any]) -> None:
    """The call is answered but not recorded."""
    answer = acme.change(body)
    assert (answer["statusCode"], answered(answer)) == (200, SHOWN)
    assert acme.log.records == []


def test_a_key_is_shown_once(acme: Tenancy) -> None:
    """Only the answer that creates the key has its secret."""
    answer = acme.issue({"role": "producer", "environment": "prod", "label": "billing"})
    assert answer["statusCode"] == 201
    shown = answered(answer)
    key = parse(shown.pop("key"))
    assert key is not None
    assert shown == {
        "key_id": key.id,
        "role": "producer",
        "environment": "prod",
        "label": "billing",
        "created_at": NOW_TEXT,
    }
    stored = acme.credentials.credential(key.id)
    assert stored is not None
    assert matches(key.secret, stored.hash)
    listed = acme.keys()
    assert answered(listed) == {"keys": [{**shown, "valid_until": None, "last_used_at": None}]}
    assert key.secret not in listed["body"]
    assert key.secret not in repr(acme.log.records)


def test_an_environment_left_out_is_all_that_the_caller_reaches(acme: Tenancy) -> None:
    """For operations and a tenant's admin that is every environment; for one environment's admin, their own."""
    body = {"role": "auditor", "label": "x"}
    test_admin = authorized(environment="test")
    assert answered(acme.issue(body))["environment"] == "*"
    assert answered(acme.issue(body, authorizer=authorized()))["environment"] == "*"
    assert answered(acme.issue({**body, "environment": None}, authorizer=test_admin))["environment"] == "test"


def test_no_key_is_for_an_environment_that_the_tenant_lacks(acme: Tenancy) -> None:
    """A token may name one. Its key would reach an environment of that name as soon as somebody adds it."""
    answer = acme.issue({"role": "auditor", "label": "auditors"}, authorizer=authorized(environment="ghost"))
    assert (answer["statusCode"], answered(answer)["code"]) == (403, "environment_denied")
    assert answered(acme.keys()) == {"keys": []}
    assert acme.log.records == []


def test_a_key_is_for_one_environment_or_for_all(acme: Tenancy) -> None:
    """Who calls with a token for several must say for which of them."""
    body, several = {"role": "auditor", "label": "auditors"}, authorized(environment="test,dev")
    refused = acme.issue(body, authorizer=several)
    assert (refused["statusCode"], answered(refused)["errors"][0]["path"]) == (422, "environment")
    assert acme.issue({**body, "environment": "*"}, authorizer=several)["statusCode"] == 403
    assert answered(acme.issue({**body, "environment": "test"}, authorizer=several))["environment"] == "test"


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"role": "operations"}, "role"),
        ({"role": "root"}, "role"),
        ({"role": ""}, "role"),
        ({"role": ["admin"]}, "role"),
        ({"label": ""}, "label"),
        ({"label": "x" * 129}, "label"),
        ({"label": "a\nb"}, "label"),
        ({"label": "\udfff"}, "label"),
        ({"label": 7}, "label"),
        ({"environment": "staging"}, "environment"),
        ({"environment": ""}, "environment"),
        ({"environment": "**"}, "environment"),
        ({"environment": ["prod"]}, "environment"),
        ({"tenant": "other"}, "tenant"),
    ],
)
def test_what_a_key_can_not_be_is_422_naming_the_field(acme: Tenancy, changed: dict[str, Any], path: str) -> None:
    """No key is created."""
    assert _at_fault(acme.issue({"role": "admin", "label": "x", **changed})) == [path]
    assert answered(acme.keys()) == {"keys": []}
    assert acme.log.records == []


@pytest.mark.parametrize("missing", ["role", "label"])
def test_what_a_key_needs(acme: Tenancy, missing: str) -> None:
    """The answer names the missing field."""
    body = {name: value for name, value in {"role": "admin", "label": "x"}.items() if name != missing}
    assert _at_fault(acme.issue(body)) == [missing]


def test_a_revoked_key_is_gone(acme: Tenancy) -> None:
    """Revoking is answered with 204; revoking the same key again with 404."""
    key_id = answered(acme.issue({"role": "admin", "label": "x"}))["key_id"]
    answer = acme.revoke(key_id)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert acme.credentials.credential(key_id) is None
    assert acme.revoke(key_id)["statusCode"] == 404


@pytest.mark.parametrize("key_id", ["unknown", "K1", "a#b", "k" * 3_000, "..", "é"])
def test_a_key_that_there_is_not_is_404(acme: Tenancy, key_id: str) -> None:
    """The answer is 404, whatever the id looks like."""
    assert acme.revoke(key_id)["statusCode"] == 404
    assert acme.log.records == []


def test_an_admin_reaches_no_other_tenants_keys(acme: Tenancy) -> None:
    """Neither the other tenant's path nor the key's id under the admin's own path works."""
    acme.create(tenant="acme-2")
    key_id = answered(acme.issue({"role": "admin", "label": "x"}))["key_id"]
    other = authorized(tenant="acme-2")
    assert acme.keys(authorizer=other)["statusCode"] == 404
    assert acme.issue({"role": "admin", "label": "x"}, authorizer=other)["statusCode"] == 404
    assert acme.revoke(key_id, authorizer=other)["statusCode"] == 404
    assert acme.revoke(key_id, "acme-2", authorizer=other)["statusCode"] == 404
    assert acme.credentials.credential(key_id) is not None


@pytest.mark.parametrize("role", ["producer", "auditor"])
def test_keys_are_for_admins(acme: Tenancy, role: str) -> None:
    """Lower roles get a 403."""
    caller = authorized(role)
    answers = [acme.keys(authorizer=caller), acme.revoke("k1", authorizer=caller)]
    answers.append(acme.issue({"role": "admin", "label": "x"}, authorizer=caller))
    assert [answer["statusCode"] for answer in answers] == [403] * 3


@pytest.mark.parametrize("environment", ["prod", "*"])
def test_an_environments_admin_stays_in_it(acme: Tenancy, environment: str) -> None:
    """The admin can neither issue nor revoke a key that reaches further than their own."""
    body = {"role": "admin", "label": "x", "environment": environment}
    further = answered(acme.issue(body))["key_id"]
    caller = authorized(environment="test")
    assert acme.issue(body, authorizer=caller)["statusCode"] == 403
    assert acme.revoke(further, authorizer=caller)["statusCode"] == 403
    assert acme.credentials.credential(further) is not None
    own = answered(acme.issue({**body, "environment": "test"}, authorizer=caller))["key_id"]
    assert acme.revoke(own, authorizer=caller)["statusCode"] == 204


def test_every_change_is_in_the_tenants_own_log(log: Tenancy) -> None:
    """Records have the parameters that the catalogue's sentences need. Reads record nothing."""
    log.create()
    log.change({"name": "New", "shards": 2})
    key_id = answered(log.issue({"role": "producer", "environment": "prod", "label": "billing"}))["key_id"]
    log.keys()
    log("GET", "/v1/tenants")
    log.revoke(key_id)
    assert log.log.records == [
        ("acme", "tenant-created", {"profile": "carear"}),
        ("acme", "tenant-changed", {"changed": "name, shards", "name": "New", "shards": 2}),
        (
            "acme",
            "key-created",
            {"key_id": key_id, "key_label": "billing", "role": "producer", "environment": "prod"},
        ),
        ("acme", "key-revoked", {"key_id": key_id, "key_label": "billing"}),
    ]


def test_nothing_changes_unrecorded(log: Tenancy) -> None:
    """If the record can't be written, the answer is 503 and nothing changes. The same call then succeeds later."""
    log.log.broken = True
    assert log.create()["statusCode"] == 503
    assert log.control.tenants() == []
    log.log.broken = False
    log.create()
    body = {"role": "admin", "label": "x"}
    key_id = answered(log.issue(body))["key_id"]

    log.log.broken = True
    answers = [log.change({"name": "New"}), log.issue(body), log.revoke(key_id)]
    assert [answer["statusCode"] for answer in answers] == [503] * 3
    assert log.control.settings(Tenant("acme")).name == "Acme Inc"
    assert [key["key_id"] for key in answered(log.keys())["keys"]] == [key_id]

    log.log.broken = False
    assert [log.change({"name": "New"})["statusCode"], log.revoke(key_id)["statusCode"]] == [200, 204]
