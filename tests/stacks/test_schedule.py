"""The construct that invokes a function each minute, in a stack of its own."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_cdk import App, DefaultStackSynthesizer
from aws_cdk import Stack as CdkStack
from aws_cdk import aws_lambda as lambda_

from infra.constructs.schedule import EveryMinute
from infra.local.aws.cloudformation import create_stacks
from infra.local.functions.event_sources import schedules_of
from infra.local.template import Templates
from tests.support.templates import Stack


@pytest.fixture(scope="module")
def templates() -> Templates:
    app = App(analytics_reporting=False)
    # moto cannot resolve the rule about the bootstrap stack.
    stack = CdkStack(app, "Test", synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False))
    reader = lambda_.Function(
        stack,
        "Reader",
        code=lambda_.Code.from_inline("any"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    EveryMinute(stack, "Tick", function=reader)
    return {"Test": app.synth().get_stack_by_name("Test").template}


@pytest.fixture(scope="module")
def stack(templates: Templates) -> Stack:
    return Stack("Test", templates)


def test_the_rule_invokes_the_function_each_minute(stack: Stack) -> None:
    """It is the only target."""
    (rule,) = stack.properties("AWS::Events::Rule").values()
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    assert [stack.read(target["Arn"]) for target in rule["Targets"]] == ["Reader.Arn"]


def test_a_stale_tick_is_not_tried_again(stack: Stack) -> None:
    """Neither by EventBridge, which delivers it, nor by Lambda, which keeps it in its own queue."""
    (rule,) = stack.properties("AWS::Events::Rule").values()
    once = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert [target["RetryPolicy"] for target in rule["Targets"]] == [once]
    (asynchronous,) = stack.properties("AWS::Lambda::EventInvokeConfig").values()
    assert {name: asynchronous[name] for name in once} == once
    assert (stack.read(asynchronous["FunctionName"]), asynchronous["Qualifier"]) == ("Reader", "$LATEST")


def test_only_this_rule_may_invoke_the_function(stack: Stack) -> None:
    """By the function's own policy. No role is needed, so there is none besides the function's."""
    (permission,) = stack.properties("AWS::Lambda::Permission").values()
    assert permission["Action"] == "lambda:InvokeFunction"
    assert permission["Principal"] == "events.amazonaws.com"
    assert stack.read(permission["SourceArn"]) == "TickRule.Arn"
    assert len(stack.resources("AWS::IAM::Role")) == 1


class Reader:
    """A function that keeps the events."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def invoke(self, event: Mapping[str, Any], _request_id: str) -> None:
        self.events.append(event)


def test_local_daybook_runs_the_schedule_of_the_template(templates: Templates, aws: Callable[[str], Any]) -> None:
    """Moto creates the rule. The event names it, and the function that is invoked is its target."""
    create_stacks(templates, aws, lambda _: "")
    (created,) = aws("lambda").list_functions()["Functions"]
    reader = Reader()
    (schedule,) = schedules_of(templates, aws, {created["FunctionArn"]: reader})
    (rule,) = aws("events").list_rules()["Rules"]
    schedule.tick()
    assert [event["resources"] for event in reader.events] == [[rule["Arn"]]]
    aws("cloudformation").delete_stack(StackName="Test")
