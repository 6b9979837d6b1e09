"""The API: the routes of the route table, an answer to every other call, and errors as problem documents."""

import json
from pathlib import Path

import msgspec
import pytest

from daybook.http.problem import Problem
from daybook.http.routes import ROUTES, Route
from infra.functions import FUNCTIONS
from tests.support.templates import Stack

DECISION = Path(__file__).parents[2] / "docs/decisions/limits.md"

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
    """A route with roles has the authorizer, and a route without roles has none."""
    method = service.methods()[route.method, route.path]
    assert f"{route.function.capitalize()}Function.Arn" in service.read(method["Integration"]["Uri"])
    assert method["Integration"]["Type"] == "AWS_PROXY"
    if route.roles:
        assert method["AuthorizationType"] == "CUSTOM"
        assert service.read(method["AuthorizerId"]) == "GatewayAuthorizer"
    else:
        assert method["AuthorizationType"] == "NONE"


def test_there_are_no_other_routes(service: Stack) -> None:
    """The API has exactly the methods and paths of the route table."""
    named = {(method, path) for method, path in service.methods() if method != "ANY"}
    assert named == {(route.method, route.path) for route in ROUTES}


def test_every_resource_answers_every_method(service: Stack) -> None:
    """Every other method or path leads to `public`, which answers 404 or 405."""
    rest = {path: method for (verb, path), method in service.methods().items() if verb == "ANY"}
    assert set(rest) == {"/", *service.paths().values()}
    assert "/{proxy+}" in rest
    for method in rest.values():
        assert "PublicFunction.Arn" in service.read(method["Integration"]["Uri"])
        assert method["AuthorizationType"] == "NONE"


def test_bodies_arrive_as_they_were_sent(service: Stack) -> None:
    """All media types are binary, so the gateway neither unpacks nor damages gzip."""
    (api,) = service.properties("AWS::ApiGateway::RestApi").values()
    assert api["BinaryMediaTypes"] == ["*/*"]


def test_the_authorizer_is_cached_by_the_credential_alone(service: Stack) -> None:
    """By the contract a revoked key stops working within a minute. Without the header it is not even called."""
    (authorizer,) = service.properties("AWS::ApiGateway::Authorizer").values()
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60
    assert "AuthorizeFunction.Arn" in service.read(authorizer["AuthorizerUri"])


def test_every_error_of_the_gateway_is_a_problem_document(service: Stack) -> None:
    """For each type that API Gateway has, the response has the status that its document names."""
    responses = service.properties("AWS::ApiGateway::GatewayResponse").values()
    assert {response["ResponseType"]: int(response["StatusCode"]) for response in responses} == API_GATEWAYS_OWN
    for response in responses:
        headers = response["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        document = json.loads(response["ResponseTemplates"]["application/json"])
        problem = Problem(document["status"], document["code"], document["detail"])
        assert document == msgspec.to_builtins(problem.body())
        assert document["status"] == int(response["StatusCode"])


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("THROTTLED", "Retry-After"),
        ("QUOTA_EXCEEDED", "Retry-After"),
        ("DEFAULT_5XX", "Retry-After"),
        ("AUTHORIZER_FAILURE", "Retry-After"),
        ("INTEGRATION_FAILURE", "Retry-After"),
        ("INTEGRATION_TIMEOUT", "Retry-After"),
        ("UNAUTHORIZED", "WWW-Authenticate"),
    ],
)
def test_an_error_says_what_to_do_next(service: Stack, kind: str, header: str) -> None:
    """429 says when to try again, and 401 which kind of credential is needed."""
    responses = service.properties("AWS::ApiGateway::GatewayResponse").values()
    (response,) = (response for response in responses if response["ResponseType"] == kind)
    assert f"gatewayresponse.header.{header}" in response["ResponseParameters"]


def test_the_access_log_says_who_called_what_with_which_outcome(service: Stack) -> None:
    """Each call leaves one JSON line with the caller, and without query, address and body."""
    (stage,) = service.properties("AWS::ApiGateway::Stage").values()
    assert json.loads(stage["AccessLogSetting"]["Format"]) == {
        "extended_request_id": "$context.extendedRequestId",
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


def test_the_stage_is_throttled_and_neither_traces_nor_logs_queries(service: Stack) -> None:
    """What is no route takes least."""
    (stage,) = service.properties("AWS::ApiGateway::Stage").values()
    limits = throttles(service)
    assert limits.pop(("/*", "*")) == (2, 5)
    assert limits.pop(("/~1v1~1sign-in", "POST")) == (10, 20)
    assert limits == {
        (escaped(route.path), route.method): WITH_KEY if route.roles else (50, 100)
        for route in ROUTES
        if route.operation != "sign_in"
    }
    assert all(each["DataTraceEnabled"] is False for each in stage["MethodSettings"])
    assert stage["TracingEnabled"] is False, "traces would hold whole URLs"


def test_all_that_needs_no_key_takes_less_than_one_route_with_a_key(service: Stack) -> None:
    """In a second: each method of each path has its own throttle, and they add up."""
    limits = throttles(service)
    paths = {escaped(path) for verb, path in service.methods() if verb == "ANY"}
    methods = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS")
    open_to_all = {(path, method) for path in paths for method in methods if limits.get((path, method)) != WITH_KEY}
    together = sum(limits.get(each, limits["/*", "*"])[0] for each in open_to_all)
    assert together < 1_000
    decision = DECISION.read_text("utf-8")
    named = [limits[each][0] for each in open_to_all if each in limits]
    for said in (f"{len(paths)} paths", f"let {together} through", f"which {sum(named)} are"):
        assert said in decision
    assert len(named) == 6, "as many routes as the decision names"
    assert f"function's {FUNCTIONS['console'].timeout_s} seconds" in decision


WITH_KEY = (5_000, 2_500)


def escaped(path: str) -> str:
    return f"/{path.replace('/', '~1')}"


def throttles(service: Stack) -> dict[tuple[str, str], tuple[int, int]]:
    """Calls a second and burst, by path and method."""
    (stage,) = service.properties("AWS::ApiGateway::Stage").values()
    return {
        (each["ResourcePath"], each["HttpMethod"]): (each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"])
        for each in stage["MethodSettings"]
    }


def test_the_operators_are_told_where_the_api_is(service: Stack) -> None:
    """The stack has an output `Url`, which the documents name."""
    assert "execute-api" in service.output("Url")
