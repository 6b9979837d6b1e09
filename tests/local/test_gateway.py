"""The gateway's emulator around given functions: the events that they receive, and what it makes of their answers."""

import base64
import gzip
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder, TestResponse
from werkzeug.wrappers import Request

from infra.local.functions.instances import EventTooLarge, FunctionError
from infra.local.gateway.api import ACCOUNT, Api, Authorizer, GatewayResponse
from infra.local.gateway.gateway import Gateway
from infra.local.gateway.proxy_event import Call
from infra.local.gateway.routing import Method, Resource, Router

ARN = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:api/live"
Handler = Callable[[Mapping[str, Any]], Any]


@dataclass
class GivenFunction:
    """Answers by `handler` and keeps the events that it received."""

    handler: Handler
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def invoke(self, event: Mapping[str, Any], request_id: str) -> Any:
        assert event["requestContext"]["requestId"] == request_id
        self.events.append(event)
        return self.handler(event)


def problem(status: int | None, text: str) -> GatewayResponse:
    return GatewayResponse(status, {"Content-Type": "application/problem+json"}, {"application/json": text})


RESPONSES = {
    "UNAUTHORIZED": problem(401, '{"code":"unauthorized","id":"$context.requestId"}'),
    "REQUEST_TOO_LARGE": problem(413, '{"code":"too_large"}'),
    "DEFAULT_4XX": problem(None, '{"said":$context.error.messageString,"kind":"$context.error.responseType"}'),
    "DEFAULT_5XX": problem(500, '{"code":"internal_error"}'),
}


def allowing(*patterns: str, effect: str = "Allow", **context: Any) -> Handler:
    """An authorizer that allows what the patterns match."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": [f"{ARN}/{each}" for each in patterns]}
    return lambda _: {"principalId": "key1", "policyDocument": {"Statement": [statement]}, "context": context}


class Setting:
    """A gateway with an open function on ANY of every resource and an authorized one on GET and POST."""

    def __init__(self, handler: Handler, authorizer: Handler | None = None) -> None:
        self.function = GivenFunction(handler)
        self.authorizer = GivenFunction(authorizer or allowing("*"))
        self.log = io.StringIO()
        methods = {
            "GET": Method("function", authorized=True),
            "POST": Method("function", authorized=True),
            "ANY": Method("function", authorized=False),
        }
        api = Api(
            id="api",
            stage="live",
            functions=frozenset(),
            access_line=json.dumps(
                {
                    "route": "$context.resourcePath",
                    "status": "$context.status",
                    "tenant": "$context.authorizer.tenant",
                    "error": "$context.error.responseType",
                }
            ),
            router=Router(
                [
                    Resource("/v1/events", methods),
                    Resource("/v1/events/{event_id}", methods),
                    Resource("/open", {"POST": Method("function", authorized=False)}),
                ]
            ),
            authorizer=Authorizer("authorizer", ("authorization",)),
            responses=RESPONSES,
        )
        gateway = Gateway(api, {"function": self.function, "authorizer": self.authorizer}, self.log)
        self._client = Client(gateway)

    def call(self, method: str, path: str, **request: Any) -> TestResponse:
        bare, _, query = path.partition("?")
        return self._client.open(
            bare,
            method=method,
            query_string=query,
            headers={"Authorization": "Bearer good", **request.pop("headers", {})},
            environ_overrides={"RAW_URI": path, "REMOTE_ADDR": "203.0.113.7"},
            **request,
        )

    @property
    def event(self) -> Mapping[str, Any]:
        (event,) = self.function.events
        return event

    @property
    def access_lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def answering(**answer: Any) -> Handler:
    return lambda _: {"statusCode": 200, "body": "{}", **answer}


def raising(error: Exception) -> Handler:
    def handler(_event: Mapping[str, Any]) -> Any:
        raise error

    return handler


def test_a_function_is_told_the_call() -> None:
    """The resource and path, parameters as sent, queries decoded once, the caller and its address."""
    setting = Setting(answering(), allowing("*", tenant="acme", level=3, throttled=False))
    answer = setting.call(
        "GET",
        "/v1/events/a%2Fb%20c?actor=mike+mars&actor=j%C3%A4ne&q=&to=2%2B1",
        headers={"User-Agent": "tests"},
    )
    assert answer.status_code == 200
    event = setting.event
    assert event["resource"] == "/v1/events/{event_id}"
    assert event["path"] == "/v1/events/a%2Fb%20c"
    assert event["httpMethod"] == "GET"
    assert event["pathParameters"] == {"event_id": "a%2Fb%20c"}
    assert event["queryStringParameters"] == {"actor": "jäne", "q": "", "to": "2+1"}
    assert event["multiValueQueryStringParameters"] == {"actor": ["mike mars", "jäne"], "q": [""], "to": ["2+1"]}
    assert event["headers"]["Authorization"] == "Bearer good"
    assert event["multiValueHeaders"]["User-Agent"] == ["tests"]
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    context = event["requestContext"]
    assert context["identity"] == {"sourceIp": "203.0.113.7", "userAgent": "tests"}
    assert context["stage"] == "live"
    assert context["resourcePath"] == "/v1/events/{event_id}"
    told = context["authorizer"]
    assert (told["tenant"], told["level"], told["throttled"], told["principalId"]) == ("acme", "3", "false", "key1")
    assert answer.headers["x-amzn-RequestId"] == context["requestId"]
    assert answer.headers["x-amz-apigw-id"] == context["extendedRequestId"]


CHOSEN = "0189f7ea-ae2c-7809-8aeb-b819cf5e9e7f"


@pytest.mark.parametrize(
    ("sent", "form"), [(CHOSEN, re.escape(CHOSEN)), ("my own", r"[-0-9a-f]{36}_REPLACED_INVALID_REQUEST_ID")]
)
def test_a_caller_chooses_the_request_id_and_not_the_extended_one(sent: str, form: str) -> None:
    """By AWS's "Access logging for REST APIs": the one if it is a UUID, the other by no means."""
    setting = Setting(answering())
    setting.call("DELETE", "/v1/events", headers={"x-amzn-RequestId": sent, "x-amz-apigw-id": sent})
    context = setting.event["requestContext"]
    assert re.fullmatch(form, context["requestId"])
    assert sent not in context["extendedRequestId"]


