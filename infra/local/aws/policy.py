"""IAM's policy language, as much of it as an authorizer and our roles speak: effects, actions, resources.

Of conditions it knows `ForAllValues:StringLike` over what the caller knows of a call; all others count as met.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

Statement = Mapping[str, Any]


def allows(
    statements: Iterable[Statement], action: str, resource: str, context: Mapping[str, Sequence[str]] | None = None
) -> bool:
    """Whether something allows it and nothing denies it. Raises KeyError where a statement lacks a part.

    `context`: the values of condition keys, for those that are known.
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
    """By IAM's wildcards: `*` for any characters, slashes too, `?` for any one."""
    return expression(pattern).fullmatch(value) is not None


@cache
def expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def listed(value: Any) -> list[Any]:
    """IAM lets a list of one go without its brackets."""
    return value if isinstance(value, list) else [value]
