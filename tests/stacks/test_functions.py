"""The functions as deployed, compared with what their code expects."""

import importlib

import pytest

from daybook.aws.batches import MAX_CALL_SECONDS
from daybook.clock import SECOND
from daybook.environment import FunctionSettings
from daybook.jobs import restamp, sweep
from daybook.jobs.claiming import CLOCKS_APART_SECONDS
from daybook.jobs.runner import HAND_OVER_SECONDS
from exports.checksum import READ_A_SECOND
from exports.multipart import MAX_BYTES
from exports.phases.begin import SETTLED_MS
from infra import LAMBDAS
from infra.functions import API_FUNCTIONS, FUNCTIONS, title
from infra.local.template import Templates, of_type
from restamp.restamp import WRITTEN_WITHIN_MS
from tests.support.templates import Stack

RESOURCES = {
    "events_table": "EventsTable",
    "identities_table": "IdentitiesTable",
    "control_table": "ControlTable",
    "credentials_table": "CredentialsTable",
    "ledger_table": "LedgerTable",
    "limits_table": "LimitsTable",
    "secret_arn": "Secret",
    "canary_secret_arn": "CanaryKey",
    "api_url": "https://GatewayApi.execute-api.AWS::Region.AWS::URLSuffix/GatewayApiDeploymentStagelive/",
    "checkpoint_bucket": "CheckpointsBucket",
    "checkpoint_seconds": "3600",
    "head_keys": "HeadKey1Pair.Arn",
    "log_origin": "daybook",
    "sign_queue_url": "SignQueue",
    "time_keys": "TimeKey1Pair.Arn",
    "drain_queue_url": "DrainQueue",
    "replay_queue_url": "ReplayQueue",
    "restamp_queue_url": "RestampQueue",
    "sweep_queue_url": "SweepQueue",
    "ledger_sweep_queue_url": "LedgerSweepQueue",
    "export_bucket": "ExportsBucket",
    "download_role_arn": "DownloadRole.Arn",
    "append_parked_queue_url": "AppendParkedQueue",
    "failed_batch_bucket": "FailedBatchesBucket",
    "reader_role_arn": "ReaderRole.Arn",
    "export_queue": "ExportQueue",
}


