"""What the documents name is there: pages, files, modules, targets, variables; and they explain what they must."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from daybook.search.parameters import EQUALITIES, SCALARS
from tests.support.documents import PAGES, anchors, code_in, links, name_of, text_of
from tests.support.places import LAMBDAS, ROOT

TOP_FOLDERS = ("benchmarks/", "clients/", "docs/", "events/", "infra/", "lambdas/", "tests/")
VARIABLE = re.compile(r"\bDAYBOOK_[A-Z_]+\b")
MODULE = re.compile(r"\bpython -m ([\w.]+)")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")
# The argument that is the code of a problem or of a rejected event.
CODE_OF = {"Problem": 1, "bad_field": 2, "bad_parameter": 2, "Rejected": 0, "Result": 3}

by_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every link within the project leads to a file, and to a heading of it where it names one."""
    for link in links(page):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_found_from_the_readme() -> None:
    """By links alone."""
    found = {ROOT / "README.md"}
    waiting = list(found)
    while waiting:
        page = waiting.pop()
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)} & {*PAGES}
        waiting += linked - found
        found |= linked
    assert {*PAGES} - found == set()


@by_page
def test_paths_exist(page: Path) -> None:
    """Whatever stands between backticks and begins with a folder of the project; `<…>` stands for any name."""
    for code in code_in(page):
        if code.startswith(TOP_FOLDERS) and " " not in code:
            assert list(ROOT.glob(re.sub(r"<[^>]*>", "*", code).rstrip("/"))), code


@by_page
def test_modules_and_targets_exist(page: Path) -> None:
    """Those of `python -m` and of `make`."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for code in code_in(page):
        for module in MODULE.findall(code):
            assert importlib.util.find_spec(module), module
        assert {*TARGET.findall(code)} <= targets, code


@by_page
def test_variables_exist(page: Path) -> None:
    """Something reads each of them."""
    folders = (ROOT / "clients", ROOT / "infra", ROOT / "tests")
    sources = [ROOT / "Makefile", *(path for folder in folders for path in folder.rglob("*.py"))]
    read = {name for source in sources for name in VARIABLE.findall(source.read_text("utf-8"))}
    assert {*VARIABLE.findall(text_of(page))} <= read


def test_every_target_explains_itself() -> None:
    """`make help` lists the targets that have a comment."""
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    assert [line for line in lines if re.match(r"[a-z-]+:", line) and " ## " not in line] == []


def test_every_code_is_explained() -> None:
    """The page about errors has every code of a problem and of a rejected event."""
    codes = {code for folder in (LAMBDAS, ROOT / "infra") for path in folder.rglob("*.py") for code in codes_in(path)}
    assert len(codes) > 40
    explained = {*re.findall(r"`([a-z_]+)`", text_of(ROOT / "docs" / "reference" / "errors.md"))}
    assert codes - explained == set()


def test_every_filter_is_explained() -> None:
    """The page about filters has every parameter of a search."""
    explained = {*re.findall(r"`([a-z_]+)`", text_of(ROOT / "docs" / "reference" / "filters.md"))}
    assert {*EQUALITIES, *SCALARS, "q"} - explained == set()


def codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODE_OF:
            place = CODE_OF[node.func.id]
            given = [*node.args[place : place + 1], *(each.value for each in node.keywords if each.arg == "code")]
            yield from (each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str))
