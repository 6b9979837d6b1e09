"""What wakes the operators."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from daybook.observability import CANARY_FAILED, FOLD_SECONDS_BEHIND, NAMESPACE, OLDEST_PARKED
from infra.constructs.monitoring import ALL
from infra.cost.units import ALARM_METRICS
from infra.functions import FUNCTIONS, title
from infra.local.template import Templates
from tests.support.templates import Stack

DEAD_LETTERS = {f"{title(name)}QueueDead" for name, spec in FUNCTIONS.items() if spec.jobs}


OWN = {
    *("CanaryNotSetUp", "CredentialsRefused", "CallsLimited", "LimitsUnavailable", "IssuerFailures"),
    *("StreamsFailingForADay", "DrainsOverdue", "DrainRequestsLost", "EventsGivenUp", "UnreadableEvents"),
    *("JobsFailed", "JobsGivenUp", "JobsUnending"),
    *("LedgerPoison", "LedgerParked", "TamperFound", "EventsMissing"),
    "SigningRefused",
}
"""Alarms that are named as the metric of ours that they watch."""
JOBS = [title(name) for name, spec in FUNCTIONS.items() if spec.jobs]
TABLES = ("Events", "Identities", "Control", "Credentials", "Limits", "Ledger")
INDEXES = {"Events": ("by_actor", "by_activity", "by_target", "by_within"), "Control": ("by_drain_due",)}
OF_AWS = {
    "ServerErrors": ("5XXError", "Daybook", "GatewayApiDeploymentStagelive"),
    "FanOutBehind": ("IteratorAge", "FanOutFunction"),
    "AppendBehind": ("IteratorAge", "AppendFunction"),
    "ConcurrencyNearLimit": ("ClaimedAccountConcurrency",),
    "NewEventsFailed": ("OnFailureDestinationDeliveredEventCount", "NewEventsMapping"),
    "NewEventsDropped": ("DroppedEventCount", "NewEventsMapping"),
    "LedgerRecordsFailed": ("OnFailureDestinationDeliveredEventCount", "LedgerRecordsMapping"),
    "LedgerRecordsDropped": ("DroppedEventCount", "LedgerRecordsMapping"),
    **{
        f"{title(name)}{metric}": (metric, f"{title(name)}Function")
        for name in FUNCTIONS
        for metric in ("Errors", "Throttles")
    },
    **{f"{name}QueueDead": ("ApproximateNumberOfMessagesVisible", f"{name}QueueDead.QueueName") for name in JOBS},
    **{f"{name}QueueOld": ("ApproximateAgeOfOldestMessage", f"{name}Queue.QueueName") for name in JOBS},
}
COMPUTED = {"ClientErrors", "ChangesNotTold", *(f"{table}Throttled" for table in TABLES)}


@pytest.fixture(scope="module")
def alarms(service: Stack) -> dict[str, dict[str, Any]]:
    """The alarms by name."""
    return {
        name.removeprefix("Monitoring"): alarm for name, alarm in service.properties("AWS::CloudWatch::Alarm").items()
    }


def metric_of(alarm: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The one metric that it watches as it is; None where it computes."""
    if "MetricName" in alarm:
        return alarm
    first, *more = alarm["Metrics"]
    metric: Mapping[str, Any] = first["MetricStat"]["Metric"] if not more else {}
    return metric or None


def watched(service: Stack, metric: Mapping[str, Any]) -> tuple[str, ...]:
    return (metric["MetricName"], *(service.read(each["Value"]) for each in metric.get("Dimensions", ())))


def test_there_is_an_alarm_for_whatever_needs_a_person(service: Stack, alarms: dict[str, dict[str, Any]]) -> None:
    """Each watches what its name says."""
    metrics = {name: metric for name, alarm in alarms.items() if (metric := metric_of(alarm))}
    found = {name: watched(service, metric) for name, metric in metrics.items()}
    assert found == {
        **{name: (name,) for name in OWN},
        "CanaryFailed": (CANARY_FAILED,),
        "FoldBehind": (FOLD_SECONDS_BEHIND,),
        "OldestParked": (OLDEST_PARKED,),
        **OF_AWS,
    }
    assert alarms.keys() - found.keys() == COMPUTED
    ours = {name for name, metric in metrics.items() if metric["Namespace"] == NAMESPACE}
    assert ours == {*OWN, "CanaryFailed", "FoldBehind", "OldestParked"}


def test_concurrency_is_held_against_what_the_account_really_has(others: dict[str, Templates]) -> None:
    """Service Quotas shows 1,000 for a new account that has 10."""
    alarms = Stack("DaybookService-small", others["small"]).properties("AWS::CloudWatch::Alarm")
    assert alarms["MonitoringConcurrencyNearLimit"]["Threshold"] == 8


def test_every_rule_on_changes_is_watched(service: Stack, alarms: dict[str, dict[str, Any]]) -> None:
    """A message that EventBridge can't publish is lost, and nobody would know. No metric means no failure."""
    *parts, computed = sorted(alarms["ChangesNotTold"]["Metrics"], key=lambda each: "Expression" in each)
    rules = {name for name in service.properties("AWS::Events::Rule") if name.startswith("Changes")}
    found = [watched(service, each["MetricStat"]["Metric"]) for each in parts]
    assert sorted(found) == sorted(("FailedInvocations", name) for name in rules)
    assert len(parts) <= 10
    assert computed["Expression"] == " + ".join(f"FILL({each['Id']}, 0)" for each in parts)


