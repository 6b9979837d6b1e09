"""What stopped a command, as a sentence for whoever runs it."""

import functools
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from daybook.aws.batches import TRANSIENT
from daybook.aws.calls import STS_TRANSIENT
from daybook.errors import Contended, Throttled, UnknownTenant
from daybook.people.forgetter import ConcurrentChange

P = ParamSpec("P")

_LATER = (ConcurrentChange, Contended, Throttled)
_UNREACHABLE = (EndpointConnectionError, HTTPClientError)
_NO_CREDENTIALS = "AWS's credentials are not found. Give --profile, or set them up as for the AWS CLI."
_CHANGED = "Something else changed the same rows at the same time."
_SAID: dict[type[Exception], str] = {
    NoRegionError: "No region is set. Give --region, or run `aws configure set region REGION`.",
    NoCredentialsError: _NO_CREDENTIALS,
    PartialCredentialsError: _NO_CREDENTIALS,
    CredentialRetrievalError: _NO_CREDENTIALS,
    Contended: _CHANGED,
    ConcurrentChange: _CHANGED,
    Throttled: "AWS throttled a call, or did not answer.",
    UnknownTenant: "There is no such tenant.",
    EOFError: "The command asks a question, and there is no terminal to answer at.",
}
_NOT_FOUND = ("ResourceNotFoundException", "SourceTableNotFoundException", "TableNotFoundException")
_OF_STACKS = ("DescribeStacks", "ListStackResources")


class Stopped(Exception):  # noqa: N818  an outcome
    """The message says why in sentences, and what to do."""


def in_sentences(first: str, again: str = "Run it again.") -> Callable[[Callable[P, int]], Callable[P, int]]:
    """Decorates a command's `main`: what stops it is written in sentences after `first`, and the status is 1.

    `again`: what to do where another try may succeed.
    """

    def decorated(main: Callable[P, int]) -> Callable[P, int]:
        @functools.wraps(main)
        def told(*arguments: P.args, **options: P.kwargs) -> int:
            try:
                return main(*arguments, **options)
            except (BotoCoreError, ClientError, EOFError, Stopped, UnknownTenant, *_LATER) as error:
                said = [first, sentence(error)] + ([again] if _may_pass(error) else [])
                sys.stderr.write(f"{' '.join(filter(None, said))}\n")
                return 1

        return told

    return decorated


def sentence(error: Exception) -> str:
    """Ends with one full stop."""
    if isinstance(error, ClientError):
        return _refused(error.response, error.operation_name)
    if isinstance(error, _UNREACHABLE):
        return f"{_ended(error)} Is --region one of AWS's regions, and AWS_ENDPOINT_URL unset or right?"
    return next((said for kind, said in _SAID.items() if isinstance(error, kind)), _ended(error))


def _refused(response: dict[str, Any], operation: str) -> str:
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    if code in _NOT_FOUND:
        return (
            f"{operation} finds no table, secret or function of that name in this region: {_ended(message)} The names"
            " are outputs of the storage stack."
        )
    if code == "ValidationError" and operation in _OF_STACKS:  # so CloudFormation says that there is none
        return f"There is no such stack in this account and region: {_ended(message)}"
    if message.lstrip().startswith("<") or code.isdecimal():
        # A page in HTML: no service of AWS's answers so.
        return f"What AWS_ENDPOINT_URL names does not know {operation}. On a laptop, moto lacks some calls of AWS."
    return f"{operation} was refused ({code}): {_ended(message)}"


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in TRANSIENT | STS_TRANSIENT
    return isinstance(error, (*_LATER, *_UNREACHABLE))


def _ended(said: object) -> str:
    text = str(said).strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."
