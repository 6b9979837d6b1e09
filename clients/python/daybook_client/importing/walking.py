"""Turns the common kinds of JMESPath's nodes into functions, which take a tenth of the time of its interpreter.

Any other node is handed to the interpreter. The results are the same: a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jmespath.visitor import TreeInterpreter

Walk = Callable[[Any], Any]


def walk_of(node: Any) -> Walk:
    """A function from a value to what the parsed expression finds in it. It raises what JMESPath raises."""
    make = _KINDS.get(node["type"])
    walk = None if make is None else make(node)
    if walk is not None:
        return walk
    interpreter = TreeInterpreter()
    return lambda value: interpreter.visit(node, value)


def is_false(value: Any) -> bool:
    """What JMESPath calls false: null, false, "", [] and {}. 0 is not."""
    return value is None or value is False or value in ("", [], {})


def _field(node: Any) -> Walk:
    name = node["value"]
    return lambda value: value.get(name) if isinstance(value, dict) else None


def _chain(node: Any) -> Walk:
    walks = [walk_of(child) for child in node["children"]]
    if len(walks) == 2:
        first, second = walks
        return lambda value: second(first(value))

    def walk(value: Any) -> Any:
        for each in walks:
            value = each(value)
        return value

    return walk


def _index(node: Any) -> Walk:
    place = node["value"]

    def walk(value: Any) -> Any:
        return value[place] if isinstance(value, list) and -len(value) <= place < len(value) else None

    return walk


def _or(node: Any) -> Walk:
    left, right = map(walk_of, node["children"])

    def walk(value: Any) -> Any:
        found = left(value)
        return right(value) if is_false(found) else found

    return walk


def _and(node: Any) -> Walk:
    left, right = map(walk_of, node["children"])

    def walk(value: Any) -> Any:
        found = left(value)
        return found if is_false(found) else right(value)

    return walk


def _not(node: Any) -> Walk:
    inner = walk_of(node["children"][0])
    return lambda value: is_false(inner(value))


def _compared(node: Any) -> Walk | None:
    """Of comparisons only those with a text, which mean the same to Python and JMESPath."""
    left, right = node["children"]
    wanted = right.get("value") if right["type"] == "literal" else None
    if not isinstance(wanted, str) or node["value"] not in ("eq", "ne"):
        return None
    inner = walk_of(left)
    if node["value"] == "eq":
        return lambda value: inner(value) == wanted
    return lambda value: inner(value) != wanted


def _contains(node: Any) -> Walk | None:
    """Of functions only whether a text contains a text that is written out."""
    if node["value"] != "contains" or len(node["children"]) != 2 or node["children"][1]["type"] != "literal":
        return None
    inner, wanted = walk_of(node["children"][0]), node["children"][1]["value"]
    interpreter = TreeInterpreter()

    def walk(value: Any) -> Any:
        subject = inner(value)
        return (
            wanted in subject
            if isinstance(subject, str) and isinstance(wanted, str)
            else interpreter.visit(node, value)
        )

    return walk


def _literal(node: Any) -> Walk:
    constant = node["value"]
    return lambda _: constant


_KINDS: dict[str, Callable[[Any], Walk | None]] = {
    "field": _field,
    "subexpression": _chain,
    "index_expression": _chain,
    "index": _index,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "comparator": _compared,
    "function_expression": _contains,
    "literal": _literal,
}
