"""What a setting may be. The CDK's command line gives every value as text, and `cdk.json` gives JSON."""

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any

Kind = Callable[[Any], Any]
"""Returns the value as the deployment uses it. Raises `ValueError` with what it must be."""


def setting(kind: Kind, default: Any = None) -> Any:
    """A field of the settings. Where the context does not name it, it has `default`."""
    return field(default=default, metadata={"kind": kind})


def text(pattern: str, what: str) -> Kind:
    """Text that matches the whole pattern. `what` completes "must be"."""
    compiled = re.compile(pattern)

    def read(value: Any) -> str:
        if not (isinstance(value, str) and compiled.fullmatch(value)):
            raise ValueError(what)
        return value

    return read


def one_of(*values: Any) -> Kind:
    by_text = {str(value): value for value in values}

    def read(value: Any) -> Any:
        if isinstance(value, bool) or str(value) not in by_text:
            raise ValueError(f"one of {', '.join(by_text)}")
        return by_text[str(value)]

    return read


def whole(low: int, high: int, *, of: int = 1) -> Kind:
    """`of`: what the number must be a multiple of."""
    what = f"a whole number from {low:,} to {high:,}" + (f", a multiple of {of}" if of > 1 else "")

    def read(value: Any) -> int:
        digits = re.fullmatch(r"[0-9]{1,12}", str(value))
        if isinstance(value, bool) or digits is None or not low <= int(value) <= high or int(value) % of:
            raise ValueError(what)
        return int(value)

    return read


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool) and value not in ("true", "false"):
        raise ValueError("true or false")
    return value in (True, "true")
