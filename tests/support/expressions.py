"""The part of DynamoDB's expressions that Daybook writes. Any other raises `NotImplementedError`."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

Value = Mapping[str, Any]
Item = Mapping[str, Value]

_TOKEN = re.compile(r"\s*([#:]?\w+|<=|=|[(),])")
_WORD = re.compile(r"[#:]?\w+")
_OURS = frozenset({"ADD", "AND", "BETWEEN", "IN", "OR", "REMOVE", "SET"})
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD) ")


def complaint(call: Mapping[str, Any]) -> str | None:
    """DynamoDB's error for the names and values of a call's expressions."""
    words = {word for name in call if name.endswith("Expression") for word in _WORD.findall(call[name])}
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
        self._tokens = _TOKEN.findall(call["ConditionExpression"])[::-1]
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
            written = self._tokens.pop()
            self._expect(")")
            return (self._names.get(written, written) in self._item) is (token == "attribute_exists")
        stored = self._item.get(self._names.get(token, token))
        match self._tokens.pop():
            case "=":
                return _equal(stored, self._value())
            case "<=":
                most = self._value()
                return stored is not None and _number(stored) <= _number(most)
            case "IN":
                self._expect("(")
                among = [self._value()]
                while self._next_is(","):
                    among.append(self._value())
                self._expect(")")
                return any(_equal(stored, each) for each in among)
            case other:
                raise NotImplementedError(other)

    def _value(self) -> Value:
        return self._values[self._tokens.pop()]

    def _next_is(self, token: str) -> bool:
        there = bool(self._tokens) and self._tokens[-1] == token
        if there:
            self._tokens.pop()
        return there

    def _expect(self, token: str) -> None:
        if not self._next_is(token):
            raise NotImplementedError(token)


def updated(call: Mapping[str, Any], item: Item) -> tuple[dict[str, Value], set[str]]:
    """The item after an update with `SET`, `REMOVE` and `ADD`, and the names that the update mentions."""
    names, values = call.get("ExpressionAttributeNames", {}), call.get("ExpressionAttributeValues", {})
    after = dict(item)
    touched = set()
    _, *clauses = _CLAUSE.split(call["UpdateExpression"])
    for kind, actions in zip(clauses[::2], clauses[1::2], strict=True):
        for action in actions.split(","):
            written, _, value = action.replace("=", " ").strip().partition(" ")
            name = names.get(written, written)
            touched.add(name)
            if kind == "REMOVE":
                after.pop(name, None)
            elif kind == "SET":
                after[name] = values[value.strip()]
            else:
                after[name] = _sum(after.get(name), values[value.strip()])
    return after, touched


def projected(call: Mapping[str, Any], item: Item) -> dict[str, Value]:
    """The item with only the requested attributes."""
    if "ProjectionExpression" not in call:
        return dict(item)
    names = call.get("ExpressionAttributeNames", {})
    wanted = [name.strip() for name in call["ProjectionExpression"].split(",")]
    return {name: item[name] for name in (names.get(name, name) for name in wanted) if name in item}


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
    if "SS" in value:
        return {"SS": sorted({*(stored or {"SS": ()})["SS"], *value["SS"]})}
    return {"N": str(_number(stored or {"N": "0"}) + _number(value))}
