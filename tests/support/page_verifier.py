"""The verifier of the console's page, run by Node, beside the auditor's own: whatever a test asks one, it asks both."""

import atexit
import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.kept import Kept
from daybook_verify.report import Report
from tests.verify.made_log import time

ROOT = Path(__file__).parents[2]
ESBUILD = ROOT / "lambdas/console/page/node_modules/.bin/esbuild"
IS_THERE = ESBUILD.exists() and shutil.which("node") is not None
WHY_NOT = "Node or the page's packages are missing: `make` says what to install"
_ERRORS = {"NotGenuine": NotGenuine, "CannotTell": CannotTell}


class PageError(Exception):
    """The page's verifier failed otherwise than a verifier may."""


@cache
def _process() -> "subprocess.Popen[str]":
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "verifier.mjs"
        bundled = ("--bundle", "--platform=node", "--format=esm", "--log-level=warning", f"--outfile={bundle}")
        subprocess.run([ESBUILD, ROOT / "tests/support/page_verifier.mjs", *bundled], check=True)  # noqa: S603  our own
        source = bundle.read_text()
    node = subprocess.Popen(  # noqa: S603  our own
        ["node", "--input-type=module", "--eval", source],  # noqa: S607  from the PATH, as make finds it
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(node.kill)
    return node


def ask(what: str, **given: Any) -> Any:
    """NotGenuine and CannotTell as the page raises them. Bytes go in base64."""
    node = _process()
    assert node.stdin is not None
    assert node.stdout is not None
    node.stdin.write(json.dumps({"what": what, **given}, default=b64) + "\n")
    node.stdin.flush()
    answer = json.loads(node.stdout.readline())
    if "error" in answer:
        raise _ERRORS.get(answer["error"], PageError)(answer["text"])
    return answer["value"]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def agree_on_export(report: Report, file: bytes, evidence: bytes, trust: Trust, kept: Sequence[Kept] = ()) -> None:
    """The page finds what the auditor's program found."""
    if IS_THERE:
        given = {"file": file, "evidence": evidence, "kept": _kept(kept) if kept else None, **_lines(trust)}
        _agree(report, ask("export", **given))


def agree_on_proof(report: Report, data: bytes, trust: Trust) -> None:
    if IS_THERE:
        shown = ask("proof", data=data, **_lines(trust))
        _agree(report, shown)
        assert shown["event"] == report.event


def agree_on_row(line: bytes, manifest: Mapping[str, Any], canonical: bytes, keys: Mapping[str, bytes]) -> None:
    """Both render this line. A browser has no tz database names, so the page takes Enate's from the file."""
    if IS_THERE:
        abbreviation = line[20:].partition(b",")[0] if manifest["format"] == "csv" else line[34:].partition(b'"')[0]
        given = {"manifest": manifest, "canonical": canonical, "keys": keys}
        assert ask("row", **given, abbreviation=abbreviation.decode("utf-8", "replace")).encode() == line


def agree_on(what: str, judge: Callable[[], Any], **given: Any) -> Any:
    """What `judge` answers, or the error that it raises, which must be the page's too."""
    try:
        judged = judge()
    except (NotGenuine, CannotTell) as error:
        if IS_THERE:
            with pytest.raises(type(error)):
                ask(what, **given)
        raise
    if IS_THERE:
        answer = ask(what, **given)
        assert answer == (judged.decode() if isinstance(judged, bytes) else judged)
    return judged


def _agree(report: Report, shown: dict[str, Any]) -> None:
    assert (shown["verdict"], shown["complete"]) == (report.verdict, report.complete), (report.lines(), shown)
    if report.exit_code == 0:
        assert shown["findings"] == [[*each] for each in report.findings]
        assert shown["exported"] == report.export


def _lines(trust: Trust) -> dict[str, Any]:
    keys, cosigners = ([key.line for key in each] for each in (trust.keys, trust.cosigners))
    return {"keys": keys, "cosigners": cosigners, "origin": trust.origin}


def _kept(kept: Sequence[Kept]) -> str:
    """As the monitor's file has them. Nobody verifies their signatures again."""

    def line(each: Kept) -> str:
        head = each.checkpoint
        note = f"{head.origin}\n{head.size}\n{b64(head.root)}\n\n— anybody AAAAAAA=\n"
        edge = None if each.edge is None else [b64(node) for node in each.edge.hashes]
        return json.dumps({"seen_at": time(each.seen_ms), "checkpoint": note, "edge": edge}) + "\n"

    return "".join(map(line, kept))
