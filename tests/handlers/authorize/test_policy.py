"""The authorizer's policy: exactly a role's routes, for as long as the gateway keeps it."""

from fnmatch import fnmatchcase
from itertools import combinations
from typing import Any

import pytest

from authorize.policy import policy_for, policy_for_throttled
from daybook.access.roles import ROLES
from daybook.http.routes import ROUTES, Route

STAGE = "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/prod"
ROLE_SETS = [some for number in (1, 2) for some in combinations(sorted(ROLES), number)]
ASKED = f"{STAGE}/GET/v1/tenants/acme/keys/with/slashes"


def _lets_in(policy: dict[str, Any], arn: str) -> bool:
    """As IAM reads it: `*` spans slashes, a denial wins, and what nobody allows is denied."""
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        for pattern in statement["Resource"]
        if fnmatchcase(arn, pattern)
    }
    return effects == {"Allow"}


def _arn(route: Route) -> str:
    path = route.path.replace("{tenant}", "acme").replace("{event_id}", "01JC").replace("{key_id}", "k1")
    path = path.replace("{activity}", "a.b").replace("{name}", "night shift")
    path = path.replace("{export_id}", "01JC").replace("{job_id}", "01JC").replace("{actor}", "u-1")
    path = path.replace("{log}", "mzuwy3").replace("{tile+}", "0/x001/000.p/5")
    assert "{" not in path
    return f"{STAGE}/{route.method}{path}"


@pytest.mark.parametrize("roles", ROLE_SETS, ids=",".join)
@pytest.mark.parametrize("route", [route for route in ROUTES if route.roles], ids=lambda route: route.operation)
def test_roles_reach_their_routes_and_no_other(roles: tuple[str, ...], route: Route) -> None:
    """Also where another route's `*` spans it. A token may have several roles: any of them suffices."""
    assert _lets_in(policy_for({*roles}, ASKED), _arn(route)) == bool(route.roles.intersection(roles))


@pytest.mark.parametrize("role", sorted(ROLES))
def test_other_apis_stages_and_methods_stay_shut(role: str) -> None:
    """The policy is bound to this stage of this API."""
    policy = policy_for({role}, ASKED)
    assert not _lets_in(policy, f"{STAGE}/PUT/v1/events")
    assert not _lets_in(policy, f"{STAGE.replace('/prod', '/other')}/POST/v1/events")
    assert not _lets_in(policy, f"{STAGE.replace('abcdef1234', 'other')}/POST/v1/events")


def test_the_policy_does_not_depend_on_the_call() -> None:
    """It is kept by the credential alone and rules every call that follows."""
    assert policy_for({"admin"}, ASKED) == policy_for({"admin"}, f"{STAGE}/POST/v1/events")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.roles], ids=lambda route: route.operation)
def test_the_throttled_reach_whoever_tells_them(route: Route) -> None:
    """Every route with a credential, since the function behind answers 429."""
    assert _lets_in(policy_for_throttled(ASKED), _arn(route))
