"""The functions as they are deployed, held against what their code expects."""

import dataclasses
from typing import Any

import pytest

from daybook.routes import ROUTES
from daybook.settings import AuthorizeSettings, ExportSettings, Settings
from infra import LAMBDAS
from tests.stacks.reading import Stack

SETTINGS: dict[str, type[Any] | None] = {
    "Authorize": AuthorizeSettings,
    "Ingest": Settings,
    "Query": Settings,
    "Tenants": Settings,
    "Settings": Settings,
    "People": Settings,
    "Exports": ExportSettings,
    "Export": ExportSettings,
    "Public": None,
}
WORKERS = {"Export"}
MEANING = {
    "EVENTS_TABLE": "EventsTable",
    "IDENTITIES_TABLE": "IdentitiesTable",
    "CONTROL_TABLE": "ControlTable",
    "SECRET_ARN": "Secret",
    "EXPORT_BUCKET": "ExportsBucket",
    "EXPORT_QUEUE": "ExportQueue",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_functions_environment_is_its_settings(service: Stack, name: str) -> None:
    """Every field of the dataclass is a variable, no variable is more, and each leads where it says."""
    function = service.properties("AWS::Lambda::Function")[f"{name}Function"]
    variables = function.get("Environment", {}).get("Variables", {})
    settings = SETTINGS[name]
    fields = dataclasses.fields(settings) if settings else ()
    expected = {field.name.upper(): MEANING[field.name.upper()] for field in fields}
    assert {variable: service.read(value) for variable, value in variables.items()} == expected


def test_every_route_has_its_function(service: Stack) -> None:
    """The route table names no function that is not deployed; each has a route but the authorizer and the workers."""
    deployed = {name.removesuffix("Function").lower() for name in service.properties("AWS::Lambda::Function")}
    assert deployed == {route.function for route in ROUTES} | {"authorize", *(name.lower() for name in WORKERS)}


def test_every_function_is_a_folder_of_the_asset(service: Stack) -> None:
    """`<folder>.handler.handler`, on the one asset, for arm64 and the Python that its bytecode is for."""
    functions = service.properties("AWS::Lambda::Function")
    assert len({str(function["Code"]) for function in functions.values()}) == 1
    for function in functions.values():
        folder, module, attribute = function["Handler"].split(".")
        assert (module, attribute) == ("handler", "handler")
        assert (LAMBDAS / folder / "handler.py").is_file()
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def test_a_function_ends_before_the_gateway_hangs_up(service: Stack) -> None:
    """29 s is the gateway's: whoever ends before can still say what was not stored."""
    for name, function in service.properties("AWS::Lambda::Function").items():
        assert function["Timeout"] < 29 or name.removesuffix("Function") in WORKERS


def test_a_workers_message_comes_back_when_the_worker_can_be_no_more(service: Stack) -> None:
    """Not before its claim is over; one message at a time; what never succeeds is kept for operators."""
    queues = service.properties("AWS::SQS::Queue")
    for source in service.properties("AWS::Lambda::EventSourceMapping").values():
        function = service.properties("AWS::Lambda::Function")[service.read(source["FunctionName"])]
        queue = queues[service.read(source["EventSourceArn"]).removesuffix(".Arn")]
        assert source["BatchSize"] == 1
        assert queue["VisibilityTimeout"] >= function["Timeout"]
        assert service.read(queue["RedrivePolicy"]["deadLetterTargetArn"]) == "ExportQueueDead.Arn"
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())


def test_every_function_is_traced_and_logs_for_a_while(service: Stack) -> None:
    """Active tracing, and a log group of its own that keeps 90 days."""
    groups = service.properties("AWS::Logs::LogGroup")
    for name, function in service.properties("AWS::Lambda::Function").items():
        assert function["TracingConfig"] == {"Mode": "Active"}
        group = service.read(function["LoggingConfig"]["LogGroup"])
        assert group == name.replace("Function", "Log")
    assert {group["RetentionInDays"] for group in groups.values()} == {90}


def test_errors_throttles_and_5xx_wake_somebody(service: Stack) -> None:
    """An alarm for each function's errors and throttles and for the API's 5xx, all on the one topic."""
    watched = set()
    for alarm in service.properties("AWS::CloudWatch::Alarm").values():
        (dimension,) = alarm["Dimensions"]
        watched.add((alarm["MetricName"], service.read(dimension["Value"])))
        assert [service.read(action) for action in alarm["AlarmActions"]] == ["WatchAlarms"]
    functions = service.properties("AWS::Lambda::Function")
    expected = {(metric, name) for metric in ("Errors", "Throttles") for name in functions}
    assert watched == expected | {("5XXError", "Daybook")}
