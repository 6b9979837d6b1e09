"""The part of Lambda's event filtering that the template uses: values that a field may equal or not, or its absence."""

import json
from collections.abc import Mapping
from typing import Any


def passes(properties: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event passes any of a mapping's filters. Without filters every event passes."""
    filters = [json.loads(each["Pattern"]) for each in properties.get("FilterCriteria", {}).get("Filters", [])]
    return not filters or any(matches(pattern, event) for pattern in filters)


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    return all(
        matches(wanted, event.get(name) or {}) if isinstance(wanted, Mapping) else _is_one_of(wanted, event.get(name))
        for name, wanted in pattern.items()
    )


def _is_one_of(wanted: list[Any], value: Any) -> bool:
    return any(_is(each, value) for each in wanted)


def _is(wanted: Any, value: Any) -> bool:
    match wanted:
        case {"exists": bool(exists)}:
            return (value is not None) == exists
        case {"anything-but": unwanted}:
            return value is not None and value != unwanted
    return bool(value == wanted)
