"""The functions as they are deployed, held against what their code expects."""

import dataclasses
from typing import Any

import pytest

from daybook.aws.batches import MAX_CALL_SECONDS
from daybook.environment import (
    AuthorizeSettings,
    ExportSettings,
    FanOutSettings,
    ForgetSettings,
    ManageSettings,
    RedeliverSettings,
    ReplaySettings,
    RestampSettings,
    Settings,
    StreamsSettings,
    SweepSettings,
)
from daybook.http.routes import ROUTES
from daybook.jobs import restamp, sweep
from daybook.jobs.runner import HAND_OVER_SECONDS
from exports.checksum import READ_A_SECOND
from exports.multipart import MAX_BYTES
from infra import LAMBDAS
from restamp.restamp import WRITTEN_WITHIN_MS
from tests.support.templates import Stack

SETTINGS: dict[str, type[Any] | None] = {
    "Authorize": AuthorizeSettings,
    "Ingest": Settings,
    "Query": Settings,
    "Tenants": Settings,
    "Streams": StreamsSettings,
    "Replay": ReplaySettings,
    "FanOut": FanOutSettings,
    "Redeliver": RedeliverSettings,
    "Manage": ManageSettings,
    "Restamp": RestampSettings,
    "Forget": ForgetSettings,
    "Sweep": SweepSettings,
    "Exports": ExportSettings,
    "Export": ExportSettings,
    "Public": None,
}
JOB_WORKERS = {"Export", "Replay", "Restamp", "Sweep"}
WORKERS = {*JOB_WORKERS, "FanOut", "Redeliver"}
MEANING = {
    "EVENTS_TABLE": "EventsTable",
    "IDENTITIES_TABLE": "IdentitiesTable",
    "CONTROL_TABLE": "ControlTable",
    "SECRET_ARN": "Secret",
    "RETRY_QUEUE_URL": "RetryQueue",
    "REPLAY_QUEUE_URL": "ReplayQueue",
    "RESTAMP_QUEUE_URL": "RestampQueue",
    "SWEEP_QUEUE_URL": "SweepQueue",
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
    """`<folder>.<module>.handler`, on the one asset, for arm64 and the Python that its bytecode is for."""
    functions = service.properties("AWS::Lambda::Function")
    assert len({str(function["Code"]) for function in functions.values()}) == 1
    for function in functions.values():
        folder, module, attribute = function["Handler"].split(".")
        assert attribute == "handler"
        assert (LAMBDAS / folder / f"{module}.py").is_file()
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def test_a_function_ends_before_the_gateway_hangs_up(service: Stack) -> None:
    """29 s is the gateway's: whoever ends before can still say what was not stored."""
    for name, function in service.properties("AWS::Lambda::Function").items():
        assert function["Timeout"] < 29 or name.removesuffix("Function") in WORKERS


def test_a_sweep_begins_when_whoever_read_the_person_before_has_ended(service: Stack) -> None:
    """Who forgets may delete in its last second, and who writes people may have read them just before."""
    timeouts = {name: each["Timeout"] for name, each in service.properties("AWS::Lambda::Function").items()}
    writing = max(timeouts["IngestFunction"], timeouts["ManageFunction"])
    assert writing <= sweep.REQUEST_SECONDS
    assert timeouts["ForgetFunction"] + writing < sweep.DELAY_SECONDS
    assert timeouts["SweepFunction"] > HAND_OVER_SECONDS + 2 * sweep.REQUEST_SECONDS


def test_a_workers_message_comes_back_when_the_worker_can_be_no_more(service: Stack) -> None:
    """Not before its claim is over; one message at a time; what never succeeds is kept for operators."""
    queues = service.properties("AWS::SQS::Queue")
    for source in service.properties("AWS::Lambda::EventSourceMapping").values():
        if service.read(source["FunctionName"]).removesuffix("Function") not in JOB_WORKERS:
            continue
        function = service.properties("AWS::Lambda::Function")[service.read(source["FunctionName"])]
        name = service.read(source["EventSourceArn"]).removesuffix(".Arn")
        queue = queues[name]
        assert source["BatchSize"] == 1
        assert queue["VisibilityTimeout"] >= function["Timeout"]
        assert service.read(queue["RedrivePolicy"]["deadLetterTargetArn"]) == f"{name}Dead.Arn"
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())


def test_the_largest_file_can_be_read_once_more(service: Stack) -> None:
    """For its checksum, in what is left of a fresh invocation."""
    timeout = service.properties("AWS::Lambda::Function")["ExportFunction"]["Timeout"]
    assert timeout - 30 > HAND_OVER_SECONDS + MAX_BYTES / READ_A_SECOND


