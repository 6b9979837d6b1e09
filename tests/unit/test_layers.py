"""Arrows point one way: handler → its logic → daybook; daybook/aws → daybook; never between two functions' folders."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LAMBDAS = Path(__file__).parents[2] / "lambdas"
FUNCTIONS = sorted(folder.name for folder in LAMBDAS.iterdir() if (folder / "handler.py").exists())
MODULES = sorted(LAMBDAS.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_is_something_to_hold() -> None:
    """The walk sees the functions and their modules."""
    assert {"authorize", "ingest", "public", "query", "tenants"} <= set(FUNCTIONS)
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LAMBDAS)))
def test_arrows_point_one_way(path: Path) -> None:
    """No module imports what lies on its own level in another function, or above it."""
    parts = path.relative_to(LAMBDAS).parts
    tops = {name.partition(".")[0] for name in imported(path)}
    if parts[0] == "daybook":
        assert not tops & set(FUNCTIONS), "the shared domain knows no function"
        if parts[1] != "aws":
            assert not any(name.startswith("daybook.aws") for name in imported(path)), "the domain knows no AWS"
    else:
        assert not tops & (set(FUNCTIONS) - {parts[0]}), "one function knows no other"
        if parts[1] != "handler.py":
            logic = set(imported(path))
            assert f"{parts[0]}.handler" not in logic, "logic knows no handler"
            assert not any(name.startswith("daybook.aws") for name in logic), "logic is handed its stores"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LAMBDAS)))
def test_only_the_aws_folder_speaks_to_aws(path: Path) -> None:
    """boto3 and botocore are imported in one place."""
    speaks = {name.partition(".")[0] for name in imported(path)} & {"boto3", "botocore"}
    assert not speaks or path.is_relative_to(LAMBDAS / "daybook" / "aws")
