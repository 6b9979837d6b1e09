"""`make deploy` and `make destroy`, over moto's CloudFormation, SSM and S3. What the CDK would do is recorded."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.operate.cdk import Cdk, Failed
from infra.operate.deploy import BOOTSTRAP, Operator, Refused, context_of, main
from infra.settings import OUTPUT, DeploymentSettings, InvalidSetting

ACCOUNT = "123456789012"  # moto's
CDK = ("npx", "--yes", "aws-cdk@2.1148.1")
ROOM = {"ConcurrentExecutions": 1_000, "UnreservedConcurrentExecutions": 1_000}


class Limits:
    """Lambda's account, and the quotas of one who may not ask for them, neither of which moto has."""

    limits: Mapping[str, int] = ROOM

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": self.limits}

    def get_service_quota(self, **_: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetServiceQuota")

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Any:
        yield self.get_service_quota()


@dataclass
class Recorded:
    """The CDK's command line. It writes outputs as the CDK does."""

    commands: list[list[str]] = field(default_factory=list)
    variables: list[Mapping[str, str]] = field(default_factory=list)
    status: int = 0

    def __call__(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        self.commands.append(list(command))
        self.variables.append(variables)
        for each in command:
            if each.startswith("--outputs-file="):
                made = {
                    "DaybookService": {"Url": "https://api/", "ExportsOutputRef1": "x"},
                    "DaybookStorage": {"T": "t"},
                }
                Path(each.partition("=")[2]).write_text(json.dumps(made))
        return self.status

    def contexts(self) -> list[set[str]]:
        return [{each.partition("=")[2] for each in one if each.startswith("--context=")} for one in self.commands]

    def actions(self) -> list[list[str]]:
        """Without context and outputs."""
        return [[each for each in one if not each.startswith(("--context", "--outputs"))] for one in self.commands]


@pytest.fixture
def cdk() -> Recorded:
    return Recorded()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def operator(aws: Callable[[str], Any], cdk: Recorded, said: list[str], tmp_path: Path) -> Iterator[Operator]:
    def clients(service: str) -> Any:
        return Limits() if service in ("lambda", "service-quotas") else aws(service)

    yield Operator(
        clients,
        Cdk("us-east-1", None, {}, cdk),
        DeploymentSettings(create_trail=True),
        said.append,
        tmp_path / "outputs.json",
    )
    for stack in ("DaybookService", "DaybookStorage"):
        aws("cloudformation").delete_stack(StackName=stack)
    if aws("ssm").get_parameters(Names=[BOOTSTRAP])["Parameters"]:
        aws("ssm").delete_parameter(Name=BOOTSTRAP)


def bootstrap(operator: Operator, version: int) -> None:
    operator.aws("ssm").put_parameter(Name=BOOTSTRAP, Value=str(version), Type="String", Overwrite=True)


def make(operator: Operator, stack: str, outputs: dict[str, Any] | None = None, **resources: dict[str, Any]) -> None:
    template = {"Resources": resources, "Outputs": outputs or {}}
    operator.aws("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(template))


KEPT = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}
GONE = {"Type": "AWS::SNS::Topic"}


def test_a_fresh_account_is_bootstrapped_and_deployed_to(operator: Operator, cdk: Recorded, said: list[str]) -> None:
    """Without a question. The account's settings go with it, and the outputs are shown."""
    operator.deploy(None)
    never = ["deploy", "--all", "--require-approval", "never"]
    assert cdk.actions() == [[*CDK, "bootstrap", f"aws://{ACCOUNT}/us-east-1"], [*CDK, *never]]
    assert cdk.contexts() == [{"region=us-east-1"}, {"region=us-east-1", "cloud_watch_role=true"}]
    assert cdk.variables[1] == {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    assert said[-2:] == ["DaybookStorage.T = t", "DaybookService.Url = https://api/"]


@pytest.mark.parametrize(("version", "commands"), [(5, ["bootstrap", "deploy"]), (6, ["deploy"])])
def test_a_bootstrap_that_is_new_enough_stays(
    operator: Operator, cdk: Recorded, version: int, commands: list[str]
) -> None:
    bootstrap(operator, version)
    operator.deploy(None)
    assert [each[3] for each in cdk.commands] == commands


def test_one_stack_alone_can_be_deployed(operator: Operator, cdk: Recorded) -> None:
    """A restored table is put in place by the service first."""
    bootstrap(operator, 6)
    operator.deploy("DaybookService")
    assert cdk.actions() == [[*CDK, "deploy", "DaybookService", "--exclusively", "--require-approval", "never"]]


def test_what_would_fail_is_refused_first(operator: Operator, cdk: Recorded, said: list[str]) -> None:
    """Nothing runs, not even the bootstrap. A difference is shown all the same."""
    refused = replace(operator, settings=DeploymentSettings())
    with pytest.raises(Refused, match="create_trail"):
        refused.deploy(None)
    assert cdk.commands == []
    refused.diff()
    assert said[-1].startswith("`make deploy` would refuse. create_trail")
    assert [each[3] for each in cdk.commands] == ["diff"]


DEPLOYED = DeploymentSettings(stage="live", region="us-east-1", alarm_email="you@example.com", waf=True)


def test_no_setting_of_the_deployment_goes_unsaid(operator: Operator, cdk: Recorded, said: list[str]) -> None:
    """A command that gives fewer settings than the last one is refused, until each is given or forgotten."""
    recorded = {OUTPUT: {"Value": DEPLOYED.recorded()}}
    for stack in ("DaybookService", "DaybookStorage"):
        make(operator, stack, recorded if stack == "DaybookService" else {}, Gone=GONE)
    bootstrap(operator, 6)
    with pytest.raises(Refused, match=r"undo them: alarm_email=you@example\.com, waf=true\..*--forget alarm_email"):
        operator.deploy(None)
    with pytest.raises(Refused, match="undo them: waf=true"):
        replace(operator, given={"alarm_email"}).deploy("DaybookService")
    operator.diff()
    assert said[-1].startswith("`make deploy` would refuse. The deployment has settings")
    operator.deploy("DaybookStorage")
    replace(operator, given={"alarm_email", "waf"}).deploy(None)
    assert [each[3] for each in cdk.commands] == ["diff", "deploy", "deploy"]


def test_a_difference_is_shown_with_the_accounts_settings(operator: Operator, cdk: Recorded) -> None:
    """As the deployment would have them."""
    operator.diff()
    assert cdk.actions() == [[*CDK, "diff", "--all"]]
    assert cdk.contexts() == [{"region=us-east-1", "cloud_watch_role=true"}]


def test_deleting_keeps_the_storage_and_says_what_stays(operator: Operator, cdk: Recorded, said: list[str]) -> None:
    """The queue is retained by its template, and the storage stack is not touched."""
    make(operator, "DaybookService", Kept=KEPT, Gone=GONE)
    make(operator, "DaybookStorage", Events=KEPT)
    operator.destroy(lambda _: " live ")
    assert cdk.actions() == [[*CDK, "destroy", "DaybookService", "--exclusively", "--force"]]
    assert said[0] == "Deletes: DaybookService."
    assert said[1].startswith("Stays whole: DaybookStorage")
    (stays,) = said[2:]
    assert stays.startswith("Stays: AWS::SQS::Queue ")
    assert "DaybookService-Kept" in stays


def test_deleting_wants_the_stages_name(operator: Operator, cdk: Recorded) -> None:
    """And a deployment that is there."""
    make(operator, "DaybookService", Gone=GONE)
    with pytest.raises(Refused, match="Nothing was deleted"):
        operator.destroy(lambda _: "yes")
    trial = replace(operator, settings=DeploymentSettings(stage="trial"))
    with pytest.raises(Refused, match="no stack DaybookService-trial"):
        trial.destroy(lambda _: "trial")
    assert cdk.commands == []


def test_a_trial_is_deleted_whole(operator: Operator, cdk: Recorded) -> None:
    """With what is in its buckets, in all versions: CloudFormation deletes only empty ones."""
    make(operator, "DaybookService", Gone=GONE)
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    make(operator, "DaybookStorage", Files={"Type": "AWS::S3::Bucket", "Properties": versioned})
    s3 = operator.aws("s3")
    (bucket,) = s3.list_buckets()["Buckets"]
    for _ in range(2):
        s3.put_object(Bucket=bucket["Name"], Key="runs/1", Body=b"x")
    s3.delete_object(Bucket=bucket["Name"], Key="runs/1")
    replace(operator, settings=DeploymentSettings(removal_policy="destroy")).destroy(lambda _: "live")
    assert [each[3:5] for each in cdk.commands] == [["destroy", "DaybookService"], ["destroy", "DaybookStorage"]]
    versions = s3.list_object_versions(Bucket=bucket["Name"])
    assert "Versions" not in versions
    assert "DeleteMarkers" not in versions


@dataclass
class Listed:
    """CloudFormation with a storage stack of these resources: name, type and status. moto's makes no trail, and keeps
    nothing of a deletion that failed.
    """

    resources: Sequence[tuple[str, str, str]]

    def get_template(self, **_: str) -> Any:
        return {"TemplateBody": {"Resources": {}}}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, StackName: str) -> Any:  # noqa: N803  AWS's
        listed = [
            {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceType": kind, "ResourceStatus": status}
            for name, kind, status in self.resources
        ]
        return [{"StackResourceSummaries": listed if StackName == "DaybookStorage" else []}]


def trial_of(operator: Operator, *resources: tuple[str, str, str]) -> Operator:
    def clients(service: str) -> Any:
        return Listed(resources) if service == "cloudformation" else operator.aws(service)

    return replace(operator, aws=clients, settings=DeploymentSettings(removal_policy="destroy"))


def test_a_trial_that_was_deleted_halfway_can_be_deleted(operator: Operator, cdk: Recorded) -> None:
    """The service is gone. CloudFormation still lists a bucket that is gone, too."""
    halfway = ("files", "AWS::S3::Bucket", "DELETE_COMPLETE"), ("topic", "AWS::SNS::Topic", "DELETE_FAILED")
    trial_of(operator, *halfway).destroy(lambda _: "live")
    assert [each[3:5] for each in cdk.commands] == [["destroy", "DaybookStorage"]]


def test_a_trail_is_stopped_before_its_bucket_is_emptied(operator: Operator, said: list[str]) -> None:
    """A file that comes all the same makes the deletion fail once. It is deleted, and the deletion tried again."""
    s3, cloudtrail = operator.aws("s3"), operator.aws("cloudtrail")
    s3.create_bucket(Bucket="trail-files")
    cloudtrail.create_trail(Name="changes", S3BucketName="trail-files")
    cloudtrail.start_logging(Name="changes")
    statuses = [1, 0]

    def late(_: Sequence[str], __: Mapping[str, str]) -> int:
        assert not cloudtrail.get_trail_status(Name="changes")["IsLogging"]
        assert "Versions" not in s3.list_object_versions(Bucket="trail-files")
        if len(statuses) == 2:
            s3.put_object(Bucket="trail-files", Key="AWSLogs/late", Body=b"x")
        return statuses.pop(0)

    made = (
        ("trail-files", "AWS::S3::Bucket", "CREATE_COMPLETE"),
        ("changes", "AWS::CloudTrail::Trail", "CREATE_COMPLETE"),
    )
    trial_of(replace(operator, cdk=replace(operator.cdk, run=late)), *made).destroy(lambda _: "live")
    assert statuses == []
    assert "emptied once more" in said[-1]
    cloudtrail.delete_trail(Name="changes")
    s3.delete_bucket(Bucket="trail-files")


def test_a_deletion_that_fails_twice_has_failed(operator: Operator, cdk: Recorded) -> None:
    make(operator, "DaybookStorage", Gone=GONE)
    cdk.status = 1
    with pytest.raises(Failed):
        replace(operator, settings=DeploymentSettings(removal_policy="destroy")).destroy(lambda _: "live")
    assert len(cdk.commands) == 2


def test_what_was_deployed_to_be_kept_is_not_deleted(operator: Operator, cdk: Recorded) -> None:
    """Even if the settings now say otherwise: CloudFormation would refuse, but only after the buckets are empty."""
    make(operator, "DaybookService", Gone=GONE)
    make(operator, "DaybookStorage", Events=KEPT)
    with pytest.raises(Refused, match="deployed to be retained"):
        replace(operator, settings=DeploymentSettings(removal_policy="destroy")).destroy(lambda _: "live")
    assert cdk.commands == []


def test_settings_given_take_the_place_of_the_files(tmp_path: Path) -> None:
    """A region that is given counts more than that of cdk.json."""
    file = tmp_path / "cdk.json"
    file.write_text(json.dumps({"app": "x", "context": {"stage": "trial", "waf": True, "region": "eu-central-1"}}))
    settings = DeploymentSettings.from_context(context_of(["stage=other"], "us-east-1", file))
    assert (settings.stage, settings.waf, settings.region) == ("other", True, "us-east-1")
    with pytest.raises(InvalidSetting, match="name=value, not 'stage'"):
        context_of(["stage"], None, file)
    with pytest.raises(InvalidSetting, match="--region says us-east-1, but -c says region=us-east-2"):
        context_of(["region=us-east-2"], "us-east-1", file)
    assert context_of(["region=us-east-2"], None, file)["region"] == "us-east-2"
    with pytest.raises(InvalidSetting, match="no setting Stage"):
        DeploymentSettings.from_context(context_of(["Stage=trial"], None, file))


def test_the_command_says_why_it_failed(aws: Callable[[str], Any], capsys: pytest.CaptureFixture[str]) -> None:
    """A setting that can't be, before AWS is asked. What the CDK fails at, the CDK says."""
    assert main(["deploy", "-c", "waf=perhaps"], connect=lambda _: aws) == 1
    assert capsys.readouterr().err == "waf must be true or false, not 'perhaps'.\n"
    failing = Recorded(status=1)
    with pytest.raises(Failed):
        Cdk("us-east-1", "work", {"stage": "trial"}, failing)("diff")
    assert failing.commands == [
        [*CDK, "diff", "--context=stage=trial", "--context=region=us-east-1", "--profile", "work"]
    ]
