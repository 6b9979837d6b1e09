"""An HTTP call as the functions see it, and its answer."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import msgspec

from daybook.http.caller import Caller
from daybook.http.encodings import GZIP, best_coding, gzipped
from daybook.http.problem import MEDIA_TYPE
from daybook.http.routes import BY_RESOURCE, Route
from daybook.tenant import Tenant

_TAG = re.compile(r'"[^"]*"')
"""Of a list, each without the mark of a weak one."""


@dataclass(frozen=True)
class Request:
    """One call. Header names are in lower case. Query values are decoded and in the order sent."""

    route: Route | None
    """None if there is no such route. Only the `public` function gets such calls."""
    path: str
    method: str
    parameters: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    source_ip: str
    user_agent: str | None
    request_id: str
    """The caller may choose it, by the header `x-amzn-RequestId`."""
    extended_request_id: str
    """Made by the gateway; no caller can choose it."""
    remaining_seconds: Callable[[], float]
    authorizer: Mapping[str, Any] = field(repr=False)
    resource: str = ""
    """The resource as in the template, `/v1/tenants/{tenant}`, also if no route has the call's method."""
    origin: str = ""
    """The address of this deployment with its stage, `https://…/live`, as the caller wrote it. Untrusted."""
    stage_path: str = ""
    """What comes before `/v1` in the caller's address: `/live` at the stage's own address, and nothing behind a custom
    domain, which is mapped at its root.
    """

    def knows(self, tag: str) -> bool:
        """Whether the caller has what this `ETag` names: `If-None-Match` lists it, or is `*`.

        Tags are compared weakly, as RFC 9110, section 13.1.2, demands: a proxy may have weakened ours.
        """
        known = self.headers.get("if-none-match", "").strip()
        return known == "*" or tag.removeprefix("W/") in _TAG.findall(known)

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
            extended_request_id=about.get("extendedRequestId") or "",
            remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000,
            authorizer=about.get("authorizer") or {},
            resource=event["resource"],
            origin=f"{headers.get('x-forwarded-proto', 'https')}://{headers.get('host', '')}{stage}",
            stage_path=stage,
        )


BINARY = "application/octet-stream"
MAX_UNPACKED = 1_024
"""Bytes of an answer that is sent as it is: a smaller one fits into a network packet, packed or not."""
_PACKED = frozenset({"application/json", MEDIA_TYPE})


@dataclass(frozen=True)
class Answer:
    """`content` is encoded as JSON, unless it is bytes. Bytes are text in UTF-8, unless the media type or an encoding
    says otherwise.
    """

    status: int
    content: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def within(self, stage_path: str) -> "Answer":
        """With its `Location` as the caller can follow it: operations name a path of the contract."""
        if not stage_path or "Location" not in self.headers:
            return self
        return replace(self, headers={**self.headers, "Location": f"{stage_path}{self.headers['Location']}"})

    def to_gateway(self, accepted: str = "") -> dict[str, Any]:
        """`accepted`: the caller's `Accept-Encoding`. Larger JSON is packed for callers that accept gzip."""
        content = self.content if isinstance(self.content, bytes) else _json(self.content)
        headers = {"Cache-Control": "no-store", **self.headers}
        if content:
            headers["Content-Type"] = self.media_type
        if len(content) > MAX_UNPACKED and self.media_type in _PACKED and "Content-Encoding" not in headers:
            headers["Vary"] = "Accept-Encoding"
            if best_coding(accepted, (GZIP,)):
                content, headers["Content-Encoding"] = gzipped(content), GZIP
        # The API treats every type as binary, so the gateway decodes whatever is said to be base64.
        is_binary = self.media_type == BINARY or "Content-Encoding" in headers
        return {
            "statusCode": self.status,
            "headers": headers,
            "body": base64.b64encode(content).decode() if is_binary else content.decode(),
            "isBase64Encoded": is_binary,
        }


def _json(content: Any) -> bytes:
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # an error message may quote the lone surrogates that it rejects
        return msgspec.json.encode(_without_lone_surrogates(msgspec.to_builtins(content)))


def _without_lone_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_lone_surrogates(name): _without_lone_surrogates(inner) for name, inner in value.items()}
    return [_without_lone_surrogates(inner) for inner in value] if isinstance(value, list | tuple) else value
