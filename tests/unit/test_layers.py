"""Imports point downwards: handler, then what stands beside it, then the shared packages floor by floor."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import LAMBDAS

FLOORS = (
    {"access", "clock", "complaints", "environment", "errors", "ids", "tenant", "text"},
    {"crypto", "observability", "tenants"},
    {"catalogue", "http"},
    {"people"},
    {"events"},
    {"delivery", "search", "self_audit"},
    {"jobs"},
    {"aws"},
)
"""The packages of `daybook`, lowest first. A package imports only packages of lower floors, so no circle can form."""

FLOOR = {package: number for number, floor in enumerate(FLOORS) for package in floor}
FUNCTIONS = sorted({path.parent.name for path in LAMBDAS.glob("*/*handler.py")})
MODULES = sorted(path.relative_to(LAMBDAS) for path in LAMBDAS.rglob("*.py"))
SHARED = [path for path in MODULES if path.parts[0] == "daybook" and len(path.parts) > 1 and path.stem != "__init__"]
OF_FUNCTIONS = [path for path in MODULES if path.parts[0] != "daybook"]


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse((LAMBDAS / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(path: Path) -> str:
    """The package of `daybook` that a file belongs to, or the file's own name at the top."""
    return path.parts[1].removesuffix(".py")


def shared_packages(path: Path) -> set[str]:
    """The packages of `daybook` that a file imports."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("daybook.")}


def test_there_is_something_to_hold() -> None:
    """The walk finds the functions and the modules."""
    assert {"authorize", "exports", "forget", "ingest", "manage", "public", "query", "streams", "tenants"} <= {
        *FUNCTIONS
    }
    assert len(SHARED) > 60
    assert len(OF_FUNCTIONS) > 40


def test_every_package_has_a_floor() -> None:
    """A new package must be placed."""
    assert {package_of(path) for path in SHARED} == FLOOR.keys()


@pytest.mark.parametrize("path", SHARED, ids=str)
def test_a_shared_package_imports_lower_floors_only(path: Path) -> None:
    """Neither a function, nor a package of its own floor or above."""
    assert not {name.partition(".")[0] for name in imported(path)} & {*FUNCTIONS}
    own = package_of(path)
    too_high = {package for package in shared_packages(path) - {own} if FLOOR[package] >= FLOOR[own]}
    assert not too_high


@pytest.mark.parametrize("path", OF_FUNCTIONS, ids=str)
def test_functions_do_not_know_each_other(path: Path) -> None:
    """A folder imports no other function's folder. Only handlers import handlers' clients, `daybook.aws`."""
    own, is_handler = path.parts[0], path.stem.endswith("handler")
    assert not {name.partition(".")[0] for name in imported(path)} & ({*FUNCTIONS} - {own})
    if not is_handler:
        assert "aws" not in shared_packages(path), "what stands beside a handler is handed its stores"
    handlers = {f"{own}.{module.stem}" for module in (LAMBDAS / own).glob("*handler.py")}
    assert not handlers & {*imported(path)}, "nothing imports a handler"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_aws_package_speaks_to_aws(path: Path) -> None:
    """boto3 and botocore are imported in one place."""
    speaks = {name.partition(".")[0] for name in imported(path)} & {"boto3", "botocore"}
    assert not speaks or path.is_relative_to("daybook/aws")
