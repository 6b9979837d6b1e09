"""Health, the OpenAPI document, and the answers to unknown methods and paths."""

from typing import Any

import pytest

from daybook.http.routes import ROUTES, methods_of
from public.handler import handler
from tests.support.calls import Context, answered, call
from tests.support.documented import document, documented


def _call(method: str, resource: str, **kwargs: Any) -> dict[str, Any]:
    event = call(method, resource, **kwargs)
    return documented(event, handler(event, Context()))


def test_health() -> None:
    """Health needs no credential."""
    answer = _call("GET", "/v1/health")
    assert answer["statusCode"] == 200
    assert answered(answer) == {"status": "ok"}


def test_the_openapi_document_names_the_address_that_was_called() -> None:
    """A client that reads the document calls this deployment, including its stage."""
    answer = _call("GET", "/v1/openapi.json")
    assert answer["statusCode"] == 200
    assert answered(answer) == {**document(), "servers": [{"url": "https://log.example/prod"}]}
    assert answered(_call("GET", "/v1/openapi.json", headers={"Host": "a b"}))["servers"] == [{"url": "/"}]


def test_the_openapi_document_is_sent_once() -> None:
    """A client that already has this version gets a 304 without content."""
    first = _call("GET", "/v1/openapi.json")
    assert first["headers"]["Cache-Control"] == "no-cache"
    tag = first["headers"]["ETag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = _call("GET", "/v1/openapi.json", headers={"If-None-Match": known})
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["ETag"] == tag
    elsewhere = {"If-None-Match": first["headers"]["ETag"], "Host": "other.example"}
    assert _call("GET", "/v1/openapi.json", headers=elsewhere)["statusCode"] == 200


@pytest.mark.parametrize("resource", sorted({route.path for route in ROUTES}))
def test_a_method_that_a_resource_does_not_answer_is_405(resource: str) -> None:
    """The answer names the methods that the resource does support (RFC 9110)."""
    answer = _call("OPTIONS", resource)
    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == ", ".join(methods_of(resource))
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answered(answer)["code"] == "method_not_allowed"


@pytest.mark.parametrize("resource", ["/{proxy+}", "/", "/v1"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_there_is_not_is_404(method: str, resource: str) -> None:
    """The answer is a problem document."""
    answer = _call(method, resource)
    assert answer["statusCode"] == 404
    assert answered(answer)["code"] == "not_found"
    assert answer["headers"]["Content-Type"] == "application/problem+json"
