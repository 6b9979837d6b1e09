"""An HTTP request in the form that API Gateway's REST proxy integration passes to a function: payload format 1.0.

It follows AWS's "Lambda proxy integrations in API Gateway", and otherwise what LocalStack's tests observed on AWS and
what users reported. Path and path parameters arrive as sent, with their percent-encoding. Query parameters are decoded
once, with `+` as a space (aws/aws-cdk#19827). A caller who sends a UUID as `x-amzn-RequestId` chooses the request id
("Access logging for REST APIs"). For a repeated name the single-valued maps hold the last value. Absent
parts are null. With `binaryMediaTypes: */*` every body is in base64. Header names are in the usual HTTP/1.1 spelling,
such as `Content-Type`, because WSGI does not keep the original one.
"""

import base64
import os
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

from infra.local.gateway.api import ACCOUNT, Api
from infra.local.gateway.routing import Resource

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    """As sent, but for the stage."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    source_ip: str
    stage_path: str
    """`/live` where the caller wrote the stage, as at the stage's own address. Nothing as behind a custom domain."""
    size_of_head: int
    """The size of the request line and the headers in bytes."""
    request_id: str
    extended_request_id: str = field(default_factory=lambda: base64.b64encode(os.urandom(11)).decode())
    received: float = field(default_factory=time.time)

    @classmethod
    def of(cls, request: Request, body: bytes, stage: str) -> "Call":
        path, _, query = request.environ["RAW_URI"].partition("?")
        stage_path = f"/{stage}" if f"{path}/".startswith(f"/{stage}/") else ""
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
            values.setdefault(name, []).append(value)
        source_ip = request.remote_addr or ""
        return cls(
            method=request.method,
            path=path.removeprefix(stage_path) or "/",
            stage_path=stage_path,
            query=values,
            headers=dict(request.headers)
            | {"X-Forwarded-For": source_ip, "X-Forwarded-Proto": request.scheme, "X-Forwarded-Port": "443"},
            body=body,
            source_ip=source_ip,
            request_id=_request_id(request.headers.get("x-amzn-RequestId")),
            size_of_head=len(request.environ["RAW_URI"]) + sum(len(n) + len(v) + 4 for n, v in request.headers),
        )

    def event(
        self, api: Api, resource: Resource, parameters: Mapping[str, str], authorizer: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The event of an integrated function. `authorizer` is the authorizer's context, {} if there is none."""
        return {
            **self._common(api, resource, parameters, authorizer),
            "body": base64.b64encode(self.body).decode() if self.body else None,
            "isBase64Encoded": bool(self.body),
        }

    def authorizer_event(self, api: Api, resource: Resource, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The event of a Lambda authorizer of type REQUEST."""
        return {
            "type": "REQUEST",
            "methodArn": api.arn(self.method, self.path),
            **self._common(api, resource, parameters, {}),
        }

    def _common(
        self, api: Api, resource: Resource, parameters: Mapping[str, str], authorizer: Mapping[str, Any]
    ) -> dict[str, Any]:
        context = {
            "accountId": ACCOUNT,
            "apiId": api.id,
            "domainName": self.headers.get("Host", ""),
            "extendedRequestId": self.extended_request_id,
            "httpMethod": self.method,
            "identity": {"sourceIp": self.source_ip, "userAgent": self.headers.get("User-Agent")},
            "path": f"{self.stage_path}{self.path}",
            "protocol": "HTTP/1.1",
            "requestId": self.request_id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(self.received)),
            "requestTimeEpoch": int(self.received * 1000),
            "resourcePath": resource.path,
            "stage": api.stage,
        }
        return {
            "resource": resource.path,
            "path": self.path,
            "httpMethod": self.method,
            "headers": dict(self.headers),
            "multiValueHeaders": {name: [value] for name, value in self.headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in self.query.items()} or None,
            "multiValueQueryStringParameters": dict(self.query) or None,
            "pathParameters": dict(parameters) or None,
            "stageVariables": None,
            "requestContext": context | ({"authorizer": dict(authorizer)} if authorizer else {}),
        }


def _request_id(chosen: str | None) -> str:
    made = str(uuid.uuid4())
    if chosen is None:
        return made
    return chosen.lower() if _UUID.fullmatch(chosen) else f"{made}_REPLACED_INVALID_REQUEST_ID"
