"""The asset of all functions: `lambdas/` and the libraries of requirements/lambdas.txt, built without Docker."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_
from constructs import Node
from uv import find_uv_bin

from infra import LAMBDAS, ROOT

LOCK = ROOT / "requirements" / "lambdas.txt"
BUILT = ROOT / ".cache" / "asset"

PYTHON = "3.13"
PLATFORM = "aarch64-manylinux2014"
_MOUNTED_AT = "/var/task"  # where Lambda unpacks the asset; tracebacks show these paths


class NoBytecode(Exception):  # noqa: N818  says what is missing
    """The functions would compile every module at each cold start, so nothing is built. The message says what to do."""


_BYTECODE = ("__pycache__", "*.pyc")
_PAGE = "console/page"
"""The sources of the console's page. The asset has only what is built of them."""
# Made of what is hashed. Compressed files may differ from one release of Node to the next.
_MADE = ("console/static", f"{_PAGE}/node_modules", f"{_PAGE}/schema.d.ts")
# Installers' records, commands, type stubs and C headers: nothing reads them at run time.
_NOT_NEEDED = ("*.dist-info", "bin", "*.pyi", "*.h")

RECIPE = (Path(__file__), ROOT / "infra" / "page" / "build.py", ROOT / "infra" / "page" / "compress.mjs")
"""What makes the asset of its inputs."""


def lambda_code(node: Node) -> lambda_.Code:
    """The functions' code: the built asset, or `lambdas/` itself if the context says `asset=source`."""
    if node.try_get_context("asset") == "source":
        excluded = [*(f"**/{name}" for name in _BYTECODE), _PAGE, *_MADE]
        return lambda_.Code.from_asset(str(LAMBDAS), exclude=excluded)
    # Not at the top: without an asset nobody needs the document or the page, and they import every function.
    from infra.openapi import file  # noqa: PLC0415
    from infra.page import build  # noqa: PLC0415

    file.write()
    build.build()
    folder = Asset(LAMBDAS, LOCK, find_compiler()).build(BUILT)
    return lambda_.Code.from_asset(str(folder), asset_hash=folder.name, asset_hash_type=AssetHashType.CUSTOM)


def find_compiler(running: tuple[int, int] = sys.version_info[:2], uv: Callable[[], str] = find_uv_bin) -> str:
    """A Python of the version that the functions run on, this one if it fits. Raises `NoBytecode` if there is none."""
    if running == tuple(map(int, PYTHON.split("."))) and sys.implementation.name == "cpython":
        return sys.executable
    search = (uv(), "python", "find", "--no-python-downloads", f"cpython@{PYTHON}")
    found = subprocess.run(search, capture_output=True, text=True, check=False)  # noqa: S603  no outside input
    if found.returncode:
        raise NoBytecode(
            f"Only Python {PYTHON} can compile what the functions run, and there is none on this machine. Install it,"
            f" for example with `.venv/bin/uv python install {PYTHON}`."
        )
    return found.stdout.strip()


@dataclass(frozen=True)
class Asset:
    """The inputs of an asset."""

    lambdas: Path
    lock: Path
    compiler: str
    """The Python that compiles the bytecode."""
    recipe: Sequence[Path] = RECIPE

    def hash(self) -> str:
        """64 hexadecimal digits, the same on every machine.

        They cover the inputs: the code, the page's sources with their lock, the lock file with each library's hash, and
        what builds. The output can't serve, since bytecode may differ from one compilation to the next.
        """
        digest = hashlib.sha256(f"{PYTHON} {PLATFORM}".encode())
        for name, path in (*(("recipe", each) for each in self.recipe), ("lock", self.lock), *self._sources()):
            content = path.read_bytes()
            digest.update(f"\n{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()

    def build(self, into: Path) -> Path:
        """The folder of the asset: below `into`, named by the hash. It is only built if it does not exist yet.

        Raises `CalledProcessError` or `NoBytecode` if installing or compiling fails; nothing is left behind then.
        """
        asset = into / self.hash()
        if asset.is_dir():
            return asset
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into) as scratch:
            folder = Path(scratch) / "asset"
            folder.mkdir()
            self._install(folder)
            shutil.copytree(self.lambdas, folder, ignore=self._left_out, dirs_exist_ok=True)
            _compile(folder, self.compiler)
            _make_readable(folder)
            try:
                folder.rename(asset)
            except OSError:  # another process has built the same asset first
                if not asset.is_dir():
                    raise
        return asset

    def _sources(self) -> Iterator[tuple[str, Path]]:
        made = [self.lambdas / each for each in _MADE]
        for path in sorted(self.lambdas.rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and not any(path.is_relative_to(each) for each in made):
                yield path.relative_to(self.lambdas).as_posix(), path

    def _left_out(self, folder: str, names: list[str]) -> set[str]:
        """Of the names in a folder those that are not copied."""
        page = self.lambdas / _PAGE
        return shutil.ignore_patterns(*_BYTECODE)(folder, names) | {
            name for name in names if Path(folder, name) == page
        }

    def _install(self, folder: Path) -> None:
        _run(
            *(find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable),
            *("--python-platform", PLATFORM, "--python-version", PYTHON, "--only-binary", ":all:"),
            *("--require-hashes", "--link-mode", "copy", "--target", str(folder), "--requirement", str(self.lock)),
        )
        for pattern in _NOT_NEEDED:
            for path in sorted(folder.rglob(pattern)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _compile(folder: Path, python: str) -> None:
    """Writes the bytecode of every module, as unchecked: Lambda uses it without looking at the source.

    An asset's zip dates all files 1980. Bytecode that is checked against the source's date would always be stale, and
    every cold start would compile everything again.
    """
    _run(
        *(python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(folder), "-p", _MOUNTED_AT, str(folder)),
    )
    tag = f"cpython-{PYTHON.replace('.', '')}"
    for source in folder.rglob("*.py"):
        # Where the interpreter is not what it seems, compileall succeeds and writes files that Lambda does not read.
        if not (source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc").is_file():
            raise NoBytecode(f"{python} made no bytecode of Python {PYTHON} for {source.relative_to(folder)}.")


def _make_readable(folder: Path) -> None:
    # Lambda runs as another user, for whom files made under a strict umask would be import errors.
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603  only our own words and paths
