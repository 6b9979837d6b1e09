"""JMESPath expressions, compiled once, with the record's paths that their values can come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

Path = tuple[str, ...]
"""Names on the way into a record. Places in lists are left out: `targets[1].id` is `("targets", "id")`."""

_CHAINS = ("subexpression", "pipe", "index_expression")
_PROJECTIONS = ("projection", "value_projection")
_SAYS_NOTHING_OF_ITS_OPERANDS = ("comparator", "not_expression", "literal", "expref")

ANY = "*"
"""In a path: whichever name stands there (`*` of JMESPath)."""


class ExpressionError(ValueError):
    """A text that is no JMESPath expression."""


class Expression:
    """`find(record)` is the value, None where there is none or where the record's types do not fit the expression."""

    def __init__(self, text: str, place: str = "expression") -> None:
        self.text = text
        try:
            compiled = jmespath.compile(text)
        except (JMESPathError, ValueError) as error:
            raise ExpressionError(f"{place}: {text!r} is no JMESPath: {error}") from error
        self.sources: frozenset[Path] = frozenset(_results(compiled.parsed, {()}))
        self.joins = "join(" in text
        ways = _plain_ways(compiled.parsed)
        self.find: Callable[[Any], Any] = _first_of(ways) if ways else _searcher(compiled.search)

    def holds(self, record: Any) -> bool:
        """Whether the value counts as true: neither null, false nor empty. 0 does."""
        value = self.find(record)
        return value is not None and value is not False and value not in ("", [], {})


def _plain_ways(node: Any) -> list[Path]:
    """The ways of an expression such as `a.b || c`, which most are: names with `||` between. [] for any other."""
    if node["type"] != "or_expression":
        names = _plain(node)
        return [] if names is None else [names]
    left, right = (_plain_ways(child) for child in node["children"])
    return [*left, *right] if left and right else []


def _plain(node: Any) -> Path | None:
    """The names of an expression such as `a.b.c`, which most are. None for any other."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "subexpression":
        parts = [_plain(child) for child in node["children"]]
        if all(part is not None for part in parts):
            return tuple(name for part in parts if part is not None for name in part)
    return None


def _first_of(ways: list[Path]) -> Callable[[Any], Any]:
    """The first value that JMESPath calls true, else the last one."""
    finders = [_finder(names) for names in ways]
    if len(finders) == 1:
        return finders[0]

    def find(record: Any) -> Any:
        value = None
        for finder in finders:
            value = finder(record)
            if value is not None and value is not False and value not in ("", [], {}):
                return value
        return value

    return find


def _finder(names: Path) -> Callable[[Any], Any]:
    """Takes a tenth of the time of JMESPath's own walk."""

    def find(record: Any) -> Any:
        value = record
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return find


def _searcher(search: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def find(record: Any) -> Any:
        try:
            return search(record)
        # TypeError and others: functions of JMESPath on lists of mixed types.
        except (JMESPathError, TypeError, ValueError, AttributeError, RecursionError):
            return None

    return find


def _results(node: Any, bases: set[Path]) -> set[Path]:  # noqa: PLR0911  a table of kinds
    """The paths that the node's value can stem from, if what it is applied to stems from `bases`."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return {(*base, node["value"]) for base in bases}
    if kind in _CHAINS:
        for child in children:
            bases = _results(child, bases)
        return bases
    if kind in _PROJECTIONS:
        bases = _results(children[0], bases)
        if kind == "value_projection":
            bases = {(*base, ANY) for base in bases}
        return _results(children[1], bases)
    if kind == "filter_projection":
        return _results(children[1], _results(children[0], bases))
    if kind in _SAYS_NOTHING_OF_ITS_OPERANDS:
        return set()
    if kind in ("identity", "current", "index", "slice"):
        return bases
    if kind == "flatten":
        return _results(children[0], bases)
    # `||`, `&&`, functions, lists and objects of several: any of their parts.
    return {path for child in children for path in _results(child, bases)}
