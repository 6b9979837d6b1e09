"""Routes that need no credential: health and the console; 404 or 405 where there is no route."""

from collections.abc import Mapping
from typing import Any

from daybook.http.problem import Problem, not_found
from daybook.http.request import Answer, Request
from daybook.http.routes import methods_of
from daybook.http.serve import serve
from public.console import console


def health(_request: Request) -> Answer:
    return Answer(200, {"status": "ok"})


def unrouted(request: Request) -> Answer:
    """405 if the resource has other methods, else 404."""
    methods = methods_of(request.resource)
    if methods:
        allowed = ", ".join(methods)
        raise Problem(405, "method_not_allowed", f"This resource allows {allowed}.", headers={"Allow": allowed})
    raise not_found("resource")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return serve(event, context, {"health": health, "console": console, "unrouted": unrouted})
