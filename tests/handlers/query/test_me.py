"""`GET /v1/me`: what a credential is told about itself."""

from typing import Any

import pytest

from daybook.access.roles import OPERATIONS
from daybook.aws.wiring import Tables
from daybook.clock import DAY, format_time
from daybook.http.serve import serve
from query.handler import operations
from tests.support.calls import Context, answered, authorized, call
from tests.support.documented import documented
from tests.support.ingest import NOW
from tests.support.tenant_log import TenantLog, problem_of


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    since = NOW - 3 * DAY
    return TenantLog(dynamodb, tables, "enate", environments=("prod", "test", "qa"), audit_since=since)


def me(log: TenantLog, role: str = "producer", header: str = "", **authorizer: str) -> dict[str, Any]:
    of_tenant = {"tenant": "" if role == OPERATIONS else log.tenant}
    event = call(
        "GET",
        "/v1/me",
        headers={"Daybook-Tenant": header} if header else None,
        authorizer=authorized(role, **of_tenant | authorizer),
    )
    return documented(event, serve(event, Context(), operations(log.wiring)))


@pytest.mark.every_store
@pytest.mark.parametrize("role", ["producer", "auditor", "admin"])
def test_a_key_learns_its_tenant_role_and_environments(log: TenantLog, role: str) -> None:
    """Whatever its role, and though it may read no settings. That it asked is not recorded."""
    assert answered(me(log, role, environment="test", credential="k9", label="billing")) == {
        "tenant": "acme",
        "name": log.settings.name,
        "profile": "enate",
        "view": "enate",
        "role": role,
        "environment": "test",
        "environments": ["test"],
        "credential": {"kind": "key", "id": "k9", "label": "billing"},
        "retained_from": format_time(log.settings.retention_edge(NOW)),
        "audit_since": format_time(NOW - 3 * DAY),
        "legal_hold": False,
    }
    assert log.recorded() == []


def test_environments_are_those_that_the_credential_may_use(log: TenantLog) -> None:
    """All of the tenant's for a key of `*`; a token's own, of which no single one is the credential's."""
    every = answered(me(log))
    assert (every["environment"], every["environments"]) == (None, ["prod", "test", "qa"])
    two = answered(me(log, environment="qa,prod"))
    assert (two["environment"], two["environments"]) == (None, ["prod", "qa"])


def test_a_token_is_shown_by_its_username(log: TenantLog) -> None:
    """Its roles are joined; its subject identifies it."""
    user = {"issuer": "https://id.example", "subject": "s-1", "username": "jane.roe", "credential": "s-1"}
    shown = answered(me(log, "auditor,producer", **user))
    assert shown["credential"] == {"kind": "oidc", "id": "s-1", "label": "jane.roe"}
    assert shown["role"] == "auditor,producer"


def test_retention_without_end_and_a_hold_are_said(dynamodb: Any, tables: Tables) -> None:
    """Null where nothing is ever hidden; under a hold the edge stays where it was."""
    assert answered(me(TenantLog(dynamodb, tables, retention_days=None)))["retained_from"] is None
    held = TenantLog(dynamodb, tables, tenant="held", retention_days=30)
    held.control.change_tenant(held.settings.code, lambda settings: settings.with_hold("", NOW - DAY))
    shown = answered(me(held))
    assert (shown["legal_hold"], shown["retained_from"]) == (True, format_time(NOW - 31 * DAY))


def test_operations_need_name_no_tenant(log: TenantLog) -> None:
    """Then what is about a tenant is null. With a tenant it is that one's; one that nobody has is not found."""
    none = answered(me(log, OPERATIONS))
    about_tenant = ("tenant", "name", "profile", "view", "environment", "retained_from", "audit_since")
    assert {none[name] for name in about_tenant} == {None}
    assert (none["role"], none["environments"], none["legal_hold"]) == (OPERATIONS, [], False)
    assert answered(me(log, OPERATIONS, "acme"))["environments"] == ["prod", "test", "qa"]
    assert problem_of(me(log, OPERATIONS, "nobody")) == (404, "not_found")
    assert answered(me(log, "admin", "nobody"))["tenant"] == "acme"
