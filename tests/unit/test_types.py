"""What mypy looks at: `pyproject.toml` leaves out the hundreds of the CDK's modules that nothing here uses."""

import ast
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tests.support.places import ROOT

CDK = "aws_cdk"


def modules_of_the_cdk(path: Path) -> Iterator[str]:
    """Those that a file imports. The CDK's modules have lower-case names, its classes do not."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == CDK)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == CDK:
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name.islower())


def test_mypy_follows_the_modules_of_the_cdk_that_are_imported_and_no_other() -> None:
    """Of a module that is left out, mypy takes every use for right."""
    files = chain([ROOT / "app.py"], *((ROOT / folder).rglob("*.py") for folder in ("infra", "tests")))
    imported = {module for path in files for module in modules_of_the_cdk(path)}
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (followed,) = (each["module"] for each in overrides if each.get("follow_imports") == "normal")
    assert imported == set(followed)
