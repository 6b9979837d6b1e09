"""The functions' asset. It is built for another machine than the one that builds it."""

import importlib.util
import marshal
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infra import LAMBDAS, ROOT
from infra.asset import LOCK, Asset, NoBytecode, find_compiler

AARCH64 = 183  # the ELF header's e_machine
UNCHECKED_HASH = 0b01  # PEP 552: by hash, and not compared with the source
MAX_BYTES = 30_000_000  # a cold start fetches and unpacks all of it


@pytest.fixture(scope="session")
def asset(tmp_path_factory: pytest.TempPathFactory, console_page: None) -> Path:  # noqa: ARG001  it holds the page
    return Asset(LAMBDAS, LOCK, find_compiler()).build(tmp_path_factory.mktemp("asset"))


@pytest.fixture
def small(tmp_path: Path) -> Asset:
    """An asset with one module and no library."""
    lambdas = tmp_path / "lambdas"
    (lambdas / "greet").mkdir(parents=True)
    (lambdas / "greet" / "handler.py").write_text("def handler(event, context): ...\n")
    lock = tmp_path / "lock.txt"
    lock.write_text("# nothing\n")
    return Asset(lambdas, lock, find_compiler())


def test_it_holds_the_code_and_its_libraries(asset: Path) -> None:
    """It has each function's folder, the shared code with its data, and the libraries of the lock file."""
    sources = {path.relative_to(LAMBDAS) for path in LAMBDAS.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert all((asset / path).is_file() for path in sources if not path.is_relative_to("console/page"))
    assert (asset / "console" / "static" / "index.html").is_file()
    for library in ("msgspec", "cryptography", "aws_lambda_powertools", "tzdata"):
        assert (asset / library).is_dir()


def test_it_holds_nothing_superfluous(asset: Path) -> None:
    """Lambda itself has boto3, which weighs 36 MB, and nobody reads installers' records or the page's sources. It stays
    below 30 MB.
    """
    top = {path.name for path in asset.iterdir()}
    assert top.isdisjoint({"boto3", "botocore", "s3transfer", "bin", "tests"})
    assert not list(asset.rglob("*.dist-info"))
    assert not (asset / "console" / "page").exists()
    assert sum(path.stat().st_size for path in asset.rglob("*") if path.is_file()) < MAX_BYTES


def test_its_binaries_are_for_lambda(asset: Path) -> None:
    """Every extension module is for arm64, whatever machine builds it."""
    machines = {path.name: struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in asset.rglob("*.so")}
    assert machines
    assert set(machines.values()) == {AARCH64}


def test_its_bytecode_is_unchecked(asset: Path) -> None:
    """Every module has the bytecode of 3.13. Checked bytecode would be stale, since a zip changes files' dates."""
    assert len([*asset.rglob("*.pyc")]) > 300
    for source in asset.rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        assert struct.unpack_from("<I", compiled.read_bytes(), 4) == (UNCHECKED_HASH,), compiled


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="only 3.13 reads its own bytecode")
def test_its_bytecode_is_for_lambdas_python(asset: Path) -> None:
    """The magic number is that of 3.13, and tracebacks show the paths where Lambda unpacks the asset."""
    compiled = (asset / "daybook" / "__pycache__" / "clock.cpython-313.pyc").read_bytes()
    assert compiled[:4] == importlib.util.MAGIC_NUMBER
    assert marshal.loads(compiled[16:]).co_filename == "/var/task/daybook/clock.py"  # noqa: S302  our own


def test_lambdas_user_can_read_it(asset: Path) -> None:
    """Files have mode 644 and folders 755, whatever the builder's umask is."""
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (asset, *asset.rglob("*"))}
    assert modes == {(True, 0o755), (False, 0o644)}


def test_without_a_compiler_nothing_is_built() -> None:
    """On a machine without Python 3.13 the build fails and says what to install."""
    with pytest.raises(NoBytecode, match=r"Only Python 3\.13 can compile .* python install 3\.13"):
        find_compiler(running=(3, 12), uv=lambda: "false")


def test_an_asset_without_bytecode_is_not_kept(small: Asset, tmp_path: Path) -> None:
    """A compiler may succeed and write nothing that Lambda reads. `true` is such a one."""
    into = tmp_path / "built"
    with pytest.raises(NoBytecode, match=r"greet/handler\.py"):
        Asset(small.lambdas, small.lock, "true").build(into)
    assert [*into.iterdir()] == []


def test_an_unchanged_asset_is_not_built_again(small: Asset, tmp_path: Path) -> None:
    """Its folder is named by the hash of the inputs."""
    built = small.build(tmp_path / "built")
    (built / "trace").touch()
    assert small.build(tmp_path / "built") == built
    assert (built / "trace").exists()
    assert [path.name for path in (tmp_path / "built").iterdir()] == [small.hash()]


CHANGES: dict[str, Callable[[Asset], Asset]] = {
    "code": lambda asset: _written(asset, asset.lambdas / "greet" / "handler.py"),
    "data": lambda asset: _written(asset, asset.lambdas / "greet" / "words.toml"),
    "page": lambda asset: _written(asset, asset.lambdas / "console" / "page" / "main.tsx"),
    "page's lock": lambda asset: _written(asset, asset.lambdas / "console" / "page" / "package-lock.json"),
    "lock": lambda asset: _written(asset, asset.lock),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_input_changes_the_hash(small: Asset, change: Callable[[Asset], Asset]) -> None:
    """So a changed requirement is deployed as surely as changed code."""
    before = small.hash()
    assert change(small).hash() != before


@pytest.mark.parametrize("name", ["asset.py", "page/build.py", "page/compress.mjs"])
def test_each_part_of_the_recipe_changes_the_hash(small: Asset, tmp_path: Path, name: str) -> None:
    """So other options of the bundler are deployed as surely as other sources."""
    part, other = ROOT / "infra" / name, tmp_path / "other"
    other.write_bytes(part.read_bytes() + b"\n")
    changed = replace(small, recipe=[other if each == part else each for each in small.recipe])
    assert changed.hash() != small.hash()


def test_local_bytecode_does_not_change_the_hash(small: Asset) -> None:
    """A run on this machine leaves bytecode, which must not cause a deployment."""
    before = small.hash()
    cache = small.lambdas / "greet" / "__pycache__"
    cache.mkdir()
    (cache / "handler.cpython-311.pyc").touch()
    assert small.hash() == before


@pytest.mark.parametrize("made", ["static/index.html", "page/node_modules/preact/package.json", "page/schema.d.ts"])
def test_what_the_page_is_built_into_does_not_change_the_hash(small: Asset, made: str) -> None:
    """Its sources and its lock do. What is built of them may differ with the release of Node."""
    before = small.hash()
    _written(small, small.lambdas / "console" / made)
    assert small.hash() == before


def _written(asset: Asset, path: Path) -> Asset:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# other\n")
    return asset
