"""Operators are told of each change to what protects the log, and of no other table's or key's."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest
from moto.events.models import EventPattern

from infra.local.template import Templates
from tests.support.templates import Stack

TABLE_ARN = "EventsTable.Arn"


@pytest.fixture(scope="module")
def rules(service: Stack) -> dict[str, dict[str, Any]]:
    """The rules on changes, by the name of the change."""
    return {
        name.removeprefix("Changes"): rule
        for name, rule in service.properties("AWS::Events::Rule").items()
        if name.startswith("Changes")
    }


@pytest.fixture(scope="module")
def patterns(rules: Mapping[str, dict[str, Any]], service: Stack) -> dict[str, EventPattern]:
    """With names in place of the references, as moto matches them."""
    return {
        name: EventPattern.load(json.dumps(resolved(service, rule["EventPattern"]))) for name, rule in rules.items()
    }


def resolved(service: Stack, value: Any) -> Any:
    match value:
        case list():
            return [resolved(service, each) for each in value]
        case dict() if not any(key == "Ref" or key.startswith("Fn::") for key in value):
            return {key: resolved(service, each) for key, each in value.items()}
    return service.read(value)


def recorded(service: str, call: str, **parameters: str) -> dict[str, Any]:
    """A call as CloudTrail hands it to EventBridge."""
    return {
        "source": f"aws.{service}",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": f"{service}.amazonaws.com", "eventName": call, "requestParameters": parameters},
    }


def told(patterns: Mapping[str, EventPattern], event: Mapping[str, Any]) -> set[str]:
    return {name for name, pattern in patterns.items() if pattern.matches_event(cast("Any", event))}


@pytest.mark.parametrize(
    ("call", "parameters", "change"),
    [
        ("dynamodb:PutResourcePolicy", {"resourceArn": TABLE_ARN}, "TablePolicyChanged"),
        ("dynamodb:DeleteResourcePolicy", {"resourceArn": f"{TABLE_ARN}/stream/label"}, "TablePolicyChanged"),
        *(
            (f"dynamodb:{call}", {"tableName": table}, "TableChanged")
            for call in ("UpdateTable", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups")
            for table in ("EventsTable", "IdentitiesTable", "ControlTable", "CredentialsTable")
        ),
        ("dynamodb:DeleteTable", {"tableName": "arn:aws:dynamodb:region:account:table/EventsTable"}, "TableChanged"),
        *(
            (f"kms:{call}", {"keyId": key}, "KeyChanged")
            for call in ("PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion", "DisableKeyRotation", "RevokeGrant")
            for key in ("Key", "arn:aws:kms:region:account:key/Key")
        ),
        *(
            (f"secretsmanager:{call}", {"secretId": secret}, "SecretChanged")
            for call in ("DeleteSecret", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage")
            for secret in ("NAME", "arn:aws:secretsmanager:region:account:secret:NAME-AbCdEf")
        ),
        ("lambda:UpdateFunctionCode20150331v2", {"functionName": "RestampFunction"}, "RestampCodeChanged"),
        ("lambda:UpdateFunctionConfiguration20150331v2", {"functionName": "RestampFunction"}, "RestampCodeChanged"),
        *(
            (
                f"lambda:{call}",
                {"functionName": "another", "role": f"arn:aws:iam::account:role/{role}"},
                "RestampRoleGiven",
            )
            for call in ("CreateFunction20150331", "UpdateFunctionConfiguration20150331v2")
            for role in ("RestampRole", "path/RestampRole")
        ),
        ("cloudtrail:StopLogging", {"name": "any"}, "TrailChanged"),
    ],
)
def test_a_change_is_told_once(
    patterns: Mapping[str, EventPattern], call: str, parameters: dict[str, str], change: str
) -> None:
    """Whether a caller names the resource by its name or by its ARN."""
    name = secret_name(patterns)
    named = {key: value.replace("NAME", name) for key, value in parameters.items()}
    assert told(patterns, recorded(*call.split(":"), **named)) == {change}


def secret_name(patterns: Mapping[str, EventPattern]) -> str:
    """The secret's name, as the template cuts it out of the ARN."""
    pattern = patterns["SecretChanged"].get_pattern()["detail"]["requestParameters"]["secretId"][0]["wildcard"]
    assert "Secret" in pattern
    return str(pattern.removeprefix("*").removesuffix("*"))


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("dynamodb:DeleteTable", {"tableName": "SomebodyElses"}),
        ("dynamodb:DescribeTable", {"tableName": "EventsTable"}),
        ("kms:DisableKey", {"keyId": "another"}),
        ("lambda:UpdateFunctionCode20150331v2", {"functionName": "IngestFunction"}),
        (
            "lambda:CreateFunction20150331",
            {"functionName": "another", "role": "arn:aws:iam::account:role/MyRestampRole"},
        ),
    ],
)
def test_nothing_else_is_told(patterns: Mapping[str, EventPattern], call: str, parameters: dict[str, str]) -> None:
    assert told(patterns, recorded(*call.split(":"), **parameters)) == set()


def test_the_message_says_who_and_goes_to_the_topic_of_the_alarms(
    rules: Mapping[str, dict[str, Any]], service: Stack
) -> None:
    for name, rule in rules.items():
        (target,) = rule["Targets"]
        assert service.read(target["Arn"]) == "MonitoringAlarms"
        template = target["InputTransformer"]["InputTemplate"]
        for field in ("eventName", "userIdentity-arn", "sourceIPAddress", "eventTime", "errorCode"):
            assert f"<detail-{field}>" in template, name


def test_a_trail_that_logs_is_made_where_it_is_asked_for(storage: Stack, other: Templates) -> None:
    """Without a trail that logs the calls that write, CloudTrail hands none of them to EventBridge."""
    assert storage.resources("AWS::CloudTrail::Trail") == {}
    (trail,) = Stack("DaybookStorage-trial", other).properties("AWS::CloudTrail::Trail").values()
    wanted = {
        "IsLogging": True,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "EnableLogFileValidation": True,
        "EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "WriteOnly"}],
    }
    assert {name: trail[name] for name in wanted} == wanted
