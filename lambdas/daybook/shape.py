"""Reads a parsed document as a msgspec type, slowly: finds all faults by their paths, and adjusts what may be adjusted.

`msgspec.convert` is fast and decides whether a document has its type. But it stops at the first fault, and names the
place only in a sentence, in which a sender's own names cannot be told from the rest. So this reader walks the document
itself, by the same type, after `msgspec` has refused it.

Beside lengths and bounds it follows marks in the `extra` of a text's `Meta`:

- `integer`: an integer is read as its decimal text;
- `cut`: the text is what an end user may choose. A text that is too long is cut, and characters that no text may hold
  become U+FFFD, instead of a fault;
- `bulk`: the text can be cut further to make the whole document smaller: to what `Reading.longest` has under this word;
- `blank`: an empty text is the same as an absent one;
- `form`: a pattern, and what a text must be according to it.

Lengths are those of the NFC form, so that they do not depend on how the sender composed a letter with its marks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from msgspec import inspect

from daybook.clock import parse_time
from daybook.documents import LARGEST_INTEGER, Doubled
from daybook.errors import FieldError
from daybook.text import UNCLEAN, UNCLEAN_MESSAGE, composed

MAX_FAULTS = 20
REPLACEMENT = "\ufffd"

_MAX_SHOWN_NAME = 100

FaultCode = Literal[
    "doubled_key",
    "invalid_length",
    "invalid_time",
    "invalid_type",
    "invalid_value",
    "missing_field",
    "unknown_field",
]


class Fault(NamedTuple):
    code: FaultCode
    path: str
    """As in `target.within.type` or `changes[0].field`. Empty for the whole document."""
    message: str

    @property
    def error(self) -> FieldError:
        return FieldError(self.path, self.message)


class Reading:
    """What comes of reading one document. `longest` bounds texts marked `bulk`, beside their own limits."""

    def __init__(self, longest: Mapping[str, int] | None = None) -> None:
        self.faults: list[Fault] = []
        self.adjusted: set[str] = set()
        self.uncut: dict[str, str] = {}
        """The texts that were cut, as they were before, by path."""
        self.longest = longest or {}

    @property
    def is_full(self) -> bool:
        return len(self.faults) >= MAX_FAULTS

    def add(self, fault: Fault) -> None:
        if not self.is_full:
            self.faults.append(fault)


_Reader = Callable[[Any, str, Reading], Any]

_ABSENT = object()
_WORDS: dict[type, str] = {
    str: "text",
    int: "an integer",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def read(document: Any, as_type: Any, reading: Reading) -> Any:
    """The document with its texts adjusted. It has the type if `reading` has no faults."""
    return _reader(as_type)(document, "", reading)


def faults_of(document: Any, as_type: Any) -> list[Fault]:
    reading = Reading()
    read(document, as_type, reading)
    return reading.faults


def join_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _reader(as_type: Any) -> _Reader:
    return _any_of(inspect.type_info(as_type))


def _any_of(info: inspect.Type) -> _Reader:
    """Reads a value by the reader of its JSON type."""
    readers: dict[type, _Reader] = {}
    for each, marks in _alternatives(info, {}):
        kind, of_kind = _one(each, marks)
        readers[kind] = of_kind
        if "integer" in marks:
            readers[int] = _decimal
    must = f"must be {_either([_WORDS[kind] for kind in readers if kind in _WORDS])}"

    def read_value(value: Any, path: str, reading: Reading) -> Any:
        reader = readers.get(type(value))
        if reader is not None:
            return reader(value, path, reading)
        if isinstance(value, Doubled):
            reading.add(Fault("doubled_key", _below(path, value.key), "appears more than once"))
        else:
            reading.add(Fault("invalid_type", path, must))
        return value

    return read_value


def _alternatives(info: inspect.Type, marks: Mapping[str, Any]) -> Iterator[tuple[inspect.Type, Mapping[str, Any]]]:
    """The types of a union, each with its marks."""
    if isinstance(info, inspect.Metadata):
        yield from _alternatives(info.type, {**(info.extra_json_schema or {}), **(info.extra or {})})
    elif isinstance(info, inspect.UnionType):
        for each in info.types:
            yield from _alternatives(each, marks)
    else:
        yield info, marks


def _one(info: inspect.Type, marks: Mapping[str, Any]) -> tuple[type, _Reader]:
    """The JSON type, and its reader."""
    kind: type = dict
    match info:
        case inspect.StrType():
            kind, reader = str, _text(info, marks)
        case inspect.IntType(ge=least, le=most):
            kind, reader = int, _integer(least, most)
        case inspect.LiteralType(values=values):
            kind, reader = str, _one_of(values)
        case inspect.ListType(item_type=item, min_length=least, max_length=most):
            kind, reader = list, _list(_any_of(item), least or 0, most)
        case inspect.DictType(key_type=key, value_type=value, max_length=most):
            reader = _map(_any_of(key), _any_of(value), most)
        case inspect.StructType():
            reader = _struct(info)
        case inspect.BoolType() | inspect.NoneType():
            kind, reader = bool if isinstance(info, inspect.BoolType) else type(None), _as_it_is
        case _:
            raise TypeError(f"no reader for {info}")
    return kind, reader


def _as_it_is(value: Any, _path: str, _reading: Reading) -> Any:
    return value


def _decimal(value: int, path: str, reading: Reading) -> Any:
    if abs(value) > LARGEST_INTEGER:
        reading.add(Fault("invalid_value", path, "must be below 2^53 if it is an integer; send text"))
    return str(value)


def _integer(least: int | None, most: int | None) -> _Reader:
    def read_integer(value: int, path: str, reading: Reading) -> int:
        if least is not None and value < least:
            reading.add(Fault("invalid_value", path, f"must be at least {least}"))
        if most is not None and value > most:
            reading.add(Fault("invalid_value", path, f"must be at most {most}"))
        return value

    return read_integer


def _one_of(values: Sequence[Any]) -> _Reader:
    must = f"must be {_either(values)}"

    def read_word(value: str, path: str, reading: Reading) -> str:
        if value not in values:
            reading.add(Fault("invalid_value", path, must))
        return value

    return read_word


def _text(info: inspect.StrType, marks: Mapping[str, Any]) -> _Reader:
    if marks.get("format") == "date-time":
        return _time
    if "cut" in marks:
        return _cut_text(info.max_length or 0, marks)
    least, most, form = info.min_length or 0, info.max_length, marks.get("form")
    length = f"must have {_amount(least, most)} characters"

    def read_text(value: str, path: str, reading: Reading) -> str:
        text = composed(value)
        if len(text) < least or (most is not None and len(text) > most):
            reading.add(Fault("invalid_length", path, length))
        elif UNCLEAN.search(text):
            reading.add(Fault("invalid_value", path, UNCLEAN_MESSAGE))
        elif form is not None and not form[0].fullmatch(value):
            reading.add(Fault("invalid_value", path, form[1]))
        return value if most is None or len(value) <= most else text

    return read_text


def _cut_text(most: int, marks: Mapping[str, Any]) -> _Reader:
    bulk = marks.get("bulk", "")

    def read_text(value: str, path: str, reading: Reading) -> Any:
        if not value:
            if "blank" in marks:
                return _ABSENT
            if "empty" not in marks:
                reading.add(Fault("invalid_length", path, "must have at least 1 character"))
            return value
        cleaned = UNCLEAN.sub(REPLACEMENT, value)
        text = composed(cleaned)
        longest = min(most, reading.longest.get(bulk, most))
        if len(text) > longest or cleaned != value:
            reading.adjusted.add(path)
        if len(text) > longest:
            reading.uncut.setdefault(path, text)
            return text[:longest]
        return cleaned if len(cleaned) <= most else text

    return read_text


def _time(value: str, path: str, reading: Reading) -> str:
    try:
        parse_time(value)
    except ValueError as error:
        reading.add(Fault("invalid_time", path, str(error)))
    return value


def _list(item: _Reader, least: int, most: int | None) -> _Reader:
    length = f"must have {_amount(least, most)} items"

    def read_list(value: list[Any], path: str, reading: Reading) -> list[Any]:
        if len(value) < least or (most is not None and len(value) > most):
            reading.add(Fault("invalid_length", path, length))
        return [item(each, f"{path}[{index}]", reading) for index, each in enumerate(value[:most])]

    return read_list


def _map(key: _Reader, item: _Reader, most: int | None) -> _Reader:
    length = f"must have at most {most} fields"

    def read_map(value: dict[str, Any], path: str, reading: Reading) -> dict[str, Any]:
        if most is not None and len(value) > most:
            reading.add(Fault("invalid_length", path, length))
        found = {}
        for name, each in value.items():
            if reading.is_full:
                break
            place = _below(path, name)
            key(name, place, reading)
            found[name] = item(each, place, reading)
        return found

    return read_map


def _struct(info: inspect.StructType) -> _Reader:
    fields = {field.encode_name: _any_of(field.type) for field in info.fields}
    required = [field.encode_name for field in info.fields if field.required]

    def read_struct(value: dict[str, Any], path: str, reading: Reading) -> Any:
        found = {}
        for name, each in value.items():
            if reading.is_full:
                break
            field = fields.get(name)
            if field is None:
                reading.add(Fault("unknown_field", _below(path, name), "is not a known field"))
            elif (held := field(each, join_path(path, name), reading)) is not _ABSENT:
                found[name] = held
        for name in required:
            if name not in value:
                reading.add(Fault("missing_field", join_path(path, name), "is required"))
        return found if found or not value else _ABSENT

    return read_struct


def _below(path: str, name: str) -> str:
    """The path of a name that a sender chose. It can be shown whatever the name is."""
    shown = UNCLEAN.sub(REPLACEMENT, name)
    return join_path(path, shown if len(shown) <= _MAX_SHOWN_NAME else f"{shown[:_MAX_SHOWN_NAME]}…")


def _either(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _amount(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    return f"{least} to {most}" if least else f"at most {most}"
