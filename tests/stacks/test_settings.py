"""The settings of a deployment: what is refused, and what they change in the templates."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.deployment import synthesise
from infra.functions import RESERVED
from infra.local.template import Templates, of_type
from infra.names import SERVICE
from infra.settings import DeploymentSettings, InvalidSetting
from tests.support.documents import text_of
from tests.support.places import ROOT

SETTINGS = text_of(ROOT / "docs" / "operations" / "deploy.md").partition("## Settings")[2]

CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/Restored/stream/2026-11-26T10:00:00.000"


WRONG: Mapping[str, tuple[str, Sequence[object]]] = {
    "alarm_email": ("one e-mail address", ("", "on-call", "a@example.com, b@example.com", 7)),
    "stage": ("1 to 20 lower-case letters", ("", "Live", "a_b", "1st", "x" * 21, 7)),
    "region": ("the name of a region", ("Frankfurt", "eu-central-1a", "eu")),
    "domain_name": ("a host name", ("https://a.example", "*.example.com", "example", "A.de")),
    "certificate_arn": ("the ARN of a certificate", ("x", CERTIFICATE.replace("acm", "iam"))),
    "create_trail": ("true or false", ("yes", 1, "True", [])),
    "oidc_issuer": ("an https URL", ("http://a.example", "https://a.example?b", "a.example")),
    "waf_rate": ("a whole number from 10 to 2,000,000,000", (9, "9", -1, 1.5, "x", True)),
    "log_retention_days": ("one of 1, 3, 5, 7,", (2, "2", True, "ninety")),
    "log_level": ("one of DEBUG, INFO, WARN", ("ERROR", "warn")),
    "removal_policy": ("one of retain, destroy", ("snapshot", True)),
    "events_table": ("a table's name", ("x", "arn:aws:dynamodb:…", "a b c")),
    "events_stream_arn": ("the ARN of a table's stream", ("Restored", STREAM[:-30])),
    "max_read_units": ("a whole number", (0, "many")),
    "fan_out_window_seconds": ("a whole number from 0 to 300", (301, -1)),
    "log_origin": ("1 to 100 lower-case letters", ("", "Daybook", "a+b", "a b", "/a", "a/", "x" * 101)),
    "checkpoint_seconds": ("a whole number from 60 to 86,400, a multiple of 60", (0, 59, 90, 86_460)),
    "signing_keys": ("a whole number from 1 to 9", (0, 10)),
    "budget_dollars": ("a whole number", (0, "10$")),
}
"""What each must be, and what is refused."""


@pytest.mark.parametrize(
    ("name", "must_be", "wrong"),
    [(name, must_be, wrong) for name, (must_be, values) in WRONG.items() for wrong in values],
)
def test_a_wrong_setting_says_which_and_why(name: str, must_be: str, wrong: object) -> None:
    """It names what was given, too."""
    with pytest.raises(InvalidSetting) as refused:
        DeploymentSettings.from_context({name: wrong})
    message = str(refused.value)
    assert message.startswith(f"{name} must be ")
    assert must_be in message
    assert message.endswith(f", not {wrong!r}")


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"domain_name": "a.example.com"}, "domain_name needs certificate_arn"),
        ({"certificate_arn": CERTIFICATE}, "certificate_arn needs domain_name"),
        ({"oidc_issuer": "https://a.example.com"}, "oidc_issuer needs oidc_audience"),
        ({"oidc_audience": "daybook"}, "oidc_audience needs oidc_issuer"),
        ({"oidc_console_client": "console"}, "oidc_console_client needs oidc_issuer"),
        ({"events_table": "Restored"}, "events_table needs events_stream_arn"),
        ({"events_table": "Other", "events_stream_arn": STREAM}, "the stream of Restored, but events_table is Other"),
        (
            {"domain_name": "a.example.com", "certificate_arn": CERTIFICATE, "region": "us-east-1"},
            "certificate_arn is in eu-central-1, but region is us-east-1",
        ),
        ({"small_account": True, "reserve": True}, "small_account is set"),
        ({"alarm_mail": "on-call@example.com"}, "there is no setting alarm_mail"),
        # In any spelling: a misspelt `stage` would be a deployment to `live`.
        ({"Stage": "trial"}, "there is no setting Stage"),
        ({"stage ": "trial"}, "there is no setting stage "),
        ({"alarmEmail": "on-call@example.com", "removal-policy": "destroy"}, "no setting alarmEmail, removal-policy"),
    ],
)
def test_settings_that_contradict_each_other_say_so(context: Mapping[str, Any], says: str) -> None:
    """So does a name that is no setting's."""
    with pytest.raises(InvalidSetting, match=says):
        DeploymentSettings.from_context(context)


