"""Answers held against the OpenAPI document: their status, type, headers and content, and a problem's code."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator

from daybook.clock import parse_time
from daybook.http.routes import BY_RESOURCE, ROUTES
from infra.local.gateway.routing import Resource, Router
from infra.openapi.document import documented_path
from infra.openapi.file import PLACE
from tests.support.calls import text_of


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


@cache
def document() -> dict[str, Any]:
    """As it is served."""
    found: dict[str, Any] = json.loads(PLACE.read_bytes())
    return found


def documented(event: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """A function's answer, which the document must know; what no route answers has no place in it."""
    if (event["httpMethod"], event["resource"]) in BY_RESOURCE:
        check(event["httpMethod"], event["resource"], answer["statusCode"], answer["headers"], text_of(answer))
    return answer


def documented_response(response: httpx.Response) -> None:
    """For a client's hooks."""
    response.read()
    match = _router().find(response.request.url.raw_path.decode().partition("?")[0])
    method = response.request.method
    if match and (method, match.resource.path) in BY_RESOURCE:
        check(method, match.resource.path, response.status_code, response.headers, response.text)


def check(method: str, resource: str, status: int, headers: Mapping[str, str], body: str) -> None:
    responses = document()["paths"][documented_path(resource)][method.lower()]["responses"]
    assert str(status) in responses, f"{method} {resource} does not document {status}: {body}"
    response = _resolved(responses[str(status)])
    names = {name.lower() for name in headers}
    needed = [name for name, header in response.get("headers", {}).items() if header["required"]]
    missing = [name for name in needed if name.lower() not in names]
    assert not missing, f"{method} {resource} {status} lacks the headers {missing}"
    if not body:
        assert "content" not in response, f"{method} {resource} {status} documents content"
        return
    media_type = next(value for name, value in headers.items() if name.lower() == "content-type")
    assert media_type in response["content"], f"{method} {resource} {status} does not document {media_type}"
    if "json" in media_type:
        errors = [
            error.message for error in _validator(method, resource, status, media_type).iter_errors(json.loads(body))
        ]
        assert not errors, f"{method} {resource} {status}: {errors}"


@cache
def _validator(method: str, resource: str, status: int, media_type: str) -> Draft202012Validator:
    response = _resolved(document()["paths"][documented_path(resource)][method.lower()]["responses"][str(status)])
    return validator_of(response["content"][media_type]["schema"])


def validator_of(schema: Mapping[str, Any]) -> Draft202012Validator:
    """With the document's components; objects have the fields that are documented, and no others."""
    return Draft202012Validator(
        {**schema, "components": _closed()}, validate_formats=True, formats={"date-time": _is_time}
    )


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").rpartition("/")[2]
    return document()["components"]["responses"][name] if name else response


@cache
def _closed() -> dict[str, Any]:
    schemas = document()["components"]["schemas"]
    closed = {
        name: {"additionalProperties": False, **schema} if "properties" in schema else schema
        for name, schema in schemas.items()
    }
    return {"schemas": closed}


@cache
def _router() -> Router:
    return Router(Resource(route.path, {}) for route in ROUTES)