def test_jobs_wait_in_line_where_they_must(service: Stack) -> None:
    """Exports and replays one at a time for each of a tenant's lanes, so no tenant takes all the workers there are;
    a re-stamp can be put off, which no FIFO queue does.
    """
    queues = service.properties("AWS::SQS::Queue")
    sources = service.properties("AWS::Lambda::EventSourceMapping").values()
    at_once = {
        service.read(source["EventSourceArn"]): source["ScalingConfig"]["MaximumConcurrency"]
        for source in sources
        if service.read(source["FunctionName"]).removesuffix("Function") in JOB_WORKERS
    }
    assert at_once["ExportQueue.Arn"] == 20
    assert all(2 <= most <= 20 for most in at_once.values())
    for name in ("ExportQueue", "ReplayQueue"):
        assert queues[name]["FifoQueue"] is queues[f"{name}Dead"]["FifoQueue"] is True
    assert "FifoQueue" not in queues["RestampQueue"]


def test_every_function_is_traced_and_logs_for_a_while(service: Stack) -> None:
    """Active tracing, and a log group of its own that keeps 90 days."""
    groups = service.properties("AWS::Logs::LogGroup")
    for name, function in service.properties("AWS::Lambda::Function").items():
        assert function["TracingConfig"] == {"Mode": "Active"}
        group = service.read(function["LoggingConfig"]["LogGroup"])
        assert group == name.replace("Function", "Log")
    assert {group["RetentionInDays"] for group in groups.values()} == {90}


def test_errors_throttles_and_5xx_wake_somebody(service: Stack) -> None:
    """An alarm for each function's errors and throttles, the API's 5xx, and for what of streams needs a person: dead
    letters, events given up or unreadable, and a reader that falls behind; all on the one topic.
    """
    watched = set()
    for alarm in service.properties("AWS::CloudWatch::Alarm").values():
        (of,) = [service.read(dimension["Value"]) for dimension in alarm.get("Dimensions", [])] or [None]
        watched.add((alarm["MetricName"], of))
        assert [service.read(action) for action in alarm["AlarmActions"]] == ["WatchAlarms"]
    functions = service.properties("AWS::Lambda::Function")
    expected = {(metric, name) for metric in ("Errors", "Throttles") for name in functions}
    dead_letters = {("ApproximateNumberOfMessagesVisible", f"{queue}.QueueName") for queue in DEAD_LETTERS}
    counted = {("EventsGivenUp", None), ("UnreadableEvents", None)}
    behind = {("IteratorAge", "FanOutFunction")}
    assert watched == expected | dead_letters | counted | behind | {("5XXError", "Daybook")}


DEAD_LETTERS = (
    *("NewEventsFailed", "RetryDead", "ReplayQueueDead"),
    *("ExportQueueDead", "RestampQueueDead", "SweepQueueDead"),
)


def test_a_restamp_begins_when_all_that_went_before_is_over(service: Stack) -> None:
    """Who writes the setting, then who still stores under the one before; or a page of a job that still read that."""
    timeouts = {name: each["Timeout"] for name, each in service.properties("AWS::Lambda::Function").items()}
    writing = timeouts["ManageFunction"]
    storing = max(timeouts[f"{name}Function"] for name in ("Ingest", "Query", "Manage", "Tenants", "Exports"))
    assert writing + storing < restamp.DELAY_SECONDS
    assert writing + WRITTEN_WITHIN_MS / 1_000 + MAX_CALL_SECONDS < restamp.DELAY_SECONDS
    assert restamp.DELAY_SECONDS - writing >= 60, "a minute after the setting"


def test_new_events_reach_the_fan_out(service: Stack) -> None:
    """INSERTs alone, from the first one on, in batches that are halved and answered in part; in the end they are
    noted in a queue.
    """
    mapping = service.properties("AWS::Lambda::EventSourceMapping")["NewEventsMapping"]
    assert service.read(mapping["FunctionName"]) == "FanOutFunction"
    assert service.read(mapping["EventSourceArn"]) == "EventsTable.StreamArn"
    assert mapping["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BisectBatchOnFunctionError"], mapping["StartingPosition"]) == (True, "TRIM_HORIZON")
    assert (mapping["BatchSize"], mapping["ParallelizationFactor"]) == (500, 10)
    assert mapping["MaximumRecordAgeInSeconds"] < 24 * 3600, "they are noted before the stream drops them"
    assert service.read(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == "NewEventsFailed.Arn"


def test_what_is_parked_comes_back(service: Stack) -> None:
    """Longer seen by nobody than the function takes, kept 14 days, and after five receipts among the dead letters."""
    mapping = service.properties("AWS::Lambda::EventSourceMapping")["ParkedMapping"]
    assert service.read(mapping["FunctionName"]) == "RedeliverFunction"
    assert service.read(mapping["EventSourceArn"]) == "RetryQueue.Arn"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = service.properties("AWS::SQS::Queue")["RetryQueue"]
    timeout = service.properties("AWS::Lambda::Function")["RedeliverFunction"]["Timeout"]
    assert queue["VisibilityTimeout"] == 6 * timeout
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert service.read(queue["RedrivePolicy"]["deadLetterTargetArn"]) == "RetryDead.Arn"
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 20
    assert all(each["SqsManagedSseEnabled"] for each in service.properties("AWS::SQS::Queue").values())
