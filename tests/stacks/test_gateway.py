"""The API: every route of the route table and an answer for everything else, all of it in problem documents."""

import json

import pytest

from daybook.http.problem import Problem
from daybook.http.routes import ROUTES, Route
from tests.support.templates import Stack

API_GATEWAYS_OWN = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "DEFAULT_4XX": 400,
    "DEFAULT_5XX": 500,
    "EXPIRED_TOKEN": 401,
    "INTEGRATION_FAILURE": 502,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 401,
    "INVALID_SIGNATURE": 401,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_leads_to_its_function(service: Stack, route: Route) -> None:
    """Through the authorizer where it asks for a role, and without one where it asks for none."""
    method = service.methods()[route.method, route.path]
    assert f"{route.function.capitalize()}Function.Arn" in service.read(method["Integration"]["Uri"])
    assert method["Integration"]["Type"] == "AWS_PROXY"
    if route.roles:
        assert method["AuthorizationType"] == "CUSTOM"
        assert service.read(method["AuthorizerId"]) == "GatewayAuthorizer"
    else:
        assert method["AuthorizationType"] == "NONE"


def test_there_is_no_route_beside_the_table(service: Stack) -> None:
    """What the table does not name does not exist."""
    named = {(method, path) for method, path in service.methods() if method != "ANY"}
    assert named == {(route.method, route.path) for route in ROUTES}


def test_every_resource_answers_every_method(service: Stack) -> None:
    """ANY on each resource, on the root and on every other path leads to `public`, which says 404 or 405."""
    rest = {path: method for (verb, path), method in service.methods().items() if verb == "ANY"}
    assert set(rest) == {"/", *service.paths().values()}
    assert "/{proxy+}" in rest
    for method in rest.values():
        assert "PublicFunction.Arn" in service.read(method["Integration"]["Uri"])
        assert method["AuthorizationType"] == "NONE"


def test_bodies_arrive_as_they_were_sent(service: Stack) -> None:
    """All media types are binary, so gzip is not unpacked or bent on the way."""
    (api,) = service.properties("AWS::ApiGateway::RestApi").values()
    assert api["BinaryMediaTypes"] == ["*/*"]


def test_the_authorizer_is_cached_by_the_credential_alone(service: Stack) -> None:
    """For a minute, the contract's limit for a revoked key; without the header it is not even called."""
    (authorizer,) = service.properties("AWS::ApiGateway::Authorizer").values()
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60
    assert "AuthorizeFunction.Arn" in service.read(authorizer["AuthorizerUri"])


def test_every_error_of_the_gateways_own_is_a_problem_document(service: Stack) -> None:
    """Each type that API Gateway has answers with the status that its document names, as the functions' do."""
    responses = service.properties("AWS::ApiGateway::GatewayResponse").values()
    assert {response["ResponseType"]: int(response["StatusCode"]) for response in responses} == API_GATEWAYS_OWN
    for response in responses:
        headers = response["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        document = json.loads(response["ResponseTemplates"]["application/json"])
        assert document == Problem(document["status"], document["code"], document["detail"]).body()
        assert document["status"] == int(response["StatusCode"])


@pytest.mark.parametrize(
    ("kind", "header"),
    [("THROTTLED", "Retry-After"), ("QUOTA_EXCEEDED", "Retry-After"), ("UNAUTHORIZED", "WWW-Authenticate")],
)
def test_an_error_says_what_to_do_next(service: Stack, kind: str, header: str) -> None:
    """429 says when to come back, 401 which credential is asked for."""
    responses = service.properties("AWS::ApiGateway::GatewayResponse").values()
    (response,) = (response for response in responses if response["ResponseType"] == kind)
    assert f"gatewayresponse.header.{header}" in response["ResponseParameters"]


def test_the_access_log_says_who_did_what_with_which_outcome(service: Stack) -> None:
    """One JSON line a call, with the authorizer's words and no content: no query, no address, no body."""
    (stage,) = service.properties("AWS::ApiGateway::Stage").values()
    assert json.loads(stage["AccessLogSetting"]["Format"]) == {
        "request_id": "$context.requestId",
        "tenant": "$context.authorizer.tenant",
        "credential": "$context.authorizer.credential",
        "role": "$context.authorizer.role",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "milliseconds": "$context.responseLatency",
        "error": "$context.error.responseType",
    }
    assert service.read(stage["AccessLogSetting"]["DestinationArn"]) == "GatewayAccessLog.Arn"


def test_the_stage_is_throttled_and_neither_traces_nor_logs_what_is_asked(service: Stack) -> None:
    """One limit over all callers, for every method."""
    (stage,) = service.properties("AWS::ApiGateway::Stage").values()
    (every,) = stage["MethodSettings"]
    assert (every["HttpMethod"], every["ResourcePath"]) == ("*", "/*")
    assert every["ThrottlingRateLimit"] > 0
    assert every["ThrottlingBurstLimit"] > 0
    assert every["DataTraceEnabled"] is False
    assert stage["TracingEnabled"] is False, "its traces would hold whole URLs"


def test_the_operators_are_told_where_the_api_is(service: Stack) -> None:
    """One output with its address, under a name that the README can give."""
    assert "execute-api" in service.output("Url")
