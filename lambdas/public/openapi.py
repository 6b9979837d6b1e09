"""The OpenAPI document, as `infra.openapi.file` wrote it, with the address of this deployment in it."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from daybook.http.request import Answer, Request
from public.origin import plain_origin


def openapi(request: Request) -> Answer:
    content = msgspec.json.encode(_document() | {"servers": [{"url": plain_origin(request) or "/"}]})
    # Clients may keep it, but must ask each time whether it is still the one: it changes with every deployment.
    # The tag is weak (RFC 9110, section 8.8.1): it is the same for the document in gzip.
    headers = {"Cache-Control": "no-cache", "ETag": f'W/"{hashlib.sha256(content).hexdigest()}"'}
    if request.knows(headers["ETag"]):
        return Answer(304, headers=headers)
    return Answer(200, content, headers)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(Path(__file__).with_name("openapi.json").read_bytes())
    return document
