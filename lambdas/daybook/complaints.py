"""What msgspec finds wrong with a value, as a code and a path of the contract.

msgspec names the field only in the sentence of its exception.
"""

import re
from typing import Literal, NamedTuple

_WHERE = r"(?: - at `(?P<key>key` in `)?\$?\.?(?P<path>[\w.\[\]]*)`)?"
_SENTENCE = re.compile(f"(?P<what>.*?){_WHERE}", re.DOTALL)
_FIELD = re.compile(f"Object (?P<fault>contains unknown|missing required) field `(?P<name>.*?)`{_WHERE}", re.DOTALL)
_LENGTH = re.compile(r"Expected .* of length ")
_TYPE = re.compile(r"Expected .*, got `")


ComplaintCode = Literal["invalid_length", "invalid_type", "invalid_value", "missing_field", "unknown_field"]


class Complaint(NamedTuple):
    code: ComplaintCode
    path: str
    """As in `target.within.type` or `changes[...].field`; `[...]` stands for any index or key. Empty for the whole."""
    message: str
    of_key: bool = False
    """Whether the fault lies in a key of the object at `path`."""


def read_complaint(sentence: str) -> Complaint:
    """The sentence of a `msgspec.ValidationError`."""
    if field := _FIELD.fullmatch(sentence):
        name = join_path(field["path"] or "", field["name"])
        if field["fault"] == "missing required":
            return Complaint("missing_field", name, "is required")
        return Complaint("unknown_field", name, "is not a known field")
    parts = _SENTENCE.fullmatch(sentence)
    assert parts  # noqa: S101  `what` takes any text
    what, path = parts["what"], parts["path"] or ""
    code: ComplaintCode = (
        "invalid_length" if _LENGTH.match(what) else "invalid_type" if _TYPE.match(what) else "invalid_value"
    )
    return Complaint(code, path, what.replace("Expected", "must be"), of_key=parts["key"] is not None)


def join_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
