"""What needs no credential: health, the console, and 404 or 405 where no route answers."""

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
    """405 on a resource that answers other methods, else 404."""
    methods = methods_of(request.resource)
    if methods:
        allowed = ", ".join(methods)
        raise Problem(405, "method_not_allowed", f"This resource answers {allowed}.", headers={"Allow": allowed})
    raise not_found("resource")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return serve(event, context, {"health": health, "console": console, "unrouted": unrouted})
