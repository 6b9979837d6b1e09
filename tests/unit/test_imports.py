"""What importing a handler brings in: every cold start waits for it."""

import json
import subprocess
import sys

import pytest

from tests.support.places import LAMBDAS

HANDLERS = sorted(f"{file.parent.name}.{file.stem}" for file in LAMBDAS.glob("*/*handler.py"))
# Each of these costs tens to hundreds of milliseconds; the benchmark `imports` says what is left.
DEAR = {"boto3", "aws_xray_sdk", "pydantic", "jsonschema", "requests", "httpx", "asyncio"}
MAX_MODULES = 470  # of which botocore's are most


@pytest.mark.parametrize("module", HANDLERS)
def test_importing_a_handler_stays_cheap(module: str) -> None:
    """No dear package, and a bounded number of modules beside what Python itself starts with."""
    program = (
        "import json, sys; before = set(sys.modules); "
        f"import {module}; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=LAMBDAS,
        env={"PYTHONPATH": str(LAMBDAS)},
    )
    imported = set(json.loads(ran.stdout))
    assert not imported & DEAR
    assert len(imported) <= MAX_MODULES, len(imported)
