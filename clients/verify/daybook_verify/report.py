"""What a verification found, line by line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from daybook_verify.errors import CannotTell, NotGenuine

Kind = Literal["ok", "note", "bad", "unknown"]
MAX_LISTED = 20
"""Findings of one kind that are listed each on a line of its own."""

_EXIT: dict[Kind, int] = {"bad": 1, "unknown": 2}
_VERDICTS = ("genuine", "not genuine", "could not tell")


@dataclass
class Report:
    """`complete` is None where nothing is said of it."""

    findings: list[tuple[Kind, str]] = field(default_factory=list)
    complete: bool | None = None
    event: Mapping[str, Any] | None = None
    """What a proven event says, as far as it is opened."""
    export: Mapping[str, Any] | None = None
    """What an export is of, as its manifest says."""

    def ok(self, text: str) -> None:
        self.findings.append(("ok", text))

    def note(self, text: str) -> None:
        """Something to know that is neither good nor bad."""
        self.findings.append(("note", text))

    def bad(self, text: str) -> None:
        self.findings.append(("bad", text))

    def unknown(self, text: str) -> None:
        self.findings.append(("unknown", text))

    def ended_by(self, error: NotGenuine | CannotTell) -> None:
        """The rest was not looked at."""
        (self.bad if isinstance(error, NotGenuine) else self.unknown)(str(error))

    @property
    def exit_code(self) -> int:
        """0: all is well. 1: something is not genuine, or missing. 2: it could not be told."""
        kinds = {kind for kind, _ in self.findings}
        return next((code for kind, code in _EXIT.items() if kind in kinds), 0)

    @property
    def verdict(self) -> str:
        return _VERDICTS[self.exit_code]

    def lines(self) -> list[str]:
        """One a finding. What is verified may be a forger's: nothing of it can begin a line or move the cursor."""
        findings = [*self.findings, *([("event", json.dumps(self.event, ensure_ascii=False))] if self.event else ())]
        return [_printable(f"{kind:8}{text}") for kind, text in [*findings, ("result", self.verdict)]]

    def as_json(self) -> str:
        findings = [{"kind": kind, "text": text} for kind, text in self.findings]
        document = {
            "result": self.verdict,
            "complete": self.complete,
            "findings": findings,
            "event": self.event,
            "export": self.export,
        }
        return json.dumps(document, indent=1)


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
