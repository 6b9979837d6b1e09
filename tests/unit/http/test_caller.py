"""Who the caller is, and which tenant and environment follow from that."""

from dataclasses import replace

import pytest

from daybook.http.caller import Caller, User
from daybook.http.problem import Problem
from tests.support.calls import authorized, operations


def test_the_tenant_comes_from_the_credential() -> None:
    """A tenant's credential always selects its own tenant, whatever the header says."""
    caller = Caller.from_context(authorized(tenant="acme"))
    assert caller.tenant_for("other", None) == "acme"
    assert caller.tenant_for(None, "acme") == "acme"


def test_a_foreign_tenant_does_not_exist() -> None:
    """A path that names another tenant is answered with 404, never 403."""
    with pytest.raises(Problem) as refused:
        Caller.from_context(authorized(tenant="acme")).tenant_for(None, "other")
    assert refused.value.status == 404


@pytest.mark.parametrize(("header", "path"), [("acme", None), (None, "acme"), ("acme", "acme")])
def test_operations_name_the_tenant(header: str | None, path: str | None) -> None:
    """Operations name the tenant in the header, in the path, or in both if they agree."""
    assert Caller.from_context(operations()).tenant_for(header, path) == "acme"


@pytest.mark.parametrize(
    ("header", "path", "code"),
    [(None, None, "tenant_needed"), ("", None, "tenant_needed"), ("other", "acme", "tenant_mismatch")],
)
def test_operations_must_name_one_tenant(header: str | None, path: str | None, code: str) -> None:
    """Naming no tenant where one is needed, or two different tenants, is a 400."""
    with pytest.raises(Problem) as refused:
        Caller.from_context(operations()).tenant_for(header, path)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_a_throttled_address_is_told_to_wait() -> None:
    """An authorizer can't answer 429, so its context reports the throttling and the function answers 429."""
    with pytest.raises(Problem) as refused:
        Caller.from_context({"throttled": "true", "role": ""})
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "60"})


@pytest.mark.parametrize("context", [{}, {"role": ""}, {"throttled": ""}])
def test_no_role_is_no_caller(context: dict[str, str]) -> None:
    """The default is to deny: a context that says nothing is a 401."""
    with pytest.raises(Problem) as refused:
        Caller.from_context(context)
    assert refused.value.status == 401


def test_the_environment_is_the_tenants_first_that_the_credential_reaches() -> None:
    """For a call that names no environment."""
    assert Caller.from_context(authorized(environment="test")).environment_for(None, ["prod", "test"]) == "test"
    assert Caller.from_context(authorized()).environment_for(None, ["prod", "test"]) == "prod"
    several = Caller.from_context(authorized(environment="demo,test"))
    assert several.environment_for(None, ["prod", "test", "demo"]) == "test"


@pytest.mark.parametrize("of_caller", ["test", "test,demo"])
def test_a_credential_of_some_environments_stays_in_them(of_caller: str) -> None:
    """Naming another environment is a 403, and so is what applies to all. A token may name one that there is not."""
    caller = Caller.from_context(authorized(environment=of_caller))
    assert caller.environment_for("test", ["prod", "test"]) == "test"
    for refused in (
        lambda: caller.environment_for("prod", ["prod", "test"]),
        lambda: caller.environment_for("tes", ["prod", "tes"]),
        lambda: caller.environment_for("*", ["prod", "test"]),
        lambda: caller.environment_for(None, ["prod"]),
        caller.check_reaches_all,
    ):
        with pytest.raises(Problem) as told:
            refused()
        assert told.value.status == 403


def test_a_caller_is_what_its_context_says() -> None:
    """The gateway hands the authorizer's context to the function."""
    user = User("https://id.example", "k1", "mike", "Mike Mars", "mike@mars.example")
    for caller in (
        Caller("auditor,producer", "acme", "prod,test", "k1", "", user),
        Caller("admin", "acme", "*", "k1", "The key"),
    ):
        assert Caller.from_context(caller.context()) == caller


def test_a_key_and_a_token_are_never_the_same_caller() -> None:
    """Whatever an issuer takes for a subject: their cursors are not each other's."""
    key = Caller("auditor", "acme", "*", "k1", "")
    one, other = (replace(key, user=User(f"https://{name}.example", "k1", "mike")) for name in ("id", "login"))
    assert len({key.identity, one.identity, other.identity}) == 3
