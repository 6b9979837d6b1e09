"""A mapping: which field of an event takes what from a product's record. It is data, a TOML file.

```toml
name = "cloudtrail"                # slug; it is a part of the ids, so it never changes
product = "AWS CloudTrail"
formats = ["json", "ndjson"]       # of csv, json, ndjson; with csv, what begins like no JSON is CSV
records = "Records"                # dotted key of the list in a JSON document, if it is no list itself
disarmed = true                    # CSV of Daybook or CareAR: a leading `'` before a formula is undone
id = ["eventID"]                   # expressions that identify the record at its source; absent: its whole content does

[[skip]]                           # records that are no events; each reason is counted
when = "stage == 'RequestReceived'"
reason = "a request that was only received"

[fields]                           # path in the event = expression, table, or list of tables
occurred_at = {expr = "eventTime", convert = "time"}
activity = "eventName"
"actor.type" = [{const = "user", when = "userIdentity.type == 'IAMUser'"}, {const = "system"}]
"actor.username" = "userIdentity.userName || userIdentity.arn"
status = {expr = "outcome", map = {OK = "success", DENIED = "failure"}, default = "success"}
"params.region" = "awsRegion"
people = "targets[?type == 'User'].{id: id, username: login}"
changes = "modified[*].{field: property, from: old, to: new}"

[unplaced]
ignore = ["eventVersion"]          # dotted paths that hold nothing worth keeping; still counted by name
```

Expressions are JMESPath. Of a list of tables, the first that gives a value counts.
A table has one of `expr` and `const`, and may have:

- `when`: an expression; the table counts only where it is true as JMESPath has it;
- `convert`: a converter's name, see `converters` (several, in order, as a list);
- `map`: texts and what they become; a text that is not in it gives no value (`default` or the next table counts);
- `default`: the value where there is none;
- `uses`: dotted paths that the value says in full, though its text differs; they do not go to `params` again;
- `zone = "UTC"`: the zone of times that name none, in place of the one that the user gave.

Paths: `occurred_at`, `activity`, `variant`, `status`, `environment`, `details`, `source.type`, `people`, `changes`,
`actor.` (`type`, `id`, `username`, `name`, `email`, `user_type`, `roles`, and `impersonator.` with `id`, `username`,
`name`, `email`), `target.` (`type`, `id`, `name`, `username`, `within.type`, `within.id`), `context.` (`ip`,
`user_agent`, `session_id`, `request_id`), and `params.` with a name. Values are fitted to the event's limits, so a
mapping needs no converter for lengths, for integers as ids, or for an activity's alphabet.

What becomes of the rest. Each value of the record that an expression reads, and that is found in the event, has its
place. (An expression that reads `a || b` places only the one that it took.) Every other value goes to `params`, under
its path: `requestParameters.bucketName` is `request_parameters_bucket_name`, and in a list of objects the place is part
of the name. A list of plain values is one parameter. What finds no room there is counted by its path. Null, `""`, `[]`
and `{}` are nothing.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daybook_client.importing.converters import CONVERTERS, Converter
from daybook_client.importing.expressions import Expression, ExpressionError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

READY = Path(__file__).parent / "mappings"

FORMATS = ("csv", "json", "ndjson")

_PERSON = ("id", "username", "name", "email")
PATHS = frozenset(
    [
        *("occurred_at", "activity", "variant", "status", "environment", "details", "source.type", "people", "changes"),
        *(f"actor.{name}" for name in ("type", *_PERSON, "user_type", "roles")),
        *(f"actor.impersonator.{name}" for name in _PERSON),
        *(f"target.{name}" for name in ("type", "id", "name", "username", "within.type", "within.id")),
        *(f"context.{name}" for name in ("ip", "user_agent", "session_id", "request_id")),
    ]
)


class MappingError(ValueError):
    """A mapping that does not exist, can't be read, or says what no mapping may say."""


@dataclass(frozen=True)
class Choice:
    """One way to a field's value: an expression or a constant, and what is done with it."""

    expr: Expression | None
    const: Any
    when: Expression | None
    converters: tuple[Converter, ...]
    map: dict[str, Any] | None
    default: Any
    uses: tuple[tuple[str, ...], ...]
    zone: ZoneInfo | None