def test_the_command_line_gives_text() -> None:
    """`-c waf=true` means what `"waf": true` means in cdk.json. The CDK's own names are left alone."""
    of_file = {"waf": True, "waf_rate": 100, "log_retention_days": 30, "removal_policy": "destroy", "region": None}
    of_line = {"waf": "true", "waf_rate": "100", "log_retention_days": "30", "removal_policy": "destroy"}
    cdks_own: dict[str, Any] = {"@aws-cdk/core:x": True, "aws:cdk:bundling-stacks": [], "cli-telemetry": False}
    assert DeploymentSettings.from_context(of_file) == DeploymentSettings.from_context(of_line | cdks_own)
    assert DeploymentSettings.from_context({}) == DeploymentSettings()


def test_a_wrong_setting_stops_the_synthesis(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="waf must be"):
        synthesise(tmp_path, {"asset": "source", "waf": "perhaps"})


def test_an_address_is_told_of_alarms(other: Templates) -> None:
    """It is the topic's only subscription. Without the setting there is none."""
    (subscription,) = of_type(other, "AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@example.com")


def test_operators_hear_of_the_bill_before_it_is_over_the_budget(other: Templates) -> None:
    """At 80 % of it, at all of it, and where all of it is forecast. Without the setting there is no budget."""
    (budget,) = of_type(other, "AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 500, "Unit": "USD"}
    told = budget["NotificationsWithSubscribers"]
    assert [(each["Notification"]["NotificationType"], each["Notification"]["Threshold"]) for each in told] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    topics = {json.dumps(subscriber) for each in told for subscriber in each["Subscribers"]}
    (topic,) = of_type(other, "AWS::SNS::Topic")
    assert topics == {json.dumps({"Address": {"Ref": topic}, "SubscriptionType": "SNS"})}


def test_what_is_retained_keeps_its_policy(synthesised: Templates, others: dict[str, Templates]) -> None:
    """Each bucket and queue that outlives its stack. CloudTrail could not write a retained trail without the policy."""
    for stacks in (synthesised, others["small"]):
        policies = retained(stacks, "AWS::S3::BucketPolicy") + retained(stacks, "AWS::SQS::QueuePolicy")
        resources = {name: each for template in stacks.values() for name, each in template["Resources"].items()}
        covered = {
            each["Ref"]
            for policy in policies
            for properties in [resources[policy]["Properties"]]
            for each in [*properties.get("Queues", ()), properties.get("Bucket")]
            if each
        }
        assert covered == {*retained(stacks, "AWS::S3::Bucket"), *retained(stacks, "AWS::SQS::Queue")}
    assert retained(others["small"], "AWS::CloudTrail::Trail")


def test_a_trial_can_be_deleted(other: Templates) -> None:
    """With `removal_policy` `destroy` nothing is retained and nothing is protected, but for the gateway's role: all
    APIs of the account's region use it.
    """
    kept = {
        each["Type"]
        for template in other.values()
        for each in template["Resources"].values()
        if {each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")} - {None, "Delete"}
        or each.get("Properties", {}).get("DeletionProtectionEnabled")
    }
    assert kept == {"AWS::ApiGateway::Account", "AWS::IAM::Role"}
    assert [name for name in retained(other, "AWS::IAM::Role") if "CloudWatchRole" not in name] == []


def retained(stacks: Templates, kind: str) -> list[str]:
    return [
        name
        for template in stacks.values()
        for name, each in template["Resources"].items()
        if each["Type"] == kind and each.get("DeletionPolicy") == "Retain"
    ]


def test_deployments_in_one_account_and_region_do_not_collide(
    synthesised: Templates, others: dict[str, Templates]
) -> None:
    """No two have a stack, an export, the namespace of a metric, an API's name or any other name in common."""
    claimed = [claims(each) for each in (synthesised, *others.values())]
    assert all(len(names) > 10 for names in claimed)
    together = [name for names in claimed for name in names]
    assert len(together) == len({*together})


def claims(stacks: Templates) -> set[str]:
    """What a deployment needs for itself: the names of its stacks and exports, and each name that the template gives to
    a resource. A name that it does not give is made by CloudFormation, from the stack's.
    """
    resources = [each for template in stacks.values() for each in template["Resources"].values()]
    exports = {
        output["Export"]["Name"]
        for template in stacks.values()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }
    given = {
        value
        for each in resources
        if each["Type"] != "AWS::IAM::Policy"  # named within its role
        for name, value in each.get("Properties", {}).items()
        if (name == "Name" or name == f"{each['Type'].rpartition(':')[2]}Name") and isinstance(value, str)
    }
    namespaces = {
        value
        for each in resources
        for name, value in each.get("Properties", {}).get("Environment", {}).get("Variables", {}).items()
        if name == "POWERTOOLS_METRICS_NAMESPACE"
    }
    return {*stacks, *exports, *(f"name {each}" for each in given), *(f"namespace {each}" for each in namespaces)}


def test_metrics_and_alarms_have_the_deployments_namespace(others: dict[str, Templates]) -> None:
    """Otherwise an alarm would watch what nobody writes."""
    for stage, stacks in others.items():
        alarms = of_type(stacks, "AWS::CloudWatch::Alarm").values()
        watched = {each["Namespace"] for each in alarms if "Namespace" in each}
        computed = [part for each in alarms for part in each.get("Metrics", ()) if "MetricStat" in part]
        watched |= {part["MetricStat"]["Metric"]["Namespace"] for part in computed}
        assert {each for each in watched if not each.startswith("AWS/")} == {f"Daybook/{stage}"}
        (api,) = of_type(stacks, "AWS::ApiGateway::RestApi").values()
        assert (api["Name"], of_type(stacks, "AWS::ApiGateway::Stage").popitem()[1]["StageName"]) == (
            f"Daybook-{stage}",
            stage,
        )


def test_a_domain_leads_to_the_root(other: Templates) -> None:
    """A base path would be part of `event.path`, where no route has it. TLS is 1.2 or later."""
    (domain,) = of_type(other, "AWS::ApiGateway::DomainName").values()
    assert (domain["DomainName"], domain["SecurityPolicy"]) == ("audit.example.com", "TLS_1_2")
    assert domain["RegionalCertificateArn"].startswith("arn:aws:acm:eu-central-1:")
    (mapping,) = of_type(other, "AWS::ApiGateway::BasePathMapping").values()
    assert "BasePath" not in mapping
    outputs = other[f"{SERVICE}-trial"]["Outputs"]
    assert outputs["Url"]["Value"] == "https://audit.example.com/"
    assert "RegionalDomainName" in str(outputs["DomainTarget"]["Value"])


def test_logs_and_traces(synthesised: Templates, other: Templates) -> None:
    """Traces are off by default, and cost no permission then."""
    assert {each["RetentionInDays"] for each in of_type(other, "AWS::Logs::LogGroup").values()} == {400}
    for function in of_type(other, "AWS::Lambda::Function").values():
        assert (function["LoggingConfig"]["SystemLogLevel"], function["TracingConfig"]) == ("DEBUG", {"Mode": "Active"})
    assert not any("TracingConfig" in each for each in of_type(synthesised, "AWS::Lambda::Function").values())
    assert "xray:" not in json.dumps(synthesised)


def test_reservations_are_off_by_default(synthesised: Templates, other: Templates) -> None:
    """`authorize` never has one: it would be a ceiling, and calls with bad keys would fill it."""
    assert reserved(synthesised) == {}
    made = reserved(other)
    assert made == {"Ingest": 200, "Query": 200}
    assert sum(made.values()) == RESERVED


def reserved(stacks: Templates) -> dict[str, int]:
    return {
        name.partition("Function")[0]: each["ReservedConcurrentExecutions"]
        for name, each in of_type(stacks, "AWS::Lambda::Function").items()
        if "ReservedConcurrentExecutions" in each
    }


def test_a_small_account_is_left_room(synthesised: Templates, others: dict[str, Templates]) -> None:
    """One batch of a shard at a time, and two workers for each queue, which is SQS's minimum."""
    for stacks, parallel in ((synthesised, 10), (others["small"], 1)):
        mappings = of_type(stacks, "AWS::Lambda::EventSourceMapping").values()
        at_once = [each["ParallelizationFactor"] for each in mappings if "ParallelizationFactor" in each]
        assert (max(at_once), min(at_once)) == (parallel, 1)  # the ledger's is always one
        workers = {each["ScalingConfig"]["MaximumConcurrency"] for each in mappings if "ScalingConfig" in each}
        assert (workers == {2}) == (parallel == 1)


def test_the_streams_readers_wait_for_a_batch(synthesised: Templates, other: Templates) -> None:
    """The fan-out a second by default, the ledger five. Without it, each event would cost an invocation."""
    for stacks, seconds in ((synthesised, {1, 5}), (other, {30, 20})):
        mappings = of_type(stacks, "AWS::Lambda::EventSourceMapping").values()
        windows = [each.get("MaximumBatchingWindowInSeconds") for each in mappings if "StartingPosition" in each]
        assert {*windows} == seconds


def test_the_accounts_role_is_made_on_request_alone(synthesised: Templates, other: Templates) -> None:
    """It is for all APIs of the region: a deployment that makes it replaces what another has set. It outlives the
    stack.
    """
    assert not of_type(synthesised, "AWS::ApiGateway::Account")
    assert retained(other, "AWS::ApiGateway::Account")


def test_every_setting_has_a_row_in_the_page() -> None:
    """With its default."""
    rows = re.findall(r"^\| (`.+?`) \| (\S+) \|", SETTINGS.partition("\n## ")[0], re.MULTILINE)
    shown = {name: default.strip("`") for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert shown == {each.name: written(each.default) for each in dataclasses.fields(DeploymentSettings)}


def written(default: object) -> str:
    return "none" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
