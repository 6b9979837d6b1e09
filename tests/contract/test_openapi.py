"""The OpenAPI document against the code that it is made from, and against the standard."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from aws_cdk import App
from openapi_spec_validator import OpenAPIV31SpecValidator

from daybook.events.native import NativeEvent
from daybook.events.reader import FIELDS
from daybook.events.rejected import RejectionCode
from daybook.http.problem import MEDIA_TYPE, Code
from daybook.http.routes import ROUTES, Route
from daybook.search.parameters import SEARCH
from daybook.shape import FaultCode
from infra import LAMBDAS, ROOT
from infra.asset import Asset, lambda_code
from infra.openapi import file
from infra.openapi.document import documented_path
from infra.openapi.operations import OPERATIONS
from infra.openapi.parameters import PATH, QUERY
from infra.openapi.problems import PROBLEMS, REJECTIONS
from infra.page import build as page
from tests.support.documented import check, document, validator_of

JSON = "application/json"
SOURCES = [*LAMBDAS.rglob("*.py"), *(ROOT / "infra").rglob("*.py")]
# Where each of these takes its code.
PROBLEM_CODES = {"Problem": 1, "bad_field": 2, "bad_parameter": 2}
REJECTION_CODES = {"Rejected": 0, "Result": 3}


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][documented_path(route.path)][route.method.lower()]
    return found


def test_the_file_is_written_when_it_is_missing_or_stale(tmp_path: Path) -> None:
    """A file that is up to date stays untouched, and nothing else is left beside it."""
    place = tmp_path / "openapi.json"
    file.write(place)
    assert json.loads(place.read_bytes()) == document()
    first = place.stat().st_ino
    file.write(place)
    assert place.stat().st_ino == first
    place.write_text("{}")
    file.write(place)
    assert json.loads(place.read_bytes()) == document()
    assert list(tmp_path.iterdir()) == [place]


def test_the_asset_holds_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is written before the asset is built, as is the console's page, so that `cdk deploy` from a fresh clone has
    both.
    """
    there: list[bool] = []
    monkeypatch.setattr(file, "write", (tmp_path / "openapi.json").touch)
    monkeypatch.setattr(page, "build", (tmp_path / "index.html").touch)

    def build(_asset: Asset, _into: Path) -> Path:
        there.extend((tmp_path / name).exists() for name in ("openapi.json", "index.html"))
        return tmp_path

    monkeypatch.setattr(Asset, "build", build)
    lambda_code(App(context={"asset": "built"}).node)
    assert there == [True, True]


def test_the_document_is_openapi() -> None:
    """By the standard's own schema, with every reference resolved."""
    OpenAPIV31SpecValidator(document()).validate()


