"""Deploys Daybook, shows what a deployment would change, or deletes it: `make deploy`, `make diff`, `make destroy`.

Nothing is asked before a deployment. What AWS would refuse halfway is refused first, and the command says what the
account lacks.
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra import ROOT
from infra.names import SERVICE, STORAGE
from infra.operate.account import look
from infra.operate.aws import Clients, clients, which_deployment
from infra.operate.cdk import Cdk, Failed, Run, as_arguments, run
from infra.operate.check_account import Judgement, judge
from infra.operate.failures import Stopped, in_sentences
from infra.operate.lost_settings import lost, refusal
from infra.settings import DeploymentSettings, InvalidSetting

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
MIN_BOOTSTRAP = 6
"""The version of the bootstrap stack that this CDK's assets need."""

OUTPUTS = ROOT / ".cache" / "outputs.json"


class Refused(Stopped):
    """Nothing was done. The message says why and what to do."""


@dataclass(frozen=True)
class Operator:
    aws: Clients
    cdk: Cdk
    settings: DeploymentSettings
    say: Callable[[str], None]
    outputs: Path = OUTPUTS
    """Where the CDK writes the outputs of the stacks."""
    given: Collection[str] = ()
    """Names of settings that the deployed stacks may have and this deployment decides, also by leaving them out."""

    @property
    def storage(self) -> str:
        return self.settings.named(STORAGE)

    @property
    def service(self) -> str:
        return self.settings.named(SERVICE)

    def deploy(self, only: str | None) -> None:
        """Raises `Refused`, `Failed`, and botocore's errors."""
        account = self.aws("sts").get_caller_identity()["Account"]
        self.say(f"Account {account}, region {self.cdk.region}, stage {self.settings.stage}.")
        judgement = self._judged([self.storage, self.service] if only is None else [self.settings.named(only)])
        if judgement.refusals:
            raise Refused("\n".join(["Nothing was done.", *judgement.refusals]))
        if self._bootstrap_version() < MIN_BOOTSTRAP:
            self.say("The CDK keeps what it deploys in a bucket of the account. It is made first, by `cdk bootstrap`.")
            self.cdk("bootstrap", f"aws://{account}/{self.cdk.region}")
        stacks = ["--all"] if only is None else [self.settings.named(only), "--exclusively"]
        self.cdk(
            *("deploy", *stacks, "--require-approval", "never", f"--outputs-file={self.outputs}"),
            *as_arguments(judgement.context),
        )
        self._say_outputs()

    def diff(self) -> None:
        judgement = self._judged([self.storage, self.service])
        for each in judgement.refusals:
            self.say(f"`make deploy` would refuse. {each}")
        self.cdk("diff", "--all", *as_arguments(judgement.context))

    def destroy(self, confirm: Callable[[str], str]) -> None:
        """The service alone, unless the settings say that events need not be kept."""
        keeps = self.settings.removal_policy == "retain"
        wanted = (self.service,) if keeps else (self.service, self.storage)
        stacks = [stack for stack in wanted if any(self._resources(stack))]
        if not stacks:
            raise Refused(f"There is no stack {' or '.join(wanted)} in {self.cdk.region}.")
        self.say(f"Deletes: {', '.join(stacks)}.")
        if keeps:
            self.say(f"Stays whole: {self.storage}, with every event, queue and key.")
        for kind, name in self._retained(self.service):
            self.say(f"Stays: {kind} {name}")
        if not keeps and [*self._retained(self.storage)]:
            raise Refused(f"{self.storage} was deployed to be retained. Deploy it with removal_policy=destroy first.")
        if confirm(f"Type the stage's name, {self.settings.stage}, to go on: ").strip() != self.settings.stage:
            raise Refused("Nothing was deleted.")
        for stack in stacks:
            if stack == self.storage:
                self._destroy_storage()
            else:
                self._destroy(stack)

    def _judged(self, stacks: Sequence[str]) -> Judgement:
        """Of the account and these stacks, with the advice already said."""
        resources = {
            each["PhysicalResourceId"]: each["ResourceType"]
            for stack in (self.storage, self.service)
            for each in self._resources(stack)
        }
        judgement = judge(look(self.aws, self.cdk.region, resources), self.settings)
        undone = lost(self.aws, stacks, self.given)
        if undone:
            judgement.refusals.append(refusal(undone))
        for advice in judgement.advice:
            self.say(f"Note: {advice}")
        return judgement

    def _resources(self, stack: str) -> Iterator[Mapping[str, str]]:
        """Those that exist; none where there is no such stack."""
        pages = self.aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        try:
            for page in pages:
                for each in page["StackResourceSummaries"]:
                    # After a deletion that failed, what it deleted is still listed.
                    if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE":
                        yield each
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":  # so CloudFormation says that there is none
                raise

    def _bootstrap_version(self) -> int:
        ssm = self.aws("ssm")
        try:
            return int(ssm.get_parameter(Name=BOOTSTRAP)["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return 0

    def _say_outputs(self) -> None:
        made: dict[str, dict[str, str]] = json.loads(self.outputs.read_text())
        for stack in (self.storage, self.service):
            for name, value in made.get(stack, {}).items():
                if not name.startswith("ExportsOutput"):  # what the other stack reads
                    self.say(f"{stack}.{name} = {value}")

    def _retained(self, stack: str) -> Iterator[tuple[str, str]]:
        """Type and name of what stays when the stack is deleted."""
        resources = {each["LogicalResourceId"]: each for each in self._resources(stack)}
        if not resources:
            return
        template: Any = self.aws("cloudformation").get_template(StackName=stack)["TemplateBody"]
        for name, each in template["Resources"].items():
            if each.get("DeletionPolicy") == "Retain" and name in resources:
                yield each["Type"], resources[name]["PhysicalResourceId"]

    def _destroy(self, stack: str) -> None:
        self.cdk("destroy", stack, "--exclusively", "--force")

    def _destroy_storage(self) -> None:
        self._stop_trails()
        self._empty_buckets()
        try:
            self._destroy(self.storage)
        except Failed:
            # CloudTrail delivers within minutes, also after it was stopped, what was called before.
            self.say("A file may have come after the buckets were emptied. They are emptied once more.")
            self._empty_buckets()
            self._destroy(self.storage)

    def _stop_trails(self) -> None:
        for each in self._resources(self.storage):
            if each["ResourceType"] == "AWS::CloudTrail::Trail":
                self.aws("cloudtrail").stop_logging(Name=each["PhysicalResourceId"])

    def _empty_buckets(self) -> None:
        """CloudFormation deletes no bucket with files."""
        s3 = self.aws("s3")
        for each in self._resources(self.storage):
            if each["ResourceType"] != "AWS::S3::Bucket":
                continue
            bucket = each["PhysicalResourceId"]
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                if found:
                    listed = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
                    s3.delete_objects(Bucket=bucket, Delete={"Objects": listed, "Quiet": True})


def context_of(given: Sequence[str], region: str | None, file: Path = ROOT / "cdk.json") -> dict[str, Any]:
    """Settings of cdk.json, with those given as `name=value` in their place. Raises `InvalidSetting`."""
    context: dict[str, Any] = json.loads(file.read_text()).get("context", {})
    if region:
        context["region"] = region
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise InvalidSetting(f"a setting is given as name=value, not {each!r}")
        if name == "region" and region not in (None, value):
            raise InvalidSetting(f"--region says {region}, but -c says region={value}")
        context[name] = value
    return context


@in_sentences("")
def main(
    arguments: Sequence[str],
    *,
    connect: Callable[[argparse.Namespace], Clients] = clients,
    run: Run = run,
    confirm: Callable[[str], str] = input,
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.deploy", parents=[which_deployment()], description=str(__doc__).partition(":")[0]
    )
    parser.add_argument("action", choices=("deploy", "diff", "destroy"))
    parser.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    parser.add_argument("--only", choices=(STORAGE, SERVICE), help="deploys this stack and leaves the other as it is")
    parser.add_argument(
        "--forget", action="append", default=[], metavar="NAME", help="a setting of the deployment that is undone"
    )
    parser.set_defaults(region=None)  # cdk.json's region is read with the other settings
    options = parser.parse_args(arguments)
    try:
        context = context_of(options.context, options.region)
        settings = DeploymentSettings.from_context(context)
        options.region = settings.region
        aws = connect(options)
        region = aws("cloudformation").meta.region_name
        given = dict(each.split("=", 1) for each in options.context)
        operator = Operator(
            aws, Cdk(region, options.profile, given, run), settings, print, given={*context, *options.forget}
        )
        match options.action:
            case "deploy":
                operator.deploy(options.only)
            case "diff":
                operator.diff()
            case "destroy":
                operator.destroy(confirm)
    except InvalidSetting as error:
        raise Refused(f"{error}") from None
    except Failed:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
