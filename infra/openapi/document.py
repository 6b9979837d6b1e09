"""The document put together: OpenAPI 3.1.1, of every route of the route table."""

import re
from typing import Any

from daybook import VERSION
from daybook.http.problem import ProblemDocument
from daybook.http.routes import ROUTES, Route
from infra.openapi.examples import Sample, samples, typical_events
from infra.openapi.operations import OPERATIONS, Operation
from infra.openapi.parameters import (
    ENCODING,
    IF_NONE_MATCH,
    PATH,
    TENANT,
    TENANT_OR_NONE,
    Parameter,
    tenant_is_in_header,
)
from infra.openapi.problems import PROBLEMS, REJECTIONS, meaning, rejection
from infra.openapi.responses import JSON, Responses
from infra.openapi.schemas import Schemas

CREDENTIAL = "credential"
_CREDENTIAL = "An API key, `dbk_<id>_<secret>`, or a JWT of the deployment's OIDC issuer."

_DESCRIPTION = """\
Daybook is a multi-tenant audit log: products send events, and their customers' admins search them.

Times are RFC 3339 in UTC with milliseconds; inputs may have any offset. Errors are RFC 9457 problem documents: decide \
by their `code`. A method that a resource lacks is answered 405 `method_not_allowed` with the header `Allow`, and an \
unknown path 404 `not_found`.

Operations credentials reach every tenant and name one in the header `Daybook-Tenant`; any other credential belongs \
to one tenant.
"""


def document() -> dict[str, Any]:
    schemas = Schemas([ProblemDocument, *(each for operation in OPERATIONS.values() for each in operation.types)])
    schemas.describe("ProblemDocument", "code", "\n".join(map(meaning, PROBLEMS)))
    schemas.describe("EventRejected", "code", "\n".join(map(rejection, REJECTIONS)))
    responses = Responses(schemas)
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(documented_path(route.path), {})[route.method.lower()] = _operation(route, schemas, responses)
    return {
        "openapi": "3.1.1",
        "info": {"title": "Daybook", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],  # the function `public` puts the deployment's own address here
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in OPERATIONS.values())],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": responses.shared,
            "securitySchemes": {CREDENTIAL: {"type": "http", "scheme": "bearer", "description": _CREDENTIAL}},
        },
    }


def documented_path(path: str) -> str:
    """OpenAPI has no parameter for the rest of a path, so the document names it as one of a single part."""
    return path.replace("+}", "}")


def _operation(route: Route, schemas: Schemas, responses: Responses) -> dict[str, Any]:
    operation, examples = OPERATIONS[route.operation], samples()[route.operation]
    described: dict[str, Any] = {
        "operationId": route.operation,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": _description(route, operation),
        # Any one of these is enough: the roles that may call it.
        "security": [{CREDENTIAL: [role]} for role in sorted(route.roles)],
        "parameters": _parameters(route, operation, next(iter(examples.values()))),
        "responses": responses.of(route, operation),
    }
    if operation.body:
        bodies = {name: sample.body for name, sample in examples.items() if sample.body is not None}
        if route.operation == "send_events":
            bodies |= typical_events()
        shown = {name: {"value": body} for name, body in bodies.items()}
        content = {JSON: {"schema": schemas.any_of(operation.body), "examples": shown}}
        described["requestBody"] = {"required": operation.body_is_needed, "content": content}
    return described


def _description(route: Route, operation: Operation) -> str:
    roles = f"Roles: {', '.join(sorted(route.roles))}." if route.roles else "No credential is needed."
    return f"{operation.note} {roles}".strip()


def _parameters(route: Route, operation: Operation, sample: Sample) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", documented_path(route.path))
    described = [_parameter("path", name, PATH[name]) | {"example": sample.path[name]} for name in names]
    for name, parameter in (operation.query or {}).items():
        described.append(_parameter("query", name, parameter) | _example(sample.query.get(name), parameter))
    if tenant_is_in_header(route):
        described.append(_parameter("header", "Daybook-Tenant", TENANT))
    if route.operation == "read_me":
        described.append(_parameter("header", "Daybook-Tenant", TENANT_OR_NONE))
    if operation.body:
        described.append(_parameter("header", "Content-Encoding", ENCODING))
    if 304 in operation.answers:
        described.append(_parameter("header", "If-None-Match", IF_NONE_MATCH))
    return described


def _parameter(place: str, name: str, parameter: Parameter) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _example(values: list[str] | None, parameter: Parameter) -> dict[str, Any]:
    if values is None:
        return {}
    if parameter.may_repeat:
        return {"example": values}
    return {"example": int(values[0]) if parameter.schema["type"] == "integer" else values[0]}
