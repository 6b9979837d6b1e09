"""The one way in and out: roles, problems, the answer's form, and the access log's line."""

from typing import Any, NoReturn

import pytest

from daybook.errors import Contended, FieldError, TenantTaken, TooManyPeople, UnknownTenant
from daybook.http.problem import Problem
from daybook.http.request import Answer, Request
from daybook.http.serve import Operation, serve
from tests.support.access_log import kept_access_log
from tests.support.calls import Context, answered, authorized, call, operations


def _serve(operation: Operation, event: dict[str, Any] | None = None) -> dict[str, Any]:
    read = event or call("GET", "/v1/tenants/{tenant}", parameters={"tenant": "acme"}, authorizer=authorized())
    return serve(read, Context(), {"read_tenant": operation, "unrouted": operation})


def test_an_answer_is_json_and_kept_by_nobody() -> None:
    """The body is unescaped UTF-8, the content type says JSON, and no cache may keep the answer."""
    answer = _serve(lambda _: Answer(200, {"name": "Ünïcode"}))
    assert answer == {
        "statusCode": 200,
        "headers": {"Cache-Control": "no-store", "Content-Type": "application/json"},
        "body": '{"name":"Ünïcode"}',
        "isBase64Encoded": False,
    }


def test_an_answer_without_content_names_no_type() -> None:
    """A 204 has no body and no Content-Type."""
    answer = _serve(lambda _: Answer(204))
    assert answer["body"] == ""
    assert "Content-Type" not in answer["headers"]


def test_half_a_surrogate_pair_in_an_answer_is_written_as_a_question_mark() -> None:
    """A problem that quotes malformed text can still be written as an answer."""

    def complain(_: Request) -> NoReturn:
        raise Problem(422, "invalid_value", "bad: \ud800", [FieldError("params.\udfff", "bad")])

    answer = _serve(complain)
    assert answer["statusCode"] == 422
    assert answered(answer)["errors"] == [{"path": "params.?", "message": "bad"}]


def test_what_escapes_is_500_without_a_word_of_it() -> None:
    """The caller learns nothing about the internals."""

    def fail(_: Request) -> NoReturn:
        raise RuntimeError("the password is swordfish")

    answer = _serve(fail)
    assert answer["statusCode"] == 500
    assert "swordfish" not in answer["body"]
    assert answer["headers"]["Retry-After"] == "5"
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_an_answer_that_cannot_be_written_is_500_too() -> None:
    """A failure while the answer is written also becomes an answer."""
    assert _serve(lambda _: Answer(200, object()))["statusCode"] == 500


class UnknownRegion(UnknownTenant):
    """An error that a module defines as a special case of another."""


@pytest.mark.parametrize(
    ("fact", "status"),
    [
        (UnknownTenant("acme"), 404),
        (UnknownRegion("acme"), 404),
        (TenantTaken("acme"), 409),
        (Contended("acme"), 503),
        (TooManyPeople(), 422),
    ],
)
def test_what_the_domain_says_is_mapped_here(fact: Exception, status: int) -> None:
    """The domain knows facts, not statuses. A special case of an error gets the same answer as that error."""

    def tell(_: Request) -> NoReturn:
        raise fact

    assert _serve(tell)["statusCode"] == status


def test_a_role_that_the_route_does_not_name_is_403() -> None:
    """The function checks the role itself, whatever the gateway let through."""
    event = call("POST", "/v1/tenants", {}, authorizer=authorized())
    answer = serve(event, Context(), {"create_tenant": lambda _: Answer(201)})
    assert answer["statusCode"] == 403


def test_no_authorizer_is_401() -> None:
    """A function that is called without an authorizer trusts nobody."""
    event = call("GET", "/v1/tenants/{tenant}", parameters={"tenant": "acme"})
    assert _serve(lambda _: Answer(200), event)["statusCode"] == 401


def test_every_call_is_one_access_line() -> None:
    """The line has both request ids, tenant, credential, role, route, status and milliseconds, whatever the outcome."""

    def fail(_: Request) -> NoReturn:
        raise Problem(409, "tenant_taken", "Taken.")

    with kept_access_log() as lines:
        _serve(fail)
    (line,) = lines
    assert line["message"] == "access"
    assert {
        name: line[name]
        for name in ("request_id", "extended_request_id", "tenant", "credential", "role", "method", "route", "status")
    } == {
        "request_id": "r-1",
        "extended_request_id": "e-1",
        "tenant": "acme",
        "credential": "k1",
        "role": "admin",
        "method": "GET",
        "route": "/v1/tenants/{tenant}",
        "status": 409,
    }
    assert isinstance(line["milliseconds"], int)


def test_the_access_line_names_the_tenant_that_operations_named() -> None:
    """An operations credential has no tenant of its own."""
    event = call("GET", "/v1/catalogue", authorizer=operations(), headers={"Daybook-Tenant": "acme"})
    with kept_access_log() as lines:
        serve(event, Context(), {"read_catalogue": lambda _: Answer(200)})
    assert [line["tenant"] for line in lines] == ["acme"]


def test_a_request_shows_neither_credential_nor_body() -> None:
    """Printing a request shows neither of them."""
    event = call("POST", "/v1/tenants", b"the-body", headers={"Authorization": "Bearer the-secret"})
    shown = repr(Request.from_gateway(event, Context()))
    assert "the-secret" not in shown
    assert "the-body" not in shown


def test_the_origin_is_how_the_caller_reached_us() -> None:
    """The origin has host and stage as the caller wrote them."""
    assert Request.from_gateway(call("GET", "/v1/health"), Context()).origin == "https://log.example/prod"


@pytest.mark.parametrize(("stage_path", "location"), [("/prod", "/prod/v1/exports/x"), ("", "/v1/exports/x")])
def test_a_location_leads_to_the_same_stage(stage_path: str, location: str) -> None:
    """`/v1/…` alone would lead to a stage called `v1`."""
    event = call("GET", "/v1/health")
    event["requestContext"]["path"] = f"{stage_path}/v1/health"
    answer = serve(event, Context(), {"health": lambda _: Answer(202, {}, {"Location": "/v1/exports/x"})})
    assert answer["headers"]["Location"] == location
