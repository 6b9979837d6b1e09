"""The schedules: what is invoked at which rate, by whom, and what becomes of a tick that fails."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.local.aws.cloudformation import create_stacks
from infra.local.functions.event_sources import schedules_of
from infra.local.gateway.api import ACCOUNT
from tests.support.templates import Stack

RULE = "DrainsWakeRule"

by_rule = pytest.mark.parametrize(
    ("name", "function", "rate"),
    [
        (RULE, "RedeliverFunction", "rate(1 minute)"),
        ("CanaryRoundsScheduleRule", "CanaryFunction", "rate(5 minutes)"),
        ("SigningWakeRule", "SignFunction", "rate(1 hour)"),
    ],
)


@by_rule
def test_the_rule_invokes_its_function(service: Stack, name: str, function: str, rate: str) -> None:
    """It is the only target."""
    rule = service.properties("AWS::Events::Rule")[name]
    assert (rule["ScheduleExpression"], rule["State"]) == (rate, "ENABLED")
    assert [service.read(target["Arn"]) for target in rule["Targets"]] == [f"{function}.Arn"]


@by_rule
def test_a_stale_tick_is_not_tried_again(service: Stack, name: str, function: str, rate: str) -> None:  # noqa: ARG001
    """Neither by EventBridge, which delivers it, nor by Lambda, which keeps it in its own queue."""
    rule = service.properties("AWS::Events::Rule")[name]
    once = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert [target["RetryPolicy"] for target in rule["Targets"]] == [once]
    (asynchronous,) = (
        each
        for each in service.properties("AWS::Lambda::EventInvokeConfig").values()
        if service.read(each["FunctionName"]) == function
    )
    assert {name: asynchronous[name] for name in once} == once
    assert asynchronous["Qualifier"] == "$LATEST"


@by_rule
def test_the_rule_needs_no_role(service: Stack, name: str, function: str, rate: str) -> None:  # noqa: ARG001
    """The function's own policy admits it, and no other rule."""
    rule = service.properties("AWS::Events::Rule")[name]
    assert not any("RoleArn" in target for target in rule["Targets"])
    (permission,) = (
        each
        for each in service.properties("AWS::Lambda::Permission").values()
        if each["Principal"] == "events.amazonaws.com" and service.read(each["FunctionName"]) == f"{function}.Arn"
    )
    assert permission["Action"] == "lambda:InvokeFunction"
    assert service.read(permission["SourceArn"]) == f"{name}.Arn"


class Reader:
    """A function that keeps the events."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def invoke(self, event: Mapping[str, Any], _request_id: str) -> None:
        self.events.append(event)


def test_local_daybook_runs_the_schedule_of_the_template(service: Stack, aws: Callable[[str], Any]) -> None:
    """Moto creates the rule. The event names it, and the function that is invoked is its target."""
    rule = service.resources("AWS::Events::Rule")[RULE]
    (target,) = rule["Properties"]["Targets"]
    function_id, _ = target["Arn"]["Fn::GetAtt"]
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    function = {"Handler": "any.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Runtime": "python3.13"}
    stacks = {
        "Ticks": {
            "Resources": {
                "Rule": rule,
                "Role": role,
                function_id: {"Type": "AWS::Lambda::Function", "Properties": function},
            }
        }
    }
    create_stacks(stacks, aws, lambda _: "")
    (created,) = aws("lambda").list_functions()["Functions"]
    reader = Reader()
    (schedule,) = schedules_of(stacks, aws, {created["FunctionArn"]: reader})
    schedule.tick()
    (created_rule,) = aws("events").list_rules()["Rules"]
    name = created_rule["Name"]
    assert [event["resources"] for event in reader.events] == [[f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}"]]
    aws("cloudformation").delete_stack(StackName="Ticks")
