"""What a search refuses, and with which code: every parameter of the contract."""

from typing import Any

import pytest

from daybook.clock import parse_time
from daybook.http.problem import Problem
from daybook.search.parameters import EQUALITIES, NEGATIONS, SCALARS, Order, Span, read_parameters, span_at


def lists(query: dict[str, Any]) -> dict[str, list[str]]:
    return {name: value if isinstance(value, list) else [value] for name, value in query.items()}


def test_the_bound_on_values_is_on_those_of_filters() -> None:
    """A hundred values, as many as an export takes, leave room for the parameters of the call."""
    query = {"actor": [f"a{number}" for number in range(100)], "limit": ["1"], "range": ["7d"], "tz": ["UTC"]}
    assert len(read_parameters(query).filters.of("actor")) == 100


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"nonsense": "x"}, "unknown_parameter"),
        ({"Activity": "x"}, "unknown_parameter"),
        ({"view": "enat"}, "unknown_view"),
        ({"view": "Native"}, "unknown_view"),
        ({"tz": "Mars/Olympus"}, "unknown_zone"),
        ({"tz": "../../../etc/passwd"}, "unknown_zone"),
        ({"tz": "/etc/localtime"}, "unknown_zone"),
        ({"tz": "America"}, "unknown_zone"),
        ({"tz": "x" * 5_000}, "unknown_zone"),
        ({"sort": "shoe-size"}, "invalid_parameter"),
        ({"sort": "--occurred_at"}, "invalid_parameter"),
        ({"limit": "0"}, "invalid_parameter"),
        ({"limit": "501"}, "invalid_parameter"),
        ({"limit": "-1"}, "invalid_parameter"),
        ({"limit": "1e2"}, "invalid_parameter"),
        ({"limit": "٣"}, "invalid_parameter"),
        ({"limit": ["1", "2"]}, "invalid_parameter"),
        ({"status": "done"}, "invalid_parameter"),
        ({"status": ["success", "done"]}, "invalid_parameter"),
        ({"origin": "any"}, "invalid_parameter"),
        ({"actor_type": "robot"}, "invalid_parameter"),
        ({"target": "D-9"}, "invalid_parameter"),
        ({"target": ":D-9"}, "invalid_parameter"),
        ({"target": "defect:"}, "invalid_parameter"),
        ({"target": "De fect:D-9"}, "invalid_parameter"),
        ({"target": "a:b", "target!": "D-9"}, "invalid_parameter"),
        ({"target": f"{'x' * 65}:D-9"}, "invalid_parameter"),
        ({"status!": "done"}, "invalid_parameter"),
        ({"q!": "x"}, "unknown_parameter"),
        ({"from!": "2026-11-22T00:00:00Z"}, "unknown_parameter"),
        ({"actor!!": "x"}, "unknown_parameter"),
        ({"from": "yesterday"}, "invalid_parameter"),
        ({"from": "2026-11-22"}, "invalid_parameter"),
        ({"from": "2026-02-30T00:00:00Z"}, "invalid_parameter"),
        ({"to": "2026-11-22T00:00:00"}, "invalid_parameter"),
        ({"from": "2026-11-22T00:00:00Z", "to": "2026-11-22T00:00:00Z"}, "invalid_parameter"),
        ({"from": "2026-11-22T00:00:00Z", "to": "2026-11-22T00:30:00+01:00"}, "invalid_parameter"),
        ({"range": "8d"}, "invalid_parameter"),
        ({"range": "7d", "from": "2026-11-22T00:00:00Z"}, "invalid_parameter"),
        ({"range": "7d", "to": "2026-11-22T00:00:00Z"}, "invalid_parameter"),
        ({"actor": [f"a{number}" for number in range(101)]}, "too_many_values"),
        ({"actor": [f"a{number}" for number in range(100)], "q": "login"}, "too_many_values"),
        ({"q": "x" * 10_241}, "too_long"),
        *(({name: ""}, "invalid_parameter") for name in (*EQUALITIES, *NEGATIONS, *SCALARS, "q")),
        *(({name: "a\x00b"}, "invalid_parameter") for name in (*EQUALITIES, *NEGATIONS, "q", "view", "tz")),
        *(({name: "\ud800"}, "invalid_parameter") for name in (*EQUALITIES, *NEGATIONS, "q", "view", "tz")),
    ],
)
def test_a_search_refuses_what_it_cannot_read(query: dict[str, Any], code: str) -> None:
    """400 with a stable code that names the parameter."""
    with pytest.raises(Problem) as problem:
        read_parameters(lists(query))
    assert (problem.value.status, problem.value.code) == (400, code)
    if code in ("invalid_parameter", "unknown_parameter"):
        assert problem.value.errors[0].path in query


@pytest.mark.parametrize(
    ("name", "now", "start"),
    [
        ("7d", "2026-11-22T16:31:08.123Z", "2026-11-15T16:31:08.123Z"),
        ("30d", "2026-11-22T16:31:08.123Z", "2026-10-23T16:31:08.123Z"),
        ("12m", "2026-11-22T16:31:08.123Z", "2025-11-22T16:31:08.123Z"),
        ("12m", "2028-02-29T23:59:59.999Z", "2027-02-28T23:59:59.999Z"),
        ("12m", "2026-01-31T00:00:00.000Z", "2025-01-31T00:00:00.000Z"),
    ],
)
def test_a_range_counts_back_from_now(name: str, now: str, start: str) -> None:
    """Days of 24 hours, or calendar months. It has no end: an event may be stamped a little ahead."""
    parameters = read_parameters({"range": [name]})
    assert span_at(parameters, parse_time(now)) == Span(parse_time(start), None)


def test_defaults() -> None:
    """Newest first, 50 at a time, native, UTC, everything."""
    parameters = read_parameters({})
    assert (parameters.order, parameters.limit, parameters.view) == (
        Order("occurred_at", descending=True),
        50,
        "native",
    )
    assert (parameters.zone.key, span_at(parameters, 1)) == ("UTC", Span(None, None))


def test_a_query_is_the_same_in_any_order_and_page_size() -> None:
    """What a cursor signs: names and values as sets, without cursor and limit."""
    one = read_parameters({"actor": ["a", "b", "a"], "q": ["x"], "limit": ["5"]})
    other = read_parameters({"q": ["x"], "cursor": ["c"], "actor": ["b", "a"]})
    assert one.identity == other.identity
    assert one.identity != read_parameters({"actor": ["a", "b"], "q": ["x"], "tz": ["UTC"]}).identity
