"""Which deployment a command is for: the arguments that all commands share, and AWS's clients."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import msgspec

from daybook.crypto.generations import DeploymentSecret, read_secret
from infra import ROOT
from infra.names import LIVE
from infra.operate.failures import Stopped

_SETTINGS = ROOT / "cdk.json"

Clients = Callable[[str], Any]
"""Makes a client of the named service."""


def which_deployment() -> argparse.ArgumentParser:
    """The parent of a command's parser."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--region",
        default=region_of_settings(),
        help="the deployment's region; by default that of cdk.json or the AWS CLI",
    )
    parser.add_argument("--profile", help="the AWS CLI's profile")
    return parser


def which_stage() -> argparse.ArgumentParser:
    """The parent of the parser of a command that looks at the stacks."""
    parser = argparse.ArgumentParser(add_help=False, parents=[which_deployment()])
    parser.add_argument(
        "--stage", default=stage_of_settings(), help="the deployment's stage; by default that of cdk.json, or live"
    )
    return parser


def region_of_settings(file: Path = _SETTINGS) -> str | None:
    """The region that `make deploy` uses where none is given to it."""
    return _context(file).get("region")


def stage_of_settings(file: Path = _SETTINGS) -> str:
    """The stage that `make deploy` uses where none is given to it."""
    return _context(file).get("stage", LIVE)


def _context(file: Path) -> dict[str, str]:
    context: dict[str, str] = json.loads(file.read_text()).get("context", {})
    return context


def clients(options: argparse.Namespace) -> Clients:
    """Raises botocore's errors where there is no such profile."""
    session = botocore.session.Session(profile=options.profile)
    return lambda service: session.create_client(service, region_name=options.region)


def outputs(aws: Clients, stack: str) -> dict[str, str]:
    """The outputs of a stack by name. Raises `ClientError` where there is no such stack."""
    (found,) = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def secret_value(aws: Clients, arn: str) -> bytes:
    """The deployment's secret. Raises `Stopped` where it is another one, from which keys must not be derived."""
    value: str = aws("secretsmanager").get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"]
    check_secret(value.encode(), arn)
    return value.encode()


def check_secret(secret: bytes, arn: str) -> DeploymentSecret:
    """Raises `Stopped` where it is no deployment's secret."""
    try:
        return read_secret(secret)
    except msgspec.MsgspecError:
        raise Stopped(
            f"{arn} is not the deployment's secret. Its ARN is the output SecretArn of the storage stack."
        ) from None
