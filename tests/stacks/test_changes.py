"""Operators are told of each change to what protects the log, and of no other table's or key's."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest
from moto.events.models import EventPattern

from infra.local.template import Templates
from infra.names import TRIAL_SOURCE
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
        *(
            (f"kms:{call}", {"keyId": key}, "SigningKeyChanged")
            for call in ("PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion", "EnableKey", "CancelKeyDeletion")
            for key in ("HeadKey1Pair", "arn:aws:kms:region:account:key/TimeKey1Pair")
        ),
        ("s3:PutBucketObjectLockConfiguration", {"bucketName": "CheckpointsBucket"}, "CheckpointsUnlocked"),
        ("s3:DeleteBucketPolicy", {"bucketName": "CheckpointsBucket"}, "CheckpointsUnlocked"),
        ("s3:PutBucketLifecycle", {"bucketName": "CheckpointsBucket"}, "CheckpointsUnlocked"),
        *(
            (f"lambda:{call}20150331v2", {"functionName": f"{name}Function"}, "GuardedCodeChanged")
            for call in ("UpdateFunctionCode", "UpdateFunctionConfiguration")
            for name in ("Restamp", "Sign")
        ),
        *(
            (
                f"lambda:{call}",
                {"functionName": "another", "role": f"arn:aws:iam::account:role/{role}"},
                "GuardedRoleGiven",
            )
            for call in ("CreateFunction20150331", "UpdateFunctionConfiguration20150331v2")
            for name in ("Restamp", "Sign")
            for role in (f"{name}Role", f"path/{name}Role")
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
        ("s3:PutBucketPolicy", {"bucketName": "ExportsBucket"}),
        ("lambda:UpdateFunctionCode20150331v2", {"functionName": "IngestFunction"}),
        (
            "lambda:CreateFunction20150331",
            {"functionName": "another", "role": "arn:aws:iam::account:role/MyRestampRole"},
        ),
    ],
)
def test_nothing_else_is_told(patterns: Mapping[str, EventPattern], call: str, parameters: dict[str, str]) -> None:
    assert told(patterns, recorded(*call.split(":"), **parameters)) == set()


PATHS = {"eventName": "PutKeyPolicy", "userIdentity.arn": "arn:aws:iam::1:user/eve", "sourceIPAddress": "192.0.2.7"}


@pytest.mark.parametrize("refused", [{}, {"errorCode": "AccessDenied"}])
def test_the_message_says_who_and_goes_to_the_topic_of_the_alarms(
    rules: Mapping[str, dict[str, Any]], service: Stack, refused: dict[str, str]
) -> None:
    """It can be read also where the call has no error: EventBridge puts nothing in the place of what is missing."""
    values = {f"$.detail.{path}": value for path, value in (PATHS | refused).items()}
    for name, rule in rules.items():
        (target,) = rule["Targets"]
        assert service.read(target["Arn"]) == "MonitoringAlarms"
        if name == "Trial":
            continue
        text = target["InputTransformer"]["InputTemplate"]
        for variable, path in target["InputTransformer"]["InputPathsMap"].items():
            text = text.replace(f"<{variable}>", values.get(path, ""))
        message = json.loads(text)
        assert message["change"] == name
        assert all(value in text for value in values.values())
        assert message["outcome"].endswith(refused.get("errorCode", ": "))


def test_the_rules_publish_by_a_role_of_this_account(rules: Mapping[str, dict[str, Any]], service: Stack) -> None:
    """AWS says of EventBridge both that a topic's policy may have a condition and that it may not. The role may do
    nothing else, and EventBridge may take it for no other account.
    """
    assert {service.read(target["RoleArn"]) for rule in rules.values() for target in rule["Targets"]} == {
        "ChangesRole.Arn"
    }
    (trusted,) = service.properties("AWS::IAM::Role")["ChangesRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "events.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    (allowed,) = service.statements()["ChangesRole"]
    assert (allowed["Action"], service.read(allowed["Resource"])) == ("sns:Publish", "MonitoringAlarms")


def test_a_trial_is_told_by_its_own_deployment(patterns: Mapping[str, EventPattern]) -> None:
    """All deployments of a region share the event bus."""
    for stack, rules in (("DaybookService", {"Trial"}), ("DaybookService-trial", set())):
        assert told(patterns, {"source": TRIAL_SOURCE, "detail-type": "Trial", "detail": {"stack": stack}}) == rules


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
