"""Expressions find what JMESPath finds, and say where in a record it can come from."""

from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from daybook_client.importing.expressions import Expression, ExpressionError

EXPRESSIONS = [
    *("a", "a.b", "a.b.a", "a[0]", "a[-1].b", "a[1].b.a", "a || b", "a.b || b.a || 'x'", "a && b", "!a", "!a.b && b"),
    *("a == 'x'", "a != 'x'", "a.b == 'x' || b", "'x' == a", "a == `1`", "a == `true`", "a == b", "a[0] == 'x' && b.a"),
    *(
        "contains(a, 'x')",
        "contains(a, 'x') || b",
        "contains(a, `1`)",
        "length(a)",
        "join('-', a)",
        "a[*].b",
        "a[?b].a",
    ),
    *(
        "a[].b",
        "a | [0]",
        "{x: a, y: b.a}",
        "[a, b]",
        "a[0:1]",
        "not_null(a, b)",
        "*.b",
        "@",
        "`null`",
        "a[?b == 'x'] | [0]",
    ),
]
values = st.recursive(
    st.sampled_from([None, True, False, 0, 1, "", "x", "xy"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
records = st.dictionaries(st.sampled_from("ab"), values)


@settings(max_examples=60, deadline=None)
@given(records)
def test_every_expression_finds_what_jmespath_finds(record: dict[str, Any]) -> None:
    """Where JMESPath fails, because the types do not fit, there is no value."""
    for text in EXPRESSIONS:
        try:
            expected = jmespath.search(text, record)
        except (JMESPathError, TypeError):  # the second comes of `contains` of a text and a number
            expected = None
        found = Expression(text).find(record)
        assert (found, type(found)) == (expected, type(expected)), text


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("a.b", {"a.b"}),
        ("a || b.c", {"a", "b.c"}),
        ("a[?kind == 'x'].id | [0]", {"a.id"}),
        ("a[*].{id: id, n: who.name}", {"a.id", "a.who.name"}),
        ("join(' ', [a, b[0].c])", {"a", "b.c"}),
        ("a[].b", {"a.b"}),
        ("a.*.b", {"a.*.b"}),
        ("a == 'x'", set()),
        ("@", {""}),
    ],
)
def test_an_expression_names_the_paths_of_its_values(text: str, sources: set[str]) -> None:
    """Without places in lists, and without what is only compared."""
    assert {".".join(path) for path in Expression(text).sources} == sources


def test_a_text_that_is_no_expression_is_refused() -> None:
    """With its place."""
    with pytest.raises(ExpressionError, match=r"fields\.x: 'a \|\|' is no JMESPath"):
        Expression("a ||", "fields.x")
