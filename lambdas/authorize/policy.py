"""The policy of roles. It allows all routes of them, because the gateway caches it for all of them."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase
from typing import Any

from daybook.http.routes import ROUTES, Route

_VERSION = "2012-10-17"  # of IAM's policy language


def policy_for(roles: AbstractSet[str], method_arn: str) -> dict[str, Any]:
    """Allows exactly the routes that one of the roles may use. There must be at least one.

    A parameter becomes `*`, which in IAM also matches slashes. Routes of other roles that such a pattern would match
    are therefore denied explicitly, and a denial wins.
    """
    own = [route for route in ROUTES if roles & route.roles]
    foreign = [route for route in ROUTES if route not in own and any(_covers(ours, route) for ours in own)]
    return _policy(method_arn, own, foreign)


def policy_for_throttled(method_arn: str) -> dict[str, Any]:
    """Allows every route that needs a credential. The function then answers 429, which an authorizer can not."""
    return _policy(method_arn, [route for route in ROUTES if route.roles], ())


def _policy(method_arn: str, allowed: Iterable[Route], denied: Iterable[Route]) -> dict[str, Any]:
    stage = "/".join(method_arn.split("/", 2)[:2])  # arn:aws:execute-api:region:account:api/stage
    statements = [
        {
            "Effect": effect,
            "Action": "execute-api:Invoke",
            "Resource": [f"{stage}/{_pattern(route)}" for route in routes],
        }
        for effect, routes in (("Allow", list(allowed)), ("Deny", list(denied)))
        if routes
    ]
    return {"Version": _VERSION, "Statement": statements}


def _pattern(route: Route) -> str:
    parts = ("*" if part.startswith("{") else part for part in route.path.split("/"))
    return route.method + "/".join(parts)


def _covers(wide: Route, narrow: Route) -> bool:
    return fnmatchcase(_pattern(narrow), _pattern(wide))
