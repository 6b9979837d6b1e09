"""What a handler imports before it can answer its first call: every cold start waits for it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from daybook.environment import FunctionSettings
from tests.support.places import LAMBDAS

HANDLERS = sorted(f"{file.parent.name}.{file.stem}" for file in LAMBDAS.glob("*/*handler.py"))
# Each of these takes tens to hundreds of milliseconds to import. `benchmarks/imports.py` measures the rest.
EXPENSIVE = {"boto3", "aws_xray_sdk", "pydantic", "jsonschema", "requests", "httpx", "asyncio", "jwt"}
MAX_MODULES = 510  # of which botocore's are most; `ledger` answers tiles, proofs, feeds and statistics

PROGRAM = """
import json, sys
before = set(sys.modules)
import {module} as handler
from daybook.aws import clients
for make in ("dynamodb", "dynamodb_for_sessions", "dynamodb_for_counters", "sqs", "s3", "kms", "sts", "own_sts"):
    setattr(clients, make, lambda: None)
clients.secret_value = lambda arn: bytes(32)
if hasattr(handler, "compose"):
    handler.compose()
print(json.dumps(sorted(set(sys.modules) - before)))
"""
"""Imports a handler and puts it together, which imports the rest, with nothing in place of AWS's clients."""


def subclasses(of: type[FunctionSettings]) -> Iterator[type[FunctionSettings]]:
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


VARIABLES = {variable: "1" for settings in subclasses(FunctionSettings) for variable in settings.required().values()}


@pytest.mark.parametrize("module", HANDLERS)
def test_a_handlers_first_call_imports_little(module: str) -> None:
    """No expensive package, and a bounded number of modules beside those that Python itself starts with."""
    imported = imported_by(module, VARIABLES)
    assert not imported & EXPENSIVE
    assert len(imported) <= MAX_MODULES, len(imported)


def test_an_issuer_costs_the_authorizer_the_import_of_tokens() -> None:
    """And only the authorizer, and only where one is configured: the test above has none."""
    imported = imported_by("authorize.handler", {**VARIABLES, "OIDC_ISSUER": "https://id.example.com"})
    assert imported & EXPENSIVE == {"jwt"}
    assert len(imported) <= MAX_MODULES + 60, len(imported)


def imported_by(module: str, variables: Mapping[str, str]) -> set[str]:
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", PROGRAM.format(module=module)],
        check=True,
        capture_output=True,
        text=True,
        cwd=LAMBDAS,
        env={"PYTHONPATH": str(LAMBDAS), **variables},
    )
    return set(json.loads(ran.stdout))
