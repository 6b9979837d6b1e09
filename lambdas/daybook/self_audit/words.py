"""The filters of a read in words, for the details of its record: `actor user.7 or user.8, last 30 days`.

They are made of what `reads.py` found that may be written: so they name nobody whom the record does not seal. Somebody
may be called `log`: so the words of the sentence are kept apart from what was asked for.
"""

import re
from collections.abc import Mapping, Sequence

from daybook.events.content import Said

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


def in_words(filters: Sequence[str]) -> list[str]:
    """In pieces; those that are `Said` are values. `filters`: each as `name=value`, or its name alone where the value
    may not be written.
    """
    values: dict[tuple[str, bool], list[str | None]] = {}
    for text in filters:
        found = _FILTER.fullmatch(text)
        if found is not None and found[1] not in _OF_ITSELF:
            values.setdefault((found[1], bool(found[2])), []).append(found[3])
    phrases = [phrase for key, each in values.items() if (phrase := _phrase(*key, each))]
    kept: list[list[str]] = []
    length = 0
    while phrases and length + (following := sum(map(len, phrases[0]))) <= MAX_CHARACTERS:
        length += following
        kept.append(phrases.pop(0))
    if phrases:
        kept.append([f"and {len(phrases)} more"])
    return _joined(kept, ", ") or ["everything"]


def _phrase(name: str, is_negated: bool, values: Sequence[str | None]) -> list[str]:
    written = list(dict.fromkeys(value for value in values if value is not None))
    if not is_negated and len(set(values)) == 1 and written and (name, written[0]) in _PHRASES:
        return [phrase] if (phrase := _PHRASES[name, written[0]]) else []
    if name in {"from", "to"}:
        return [f"{name} {written[-1]}"]
    if name == "sort":
        return ["sorted by " + " ".join((written[-1].removeprefix("-"), *["descending"] * written[-1].startswith("-")))]
    label = _LABELS.get(name, name.replace("_", " "))
    shown = [_value(value) for value in written[:MAX_VALUES]]
    if more := len(written) - len(shown):
        shown.append([f"{more} more"])
    elif None in values:
        shown.append(["others" if shown else "not shown"])
    is_shown = bool(written)
    return [
        f"{label} not " if is_negated and is_shown else f"{label} ",
        *_joined(shown, " and " if name == "by" else " or "),
    ]


def _value(text: str) -> list[str]:
    if text == "?":
        return ["(unknown)"]
    return ["“", Said(text), "”"] if _AMBIGUOUS.search(text) else [Said(text)]


def _joined(phrases: Sequence[Sequence[str]], between: str) -> list[str]:
    return [piece for place, phrase in enumerate(phrases) for piece in (*([between] if place else ()), *phrase)]


def rows_in_words(rows: int, *, more: bool) -> str:
    counted = "1 row" if rows == 1 else f"{rows or 'no'} rows"
    return f"{counted} and more" if more else counted
