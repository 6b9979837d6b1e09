"""Imports point downwards: handler, then what stands beside it, then the shared packages floor by floor."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.functions import FUNCTIONS
from tests.support.places import LAMBDAS, PYTHON_CLIENT, VERIFIER

FLOORS = (
    {"__init__", "batching", "clock", "documents", "environment", "errors", "ids", "text"},
    {"access", "addresses", "shape", "tenant"},
    {"crypto", "observability", "tenants"},
    {"catalogue", "http"},
    {"limits", "people"},
    {"events"},
    {"delivery", "ledger", "search", "self_audit"},
    {"jobs", "operators"},
    {"aws"},
)
"""The packages of `daybook`, lowest first. A package imports only packages of lower floors, so no circle can form."""

FLOOR = {package: number for number, floor in enumerate(FLOORS) for package in floor}
HANDLERS = {Path(*spec.module.split(".")).with_suffix(".py") for spec in FUNCTIONS.values()}
FOLDERS = {path.parts[0] for path in HANDLERS}
MODULES = sorted(path.relative_to(LAMBDAS) for path in LAMBDAS.rglob("*.py"))
SHARED = [path for path in MODULES if path.parts[0] == "daybook"]
OF_FUNCTIONS = [path for path in MODULES if path.parts[0] != "daybook"]
OF_THE_VERIFIER = sorted(VERIFIER.rglob("*.py"))
OF_THE_CLIENT = sorted(PYTHON_CLIENT.glob("daybook_client/**/*.py"))


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse((LAMBDAS / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def mentioned(path: Path) -> set[str]:
    """The names and attributes in a file."""
    nodes = [*ast.walk(ast.parse((LAMBDAS / path).read_text()))]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def package_of(path: Path) -> str:
    """The package of `daybook` that a file belongs to, or the file's own name at the top."""
    return path.parts[1].removesuffix(".py")


def shared_packages(path: Path) -> set[str]:
    """The packages of `daybook` that a file imports."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("daybook.")}


def test_there_is_something_to_hold() -> None:
    """The walk finds the modules, and the handlers of the table of functions are among them."""
    assert {*MODULES} >= HANDLERS
    assert len(SHARED) > 60
    assert len(OF_FUNCTIONS) > 40


def test_every_folder_belongs_to_a_function() -> None:
    """Code that functions share lies in `daybook`, where the floors hold it."""
    assert {path.parts[0] for path in MODULES} == {"daybook", *FOLDERS}


def test_every_package_has_a_floor() -> None:
    """A new package must be placed."""
    assert {package_of(path) for path in SHARED} == FLOOR.keys()


@pytest.mark.parametrize("path", SHARED, ids=str)
def test_a_shared_package_imports_lower_floors_only(path: Path) -> None:
    """Neither a function, nor a package of its own floor or above."""
    assert not {name.partition(".")[0] for name in imported(path)} & FOLDERS
    own = package_of(path)
    too_high = {package for package in shared_packages(path) - {own} if FLOOR[package] >= FLOOR[own]}
    assert not too_high


@pytest.mark.parametrize("path", OF_FUNCTIONS, ids=str)
def test_functions_do_not_know_each_other(path: Path) -> None:
    """A folder imports no other function's folder. Only handlers import handlers' clients, `daybook.aws`."""
    own = path.parts[0]
    assert not {name.partition(".")[0] for name in imported(path)} & (FOLDERS - {own})
    if path not in HANDLERS:
        assert "aws" not in shared_packages(path), "what stands beside a handler is handed its stores"
    handlers = {spec.module for spec in FUNCTIONS.values()}
    assert not handlers & {*imported(path)}, "nothing imports a handler"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_aws_package_speaks_to_aws(path: Path) -> None:
    """The SDK is imported in one place."""
    speaks = {name.partition(".")[0] for name in imported(path)} & {"boto3", "botocore", "s3transfer"}
    assert not speaks or path.is_relative_to("daybook/aws")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_import_is_a_statement(path: Path) -> None:
    """Imports by a computed name would escape the tests above."""
    assert "importlib" not in {name.partition(".")[0] for name in imported(path)}
    assert not mentioned(path) & {"__import__", "import_module"}


@pytest.mark.parametrize("path", OF_THE_VERIFIER, ids=lambda path: str(path.relative_to(VERIFIER)))
def test_the_verifier_stands_alone(path: Path) -> None:
    """An auditor's package shares no code with what it verifies, and needs `cryptography` alone."""
    assert {name.partition(".")[0] for name in imported(path)} <= {
        *sys.stdlib_module_names,
        "cryptography",
        "daybook_verify",
    }


FOR_THE_COMMAND = {"cli": {"jmespath", "keyring", "rich", "tomli", "typer"}, "importing": {"jmespath", "tomli"}}
"""What these folders of the Python client may import besides; nothing but the command imports these folders."""

FOR_A_FRAMEWORK = {"django_middleware.py": {"django", "asgiref"}}


@pytest.mark.parametrize("path", OF_THE_CLIENT, ids=lambda path: str(path.relative_to(PYTHON_CLIENT)))
def test_the_python_client_needs_httpx_alone(path: Path) -> None:
    """A sender installs one package more than this one. It shares no code with Daybook, and is read by Python 3.9."""
    room = path.relative_to(PYTHON_CLIENT / "daybook_client").parts[0]
    more = FOR_THE_COMMAND.get(room, set()) | FOR_A_FRAMEWORK.get(path.name, set())
    assert {name.partition(".")[0] for name in imported(path)} <= {
        *sys.stdlib_module_names,
        "daybook_client",
        "httpx",
        *more,
    }
    if room not in FOR_THE_COMMAND:
        assert not {".".join(name.split(".")[:2]) for name in imported(path)} & {
            "daybook_client.cli",
            "daybook_client.importing",
        }
    ast.parse(path.read_text(), feature_version=(3, 9))


def test_daybook_does_not_know_its_clients() -> None:
    """Not in any module of the functions."""
    known = {name.partition(".")[0] for path in MODULES for name in imported(path)}
    assert not known & {"daybook_verify", "daybook_client"}
