"""The named converters."""

from typing import Any

import pytest

from daybook_client.importing.converters import CONVERTERS


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("activity", "Some action!", "Some-action"),
        ("activity", "user.signed_in", "user.signed_in"),
        ("activity", "..", None),
        ("activity", "x" * 200, "x" * 128),
        ("type", "AWS::S3::Bucket", "AWS-S3-Bucket"),
        ("slug", "User access / Change", "user-access-change"),
        ("lower", "ADMIN", "admin"),
        ("upper", "admin", "ADMIN"),
        ("integer", "42", 42),
        ("integer", 42.0, 42),
        ("integer", 2**53, None),
        ("integer", True, None),
        ("integer", "42 s", None),
        ("bool", "Yes", True),
        ("bool", "failed", False),
        ("status", "Succeeded", "success"),
        ("status", 404, "failure"),
        ("status", "302", "success"),
        ("status", "perhaps", None),
        ("ip", "203.0.113.7:443", "203.0.113.7"),
        ("ip", "[2001:db8::1]:443", "2001:db8::1"),
        ("ip", "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        ("ip", ["203.0.113.7", "10.0.0.1"], "203.0.113.7"),
        ("ip", "2001:db8::1", "2001:db8::1"),
        ("json", '{"a": 1}', {"a": 1}),
        ("json", "{", None),
        ("json", {"a": 1}, {"a": 1}),
        ("list", "one", ["one"]),
        ("list", ["one"], ["one"]),
        ("words", "a, b;c,", ["a", "b", "c"]),
        ("text", 1.5, "1.5"),
        ("text", True, "true"),
        ("text", {"a": [1]}, '{"a":[1]}'),
        ("text", [], None),
    ],
)
def test_a_converter_gives_a_value_or_none(name: str, value: Any, result: Any) -> None:
    """It never fails: a record may hold anything."""
    assert CONVERTERS[name](value, None) == result


@pytest.mark.parametrize("name", CONVERTERS)
@pytest.mark.parametrize("value", [None, "", [], {}, [None], {"a": None}, -1, 1e300, "\ud800", "x" * 100_000])
def test_no_converter_fails(name: str, value: Any) -> None:
    """Whatever it is given."""
    CONVERTERS[name](value, None)
