"""The part of DynamoDB's expressions that Daybook writes. Any other raises `NotImplementedError`."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.support.dynamodb_rules import invalid

Value = Mapping[str, Any]
Item = Mapping[str, Value]

_TOKEN = re.compile(r"([#:]?\w+|<=|=|[(),])\s*")
_WORD = re.compile(r"[#:]?\w+")
_OURS = frozenset({"ADD", "AND", "BETWEEN", "IN", "OR", "REMOVE", "SET"})
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD) ")
_ACTIONS = {
    "SET": re.compile(
        r"(?P<name>#?\w+) *= *(?:if_not_exists\((?P<unless>#?\w+), *(?P<default>:\w+)\)|(?P<value>:\w+))"
    ),
    "REMOVE": re.compile(r"(?P<name>#?\w+)"),
    "ADD": re.compile(r"(?P<name>#?\w+) +(?P<value>:\w+)"),
}


_COMMA = re.compile(r",(?![^(]*\))")  # outside brackets


def complaint(call: Mapping[str, Any]) -> str | None:
    """DynamoDB's error for the names and values of a call's expressions."""
    words = {word for name in call if name.endswith("Expression") for word in _WORD.findall(call[name])}
    if not (call.get("ExpressionAttributeNames", True) and call.get("ExpressionAttributeValues", True)):
        return "names and values must not be empty"
    given = {*call.get("ExpressionAttributeNames", ()), *call.get("ExpressionAttributeValues", ())}
    if unused := given - words:
        return f"unused in expressions: {unused}"
    if unknown := {word for word in words if word[0] in "#:"} - given:
        return f"not defined: {unknown}"
    reserved = {word for word in words - _OURS if word.upper() in _reserved()}
    return f"reserved: {reserved}" if reserved else None


@cache
def _reserved() -> frozenset[str]:
    return frozenset(ReservedKeywords.get_reserved_keywords())


class Condition:
    """A condition, evaluated while it is parsed: names, `=`, `<=`, `IN`, `attribute_exists`, AND, OR, brackets."""

    def __init__(self, call: Mapping[str, Any], item: Item) -> None:
        """`call` holds the expression, its names and its values."""
        self._tokens = _tokens(call["ConditionExpression"])[::-1]
        self._names: Mapping[str, str] = call.get("ExpressionAttributeNames", {})
        self._values: Mapping[str, Value] = call.get("ExpressionAttributeValues", {})
        self._item = item

    def holds(self) -> bool:
        held = self._any()
        if self._tokens:
            raise NotImplementedError(self._tokens[-1])
        return held

    def _any(self) -> bool:
        held = self._all()
        while self._next_is("OR"):
            held = self._all() or held
        return held

    def _all(self) -> bool:
        held = self._one()
        while self._next_is("AND"):
            held = self._one() and held
        return held

    def _one(self) -> bool:
        if self._next_is("("):
            held = self._any()
            self._expect(")")
            return held
        token = self._tokens.pop()
        if token in ("attribute_exists", "attribute_not_exists"):
            self._expect("(")
            name = self._name(self._tokens.pop())
            self._expect(")")
            return (name in self._item) is (token == "attribute_exists")
        stored = self._item.get(self._name(token))
        match self._tokens.pop():
            case "=":
                return _equal(stored, self._value())
            case "<=":
                most = self._value()
                if "N" not in most:
                    raise NotImplementedError(most)
                return stored is not None and "N" in stored and _number(stored) <= _number(most)
            case "IN":
                self._expect("(")
                among = [self._value()]
                while self._next_is(","):
                    among.append(self._value())
                self._expect(")")
                return any(_equal(stored, each) for each in among)
            case other:
                raise NotImplementedError(other)

    def _name(self, token: str) -> str:
        if not re.fullmatch(r"#?\w+", token):
            raise NotImplementedError(token)
        return self._names.get(token, token)

    def _value(self) -> Value:
        token = self._tokens.pop()
        if token not in self._values:
            raise NotImplementedError(token)
        return self._values[token]

    def _next_is(self, token: str) -> bool:
        there = bool(self._tokens) and self._tokens[-1] == token
        if there:
            self._tokens.pop()
        return there

    def _expect(self, token: str) -> None:
        if not self._next_is(token):
            raise NotImplementedError(token)


def _tokens(expression: str) -> list[str]:
    found = []
    place = 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise NotImplementedError(expression[place:])
        found.append(match[1])
        place = match.end()
    return found


class Action(NamedTuple):
    """One change of one attribute."""

    kind: str
    name: str
    value: Value
    unless: str | None = None
    """Where this attribute exists, its value is taken instead."""


def update_actions(call: Mapping[str, Any]) -> list[Action]:
    """What an update of `SET`, `REMOVE` and `ADD` does. Raises what DynamoDB answers where the update is invalid."""
    names, values = call.get("ExpressionAttributeNames", {}), call.get("ExpressionAttributeValues", {})
    head, *clauses = _CLAUSE.split(call["UpdateExpression"])
    if head:
        raise NotImplementedError(head)
    actions = []
    for kind, written in zip(clauses[::2], clauses[1::2], strict=True):
        for each in _COMMA.split(written):
            match = _ACTIONS[kind].fullmatch(each.strip())
            if match is None:
                raise NotImplementedError(f"{kind} {each}")
            found = match.groupdict()
            unless = found.get("unless")
            value = {} if kind == "REMOVE" else values[found.get("default") or found["value"]]
            name = names.get(match["name"], match["name"])
            actions.append(Action(kind, name, value, names.get(unless, unless) if unless else None))
    changed = {action.name for action in actions}
    if len(changed) < len(actions) or len({*clauses[::2]}) < len(clauses[::2]):
        raise invalid("one attribute or one clause twice")
    return actions


def updated(actions: Iterable[Action], item: Item) -> dict[str, Value]:
    after = dict(item)
    for kind, name, given, unless in actions:
        value = given if unless is None else item.get(unless, given)
        if name in ("pk", "sk"):
            raise invalid(f"Cannot update attribute {name}. This attribute is part of the key")
        if kind == "REMOVE":
            after.pop(name, None)
        else:
            after[name] = value if kind == "SET" else _sum(after.get(name), value)
    return after


def projection(call: Mapping[str, Any]) -> list[str] | None:
    """The names of the requested attributes. None means all."""
    if "ProjectionExpression" not in call:
        return None
    wanted = [name.strip() for name in call["ProjectionExpression"].split(",")]
    if not all(re.fullmatch(r"#?\w+", name) for name in wanted):
        raise NotImplementedError(call["ProjectionExpression"])
    names = call.get("ExpressionAttributeNames", {})
    found = [names.get(name, name) for name in wanted]
    if len(set(found)) < len(found):
        raise invalid("one attribute twice in a projection")
    return found


def projected(call: Mapping[str, Any], item: Item) -> dict[str, Value]:
    """The item with only the requested attributes."""
    wanted = projection(call)
    return dict(item) if wanted is None else {name: item[name] for name in wanted if name in item}


def _equal(stored: Value | None, value: Value) -> bool:
    if stored is None or set(stored) != set(value):
        return False
    ((kind, content),) = value.items()
    if kind == "N":
        return _number(stored) == _number(value)
    return bool(set(stored[kind]) == set(content) if kind in ("SS", "NS", "BS") else stored[kind] == content)


def _number(value: Value) -> Decimal:
    return Decimal(value["N"])


def _sum(stored: Value | None, value: Value) -> Value:
    if not value.keys() <= {"SS", "N"}:
        raise NotImplementedError(f"ADD {value}")
    if stored is not None and stored.keys() != value.keys():
        raise invalid("An operand in the update expression has an incorrect data type")
    if "SS" in value:
        return {"SS": sorted({*(stored or {"SS": ()})["SS"], *value["SS"]})}
    return {"N": str(_number(stored or {"N": "0"}) + _number(value))}