@pytest.fixture(scope="module")
def timeouts(service: Stack) -> dict[str, int]:
    """The timeout of each function in seconds."""
    functions = service.properties("AWS::Lambda::Function")
    return {name: functions[f"{title(name)}Function"]["Timeout"] for name in FUNCTIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_setting_names_its_resource(service: Stack, name: str) -> None:
    """The function has one variable for each setting without a default, with the right resource, and the metrics'."""
    function = service.properties("AWS::Lambda::Function")[f"{title(name)}Function"]
    variables = function.get("Environment", {}).get("Variables", {})
    expected = {variable: RESOURCES[field] for field, variable in FUNCTIONS[name].settings.required().items()}
    expected["POWERTOOLS_METRICS_NAMESPACE"] = "Daybook"  # not of the settings, because it is Powertools' own
    assert {variable: service.read(value) for variable, value in variables.items()} == expected


def test_only_the_authorizer_and_the_console_know_the_issuer(other: Templates) -> None:
    """And only where one is configured, as the test above shows: without these variables it takes no tokens."""
    found = {
        logical_id: {name: value for name, value in variables.items() if name.startswith("OIDC_")}
        for logical_id, function in of_type(other, "AWS::Lambda::Function").items()
        if (variables := function.get("Environment", {}).get("Variables"))
    }
    authorizer = next(logical_id for logical_id in found if logical_id.startswith("AuthorizeFunction"))
    assert found.pop(authorizer) == {
        "OIDC_ISSUER": "https://id.example.com/realms/acme",
        "OIDC_AUDIENCE": "daybook",
        "OIDC_TENANT_CLAIM": "tenant",
        "OIDC_ROLES_CLAIM": "groups",
        "OIDC_ENVIRONMENTS_CLAIM": "environments",
    }
    console = next(logical_id for logical_id in found if logical_id.startswith("ConsoleFunction"))
    assert found.pop(console) == {
        "OIDC_ISSUER": "https://id.example.com/realms/acme",
        "OIDC_AUDIENCE": "daybook",
        "OIDC_CONSOLE_CLIENT": "console",
    }
    assert not any(found.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_reads_the_settings_that_its_function_has(name: str) -> None:
    """The settings class in the table of functions is the only one that the handler's module imports."""
    spec = FUNCTIONS[name]
    imported = {
        value
        for value in vars(importlib.import_module(spec.module)).values()
        if isinstance(value, type) and issubclass(value, FunctionSettings)
    }
    assert imported == ({spec.settings} if spec.settings.variables() else set())


def test_every_route_has_its_function(service: Stack) -> None:
    """Each function in the route table is deployed. The others are the authorizer, those that read a source, and the
    canary, which the schedule invokes.
    """
    readers = {
        service.read(mapping["FunctionName"])
        for mapping in service.properties("AWS::Lambda::EventSourceMapping").values()
    }
    answering = {f"{title(name)}Function" for name in API_FUNCTIONS | {"authorize", "canary"}}
    assert not readers & answering
    assert readers | answering == set(service.properties("AWS::Lambda::Function"))


def test_every_function_runs_a_handler_of_the_asset(service: Stack) -> None:
    """All use the one asset, on arm64, with the Python that its bytecode is compiled for."""
    functions = service.properties("AWS::Lambda::Function")
    assert len({str(function["Code"]) for function in functions.values()}) == 1
    for function in functions.values():
        folder, module, attribute = function["Handler"].split(".")
        assert attribute == "handler"
        assert (LAMBDAS / folder / f"{module}.py").is_file()
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def test_a_function_ends_before_the_gateway_gives_up(timeouts: dict[str, int]) -> None:
    """The gateway waits 29 s. A function that ends before can still say what was not stored."""
    for name in API_FUNCTIONS | {"authorize"}:
        assert timeouts[name] < 29


def test_every_function_keeps_its_log_for_90_days(service: Stack) -> None:
    """Each has its own log group, and Lambda's own lines are only those that something went wrong."""
    groups = service.properties("AWS::Logs::LogGroup")
    for name, function in service.properties("AWS::Lambda::Function").items():
        group = service.read(function["LoggingConfig"]["LogGroup"])
        assert group == name.replace("Function", "Log")
        assert (function["LoggingConfig"]["LogFormat"], function["LoggingConfig"]["SystemLogLevel"]) == ("JSON", "WARN")
    assert {group["RetentionInDays"] for group in groups.values()} == {90}


def test_a_sweep_begins_after_every_request_that_may_write_about_the_person(timeouts: dict[str, int]) -> None:
    """A request that forgets may delete in its last second, and a request that writes people may have read the person
    just before that.
    """
    writing = max(timeouts["ingest"], timeouts["manage"])
    assert writing <= sweep.REQUEST_SECONDS
    assert timeouts["forget"] + writing < sweep.DELAY_SECONDS
    assert timeouts["sweep"] > HAND_OVER_SECONDS + 2 * sweep.REQUEST_SECONDS


def test_a_complete_export_begins_after_every_request_that_stores_events(timeouts: dict[str, int]) -> None:
    """Such a request may have received an event just before the export was asked for, by a clock that is behind."""
    assert (max(timeouts[name] for name in API_FUNCTIONS) + CLOCKS_APART_SECONDS) * SECOND <= SETTLED_MS


def test_a_restamp_begins_after_every_write_under_the_old_setting(timeouts: dict[str, int]) -> None:
    """First ends the request that writes the setting, then those that store events under the old one. A page of an
    earlier job may have read the old setting too.
    """
    writing = timeouts["manage"]
    storing = max(timeouts[name] for name in ("ingest", "query", "manage", "tenants", "exports"))
    assert writing + storing < restamp.DELAY_SECONDS
    assert writing + WRITTEN_WITHIN_MS / 1_000 + MAX_CALL_SECONDS < restamp.DELAY_SECONDS


def test_an_export_can_read_its_largest_file_again(timeouts: dict[str, int]) -> None:
    """It reads the file for the checksum, within one fresh invocation."""
    assert timeouts["export"] - 30 > HAND_OVER_SECONDS + MAX_BYTES / READ_A_SECOND
