"""What stops an operators' command is said in sentences, with what to do."""

import argparse
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from daybook.errors import Contended, Throttled
from infra.operate import operators_keys, redrive
from infra.operate.failures import Stopped, in_sentences


def refused(code: str, operation: str, message: str = "Because") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NoRegionError(), "No region is set. Give --region, or run `aws configure set region REGION`."),
        (NoCredentialsError(), "AWS's credentials are not found. Give --profile, or"),
        (ProfileNotFound(profile="nobody"), "The config profile (nobody) could not be found."),
        (EndpointConnectionError(endpoint_url="https://x/"), 'URL: "https://x/". Is --region one of AWS\'s regions'),
        (refused("ResourceNotFoundException", "Query"), "Query finds no table, secret or function of that name"),
        (refused("TableNotFoundException", "RestoreTableToPointInTime"), "finds no table"),
        (refused("ValidationError", "DescribeStacks", "Stack x does not exist"), "There is no such stack"),
        (refused("AccessDeniedException", "Query"), "Query was refused (AccessDeniedException): Because."),
        (refused("500", "ListMessageMoveTasks", "<!doctype html>"), "does not know ListMessageMoveTasks."),
        (refused("ThrottlingException", "Query"), "Because. Again."),
        (Throttled(), "AWS throttled a call, or did not answer. Again."),
        (Contended("row"), "at the same time. Again."),
        (EOFError("EOF when reading a line"), "there is no terminal to answer at."),
        (Stopped("Nothing was done."), "First. Nothing was done.\n"),
    ],
)
def test_an_error_is_told_in_sentences(error: Exception, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ends with one full stop. Only what may pass is to be tried again."""

    @in_sentences("First.", again="Again.")
    def command() -> int:
        raise error

    assert command() == 1
    said = capsys.readouterr().err
    assert said.startswith("First. ")
    assert told in said
    assert ".." not in said
    assert "<" not in said
    may_pass = isinstance(error, (Throttled, Contended, EndpointConnectionError)) or "ThrottlingException" in said
    assert said.endswith("Again.\n") == may_pass


def test_an_error_that_nobody_foresaw_keeps_its_traceback() -> None:
    @in_sentences("First.")
    def command() -> int:
        raise KeyError("missing")

    with pytest.raises(KeyError):
        command()


@pytest.mark.parametrize(("main", "arguments"), [(operators_keys.main, ["list"]), (redrive.main, ["queues"])])
def test_a_command_without_a_region_says_how_to_set_one(
    main: Callable[..., int], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def connect(_: argparse.Namespace) -> Any:
        raise NoRegionError

    assert main(arguments, connect=connect) == 1
    assert "Give --region" in capsys.readouterr().err
