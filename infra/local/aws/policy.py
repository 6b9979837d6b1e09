"""The part of IAM's policy language that the authorizer and our roles use: effects, actions and resources.

Of the conditions it evaluates `ForAllValues:StringLike` over the keys that the caller gives. It treats all others as
met.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

Statement = Mapping[str, Any]


def allows(
    statements: Iterable[Statement], action: str, resource: str, context: Mapping[str, Sequence[str]] | None = None
) -> bool:
    """Whether a statement allows the action and none denies it. Raises KeyError if a statement lacks a part.

    `context` holds the values of the condition keys that are known.
    """
    effects = {
        statement["Effect"]
        for statement in statements
        if any(matches(pattern, action) for pattern in listed(statement["Action"]))
        and any(matches(pattern, resource) for pattern in listed(statement["Resource"]))
        and _is_met(statement.get("Condition", {}), context or {})
    }
    return effects == {"Allow"}


def _is_met(condition: Mapping[str, Any], context: Mapping[str, Sequence[str]]) -> bool:
    wanted = condition.get("ForAllValues:StringLike", {})
    return all(
        any(matches(pattern, value) for pattern in listed(patterns))
        for key, patterns in wanted.items()
        for value in context.get(key, ())
    )


def matches(pattern: str, value: str) -> bool:
    """Matches IAM's wildcards: `*` for any characters including slashes, `?` for a single one."""
    return expression(pattern).fullmatch(value) is not None


@cache
def expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def listed(value: Any) -> list[Any]:
    """Returns a list. IAM allows a list of one element to be written without brackets."""
    return value if isinstance(value, list) else [value]
