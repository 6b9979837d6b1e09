"""Asks Go's `sumdb/note` and `sumdb/tlog` (Debian's golang-golang-x-mod-dev) what they think of a log."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws.dynamodb_local import only_one_at_a_time
from infra.local.template import CACHE

SOURCE = Path(__file__).with_suffix(".go")
GOPATH = Path("/usr/share/gocode")
PACKAGES = ("golang-go", "golang-golang-x-mod-dev")


@dataclass(frozen=True, kw_only=True)
class JudgedLog:
    keys: Sequence[str]
    """Verifier keys of type 0x01: Go knows no cosignatures, and reads over their lines."""
    note: str
    size: int
    root: bytes
    tiles: Mapping[str, bytes]
    """By the part of the path behind `tile/`."""
    inclusions: Sequence[tuple[int, bytes, Sequence[bytes]]] = ()
    """Index, entry, path."""
    consistencies: Sequence[tuple[int, bytes, Sequence[bytes]]] = ()
    """Older size, its root, path."""


def complaints(log: JudgedLog) -> list[str]:
    """What Go does not accept: a note, a path, or that its own paths over the tiles differ from ours."""
    given = {
        "keys": log.keys,
        "note": log.note,
        "size": log.size,
        "root": _text(log.root),
        "tiles": {path: _text(data) for path, data in log.tiles.items()},
        "inclusions": [
            {"index": index, "entry": _text(entry), "path": [*map(_text, path)]}
            for index, entry, path in log.inclusions
        ],
        "consistencies": [
            {"old": old, "root": _text(root), "path": [*map(_text, path)]} for old, root, path in log.consistencies
        ],
    }
    ran = subprocess.run([judge()], input=json.dumps(given), capture_output=True, text=True, check=True)  # noqa: S603
    return ran.stdout.splitlines()


def judge() -> Path:
    """The compiled judge. It is compiled once for each version of its source."""
    program = CACHE / f"go-judge-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}"
    with only_one_at_a_time(CACHE):
        if not program.exists():
            _install_go()
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                made = Path(folder, "judge")
                _run(
                    ["go", "build", "-o", str(made), str(SOURCE)],
                    GO111MODULE="off",
                    GOPATH=str(GOPATH),
                    GOCACHE=str(CACHE / "go"),
                )
                made.rename(program)
    return program


def _install_go() -> None:
    if shutil.which("go") and (GOPATH / "src/golang.org/x/mod/sumdb/tlog").exists():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        pytest.skip(f"needs Go and its package x/mod under {GOPATH}: apt-get install {' '.join(PACKAGES)}")
    _run(["apt-get", "-qq", "update"])
    _run(["apt-get", "-qq", "install", "-y", *PACKAGES], DEBIAN_FRONTEND="noninteractive")


def _run(command: Sequence[str], **environment: Any) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | environment)  # noqa: S603


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