@dataclass(frozen=True)
class Field:
    path: tuple[str, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Skip:
    when: Expression
    reason: str


@dataclass(frozen=True)
class Mapping:
    """A product's mapping, its expressions compiled."""

    name: str
    product: str
    formats: tuple[str, ...]
    records: tuple[str, ...]
    disarmed: bool
    id: tuple[Expression, ...]
    skips: tuple[Skip, ...]
    fields: tuple[Field, ...]
    ignored: tuple[tuple[str, ...], ...] = field(default=())


def mapping_names() -> list[str]:
    """The ready mappings, in alphabetical order."""
    return sorted(path.stem for path in READY.glob("*.toml"))


def load_mapping(name: str) -> Mapping:
    """A ready mapping by its name, or one of yours by the path of its file (it ends with `.toml`).

    Raises MappingError, which names the place at fault.
    """
    path = Path(name) if name.endswith(".toml") else READY / f"{name}.toml"
    if not name.endswith(".toml") and name not in mapping_names():
        raise MappingError(f"There is no mapping {name!r}. Ready ones: {', '.join(mapping_names())}; or a .toml file.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, place: str = "the mapping") -> Mapping:
    """The mapping that a TOML text describes. Raises MappingError."""
    try:
        return _mapping(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{place} is no TOML: {error}") from error
    except RecursionError:
        raise MappingError(f"{place} is nested too deep") from None
    except (ExpressionError, MappingError) as error:
        raise MappingError(f"{place}: {error}") from error


def _mapping(document: dict[str, Any]) -> Mapping:
    known = ("name", "product", "formats", "records", "disarmed", "id", "skip", "fields", "unplaced")
    _only(document, known, "the mapping")
    name = _text(document.get("name"), "name")
    if not name.replace("-", "").isalnum() or not name.isascii() or name != name.lower() or len(name) > 32:
        raise MappingError("name: must be a slug of a-z, 0-9 and -, at most 32 characters")
    fields = document.get("fields")
    if not isinstance(fields, dict) or not {"occurred_at", "activity"} <= fields.keys():
        raise MappingError("fields: must be a table, with occurred_at and activity")
    formats = _texts(document.get("formats", list(FORMATS)), "formats")
    if not formats or not set(formats) <= set(FORMATS):
        raise MappingError(f"formats: must be of {', '.join(FORMATS)}")
    records = document.get("records")
    unplaced = document.get("unplaced", {})
    _only(unplaced, ("ignore",), "unplaced")
    return Mapping(
        name=name,
        product=_text(document.get("product", name), "product"),
        formats=formats,
        records=() if records is None else tuple(_text(records, "records").split(".")),
        disarmed=document.get("disarmed") is True,
        id=tuple(Expression(each, "id") for each in _texts(document.get("id", []), "id")),
        skips=tuple(_skip(each) for each in _list(document.get("skip", []), "skip")),
        fields=tuple(_field(path, given) for path, given in fields.items()),
        ignored=tuple(tuple(each.split(".")) for each in _texts(unplaced.get("ignore", []), "unplaced.ignore")),
    )


def _skip(given: Any) -> Skip:
    _only(given, ("when", "reason"), "skip")
    return Skip(
        Expression(_text(given.get("when"), "skip.when"), "skip.when"), _text(given.get("reason"), "skip.reason")
    )


def _field(path: str, given: Any) -> Field:
    if path not in PATHS and not _is_parameter(path):
        raise MappingError(f"fields: {path!r} is no path of an event")
    choices = given if isinstance(given, list) else [given]
    return Field(tuple(path.split(".")), tuple(_choice(f"fields.{path}", choice) for choice in choices))


def _is_parameter(path: str) -> bool:
    head, _, name = path.partition(".")
    is_name = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower()
    return head == "params" and is_name and len(name) <= 40


def _choice(place: str, given: Any) -> Choice:
    table = {"expr": given} if isinstance(given, str) else given
    _only(table, ("expr", "const", "when", "convert", "map", "default", "uses", "zone"), place)
    if ("expr" in table) == ("const" in table):
        raise MappingError(f"{place}: must have either expr or const")
    named = table.get("convert", [])
    names = [named] if isinstance(named, str) else _list(named, f"{place}.convert")
    for name in names:
        if name not in CONVERTERS:
            raise MappingError(f"{place}: there is no converter {name!r}. There are: {', '.join(sorted(CONVERTERS))}")
    mapped = table.get("map")
    if mapped is not None and not isinstance(mapped, dict):
        raise MappingError(f"{place}.map: must be a table")
    for given_value in (table.get("const"), table.get("default"), *(mapped or {}).values()):
        _plain(given_value, place)
    compiled: Callable[[str], Expression | None] = lambda key: (  # noqa: E731  short, and used twice
        Expression(_text(table[key], f"{place}.{key}"), f"{place}.{key}") if key in table else None
    )
    return Choice(
        expr=compiled("expr"),
        const=table.get("const"),
        when=compiled("when"),
        converters=tuple(CONVERTERS[name] for name in names),
        map=mapped,
        default=table.get("default"),
        uses=tuple(tuple(each.split(".")) for each in _texts(table.get("uses", []), f"{place}.uses")),
        zone=_zone(table.get("zone"), place),
    )


def _plain(value: Any, place: str) -> None:
    """TOML has dates and times of its own, which no event's field takes; they are written as texts."""
    for each in value if isinstance(value, list) else [value]:
        if each is not None and not isinstance(each, (str, bool, int)):
            raise MappingError(f"{place}: {each} must be a text, an integer or a truth value")


def _zone(name: Any, place: str) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(_text(name, f"{place}.zone"))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingError(f"{place}: there is no zone {name!r}") from error


def _only(table: Any, known: tuple[str, ...], place: str) -> None:
    if not isinstance(table, dict):
        raise MappingError(f"{place}: must be a table")
    unknown = table.keys() - set(known)
    if unknown:
        raise MappingError(f"{place}: {min(unknown)!r} is unknown. Known: {', '.join(known)}")


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise MappingError(f"{place}: must be a text")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise MappingError(f"{place}: must be a list")
    return value


def _texts(value: Any, place: str) -> tuple[str, ...]:
    return tuple(_text(each, place) for each in _list(value, place))
