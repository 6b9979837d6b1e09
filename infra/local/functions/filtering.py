"""The part of Lambda's event filtering that the template uses: lists of values that a field may equal."""

import json
from collections.abc import Mapping
from typing import Any


def passes(properties: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event passes any of a mapping's filters. Without filters every event passes."""
    filters = [json.loads(each["Pattern"]) for each in properties.get("FilterCriteria", {}).get("Filters", [])]
    return not filters or any(matches(pattern, event) for pattern in filters)


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    return all(
        matches(wanted, event.get(name) or {}) if isinstance(wanted, Mapping) else event.get(name) in wanted
        for name, wanted in pattern.items()
    )
