"""What an answer to a batch means for each of its events. Anything can come back: half a JSON, a proxy's page, nothing.

An event is done with only if the answer speaks of it by itself. Everything else means that it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum
from json import loads
from typing import Any

OF_A_BATCH = frozenset({200, 201, 207, 422, 503})
CULPRITS = frozenset({"environment_denied", "too_many_people", "too_large", "unreadable", "invalid_json"})
"""Codes of problems that single events cause for their whole batch."""


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP; `status` is None where nothing did. Names of `headers` are in small letters."""

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


class Verdict(Enum):
    """What to do with a batch."""

    RESULTS = "each event has its own result"
    SPLIT = "one of the events is at fault for all"
    DENIED = "the key or the URL is at fault, and a person has to mend it"
    LATER = "nothing is known: the same again, later"


@dataclass(frozen=True)
class Outcome:
    """`results` has one for each event of the batch, in order, where the verdict is RESULTS.

    `code`, `detail` and `errors` say why it is another one. `sent_at` is the server's clock, in seconds since 1970.
    """

    verdict: Verdict
    results: list[dict[str, Any]] = field(default_factory=list)
    code: str = "unexpected_answer"
    detail: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    sent_at: float | None = None


def outcome_of(answer: Answer, events: int) -> Outcome:
    """What `answer` says about a batch of so many events."""
    status = answer.status
    if status is None:
        return Outcome(Verdict.LATER, code="unreachable", detail=answer.error or "no answer")
    document = _document(answer.body)
    if status in OF_A_BATCH:
        results = document.get("results")
        if fits(results, events):
            return Outcome(Verdict.RESULTS, results, sent_at=_time_of(answer.headers.get("date", "")))  # type: ignore[arg-type]
    code = document.get("code")
    named = code if isinstance(code, str) else ""
    errors = document.get("errors")
    return Outcome(
        _verdict(status, named),
        code=named or "unexpected_answer",
        detail=f"{status}: {document.get('detail') or document.get('title') or 'no answer of Daybook'}",
        errors=[error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else [],
    )


def _verdict(status: int, code: str) -> Verdict:
    # A proxy in front may refuse a large body by itself; smaller ones pass.
    if status == 413 or (code in CULPRITS and status in (400, 403, 422)):
        return Verdict.SPLIT
    # 407, 408, 425 and 429 go by, like everything of 5xx. 3xx leads nowhere that the key may be sent to.
    if 400 <= status < 500 and status not in (407, 408, 425, 429):
        return Verdict.DENIED
    return Verdict.LATER


def fits(results: object, events: int) -> bool:
    """Whether there is a result for each event, in order: one too few, and all behind it would be another's."""
    return (
        isinstance(results, list)
        and len(results) == events
        and all(
            isinstance(result, dict)
            and result.get("index") == place
            and result.get("status") in ("stored", "rejected", "retry")
            for place, result in enumerate(results)
        )
    )


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _time_of(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
