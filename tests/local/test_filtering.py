"""The filters of event source mappings, as far as the template uses them."""

import json
from typing import Any

import pytest

from infra.local.functions.filtering import matches, passes

BY_SOMEBODY = {"userIdentity": {"principalId": [{"exists": False}, {"anything-but": "dynamodb.amazonaws.com"}]}}


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({}, True),
        ({"userIdentity": None}, True),
        ({"userIdentity": {"type": "Service"}}, True),
        ({"userIdentity": {"principalId": "somebody"}}, True),
        ({"userIdentity": {"principalId": "dynamodb.amazonaws.com"}}, False),
    ],
)
def test_a_field_may_be_absent_or_anything_but_a_value(event: dict[str, Any], found: bool) -> None:
    """One of the conditions of a field has to hold. `anything-but` alone does not match what is absent."""
    assert matches(BY_SOMEBODY, event) == found
    assert not matches({"userIdentity": {"principalId": [{"anything-but": "x"}]}}, {})
    assert not matches({"userIdentity": {"principalId": [{"exists": True}]}}, {})


def test_any_of_the_filters_has_to_match_and_each_field_of_it() -> None:
    patterns = [{"eventName": ["INSERT", "MODIFY"]}, {"eventName": ["REMOVE"], "by": ["me"]}]
    mapping = {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}}
    passing = [{"eventName": "INSERT"}, {"eventName": "MODIFY", "by": "you"}, {"eventName": "REMOVE", "by": "me"}]
    assert all(passes(mapping, event) for event in passing)
    assert not any(
        passes(mapping, event) for event in ({}, {"eventName": "REMOVE"}, {"eventName": "REMOVE", "by": "x"})
    )
    assert passes({}, {})
