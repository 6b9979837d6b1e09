"""IAM's policy language as far as the stacks use it: which effect the statements of a policy have on a call.

It follows the IAM User Guide: "JSON policy elements reference" (elements, condition operators, variables), "Multivalued
context keys" and "Policy evaluation logic". `check` refuses whatever is not evaluated here, so that the laptop does not
start with a policy that it would misread.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from infra.local.options import CannotStart

Statement = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]
"""The condition keys of a call with their values. A key that the call does not have is absent."""

ALLOW, DENY = "Allow", "Deny"


class UnknownPolicy(CannotStart):
    def __init__(self, what: str) -> None:
        super().__init__(f"A policy uses {what}, which infra/local/aws/policy.py does not evaluate.")


def allows(
    statements: Iterable[Statement], action: str, resource: str, context: Context | None = None, principal: str = ""
) -> bool:
    """Whether a statement allows the action and none denies it."""
    return effect(statements, action, resource, context, principal) == ALLOW


def effect(
    statements: Iterable[Statement], action: str, resource: str, context: Context | None = None, principal: str = ""
) -> str | None:
    """`DENY` if a statement denies the action, else `ALLOW` if one allows it, else None. Raises KeyError if a statement
    lacks a part.

    `principal`: the ARN of the role or user, for policies of resources. Those of roles name no principal.
    """
    context = context or {}
    effects = {
        statement["Effect"]
        for statement in statements
        if any(matches(pattern.lower(), action.lower()) for pattern in listed(statement["Action"]))
        and any(_resource_matches(pattern, resource, context) for pattern in listed(statement["Resource"]))
        and ("Principal" not in statement or _is_principal(statement["Principal"], principal))
        and _is_met(statement.get("Condition", {}), context)
    }
    return DENY if DENY in effects else ALLOW if ALLOW in effects else None


def check(statements: Iterable[Statement], keys: Mapping[str, bool]) -> None:
    """Raises `UnknownPolicy`. `keys`: the condition keys that calls are given, and whether a call may have several
    values of the key. A key that ends with a slash stands for all that begin with it.
    """
    for statement in statements:
        unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        if unknown:
            raise UnknownPolicy(f"the element {min(unknown)}")
        for operator, wanted in statement.get("Condition", {}).items():
            qualifier, _, _ = _parsed(operator)
            for key, values in wanted.items():
                several = _known(key, keys)
                if operator != "Null" and several != bool(qualifier):
                    raise UnknownPolicy(f"the operator {operator} with the key {key}")
                for value in listed(values):
                    for variable in _VARIABLE.findall(value):
                        _known(variable, keys)
        for resource in listed(statement.get("Resource", [])):
            for variable in _VARIABLE.findall(resource):
                _known(variable, keys)


def matches(pattern: str, value: str) -> bool:
    """Matches IAM's wildcards: `*` for any characters including slashes, `?` for a single one."""
    return expression(pattern).fullmatch(value) is not None


@cache
def expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def listed(value: Any) -> list[Any]:
    """Returns a list. IAM allows a list of one element to be written without brackets."""
    return value if isinstance(value, list) else [value]


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _filled(pattern: str, context: Context) -> str | None:
    """The pattern with the values of its variables. None where a variable has no value: it then equals nothing."""
    filled = ""
    place = 0
    for found in _VARIABLE.finditer(pattern):
        value = context.get(found[1])
        if not isinstance(value, str) or not value:
            return None
        if {"*", "?"} & set(value):
            raise UnknownPolicy(f"a wildcard in the value of {found[0]}")
        filled += pattern[place : found.start()] + value
        place = found.end()
    return filled + pattern[place:]


def _resource_matches(pattern: str, resource: str, context: Context) -> bool:
    filled = _filled(pattern, context)
    return filled is not None and matches(filled, resource)


def _is_principal(named: Any, principal: str) -> bool:
    """Whether a `Principal` element names the caller: everybody, its ARN, or its account."""
    if named == "*":
        return True
    account = principal.split(":")[4] if principal.count(":") >= 5 else ""
    return any(
        each in ("*", principal) or (account and each in (account, f"arn:aws:iam::{account}:root"))
        for each in listed(named.get("AWS", []))
    )


def _arn_like(pattern: str, value: str) -> bool:
    """Compares the six parts of an ARN one by one."""
    parts, values = pattern.split(":", 5), value.split(":", 5)
    return len(parts) == len(values) and all(map(matches, parts, values))


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": matches,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "NumericLessThan": lambda wanted, value: float(value) < float(wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_FOR_ALL, _FOR_ANY, _IF_EXISTS = "ForAllValues", "ForAnyValue", "IfExists"


def _parsed(operator: str) -> tuple[str, str, bool]:
    """The qualifier, the operator without it and without `IfExists`, and whether it had that."""
    qualifier, _, base = operator.rpartition(":")
    if_exists = base.endswith(_IF_EXISTS)
    base = base.removesuffix(_IF_EXISTS)
    known = base in _OPERATORS or base in _NEGATED or (base == "Null" and not qualifier and not if_exists)
    # AWS does not say what `IfExists` means with a qualifier.
    if not known or qualifier not in ("", _FOR_ALL, _FOR_ANY) or (qualifier and if_exists):
        raise UnknownPolicy(f"the operator {operator}")
    return qualifier, base, if_exists


def _known(key: str, keys: Mapping[str, bool]) -> bool:
    """Whether the key may have several values."""
    for known, several in keys.items():
        if key == known or (known.endswith("/") and key.startswith(known)):
            return several
    raise UnknownPolicy(f"the key {key}")


def _is_met(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """All operators and all keys have to be met; of a key's values in the policy, one."""
    return all(
        _holds(operator, listed(wanted), context.get(key), context)
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: Sequence[str], given: str | Sequence[str] | None, context: Context) -> bool:
    qualifier, base, if_exists = _parsed(operator)
    values = [given] if isinstance(given, str) else list(given or ())
    if base == "Null":
        return (not values) == (str(wanted[0]).lower() == "true")
    positive = _OPERATORS[_NEGATED.get(base, base)]
    filled = [each for each in (_filled(str(each), context) for each in wanted) if each is not None]
    met = [any(positive(each, value) for each in filled) is not (base in _NEGATED) for value in values]
    if qualifier == _FOR_ALL:
        return all(met)  # also where there is no value
    if qualifier == _FOR_ANY:
        return any(met)
    if not met:
        return base in _NEGATED or if_exists
    return met[0]
