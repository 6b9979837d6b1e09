"""Calls in the form in which API Gateway passes them to a function: REST proxy events, payload format 1.0."""

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from daybook.access.roles import ADMIN, OPERATIONS
from daybook.http.caller import EVERY_ENVIRONMENT


class Context:
    """The parts of Lambda's context that the functions use. Its time passes only when a test lets it pass."""

    def __init__(self, seconds: float = 28) -> None:
        self.seconds = seconds

    def sleep(self, seconds: float) -> None:
        self.seconds -= seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


def operations() -> dict[str, str]:
    return authorized(OPERATIONS, tenant="", credential="ops", label="The night shift")


def authorized(
    role: str = ADMIN,
    tenant: str = "acme",
    environment: str = EVERY_ENVIRONMENT,
    credential: str = "k1",
    label: str = "The key",
    **user: str,
) -> dict[str, str]:
    """The authorizer's context. `user`: what it says of a caller with a token."""
    return {
        "role": role,
        "tenant": tenant,
        "environment": environment,
        "credential": credential,
        "label": label,
        "throttled": "",
        **user,
    }


def call(
    method: str,
    resource: str,
    body: Any = None,
    *,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    authorizer: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One call. `body` is bytes, or is written as JSON. Bodies are in base64, because the API treats every type as
    binary.
    """
    sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    path = resource
    for name, value in (parameters or {}).items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}+}}", value)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {"Host": "log.example", "X-Forwarded-Proto": "https", **(headers or {})},
        "multiValueQueryStringParameters": None,
        "pathParameters": dict(parameters) if parameters else None,
        "requestContext": {
            "requestId": "r-1",  # the caller may have chosen it
            "extendedRequestId": "e-1",
            "path": f"/prod{path}",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8"},
            **({"authorizer": dict(authorizer)} if authorizer else {}),
        },
        "body": base64.b64encode(sent).decode() if sent else None,
        "isBase64Encoded": bool(sent),
    }


def answered(answer: Mapping[str, Any]) -> Any:
    """The JSON of an answer."""
    return json.loads(text_of(answer))


def text_of(answer: Mapping[str, Any]) -> str:
    """The body of an answer, unpacked if it is packed JSON."""
    if answer["headers"].get("Content-Encoding") == "gzip" and "json" in answer["headers"]["Content-Type"]:
        return gzip.decompress(base64.b64decode(answer["body"])).decode()
    body: str = answer["body"]
    return body
