"""Examples for the document: the bodies and parameters of the sample invocations, and events as products send them."""

import base64
import gzip
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from daybook.http.routes import BY_RESOURCE
from events.typical import CONTRACT_EXAMPLE, TYPICAL
from infra import ROOT


class Sample(NamedTuple):
    body: Any
    query: Mapping[str, list[str]]
    path: Mapping[str, str]


def _sample(event: Mapping[str, Any]) -> Sample:
    body = base64.b64decode(event["body"] or "")
    if event["headers"].get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return Sample(
        body=json.loads(body) if body else None,
        query=event["multiValueQueryStringParameters"] or {},
        path=event["pathParameters"] or {},
    )


@cache
def samples() -> dict[str, dict[str, Sample]]:
    """By operation and the sample's name."""
    found: dict[str, dict[str, Sample]] = {}
    for file in sorted((ROOT / "events").glob("*.json")):
        event = json.loads(file.read_text("utf-8"))
        route = BY_RESOURCE.get((event.get("httpMethod", ""), event.get("resource", "")))
        if route is not None and event.get("type") != "REQUEST":  # the authorizer's names a route too
            found.setdefault(route.operation, {})[file.stem] = _sample(event)
    return found


def typical_events() -> dict[str, dict[str, Any]]:
    """The contract's own, and one of each product."""
    return {"contract": CONTRACT_EXAMPLE, **TYPICAL}
