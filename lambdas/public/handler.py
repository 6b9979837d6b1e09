"""Health and the OpenAPI document, which need no credential; 404 or 405 where there is no route."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from daybook.http.problem import Problem, not_found
from daybook.http.request import Answer, Request
from daybook.http.routes import methods_of
from daybook.http.serve import serve
from public.openapi import openapi


class Health(Struct):
    status: Literal["ok"] = "ok"


def health(_request: Request) -> Answer:
    return Answer(200, Health())


def unrouted(request: Request) -> Answer:
    """405 if the resource has other methods, else 404."""
    methods = methods_of(request.resource)
    if methods:
        allowed = ", ".join(methods)
        raise Problem(405, "method_not_allowed", f"This resource allows {allowed}.", headers={"Allow": allowed})
    raise not_found("resource")


OPERATIONS = {"health": health, "openapi": openapi, "unrouted": unrouted}


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return serve(event, context, OPERATIONS)
