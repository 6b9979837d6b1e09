"""The way in and out of every function behind the gateway: request, role, answer, problem, access-log line."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from daybook.access.api_keys import MAX_KEYS
from daybook.errors import (
    Contended,
    KeyExpired,
    KeyReplaced,
    TenantTaken,
    Throttled,
    TooManyKeys,
    TooManyPeople,
    UnknownFormat,
    UnknownGroup,
    UnknownKey,
    UnknownSavedView,
    UnknownTenant,
)
from daybook.http.problem import MEDIA_TYPE, Problem, not_found
from daybook.http.request import Answer, Request
from daybook.http.routes import NOT_IN_RESERVED, ROUTES
from daybook.observability import log_access, logger, name_call
from daybook.tenant import RESERVED

_FACTS: Mapping[type[Exception], Problem] = {
    UnknownTenant: not_found("tenant"),
    UnknownKey: not_found("key"),
    UnknownGroup: not_found("group"),
    UnknownSavedView: not_found("view"),
    TooManyPeople: Problem(
        422,
        "too_many_people",
        "More than 64 people have or had this name: give an id or a GUID.",
    ),
    KeyExpired: Problem(409, "key_expired", "The key has expired: make a new one."),
    KeyReplaced: Problem(409, "key_replaced", "The key was rotated already: rotate the one that took its place."),
    TooManyKeys: Problem(
        422, "too_many_keys", f"There are {MAX_KEYS:,} keys, expired ones included: revoke those that nobody needs."
    ),
    TenantTaken: Problem(409, "tenant_taken", "There is a tenant with this name already."),
    Throttled: Problem(503, "throttled", "The store is throttled; try again.", headers={"Retry-After": "1"}),
    UnknownFormat: Problem(
        500, "unknown_format", "An event has a newer format than this release can read. Operators must update Daybook."
    ),
    Contended: Problem(503, "contended", "Too many changes at once; try again.", headers={"Retry-After": "1"}),
}
"""Answers for errors of the domain, which does not know HTTP. The first type that an error is an instance of counts."""

Operation = Callable[[Request], Answer]
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def serve(event: Mapping[str, Any], context: Any, operations: Mapping[str, Operation]) -> dict[str, Any]:
    """Answers one call by the operation that the route table names. Every call leaves one access-log line.

    Denies by default: if a route has roles, the caller must have one of them. A `Problem` becomes its problem
    document. Any other exception is logged and answered 500 without its message.
    """
    started = time.monotonic()
    request = Request.from_gateway(event, context)
    accepted = request.headers.get("accept-encoding", "")
    name_call(request.request_id, request.extended_request_id)
    try:
        answer = _permitted(request, operations)(request).within(request.stage_path).to_gateway(accepted)
    except Problem as problem:
        answer = _answer(problem, accepted)
    except tuple(_FACTS) as fact:
        answer = _answer(next(problem for kind, problem in _FACTS.items() if isinstance(fact, kind)), accepted)
    except Exception:
        logger.exception("unhandled")
        answer = _answer(
            Problem(
                500,
                "internal_error",
                "The service failed. Its log has the cause under the id in the header x-amz-apigw-id.",
                headers={"Retry-After": "5"},
            ),
            accepted,
        )
    authorizer = request.authorizer
    log_access(
        tenant=authorizer.get("tenant")
        or request.parameters.get("tenant")
        or request.headers.get("daybook-tenant", ""),
        credential=authorizer.get("credential", ""),
        role=authorizer.get("role", ""),
        method=request.method,
        route=request.route.path if request.route else "",
        status=answer["statusCode"],
        started=started,
    )
    return answer


def answering(function: str, compose: Callable[[], Mapping[str, Operation]]) -> Handler:
    """The handler of a function, which answers the function's routes.

    It composes within the call, so that a deployment with a missing part answers 500 and logs why.
    """
    names = [route.operation for route in ROUTES if route.function == function]

    def operate(request: Request) -> Answer:
        assert request.route  # noqa: S101  `serve` found the operation by the route
        return compose()[request.route.operation](request)

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        return serve(event, context, dict.fromkeys(names, operate))

    return handler


def _permitted(request: Request, operations: Mapping[str, Operation]) -> Operation:
    if request.route is None:
        return operations["unrouted"]
    if request.route.roles and not request.caller.roles & request.route.roles:
        raise Problem(403, "forbidden", "The credential's role may not do this.")
    if request.route.operation in NOT_IN_RESERVED and request.tenant == RESERVED:
        raise Problem(403, "reserved_tenant", f"The tenant {RESERVED} holds the log about operators: read it only.")
    return operations[request.route.operation]


def _answer(problem: Problem, accepted: str) -> dict[str, Any]:
    return Answer(problem.status, problem.body(), problem.headers, MEDIA_TYPE).to_gateway(accepted)
