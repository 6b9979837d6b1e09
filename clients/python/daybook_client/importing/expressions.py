"""JMESPath expressions, compiled once, with the record's paths that their values can come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from daybook_client.importing.walking import Walk, is_false, walk_of

Path = tuple[str, ...]
"""Names on the way into a record. Places in lists are left out: `targets[1].id` is `("targets", "id")`."""

_CHAINS = ("subexpression", "pipe", "index_expression")
_PROJECTIONS = ("projection", "value_projection")
_SAYS_NOTHING_OF_ITS_OPERANDS = ("comparator", "not_expression", "literal", "expref")

MAX_SOURCES = 1_000
"""Paths of one expression: each `(a || b)` in a row doubles them."""

ANY = "*"
"""In a path: whichever name stands there (`*` of JMESPath)."""


class ExpressionError(ValueError):
    """A text that is no JMESPath expression."""


def _reason(error: Exception) -> str:
    """Without the drawing below it, which points at a column."""
    return str(error).partition("\n")[0].removeprefix("Invalid jmespath expression: ").rstrip(":")


class Expression:
    """`find(record)` is the value, None where there is none or where the record's types do not fit the expression."""

    def __init__(self, text: str, place: str = "expression") -> None:
        self.text = text
        try:
            compiled = jmespath.compile(text)
        except (JMESPathError, ValueError) as error:
            raise ExpressionError(f"{place}: {text!r} is no JMESPath: {_reason(error)}") from error
        except RecursionError:
            raise ExpressionError(f"{place}: the expression is nested too deep") from None
        self.sources: frozenset[Path] = frozenset(_results(compiled.parsed, {()}))
        self.joins = "join(" in text
        self.find: Callable[[Any], Any] = _careful(walk_of(compiled.parsed))

    def holds(self, record: Any) -> bool:
        """Whether the value counts as true: neither null, false nor empty. 0 does."""
        return not is_false(self.find(record))


def _careful(walk: Walk) -> Callable[[Any], Any]:
    def find(record: Any) -> Any:
        try:
            return walk(record)
        # TypeError and others: functions of JMESPath on lists of mixed types.
        except (JMESPathError, TypeError, ValueError, AttributeError, RecursionError):
            return None

    return find


def _results(node: Any, bases: set[Path]) -> set[Path]:  # noqa: C901, PLR0911  a table of kinds
    """The paths that the node's value can stem from, if what it is applied to stems from `bases`."""
    kind, children = node["type"], node["children"]
    if len(bases) > MAX_SOURCES:
        raise ExpressionError(f"an expression reads at most {MAX_SOURCES} paths")
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
