"""Operators' keys, and the reserved tenant in whose log stands what is done with them."""

from typing import Any

import pytest

from daybook.access.api_keys import matches, parse
from daybook.clock import DAY, HOUR, format_time
from daybook.errors import Contended, TenantTaken, UnknownTenant
from daybook.http.problem import Problem
from daybook.http.request import Answer, Request
from daybook.http.routes import ROUTES
from daybook.http.serve import serve
from daybook.operators.log import OperatorsLog
from daybook.tenant import RESERVED, Tenant, TenantCode
from daybook.tenants.settings import TenantSettings
from tests.support.calls import Context, answered, authorized, call, operations
from tests.support.documented import documented
from tests.support.tenancy import NEW, NOW, NOW_TEXT, Tenancy


def _made(log: Tenancy, **body: Any) -> dict[str, Any]:
    answer = log.make_operators_key({"label": "Night shift", **body})
    assert answer["statusCode"] == 201, answer["body"]
    made: dict[str, Any] = answered(answer)
    return made


@pytest.mark.every_store
def test_an_operators_key_is_shown_once_and_ends_in_90_days(log: Tenancy) -> None:
    """It reaches every tenant. The list has all but its secret."""
    made = _made(log)
    key = parse(made.pop("key"))
    assert key
    assert made == {
        "key_id": key.id,
        "role": "operations",
        "environment": "*",
        "label": "Night shift",
        "created_at": NOW_TEXT,
        "valid_until": format_time(NOW + 90 * DAY),
    }
    stored = log.credentials.credential(key.id)
    assert stored
    assert matches(key.secret, stored.hash)
    assert (stored.issued.tenant, stored.issued.role) == ("", "operations")
    log.wiring.last_uses.note_use(key.id, NOW // HOUR)
    listed = log.operators_keys()
    assert answered(listed) == {"keys": [{**made, "last_used_at": "2026-11-22T16:00:00.000Z"}]}
    assert key.secret not in listed["body"]


def test_another_end_can_be_said(log: Tenancy) -> None:
    """A day or a year. What has expired stays listed."""
    until = format_time(NOW + DAY)
    made = _made(log, valid_until=until)
    log.now += 2 * DAY
    assert [key["valid_until"] for key in answered(log.operators_keys())["keys"]] == [until] == [made["valid_until"]]


def test_an_operators_key_lasts_a_year_at_most(log: Tenancy) -> None:
    """A key with a moment left must not make one that lasts for ever. Nothing is recorded or made."""
    assert _made(log, valid_until=format_time(NOW + 365 * DAY))
    recorded = len(log.log.records)
    for until in (format_time(NOW + 365 * DAY + 1), "9999-12-31T23:59:59Z"):
        answer = log.make_operators_key({"label": "x", "valid_until": until})
        assert (answer["statusCode"], answered(answer)["code"]) == (422, "invalid_value")
        assert [error["path"] for error in answered(answer)["errors"]] == ["valid_until"]
    assert (len(log.log.records), len(answered(log.operators_keys())["keys"])) == (recorded, 1)


def test_no_key_is_limited_to_a_later_end(log: Tenancy) -> None:
    """Else an expired key would be valid again, and the log would say that it was revoked."""
    keys, request = log.wiring.operators_keys, Request.from_gateway(call("DELETE", "/"), Context())
    key_id, end = _made(log, valid_until=format_time(NOW + DAY))["key_id"], format_time(NOW + HOUR)
    assert keys.limit(request, key_id, end)
    recorded = len(log.log.records)
    for log.now in (NOW, NOW + 2 * DAY):
        for later in (NOW + HOUR + 1, NOW + 3_650 * DAY):
            with pytest.raises(Problem, match="must not be later"):
                keys.limit(request, key_id, format_time(later))
    assert [key["valid_until"] for key in answered(log.operators_keys())["keys"]] == [end]
    assert len(log.log.records) == recorded


def test_half_a_reserved_tenant_is_no_endless_loop() -> None:
    """A restore may leave its name without its settings: then nothing is done, and the call ends."""

    class Half:
        def settings(self, tenant: Tenant) -> TenantSettings:
            raise UnknownTenant(tenant)

        def settings_of(self, code: TenantCode) -> TenantSettings:
            raise UnknownTenant(code)

        def create_tenant(self, settings: TenantSettings) -> None:
            raise TenantTaken(settings.tenant)

    log = OperatorsLog(Half(), lambda *_, **__: pytest.fail("recorded"), lambda: NOW, bytes)
    with pytest.raises(Contended):
        log.record(Request.from_gateway(call("DELETE", "/"), Context()), "operators-key-created", {})


def test_a_revoked_operators_key_is_gone(log: Tenancy) -> None:
    """A second time there is none, and nothing more is recorded."""
    key_id = _made(log)["key_id"]
    assert log.revoke_operators_key(key_id)["statusCode"] == 204
    assert log.credentials.credential(key_id) is None
    assert answered(log.operators_keys()) == {"keys": []}
    recorded = len(log.log.records)
    for missing in (key_id, "K1", "a#b", "k" * 3_000):
        assert log.revoke_operators_key(missing)["statusCode"] == 404
    assert len(log.log.records) == recorded


def test_what_is_done_with_operators_keys_is_in_the_reserved_tenants_log(log: Tenancy) -> None:
    """The tenant is made with the first record, and only once."""
    key_id = _made(log)["key_id"]
    log.revoke_operators_key(key_id)
    params = {"key_id": key_id, "key_label": "Night shift"}
    assert log.log.records == [
        ("daybook", "operators-key-created", {**params, "valid_until": format_time(NOW + 90 * DAY)}),
        ("daybook", "operators-key-revoked", params),
    ]
    (settings,) = log.control.tenants()
    assert (settings.tenant, settings.profile, settings.environments) == (RESERVED, "generic", ("prod",))


def test_what_can_not_be_recorded_is_not_done(log: Tenancy) -> None:
    """503, and the keys stay as they were."""
    key_id = _made(log)["key_id"]
    log.log.broken = True
    assert log.make_operators_key({"label": "x"})["statusCode"] == 503
    assert log.revoke_operators_key(key_id)["statusCode"] == 503
    assert [key["key_id"] for key in answered(log.operators_keys())["keys"]] == [key_id]


def test_nobody_creates_the_reserved_tenant(log: Tenancy) -> None:
    """It is taken before it exists and after. Operations read it like any."""
    assert log.create(tenant="daybook")["statusCode"] == 409
    _made(log)
    assert log.create(tenant="daybook")["statusCode"] == 409
    assert answered(log("GET", "/v1/tenants/{tenant}", parameters={"tenant": "daybook"}))["profile"] == "generic"


def test_keys_of_the_reserved_tenant_reach_no_operators_key(log: Tenancy) -> None:
    """Its admin neither sees, nor rotates, nor revokes one: a rotation would show a key to every tenant."""
    key_id = _made(log)["key_id"]
    admin = authorized(tenant="daybook")
    assert answered(log.keys("daybook", authorizer=admin)) == {"keys": []}
    assert log.rotate(key_id, {}, "daybook", authorizer=admin)["statusCode"] == 404
    assert log.revoke(key_id, "daybook", authorizer=admin)["statusCode"] == 404
    assert log.rotate(key_id, {}, "daybook")["statusCode"] == 404
    assert log.credentials.credential(key_id)


REFUSED_THERE = (
    ("POST", "/v1/events"),
    ("PUT", "/v1/settings/retention"),
    ("PUT", "/v1/settings/catalogue"),
    ("PUT", "/v1/catalogue/{activity}"),
    ("DELETE", "/v1/catalogue/{activity}"),
    ("PUT", "/v1/groups/{name}"),
    ("DELETE", "/v1/groups/{name}"),
    ("PATCH", "/v1/tenants/{tenant}"),
)


def test_operators_can_neither_falsify_nor_shorten_their_own_log() -> None:
    """403 before the function does anything, however the tenant is named. Other tenants' logs are not concerned."""
    done: list[Request] = []

    def do(request: Request) -> Answer:
        done.append(request)
        return Answer(204)

    for method, resource in REFUSED_THERE:
        for tenant, status in (("daybook", 403), ("daybook-2", 204)):
            named = {
                "parameters" if "{tenant}" in resource else "headers": {"tenant": tenant, "daybook-tenant": tenant}
            }
            event = call(method, resource, {}, authorizer=operations(), **named)
            answer = serve(event, Context(), {route.operation: do for route in ROUTES})
            assert (answer["statusCode"], len(done)) == (status, int(status == 204)), (method, resource)
            if status == 403:
                assert answered(documented(event, answer))["code"] == "reserved_tenant"
        done.clear()


def test_the_reserved_tenant_has_keys_for_auditors_only(log: Tenancy) -> None:
    """Whoever could send events to it or manage it would reach what operators may not."""
    _made(log)
    for role in ("producer", "admin"):
        answer = log.issue({"role": role, "label": "x"}, "daybook")
        assert (answer["statusCode"], answered(answer)["code"]) == (403, "reserved_tenant")
    assert log.issue({"role": "auditor", "label": "x"}, "daybook")["statusCode"] == 201
    assert [activity for _, activity, _ in log.log.records] == ["operators-key-created", "key-created"]


@pytest.mark.parametrize("role", ["producer", "auditor", "admin"])
def test_only_operations_reach_operators_keys(acme: Tenancy, role: str) -> None:
    """403 for whoever belongs to a tenant."""
    who = authorized(role)
    answers = [acme.make_operators_key({"label": "x"}, authorizer=who), acme.operators_keys(authorizer=who)]
    answers.append(acme.revoke_operators_key("k1", authorizer=who))
    assert [answer["statusCode"] for answer in answers] == [403] * 3


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "label"), ({"label": ""}, "label"), ({"label": "x" * 129}, "label"), ({"label": "x", **NEW}, "tenant")],
)
def test_what_an_operators_key_can_not_be_is_422(log: Tenancy, body: Any, path: str) -> None:
    """The tenant `daybook` is not even made."""
    answer = log.make_operators_key(body)
    assert answer["statusCode"] == 422
    assert path in [error["path"] for error in answered(answer)["errors"]]
    assert log.control.tenants() == []
