"""The build: packages by the lock, the API's types, tsc, esbuild, and each file compressed.

It needs Node and npm, as the CDK does. Nothing is done while the sources are what they were at the last build: the
laptop, the asset and the tests all call it at their start.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra import LAMBDAS
from infra.local.aws.dynamodb_local import only_one_at_a_time
from infra.local.template import CACHE
from infra.openapi import file

PAGE = LAMBDAS / "console" / "page"
STATIC = LAMBDAS / "console" / "static"
READY = CACHE / "page.ready"
"""Holds the hash of the sources that the built files were made of."""
METAFILE = CACHE / "page.metafile.json"
"""What esbuild says of each output: the inputs, and how many bytes of each are in it."""

TYPES = PAGE / "schema.d.ts"
"""The API's types, made from the OpenAPI document."""
PACKAGES = PAGE / "node_modules"
_LOCK_OF_PACKAGES = ".daybook-lock"
_COMPRESS = Path(__file__).with_name("compress.mjs")
_OLDEST_NODE = 20


class PageNotBuilt(Exception):  # noqa: N818  says what is missing
    """The page can't be built on this machine. The text says why and what to do."""


class NodeMissing(PageNotBuilt):
    """Neither Node nor npm, or a Node that is too old."""


def build() -> None:
    """Brings the built files up to date. Several processes may ask at once. Raises `PageNotBuilt`."""
    file.write()
    with only_one_at_a_time(CACHE / "page"):
        found = hash_of_sources()
        if READY.exists() and READY.read_text() == found and STATIC.is_dir():
            return
        _check_node()
        _install()
        _run("openapi-typescript", str(file.PLACE), "--output", str(TYPES))
        _run("tsc", "--noEmit", "--incremental", "--tsBuildInfoFile", str(CACHE / "page" / "tsc.json"))
        with tempfile.TemporaryDirectory(dir=CACHE / "page") as folder:
            made = Path(folder)
            _bundle(made)
            _put(made)
        READY.write_text(found)


def sources() -> Iterator[Path]:
    """The files that the page is made of, without what the build itself makes there."""
    for folder, folders, names in os.walk(PAGE):
        folders[:] = sorted(set(folders) - {PACKAGES.name})
        yield from (Path(folder, name) for name in sorted(names) if Path(folder, name) != TYPES)


def hash_of_sources() -> str:
    digest = hashlib.sha256()
    for path in (Path(__file__), _COMPRESS, file.PLACE, *sources()):
        content = path.read_bytes()
        digest.update(f"\n{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _check_node() -> None:
    for command in ("node", "npm"):
        if not shutil.which(command):
            raise NodeMissing(
                f"The console's page is built with Node {_OLDEST_NODE} or later and npm, and there is no `{command}` on"
                " this machine. Install both and try again."
            )
    said = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout  # noqa: S607
    if int(said.removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        raise NodeMissing(f"The console's page needs Node {_OLDEST_NODE} or later, and this is {said.strip()}.")


def _install() -> None:
    """The packages of the lock file, each checked against its hash there."""
    lock = hashlib.sha256((PAGE / "package-lock.json").read_bytes()).hexdigest()
    installed = PACKAGES / _LOCK_OF_PACKAGES
    if installed.exists() and installed.read_text() == lock:
        return
    _call("npm", "ci", "--silent")
    installed.write_text(lock)


def _bundle(into: Path) -> None:
    _run(
        "esbuild",
        "console=main.tsx",
        *("--bundle", "--minify", "--format=esm", "--target=es2022"),
        *("--jsx=automatic", "--jsx-import-source=preact", "--entry-names=[name]-[hash]"),
        *(f"--metafile={METAFILE}", f"--outdir={into}", "--log-level=warning"),
    )
    icon = (PAGE / "icon.svg").read_bytes()
    (into / f"icon-{base64.b32encode(hashlib.sha256(icon).digest())[:8].decode()}.svg").write_bytes(icon)
    (into / "index.html").write_text(_page(into), "utf-8")
    _call("node", str(_COMPRESS), *(str(path) for path in sorted(into.iterdir())))


def _page(into: Path) -> str:
    """The page with the names of the files that it loads, which change with their content."""
    html = (PAGE / "index.html").read_text("utf-8")
    for word, pattern in (("script", "console-*.js"), ("style", "console-*.css"), ("icon", "icon-*.svg")):
        (built,) = into.glob(pattern)
        html = html.replace(f"{{{{{word}}}}}", built.name)
    return html


def _put(made: Path) -> None:
    """A page that is served meanwhile finds its files: the old ones go last, and each is replaced as a whole."""
    STATIC.mkdir(exist_ok=True)
    names = {path.name for path in made.iterdir()}
    for path in sorted(made.iterdir(), key=lambda path: path.name.startswith("index.html")):
        path.chmod(0o644)
        path.replace(STATIC / path.name)
    for path in STATIC.iterdir():
        if path.name not in names:
            path.unlink()


def _run(command: str, *arguments: str) -> None:
    """A command of the packages."""
    _call(str(PACKAGES / ".bin" / command), *arguments)


def _call(*command: str) -> None:
    ran = subprocess.run(  # noqa: S603  only our own words and paths
        command, cwd=PAGE, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if ran.returncode:
        raise PageNotBuilt(f"The console's page was not built: {Path(command[0]).name} failed.\n{ran.stdout.strip()}")
