"""One way in and out for every function behind the gateway: request, role, answer, problem, access-log line."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec
from aws_lambda_powertools import Logger

from daybook.caller import Caller, Tenant
from daybook.groups import UnknownGroup
from daybook.keys import UnknownKey
from daybook.problem import MEDIA_TYPE, Problem, not_found
from daybook.routes import BY_RESOURCE, ROUTES, Route
from daybook.storing import Throttled
from daybook.tenants import Contended, TenantTaken, UnknownTenant

logger = Logger(service="daybook", use_rfc3339=True, utc=True)


@dataclass(frozen=True)
class Request:
    """One call. Header names are lower case; query values are decoded, in the order sent."""

    route: Route | None
    """None where no route answers: only the `public` function sees such calls."""
    path: str
    method: str
    parameters: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    source_ip: str
    user_agent: str | None
    request_id: str
    remaining_seconds: Callable[[], float]
    authorizer: Mapping[str, Any] = field(repr=False)
    resource: str = ""
    """The resource as the template spells it, `/v1/tenants/{tenant}`, also where no route answers the method."""
    origin: str = ""
    """Where this deployment is reached, stage included, as the caller wrote it: `https://…/prod`. Untrusted."""

    @property
    def caller(self) -> Caller:
        return Caller.from_context(self.authorizer)

    @property
    def tenant(self) -> Tenant:
        """The tenant of the call. Raises `Problem` 400 or 404, see `Caller.tenant_for`."""
        return self.caller.tenant_for(self.headers.get("daybook-tenant"), self.parameters.get("tenant"))

    @classmethod
    def from_gateway(cls, event: Mapping[str, Any], context: Any) -> "Request":
        """From API Gateway's REST proxy event, payload format 1.0."""
        about = event["requestContext"]
        identity = about.get("identity") or {}
        body = event.get("body") or ""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        stage = (about.get("path") or event["path"]).removesuffix(event["path"])
        return cls(
            route=BY_RESOURCE.get((event["httpMethod"], event["resource"])),
            path=event["path"],
            method=event["httpMethod"],
            parameters={name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()},
            query=event.get("multiValueQueryStringParameters") or {},
            headers=headers,
            body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass"),
            source_ip=identity.get("sourceIp") or "",
            user_agent=identity.get("userAgent"),
            request_id=about.get("requestId") or "",
            remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000,
            authorizer=about.get("authorizer") or {},
            resource=event["resource"],
            origin=f"{headers.get('x-forwarded-proto', 'https')}://{headers.get('host', '')}{stage}",
        )


@dataclass(frozen=True)
class Answer:
    """`content` is written as JSON, unless it is bytes already."""

    status: int
    content: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def to_gateway(self) -> dict[str, Any]:
        content = self.content if isinstance(self.content, bytes) else _json(self.content)
        headers = {"Cache-Control": "no-store", **self.headers}
        if content:
            headers["Content-Type"] = self.media_type
        return {
            "statusCode": self.status,
            "headers": headers,
            "body": content.decode(),
            "isBase64Encoded": False,
        }


def _json(content: Any) -> bytes:
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # a complaint may quote the halves of surrogate pairs that it complains of
        return msgspec.json.encode(_without_halves(msgspec.to_builtins(content)))


def _without_halves(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_halves(name): _without_halves(inner) for name, inner in value.items()}
    return [_without_halves(inner) for inner in value] if isinstance(value, list | tuple) else value


_FACTS: Mapping[type[Exception], Problem] = {
    UnknownTenant: not_found("tenant"),
    UnknownKey: not_found("key"),
    UnknownGroup: not_found("group"),
    TenantTaken: Problem(409, "tenant_taken", "There is a tenant of this name already."),
    Throttled: Problem(503, "throttled", "The store is throttled; try again.", headers={"Retry-After": "1"}),
    Contended: Problem(503, "contended", "Too many changes at once; try again.", headers={"Retry-After": "1"}),
}
"""What the domain says without knowing of HTTP."""

Operation = Callable[[Request], Answer]
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def serve(event: Mapping[str, Any], context: Any, operations: Mapping[str, Operation]) -> dict[str, Any]:
    """Answers one call by the operation that the route table names; every call leaves one access-log line.

    Denies by default: a route that asks for a role is refused unless the caller's is among them. A `Problem` becomes
    its problem document; anything else that escapes is logged here and answered 500 without a word of it.
    """
    started = time.monotonic()
    request = Request.from_gateway(event, context)
    try:
        answer = _permitted(request, operations)(request).to_gateway()
    except Problem as problem:
        answer = _answer(problem)
    except tuple(_FACTS) as fact:
        answer = _answer(_FACTS[type(fact)])
    except Exception:
        logger.exception("unhandled", extra={"request_id": request.request_id})
        answer = _answer(Problem(500, "internal_error", "The service failed; the request id says where."))
    authorizer = request.authorizer
    log_access(
        request_id=request.request_id,
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
    """The handler of a function that answers the routes named for it.

    It composes within the first call: a deployment that lacks something answers 500 and says so in the log.
    """
    names = [route.operation for route in ROUTES if route.function == function]

    def operate(request: Request) -> Answer:
        assert request.route  # noqa: S101  `serve` found the operation by it
        return compose()[request.route.operation](request)

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        return serve(event, context, dict.fromkeys(names, operate))

    return handler


def _permitted(request: Request, operations: Mapping[str, Operation]) -> Operation:
    if request.route is None:
        return operations["unrouted"]
    if request.route.roles and request.caller.role not in request.route.roles:
        raise Problem(403, "forbidden", "The credential's role may not do this.")
    return operations[request.route.operation]


def _answer(problem: Problem) -> dict[str, Any]:
    return Answer(problem.status, problem.body(), problem.headers, MEDIA_TYPE).to_gateway()


def log_access(  # noqa: PLR0913  the line's fields, all by name
    *,
    request_id: str,
    tenant: str,
    credential: str,
    role: str,
    method: str,
    route: str,
    status: int,
    started: float,
) -> None:
    """The one line that each call leaves, for operators only; `started` is `time.monotonic()`'s."""
    logger.info(
        "access",
        extra={
            "request_id": request_id,
            "tenant": tenant,
            "credential": credential,
            "role": role,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round((time.monotonic() - started) * 1000),
        },
    )
