"""Health, the console, the OpenAPI document, and the answers to unknown methods and paths."""

import base64
import hashlib
import re
from typing import Any

import pytest

from daybook import VERSION
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


def test_the_console_says_what_runs_and_the_first_call() -> None:
    """The console shows the address that the reader used."""
    answer = _call("GET", "/console")
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert f"Version {VERSION}" in answer["body"]
    assert "curl https://log.example/prod/v1/events" in answer["body"]
    assert "{{" not in answer["body"]


def test_the_console_loads_nothing_and_runs_nothing() -> None:
    """The policy allows the page's one style by its hash."""
    answer = _call("GET", "/console")
    policy = answer["headers"]["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", answer["body"], re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy
    assert not re.search(r"<script|<link|<img|\bsrc=|\bstyle=|\bon\w+=", answer["body"])


@pytest.mark.parametrize("host", ['"><script>alert(1)</script>', "a b", "$(reboot)", "x;reboot", ""])
def test_a_host_that_is_no_address_is_not_shown(host: str) -> None:
    """It appears neither as HTML nor in a command that somebody might paste."""
    body = _call("GET", "/console", headers={"Host": host})["body"]
    assert "curl $DAYBOOK_URL/v1/events" in body
    assert "alert" not in body
    assert "reboot" not in body


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
    again = _call("GET", "/v1/openapi.json", headers={"If-None-Match": first["headers"]["ETag"]})
    assert (again["statusCode"], again["body"]) == (304, "")
    assert again["headers"]["ETag"] == first["headers"]["ETag"]
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