@pytest.mark.parametrize("table", TABLES)
def test_throttles_of_a_table_and_of_its_indexes_add_up(
    service: Stack, alarms: dict[str, dict[str, Any]], table: str
) -> None:
    """Reads and writes of each. An alarm can have no more than ten metrics. CloudWatch ignores `TreatMissingData` for
    metrics of DynamoDB, which end with the throttling: unless they are filled, the alarm never goes back.
    """
    (computed,) = (each for each in alarms[f"{table}Throttled"]["Metrics"] if "Expression" in each)
    parts = [each for each in alarms[f"{table}Throttled"]["Metrics"] if each is not computed]
    metrics = [each["MetricStat"]["Metric"] for each in parts]
    assert sorted(watched(service, metric) for metric in metrics) == sorted(
        (f"{kind}ThrottleEvents", *index, f"{table}Table")
        for kind in ("Read", "Write")
        for index in ((), *((name,) for name in INDEXES.get(table, ())))
    )
    assert len(metrics) <= 10
    assert set(computed["Expression"].split(" + ")) == {f"FILL({each['Id']}, 0)" for each in parts}
    assert {each["MetricStat"]["Stat"] for each in parts} == {"Sum"}


THRESHOLDS = {
    "FanOutBehind": 60_000,
    "AppendBehind": 15 * 60_000,
    "ClientErrors": 50,
    "ConcurrencyNearLimit": 800,
    "CredentialsRefused": 300,
    "CallsLimited": 300,
    "FoldBehind": 86_400,
    "OldestParked": 7 * 86_400,
    **{f"{name}QueueOld": 6 * 3_600 for name in JOBS},
    "SweepQueueOld": 3_600,
}
"""In the metric's own unit. Every other alarm goes off at one."""


def test_thresholds(alarms: dict[str, dict[str, Any]]) -> None:
    """A forgotten threshold would be an alarm at one millisecond."""
    thresholds = {name: alarm["Threshold"] for name, alarm in alarms.items()}
    assert thresholds == dict.fromkeys(thresholds, 1) | THRESHOLDS


def test_what_ought_to_be_heard_each_minute_may_not_be_silent(alarms: dict[str, dict[str, Any]]) -> None:
    """A canary or a schedule that does not run tells nothing any more. What nobody wrote is well for all others."""
    silence = {name for name, alarm in alarms.items() if alarm["TreatMissingData"] == "breaching"}
    assert silence == {"CanaryFailed", "DrainsOverdue"}
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"breaching", "notBreaching"}


def test_no_dead_letter_queue_is_forgotten(storage: Stack, service: Stack) -> None:
    """Each queue that no function reads has an alarm."""
    read = {
        service.read(mapping["EventSourceArn"]).removesuffix(".Arn")
        for mapping in service.properties("AWS::Lambda::EventSourceMapping").values()
    }
    assert storage.properties("AWS::SQS::Queue").keys() - read == DEAD_LETTERS


def test_every_alarm_goes_to_the_one_topic(service: Stack) -> None:
    """Operators subscribe once."""
    for alarm in service.properties("AWS::CloudWatch::Alarm").values():
        assert [service.read(action) for action in alarm["AlarmActions"]] == ["MonitoringAlarms"]


def test_the_services_that_raise_alarms_may_publish(service: Stack) -> None:
    """The topic has a policy that demands TLS, which replaces SNS's own. Without these statements every alarm would be
    refused, and nobody would know.
    """
    (policy,) = service.properties("AWS::SNS::TopicPolicy").values()
    statements = policy["PolicyDocument"]["Statement"]
    denied = [each for each in statements if each["Effect"] == "Deny"]
    assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    (allowed,) = (each for each in statements if each["Effect"] == "Allow")
    services = {f"{name}.amazonaws.com" for name in ("cloudwatch", "events", "budgets")}
    assert (set(allowed["Principal"]["Service"]), allowed["Action"]) == (services, "sns:Publish")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


AT_ONCE = {
    *("CanaryNotSetUp", "StreamsFailingForADay", "OldestParked", "EventsGivenUp", "UnreadableEvents"),
    *("FoldBehind", "LedgerPoison", "LedgerRecordsFailed", "LedgerRecordsDropped", "TamperFound", "EventsMissing"),
    *("NewEventsFailed", "NewEventsDropped", "ChangesNotTold", "JobsFailed", "JobsGivenUp", "JobsUnending"),
    "SigningRefused",
    *(f"{name}{what}" for name in JOBS for what in ("QueueDead", "QueueOld")),
}


def test_one_failure_wakes_nobody(alarms: dict[str, dict[str, Any]]) -> None:
    """What may pass by itself has to last. What is lost, or waits for a person, wakes somebody at once."""
    for name, alarm in alarms.items():
        points = (1, 1) if name in AT_ONCE else (2, 3)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == points, name


def test_the_dashboard_says_first_whether_it_is_well(service: Stack, alarms: dict[str, dict[str, Any]]) -> None:
    """At its top it has the state of every alarm. Each question below has the states of its own, and every alarm
    answers one question.
    """
    (dashboard,) = service.properties("AWS::CloudWatch::Dashboard").values()
    body = json.loads(service.read(dashboard["DashboardBody"]))
    states = [each["properties"] for each in body["widgets"] if each["type"] == "alarm"]
    shown = [[name.removeprefix("Monitoring").removesuffix(".Arn") for name in each["alarms"]] for each in states]
    assert states[0]["title"] == ALL
    assert body["widgets"][0]["y"] == 0
    assert sorted(shown[0]) == sorted(alarms)
    assert sorted(name for each in shown[1:] for name in each) == sorted(alarms)
    assert all(each["title"].endswith("?") for each in states[1:])


def test_the_bill_counts_the_metrics_that_alarms_watch(alarms: dict[str, dict[str, Any]]) -> None:
    """CloudWatch charges an alarm by its metrics."""
    metrics = [each.get("Metrics", [{"MetricStat": None}]) for each in alarms.values()]
    assert sum("MetricStat" in part for parts in metrics for part in parts) == ALARM_METRICS
