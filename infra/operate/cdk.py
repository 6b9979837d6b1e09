"""Runs the CDK's command line, in the version that the project was tried with."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from infra import ROOT

VERSION = "2.1148.1"

Run = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a command with these variables beside the present ones, and returns its exit status."""


def run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=False).returncode  # noqa: S603  our own


class Failed(Exception):  # noqa: N818  an outcome
    """The CDK has said why."""


def as_arguments(context: Mapping[str, str]) -> list[str]:
    return [f"--context={name}={value}" for name, value in context.items()]


@dataclass(frozen=True)
class Cdk:
    region: str
    profile: str | None
    context: Mapping[str, str]
    run: Run = run

    def __call__(self, *arguments: str) -> None:
        """Raises `Failed`."""
        # The CDK takes a region from the environment, and a profile's only where there is none.
        region = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        # The template names the region too, so that nothing can be deployed into another one.
        context = as_arguments({**self.context, "region": self.region})
        profile = ["--profile", self.profile] if self.profile else []
        if self.run(["npx", "--yes", f"aws-cdk@{VERSION}", *arguments, *context, *profile], region):
            raise Failed
