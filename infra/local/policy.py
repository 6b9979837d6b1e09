"""IAM's policy language, as much of it as an authorizer and our roles speak: effects, actions, resources.

Conditions count as met: no call of ours to this machine's AWS could fail one.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

Statement = Mapping[str, Any]


def allows(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Whether something allows it and nothing denies it. Raises KeyError where a statement lacks a part."""
    effects = {
        statement["Effect"]
        for statement in statements
        if any(matches(pattern, action) for pattern in listed(statement["Action"]))
        and any(matches(pattern, resource) for pattern in listed(statement["Resource"]))
    }
    return effects == {"Allow"}


def matches(pattern: str, value: str) -> bool:
    """By IAM's wildcards: `*` for any characters, slashes too, `?` for any one."""
    return expression(pattern).fullmatch(value) is not None


@cache
def expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def listed(value: Any) -> list[Any]:
    """IAM lets a list of one go without its brackets."""
    return value if isinstance(value, list) else [value]
