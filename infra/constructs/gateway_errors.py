"""The errors that API Gateway answers by itself, as problem documents like those of the functions."""

from typing import NamedTuple

import msgspec
from aws_cdk import aws_apigateway as apigateway

from daybook.http.problem import MEDIA_TYPE, Problem

_UNREADABLE = Problem(400, "invalid_request", "The request can't be read.")
_UNAUTHORIZED = Problem(401, "unauthorized", "A valid credential is required.", headers={"WWW-Authenticate": "Bearer"})
_FORBIDDEN = Problem(403, "forbidden", "The credential's role may not do this.")
_FILTERED = Problem(403, "forbidden", "This deployment's firewall refuses calls from this address for now.")
_NOT_FOUND = Problem(404, "not_found", "There is no such resource.")
_THROTTLED = Problem(429, "throttled", "Too many requests; try again.", headers={"Retry-After": "1"})
_AGAIN = {"Retry-After": "1"}
_FAILED = Problem(500, "internal_error", "The service failed; try again.", headers=_AGAIN)


class GatewayError(NamedTuple):
    type: apigateway.ResponseType
    problem: Problem


# All of API Gateway's types. A type that is missing here would take the body of its default but keep its own status, so
# that the document would name another status than the response has.
GATEWAY_ERRORS = (
    GatewayError(apigateway.ResponseType.DEFAULT_4_XX, _UNREADABLE),
    GatewayError(apigateway.ResponseType.BAD_REQUEST_BODY, _UNREADABLE),
    GatewayError(apigateway.ResponseType.BAD_REQUEST_PARAMETERS, _UNREADABLE),
    GatewayError(apigateway.ResponseType.UNAUTHORIZED, _UNAUTHORIZED),
    GatewayError(apigateway.ResponseType.EXPIRED_TOKEN, _UNAUTHORIZED),
    GatewayError(apigateway.ResponseType.INVALID_SIGNATURE, _UNAUTHORIZED),
    GatewayError(apigateway.ResponseType.INVALID_API_KEY, _UNAUTHORIZED),
    GatewayError(apigateway.ResponseType.ACCESS_DENIED, _FORBIDDEN),
    GatewayError(apigateway.ResponseType.WAF_FILTERED, _FILTERED),
    GatewayError(apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN, _NOT_FOUND),
    GatewayError(apigateway.ResponseType.RESOURCE_NOT_FOUND, _NOT_FOUND),
    GatewayError(apigateway.ResponseType.REQUEST_TOO_LARGE, Problem(413, "too_large", "The request is too large.")),
    GatewayError(
        apigateway.ResponseType.UNSUPPORTED_MEDIA_TYPE,
        Problem(415, "unsupported_media_type", "The media type is not supported."),
    ),
    GatewayError(apigateway.ResponseType.THROTTLED, _THROTTLED),
    GatewayError(apigateway.ResponseType.QUOTA_EXCEEDED, _THROTTLED),
    GatewayError(apigateway.ResponseType.DEFAULT_5_XX, _FAILED),
    GatewayError(apigateway.ResponseType.API_CONFIGURATION_ERROR, _FAILED),
    GatewayError(apigateway.ResponseType.AUTHORIZER_CONFIGURATION_ERROR, _FAILED),
    GatewayError(apigateway.ResponseType.AUTHORIZER_FAILURE, _FAILED),
    GatewayError(
        apigateway.ResponseType.INTEGRATION_FAILURE,
        Problem(502, "bad_gateway", "The service gave no answer; try again.", headers=_AGAIN),
    ),
    GatewayError(
        apigateway.ResponseType.INTEGRATION_TIMEOUT,
        Problem(504, "timeout", "The service took too long; try again.", headers=_AGAIN),
    ),
)


def answer_in_problems(api: apigateway.RestApi) -> None:
    for error in GATEWAY_ERRORS:
        api.add_gateway_response(
            error.type.response_type,
            type=error.type,
            status_code=str(error.problem.status),
            response_headers={
                "Content-Type": f"'{MEDIA_TYPE}'",
                **{name: f"'{value}'" for name, value in error.problem.headers.items()},
            },
            # API Gateway chooses a template by the caller's Accept header and falls back to application/json. With this
            # one key it always finds a template; the header above sets the media type.
            templates={"application/json": msgspec.json.encode(error.problem.body()).decode()},
        )