def test_the_document_has_every_route() -> None:
    """Each under its operation's name, and none that the route table lacks."""
    documented = {
        (method.upper(), path, described["operationId"])
        for path, methods in document()["paths"].items()
        for method, described in methods.items()
    }
    assert documented == {(route.method, documented_path(route.path), route.operation) for route in ROUTES}
    assert set(OPERATIONS) == {route.operation for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_a_route_is_open_to_its_roles(route: Route) -> None:
    """Any one of them; a route without roles asks for no credential."""
    roles = {role for requirement in operation(route)["security"] for role in requirement["credential"]}
    assert roles == route.roles
    assert ("401" in operation(route)["responses"]) == bool(route.roles)


def test_every_parameter_is_described_once() -> None:
    """Nothing is described that no path and no search takes."""
    assert set(QUERY) == set(SEARCH)
    assert set(PATH) == {
        parameter["name"]
        for route in ROUTES
        for parameter in operation(route).get("parameters", ())
        if parameter["in"] == "path"
    }


def test_a_native_event_is_described_as_it_is_made() -> None:
    """Every field, in the same order."""
    assert tuple(NativeEvent.__annotations__) == FIELDS


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_the_examples_are_what_the_document_allows(route: Route) -> None:
    """Bodies and parameters."""
    for parameter in operation(route).get("parameters", ()):
        if "example" in parameter:
            validator_of(parameter["schema"]).validate(parameter["example"])
    if "requestBody" in operation(route):
        content = operation(route)["requestBody"]["content"]["application/json"]
        assert content["examples"]
        for example in content["examples"].values():
            validator_of(content["schema"]).validate(example["value"])


@pytest.mark.parametrize(
    ("status", "headers", "changed"),
    [
        (418, {}, {}),
        (200, {"Content-Type": "text/plain"}, {}),
        (200, {}, {"surprise": 1}),
        (200, {}, {"min_days": "30"}),
        (200, {}, {"job": ...}),
    ],
    ids=["status", "media type", "unknown field", "type", "missing field"],
)
def test_an_answer_that_is_not_documented_is_noticed(status: int, headers: Any, changed: dict[str, Any]) -> None:
    """The checks of the handlers' answers would be worth nothing if they could not fail."""
    answer = {"days": 1, "default_days": None, "min_days": 1, "max_days": 2, "configurable": True, "job": None}
    given = {name: value for name, value in {**answer, **changed}.items() if value is not ...}
    with pytest.raises(AssertionError):
        check("GET", "/v1/settings/retention", status, {"Content-Type": JSON, **headers}, json.dumps(given))
    check("GET", "/v1/settings/retention", 200, {"Content-Type": JSON}, json.dumps(answer))


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "throttled"), ({"Retry-After": "1"}, "contended"), ({"Retry-After": "1"}, "made_up")],
    ids=["no header", "another operation's code", "no code"],
)
def test_a_problem_that_is_not_documented_is_noticed(headers: dict[str, str], code: str) -> None:
    """Its header and its code as well."""
    problem = {"type": "t", "title": "t", "status": 503, "detail": "d", "code": code}
    given = {"Content-Type": MEDIA_TYPE, **headers}
    with pytest.raises(AssertionError):
        check("GET", "/v1/settings/retention", 503, given, json.dumps(problem))


@pytest.mark.parametrize("time", ["2026-11-22", "2026-11-22T16:31:07.123", "2026-02-30T00:00:00Z"])
def test_a_time_that_is_none_is_noticed(time: str) -> None:
    """By the very rule that reads times."""
    assert not validator_of({"type": "string", "format": "date-time"}).is_valid(time)
    assert validator_of({"type": "string", "format": "date-time"}).is_valid("2026-11-22T16:31:07.123+01:00")


def test_every_code_of_the_source_is_explained() -> None:
    """And no code is explained that nothing raises."""
    faults = codes_in_source({"Fault": 0}, "FaultCode")
    assert faults == set(get_args(FaultCode))
    assert set(PROBLEMS) == set(get_args(Code)) == codes_in_source(PROBLEM_CODES, "Code") | faults
    of_rejections = codes_in_source(REJECTION_CODES, "RejectionCode")
    assert set(REJECTIONS) == set(get_args(RejectionCode)) == of_rejections | faults


def codes_in_source(places: dict[str, int], annotation: str) -> set[str]:
    return {code for source in SOURCES for code in _codes(source, places, annotation)}


def _codes(source: Path, places: dict[str, int], annotation: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords) if name in places:
                given = arguments[places[name] : places[name] + 1]
                given += [keyword.value for keyword in keywords if keyword.arg == "code"]
            case ast.AnnAssign(annotation=ast.Name(id=name), value=ast.expr() as value) if name == annotation:
                given = [value]
            case ast.FunctionDef(
                args=ast.arguments(args=[*_, ast.arg(annotation=ast.Name(id=name))], defaults=defaults)
            ):
                given = defaults if name == annotation else []
            case _:
                continue
        for value in given:
            yield from _texts(value)


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=otherwise):
            yield from (*_texts(body), *_texts(otherwise))
