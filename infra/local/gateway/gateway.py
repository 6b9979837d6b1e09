"""Emulates a REST API of API Gateway: passes an HTTP request to a function and returns its answer.

It emulates the parts that Daybook relies on: the choice of resource and method, the authorizer, the proxy event, the
size limits, its own error responses and the access log. It has no throttling and no caching. It answers with and
without the stage in the path, as at the stage's own address and behind a custom domain. The limits are 10 MB for a
payload and 10,240 bytes for request line and headers ("Quotas for configuring and running a REST API").
"""

import base64
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TextIO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from infra.local.functions.instances import EventTooLarge, FunctionError, Invocable
from infra.local.gateway.api import Api
from infra.local.gateway.authorizer import authorize
from infra.local.gateway.proxy_event import Call
from infra.local.gateway.responses import GatewayError, access_line, answer_error, error_variables

PAYLOAD_BYTES = 10 * 1024 * 1024
HEAD_BYTES = 10_240
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# A REST API renames these headers of a function's answer to "x-amzn-Remapped-…", but not those of its own responses.
RENAMED = frozenset({"authorization", "connection", "date", "server", "www-authenticate"})


class Gateway:
    """A WSGI application. `functions` are keyed by ARN. `log` gets one line for each call."""

    def __init__(self, api: Api, functions: Mapping[str, Invocable], log: TextIO) -> None:
        self._api = api
        self._functions = functions
        self._log = log

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = PAYLOAD_BYTES
        try:
            body, error = request.get_data(cache=False), None
        except RequestEntityTooLarge:
            body, error = b"", GatewayError("REQUEST_TOO_LARGE", 413, "Request Too Long")
        call = Call.of(request, body, self._api.stage)
        variables: dict[str, Any] = {
            "requestId": call.request_id,
            "extendedRequestId": call.extended_request_id,
            "httpMethod": call.method,
            "path": f"{call.stage_path}{call.path}",
            "identity.sourceIp": call.source_ip,
            "stage": self._api.stage,
        }
        try:
            if error:
                raise error
            response = self._respond(call, variables)
        except GatewayError as raised:
            variables |= error_variables(raised)
            response = answer_error(self._api, raised, variables)
        response.headers["x-amzn-RequestId"] = call.request_id
        response.headers["x-amz-apigw-id"] = call.extended_request_id
        variables |= {
            "status": response.status_code,
            "responseLatency": round((time.time() - call.received) * 1000),
        }
        with suppress(ValueError):  # the log is already closed if local Daybook ends during this call
            print(access_line(self._api, variables), file=self._log, flush=True)
        return response(environ, start_response)

    def _respond(self, call: Call, variables: dict[str, Any]) -> Response:
        if call.size_of_head > HEAD_BYTES:
            raise GatewayError("DEFAULT_4XX", 431, "Request Header Fields Too Large")
        match = self._api.router.find(call.path)
        method = match.resource.method(call.method) if match and call.method in METHODS else None
        if not match or not method:
            # A REST API answers this for an unknown path, as if the request lacked an AWS signature.
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token")
        variables["resourcePath"] = match.resource.path
        authorizer = authorize(self._api, self._functions, call, match) if method.authorized else {}
        variables |= {f"authorizer.{name}": value for name, value in authorizer.items()}
        event = call.event(self._api, match.resource, match.parameters, authorizer)
        try:
            answer = self._functions[method.function].invoke(event, call.request_id)
        except EventTooLarge:
            raise GatewayError("REQUEST_TOO_LARGE", 413, "Request Too Long") from None
        except FunctionError:
            raise GatewayError("DEFAULT_5XX", 502) from None
        return response_of(answer)


def response_of(answer: Any) -> Response:
    """Turns a function's proxy answer into a response. Raises `GatewayError` if it has another form."""
    try:
        headers = {"Content-Type": ["application/json"]}
        given = {name: [value] for name, value in (answer.get("headers") or {}).items()}
        for name, values in (given | (answer.get("multiValueHeaders") or {})).items():
            renamed = f"x-amzn-Remapped-{name}" if name.lower() in RENAMED else name
            headers[renamed.title() if name.lower() == "content-type" else renamed] = [str(value) for value in values]
        text = answer.get("body") or ""
        return Response(
            base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode(),
            status=int(answer["statusCode"]),
            headers=[(name, value) for name, values in headers.items() for value in values],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as malformed:
        print(f"Malformed Lambda proxy response: {malformed!r}", file=sys.stderr)
        raise GatewayError("DEFAULT_5XX", 502) from None
