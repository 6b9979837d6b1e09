"""What the views write of codes, values and changes."""

import json
import re
from typing import Any

from daybook_verify.rows.native import Native

_ARROW = "\N{RIGHTWARDS ARROW}"
_MISTAKABLE = re.compile(rf"""\A\(|["\r\n;{_ARROW}]|: """)


def letters(text: str) -> str:
    return "".join(each for each in text if each.isalnum())


def status(text: str) -> str:
    return text.capitalize()


def code(text: str | None) -> str:
    return letters(text or "").upper()


def plain(value: str | int) -> str:
    """A value as it is. Booleans are as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def changes_in_words(changes: list[Native] | None) -> str:
    return "; ".join(map(_change, changes or ()))


def _change(change: Native) -> str:
    field = _word(change["field"])
    if change["from"] is None and change["to"] is None:
        return f"{field}: changed"
    return f"{field}: {_value(change['from'])} {_ARROW} {_value(change['to'])}"


def _value(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return _word(value) if value else "(empty)"
    return plain(value)


def _word(text: str) -> str:
    """In quotation marks where it begins like the view's own words, or holds what separates them."""
    mistakable = text != text.strip() or _MISTAKABLE.search(text)
    return json.dumps(text, ensure_ascii=False) if mistakable else text