@pytest.mark.parametrize(
    ("written", "path"), [("/live/v1/events", "/v1/events"), ("/livery", "/livery"), ("/live", "/")]
)
def test_the_stage_may_stand_in_the_path(written: str, path: str) -> None:
    """As at the stage's own address. Behind a custom domain it does not. The context has the path as it was written."""
    request = Request(EnvironBuilder(written, environ_overrides={"RAW_URI": written}).get_environ())
    call = Call.of(request, b"", "live")
    assert (call.path, call.stage_path + call.path.rstrip("/")) == (path, written)


def test_a_path_with_the_stage_leads_to_the_same_resource() -> None:
    setting = Setting(answering())
    assert setting.call("GET", "/live/v1/events").status_code == 200
    assert setting.event["path"] == "/v1/events"
    assert setting.event["requestContext"]["path"] == "/live/v1/events"


def test_what_is_absent_is_null() -> None:
    """Maps without entries are null, as in API Gateway."""
    setting = Setting(answering())
    setting.call("GET", "/v1/events")
    absent = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables")
    assert [setting.event[name] for name in absent] == [None] * 4


@pytest.mark.parametrize(
    "body", [b'{"a":1}', gzip.compress(b'{"a":1}'), bytes(range(256))], ids=["json", "gzip", "bytes"]
)
def test_bodies_arrive_as_sent(body: bytes) -> None:
    """In base64, whatever they are, because every media type counts as binary. Gzip is not unpacked."""
    setting = Setting(answering())
    setting.call("POST", "/v1/events", data=body, headers={"Content-Encoding": "gzip"})
    assert setting.event["isBase64Encoded"] is True
    assert base64.b64decode(setting.event["body"]) == body


def test_the_authorizer_is_told_the_call_but_no_body() -> None:
    """An event of type REQUEST with the ARN of the called method."""
    setting = Setting(answering())
    setting.call("POST", "/v1/events/x%20y?a=1", data=b"{}")
    (event,) = setting.authorizer.events
    assert event["type"] == "REQUEST"
    assert event["methodArn"] == f"{ARN}/POST/v1/events/x%20y"
    assert event["headers"]["Authorization"] == "Bearer good"
    assert event["requestContext"]["identity"]["sourceIp"] == "203.0.113.7"
    assert "body" not in event


def test_a_method_without_authorization_asks_nobody() -> None:
    """Its function receives no authorizer context."""
    setting = Setting(answering())
    setting.call("DELETE", "/v1/events")
    assert not setting.authorizer.events
    assert "authorizer" not in setting.event["requestContext"]


