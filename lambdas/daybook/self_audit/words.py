"""The filters of a read in words, for the details of its record: `actor user.7 or user.8, last 30 days`.

They are made of what `reads.py` found that may be written: so they name nobody whom the record does not seal.
"""

import re
from collections.abc import Mapping, Sequence

MAX_VALUES = 5
"""Of one filter. The record's parameters have them all."""

MAX_CHARACTERS = 2_000

_FILTER = re.compile(r"([a-z_]+)(!?)(?:=(.*))?", re.DOTALL)
_OF_ITSELF = {"environment": ""}
"""The record lies in the environment that was read."""

_PHRASES: Mapping[tuple[str, str], str] = {
    ("range", "7d"): "last 7 days",
    ("range", "30d"): "last 30 days",
    ("range", "12m"): "last 12 months",
    ("sort", "-occurred_at"): "newest first",
    ("sort", "occurred_at"): "oldest first",
    ("interval", "hour"): "by the hour",
    ("interval", "day"): "by the day",
    ("interval", "none"): "",
}
_LABELS = {
    "actor_type": "type of actor",
    "by": "counted by",
    "caused_by": "cause",
    "ip": "address",
    "q": "text",
    "request_id": "request",
    "session_id": "session",
    "source_type": "source",
    "user_type": "type of user",
}
_AMBIGUOUS = re.compile(r"[,;“”\s]")
"""In a value: it could pass for more than one, or for words of the sentence."""


def in_words(filters: Sequence[str]) -> str:
    """`filters`: each as `name=value`, or its name alone where the value may not be written. Empty for none."""
    values: dict[tuple[str, bool], list[str | None]] = {}
    for text in filters:
        found = _FILTER.fullmatch(text)
        if found is not None and found[1] not in _OF_ITSELF:
            values.setdefault((found[1], bool(found[2])), []).append(found[3])
    phrases = [phrase for key, each in values.items() if (phrase := _phrase(*key, each))]
    kept: list[str] = []
    while phrases and sum(map(len, kept)) + len(phrases[0]) <= MAX_CHARACTERS:
        kept.append(phrases.pop(0))
    if phrases:
        kept.append(f"and {len(phrases)} more")
    return ", ".join(kept)


def _phrase(name: str, is_negated: bool, values: Sequence[str | None]) -> str:
    written = [value for value in values if value is not None]
    if not is_negated and len(values) == 1 and written and (name, written[0]) in _PHRASES:
        return _PHRASES[name, written[0]]
    if name in {"from", "to"}:
        return f"{name} {written[-1]}"
    if name == "sort":
        return "sorted by " + " ".join((written[-1].removeprefix("-"), *["descending"] * written[-1].startswith("-")))
    label = _LABELS.get(name, name.replace("_", " "))
    shown = [_value(value) for value in written[:MAX_VALUES]]
    more = len(written) - len(shown)
    if more:
        shown.append(f"{more} more")
    elif len(written) < len(values):
        shown.append("others" if shown else "not shown")
    joined = (" and " if name == "by" else " or ").join(shown)
    return f"{label} not {joined}" if is_negated and shown != ["not shown"] else f"{label} {joined}"


def _value(text: str) -> str:
    if text == "?":
        return "(unknown)"
    return f"“{text}”" if _AMBIGUOUS.search(text) else text


def rows_in_words(rows: int, *, more: bool) -> str:
    counted = "1 row" if rows == 1 else f"{rows or 'no'} rows"
    return f"{counted} and more" if more else counted
