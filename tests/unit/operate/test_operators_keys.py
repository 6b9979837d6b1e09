"""The operators' command: what it says where nothing can be done, and how it makes the gateway forget."""

import argparse
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from infra.operate import operators_keys
from infra.operate.aws import Clients

RESOURCES = [
    ("Function", "AWS::Lambda::Function", "Daybook-Ingest"),
    ("GatewayApi", "AWS::ApiGateway::RestApi", "abcdef1234"),
    ("GatewayApiStage", "AWS::ApiGateway::Stage", "live"),
]


def _client(service: str) -> Any:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return botocore.session.Session().create_client(service, region_name="us-east-1", **keys)


@pytest.fixture
def connect() -> Callable[[argparse.Namespace], Clients]:
    """CloudFormation, which tells the resources page by page, and API Gateway, which expects one flush."""
    cloudformation, gateway = _client("cloudformation"), _client("apigateway")
    told = Stubber(cloudformation)
    for number, (name, kind, physical) in enumerate(RESOURCES):
        resource = {
            "LogicalResourceId": name,
            "ResourceType": kind,
            "PhysicalResourceId": physical,
            "LastUpdatedTimestamp": "2026-11-22T16:31:07Z",
            "ResourceStatus": "CREATE_COMPLETE",
        }
        asked = {"StackName": "DaybookService-eu"} | ({"NextToken": str(number)} if number else {})
        more = {"NextToken": str(number + 1)} if number + 1 < len(RESOURCES) else {}
        told.add_response("list_stack_resources", {"StackResourceSummaries": [resource], **more}, asked)
    told.activate()
    flushed = Stubber(gateway)
    flushed.add_response("flush_stage_authorizers_cache", {}, {"restApiId": "abcdef1234", "stageName": "live"})
    flushed.activate()
    clients = {"cloudformation": cloudformation, "apigateway": gateway}

    def connected(options: argparse.Namespace) -> Clients:
        assert (options.region, options.profile) == ("eu-central-1", "audit")
        return clients.__getitem__

    return connected


WHERE = ("--stage", "eu", "--region", "eu-central-1", "--profile", "audit")


def test_flush_names_the_deployments_stage(connect: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The API and the stage are the stack's own, in the region and with the profile that were named."""
    assert operators_keys.main(["flush", *WHERE], connect=connect) == 0
    assert "asks about every credential again" in capsys.readouterr().err


def test_another_stack_is_no_deployment(connect: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names what is missing; no credential is printed."""
    assert operators_keys.main(["make", "--label", "us", *WHERE], connect=connect) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "has no AWS::Lambda::Function TenantsFunction" in captured.err


@pytest.mark.parametrize(
    "given",
    [
        ["make"],
        ["expire"],
        ["revoke"],
        ["make", "--label", "x", "--days", "-1"],
        ["make", "--label", "x", "--days", "366"],
        ["make", "--label", "x", "--days", "abc"],
        ["make", "--label", "x", "--days", "0"],
        ["rotate"],
    ],
)
def test_what_is_not_whole_is_refused_before_anything_is_done(given: list[str]) -> None:
    """The parser says what is missing, and nothing is connected to."""
    with pytest.raises(SystemExit):
        operators_keys.main(given, connect=lambda _: pytest.fail)