def test_without_the_identity_source_nobody_is_called() -> None:
    """The gateway itself answers 401 with the template's text and logs it."""
    setting = Setting(answering())
    answer = setting.call("GET", "/v1/events", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json == {"code": "unauthorized", "id": answer.headers["x-amzn-RequestId"]}
    assert not setting.authorizer.events
    assert not setting.function.events
    assert setting.access_lines == [{"route": "/v1/events", "status": "401", "tenant": "-", "error": "UNAUTHORIZED"}]


def test_an_authorizer_refuses_by_raising_unauthorized() -> None:
    """With exactly that message. Any other failure of the authorizer is a 500."""
    assert Setting(answering(), raising(FunctionError("Unauthorized"))).call("GET", "/v1/events").status_code == 401
    assert Setting(answering(), raising(FunctionError("unauthorized"))).call("GET", "/v1/events").status_code == 500


@pytest.mark.parametrize(
    "answer",
    [None, {}, {"principalId": "x"}, {"principalId": "x", "policyDocument": {"Statement": [{}]}}],
)
def test_an_authorizer_that_answers_no_policy_is_a_500(answer: Any) -> None:
    """Nothing is allowed by mistake."""
    setting = Setting(answering(), lambda _: answer)
    assert setting.call("GET", "/v1/events").status_code == 500
    assert not setting.function.events


@pytest.mark.parametrize(
    ("pattern", "status"),
    [
        ("GET/v1/events", 200),
        ("GET/v1/*", 200),
        ("*/v1/event?", 200),
        ("*", 200),
        ("POST/v1/events", 403),
        ("GET/v1/events/*", 403),
        ("GET/v1/event", 403),
        ("GET/v1.events", 403),
    ],
)
def test_a_policy_opens_what_its_patterns_match(pattern: str, status: int) -> None:
    """By `*` and `?` and no other character."""
    assert Setting(answering(), allowing(pattern)).call("GET", "/v1/events").status_code == status


def test_what_a_policy_denies_stays_shut() -> None:
    """A denial has priority over a permission for the same."""
    both = [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{ARN}/*"},
        {"Action": "*", "Effect": "Deny", "Resource": [f"{ARN}/GET/v1/events"]},
    ]
    policy = {"principalId": "x", "policyDocument": {"Statement": both}, "context": {"tenant": "acme"}}
    setting = Setting(answering(), lambda _: policy)
    refused = setting.call("GET", "/v1/events")
    assert refused.status_code == 403
    assert refused.json == {"said": "User is not authorized to access this resource", "kind": "ACCESS_DENIED"}
    assert setting.access_lines[0]["tenant"] == "acme"
    assert setting.call("GET", "/v1/events/x").status_code == 200


def test_an_answer_goes_out_as_the_function_gave_it() -> None:
    """Status, headers with one or several values, and bytes if the answer says base64."""
    setting = Setting(
        answering(
            statusCode=207,
            headers={"content-type": "text/csv", "X-One": "1"},
            multiValueHeaders={"X-Two": ["a", "b"]},
            body=base64.b64encode(b"\x00\xff").decode(),
            isBase64Encoded=True,
        )
    )
    answer = setting.call("GET", "/v1/events")
    assert answer.status_code == 207
    assert answer.headers.getlist("Content-Type") == ["text/csv"]
    assert answer.headers["X-One"] == "1"
    assert answer.headers.getlist("X-Two") == ["a", "b"]
    assert answer.data == b"\x00\xff"


def test_a_challenge_of_a_function_is_renamed() -> None:
    """As a REST API does, so that nobody relies on the header. The gateway's own challenge is kept."""
    answer = Setting(answering(headers={"WWW-Authenticate": "Bearer"})).call("GET", "/v1/events")
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["x-amzn-Remapped-WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "handler",
    [
        raising(FunctionError("secret internals")),
        lambda _: "just a text",
        lambda _: None,
        lambda _: {"body": "no status"},
        lambda _: {"statusCode": 200, "body": {"not": "a string"}},
    ],
)
def test_a_function_that_fails_is_an_error_without_internals(handler: Handler) -> None:
    """With the template's text for server errors."""
    answer = Setting(handler).call("GET", "/v1/events")
    assert answer.status_code == 500
    assert answer.json == {"code": "internal_error"}


def test_payloads_over_10_mb_are_refused() -> None:
    """Before any function is called. So is an event that is too large for a function."""
    setting = Setting(answering())
    assert setting.call("POST", "/v1/events", data=bytes(10 * 1024 * 1024 + 1)).status_code == 413
    assert not setting.authorizer.events
    assert Setting(raising(EventTooLarge())).call("POST", "/v1/events", data=b"x").status_code == 413


def test_a_head_over_10240_bytes_is_refused() -> None:
    """Request line and headers together, so cursors must fit."""
    setting = Setting(answering())
    assert setting.call("GET", f"/v1/events?cursor={'x' * 9_000}").status_code == 200
    assert 400 <= setting.call("GET", f"/v1/events?cursor={'x' * 10_240}").status_code < 500


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("GET", "/open"), ("TRACE", "/v1/events")])
def test_what_leads_nowhere_is_missing_a_token(method: str, path: str) -> None:
    """A REST API answers 403 for an unknown path or method, unless the template says otherwise."""
    answer = Setting(answering()).call(method, path)
    assert answer.status_code == 403
    assert answer.json == {"said": "Missing Authentication Token", "kind": "MISSING_AUTHENTICATION_TOKEN"}
