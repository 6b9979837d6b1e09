"""What a verification found, line by line."""

import json
from dataclasses import dataclass, field
from typing import Literal

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
        return [*(f"{kind:8}{text}" for kind, text in self.findings), f"{'result':8}{self.verdict}"]

    def as_json(self) -> str:
        findings = [{"kind": kind, "text": text} for kind, text in self.findings]
        document = {"result": self.verdict, "complete": self.complete, "findings": findings}
        return json.dumps(document, ensure_ascii=False, indent=1)
