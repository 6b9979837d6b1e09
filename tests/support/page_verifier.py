"""The verifier of the console's page, run by Node, beside the auditor's own: whatever a test asks one, it asks both."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from daybook_verify.checkpoints import Trust
from daybook_verify.errors import CannotTell, NotGenuine
from daybook_verify.kept import Kept
from daybook_verify.report import Report
from tests.support.page_script import IS_THERE, PageScript
from tests.verify.made_log import time

_OWN_NOTE = ["note", "how the time zone is called behind each time is the file's word: a browser has no such names"]
_ERRORS = {"NotGenuine": NotGenuine, "CannotTell": CannotTell}


class PageError(Exception):
    """The page's verifier failed otherwise than a verifier may."""


_SCRIPT = PageScript("page_verifier.mjs", lambda data: b64(data))  # noqa: PLW0108  b64 stands below


def ask(what: str, **given: Any) -> Any:
    """NotGenuine and CannotTell as the page raises them. Bytes go in base64."""
    answer = _SCRIPT.ask(what, **given)
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
        assert [each for each in shown["findings"] if each != _OWN_NOTE] == [[*each] for each in report.findings]
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
