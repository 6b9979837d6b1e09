"""The trial of an alarm, over moto's CloudFormation, SNS and CloudWatch. moto publishes nothing and keeps no history of
actions, so the test gives what AWS would say.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from infra.names import TRIAL_SOURCE
from infra.operate.try_alarm import NobodyHears, Trial

TEMPLATE = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {"AlarmTopic": {"Value": {"Ref": "Topic"}}},
}


class History:
    """CloudWatch with the outcome of the alarm's action, which comes after some looks."""

    def __init__(self, client: Any, summary: str, looks: int = 3) -> None:
        self._client = client
        self._summary = summary
        self._looks = looks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_alarm_history(self, **asked: Any) -> dict[str, Any]:
        assert asked["AlarmName"] == "Errors"
        self._looks -= 1
        return {"AlarmHistoryItems": [] if self._looks else [{"HistorySummary": self._summary}]}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def trial(aws: Callable[[str], Any], said: list[str]) -> Iterator[Trial]:
    """Over a stack with a topic, and two alarms: one publishes to it, and CloudWatch can do so."""
    cloudformation, cloudwatch = aws("cloudformation"), aws("cloudwatch")
    cloudformation.create_stack(StackName="Daybook", TemplateBody=json.dumps(TEMPLATE))
    published = History(cloudwatch, "Successfully executed action arn:aws:sns:…")
    made = Trial(cloudformation, published, aws("sns"), aws("events"), said.append, lambda _: None)
    put_alarm(cloudwatch, "Another", "arn:aws:sns:us-east-1:123456789012:another")
    put_alarm(cloudwatch, "Errors", topic_of(made))
    yield made
    cloudwatch.delete_alarms(AlarmNames=["Another", "Errors"])
    cloudformation.delete_stack(StackName="Daybook")


def topic_of(trial: Trial) -> str:
    (stack,) = trial.cloudformation.describe_stacks(StackName="Daybook")["Stacks"]
    return str(stack["Outputs"][0]["OutputValue"])


def put_alarm(cloudwatch: Any, name: str, topic: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmActions=[topic],
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="Errors",
        Namespace="Daybook",
        Period=300,
        Statistic="Sum",
        Threshold=1,
    )


def subscribe(trial: Trial, protocol: str, endpoint: str) -> None:
    trial.sns.subscribe(TopicArn=topic_of(trial), Protocol=protocol, Endpoint=endpoint)


def test_an_alarm_goes_through(trial: Trial, said: list[str]) -> None:
    subscribe(trial, "email", "on-call@example.com")
    trial.run("Daybook")
    assert said[0] == "email on-call@example.com: confirmed"
    (alarm,) = trial.cloudwatch.describe_alarms(AlarmNames=["Errors"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "Daybook: a trial of the alarms. Nothing is wrong.")


def test_a_topic_that_nobody_hears_is_told(trial: Trial) -> None:
    """The message was published, and nobody has confirmed that they want it."""
    with pytest.raises(NobodyHears, match="Nobody has confirmed"):
        trial.run("Daybook")


def test_a_subscription_that_is_not_confirmed_is_shown(trial: Trial, said: list[str]) -> None:
    class Pending:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: Any) -> list[Any]:
            pending = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "on-call@example.com"}
            return [{"Subscriptions": [pending]}]

    with pytest.raises(NobodyHears, match="Nobody has confirmed"):
        replace(trial, sns=Pending()).run("Daybook")
    assert said[0] == "email on-call@example.com: not confirmed"


@pytest.mark.parametrize(
    ("summary", "looks", "told"),
    [
        ("Failed to execute action …: not authorized to perform: SNS:Publish", 1, "not authorized"),
        ("", 1_000, "did not say within 60 s"),
    ],
)
def test_a_message_that_was_not_published_is_told(trial: Trial, summary: str, looks: int, told: str) -> None:
    subscribe(trial, "email", "on-call@example.com")
    with pytest.raises(NobodyHears, match=told):
        replace(trial, cloudwatch=History(trial.cloudwatch, summary, looks)).run("Daybook")


def test_a_change_goes_the_same_way(trial: Trial) -> None:
    """The event names the stack, whose own rule tells it."""
    sent: list[dict[str, Any]] = []

    class Bus:
        def put_events(self, **asked: Any) -> dict[str, Any]:
            sent.extend(asked["Entries"])
            return {"FailedEntryCount": 1, "Entries": [{"ErrorMessage": "too many"}]}

    with pytest.raises(NobodyHears, match="EventBridge did not take a message: too many"):
        replace(trial, events=Bus()).run("Daybook")
    assert [(each["Source"], json.loads(each["Detail"])) for each in sent] == [(TRIAL_SOURCE, {"stack": "Daybook"})]


def test_an_alarm_that_is_on_already_is_left_alone(trial: Trial) -> None:
    """CloudWatch would publish nothing, as its state does not change."""
    put_alarm(trial.cloudwatch, "Afore", topic_of(trial))
    trial.cloudwatch.set_alarm_state(AlarmName="Afore", StateValue="ALARM", StateReason="real")
    subscribe(trial, "email", "on-call@example.com")
    trial.run("Daybook")
    (alarm,) = trial.cloudwatch.describe_alarms(AlarmNames=["Afore"])["MetricAlarms"]
    assert alarm["StateReason"] == "real"
    trial.cloudwatch.delete_alarms(AlarmNames=["Afore"])


def test_a_topic_without_an_alarm_is_told(trial: Trial) -> None:
    trial.cloudwatch.delete_alarms(AlarmNames=["Errors"])
    with pytest.raises(NobodyHears, match="No alarm that publishes"):
        trial.run("Daybook")
