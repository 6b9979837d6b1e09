"""Reads over the handler: environments, unknown values, the parameters of reads of a target, and fuzzing."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from daybook.aws.wiring import Tables
from daybook.search.parameters import EQUALITIES, SCALARS
from tests.support.tenant_log import TenantLog, problem_of

TARGET_READS = ("/v1/target", "/v1/target/time", "/v1/target/attribution")


@pytest.fixture
def log(dynamodb: Any, tables: Tables) -> TenantLog:
    return TenantLog(dynamodb, tables)


@pytest.mark.parametrize(
    "query",
    [
        {"actor": [f"a{number}" for number in range(100)]},
        {"activity": "nothing.of-the-kind", "actor": "nobody", "category": "none", "component": "none"},
        {"target": "defect:a:b#c"},
        {"from": "2026-11-22T01:00:00+01:00", "to": "2026-11-22T00:00:00.001Z"},
        {"from": "2026-11-22T01:00:00 01:00"},
        {"from": "1970-01-01T00:00:00Z", "to": "9999-12-31T23:59:59.999Z"},
        {"limit": ["5", "5"], "tz": "America/New_York", "view": "symbee", "range": "12m"},
        {"actor": "ü" * 1_000, "target": "x:" + "ü" * 1_000, "activity": "ü" * 1_000},
        {"actor": "0b5c1a2e-7d3f-4c11-9a55-1f2e3d4c5b6a", "caused_by": "#", "session_id": "a\nb\tc"},
    ],
)
def test_unknown_values_match_nothing(log: TenantLog, query: dict[str, Any]) -> None:
    """Unknown activities, people and targets are not errors."""
    page = log.page(query)
    assert page["events"] == []
    assert page["next_cursor"] is None


@pytest.mark.parametrize("name", [name for name in EQUALITIES if name != "group"])  # a group that is unknown is 400
def test_every_filter_is_compared(log: TenantLog, name: str) -> None:
    """A value that no event has finds none: a filter that nothing compares would find them all."""
    log.sent({})
    absent = {"status": "failure", "origin": "system", "actor_type": "unknown", "target": "folder:none"}
    assert log.found(**{name: absent.get(name, "none")}) == []


@pytest.mark.parametrize("path", ["/v1/events", *TARGET_READS])
def test_environments_are_the_tenants_and_the_credentials(log: TenantLog, path: str) -> None:
    """404 for one that the tenant lacks, 403 for one that the key lacks. The default is the key's own, otherwise the
    tenant's first.
    """
    more = {} if path == "/v1/events" else {"target": "defect:D-9"}
    if path.endswith("attribution"):
        more["at"] = "2026-11-22T00:00:00Z"
    assert problem_of(log.read(path, {"environment": "moon", **more})) == (404, "not_found")
    denied = log.read(path, {"environment": "test", **more}, environment="prod")
    assert problem_of(denied) == (403, "environment_denied")
    assert log.read(path, {"environment": "test", **more}, environment="test")["statusCode"] == 200
    assert log.read(path, more, environment="test")["statusCode"] == 200


def test_a_read_covers_one_environment(log: TenantLog) -> None:
    """The named one, the key's own, or the tenant's first."""
    here, there = log.sent({"environment": "prod"}, {"environment": "test"})
    own = {"activity": "document.updated"}
    assert [event["id"] for event in log.page(own)["events"]] == [here]
    assert [event["id"] for event in log.page({**own, "environment": "test"})["events"]] == [there]
    assert [event["id"] for event in log.page(own, environment="test")["events"]] == [there]


@pytest.mark.parametrize("path", TARGET_READS)
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "invalid_parameter"),
        ({"target": "D-9"}, "invalid_parameter"),
        ({"target": ["a:1", "a:2"]}, "invalid_parameter"),
        ({"target": "a:\x07"}, "invalid_parameter"),
        ({"target": "a:" + "x" * 10_240}, "too_long"),
        ({"target": "a:1", "limit": "5"}, "unknown_parameter"),
        ({"target": "a:1", "from": "then"}, None),
        ({"target": "a:1", "from": "2026-11-22T00:00:00Z", "to": "2026-11-21T00:00:00Z"}, None),
    ],
)
def test_reads_of_a_target_refuse_what_they_cannot_read(
    log: TenantLog, path: str, query: dict[str, Any], code: str | None
) -> None:
    """400; only time and attribution accept `from` and `to`."""
    at = {"at": "2026-11-22T00:00:00Z"} if path.endswith("attribution") else {}
    expected = code or ("unknown_parameter" if path == "/v1/target" else "invalid_parameter")
    assert problem_of(log.read(path, {**query, **at})) == (400, expected)


@pytest.mark.parametrize("at", [None, "then", "", ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"]])
def test_an_attribution_needs_its_moment(log: TenantLog, at: str | list[str] | None) -> None:
    """One RFC 3339 time."""
    query: dict[str, Any] = {"target": "a:1"} | ({} if at is None else {"at": at})
    assert problem_of(log.read("/v1/target/attribution", query)) == (400, "invalid_parameter")


ANYTHING = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=("Cs", "Cc", "Lu", "Po")), max_size=8),
    st.sampled_from(
        ["#", "a#b", "user:#", "x:~", "acme#prod#0", "9" * 400, "-1", "NaN", "2026-11-22T00:00:00Z", "x:y"]
    ),
    st.integers(1, 20_000).map(lambda length: "ü" * length),
    st.text("0123456789abcdef-", min_size=36, max_size=36),
)
NAMES = st.sampled_from([*EQUALITIES, *SCALARS, "q", "group", "at"])


@examples(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["/v1/events", "/v1/events", *TARGET_READS, "/v1/events/{event_id}", "/v1/catalogue"]),
    query=st.dictionaries(NAMES | st.text(max_size=5), st.lists(ANYTHING, min_size=1, max_size=4), max_size=4),
    event_id=st.text(max_size=40) | st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=36, max_size=36),
)
def test_no_query_makes_the_service_fail(
    log: TenantLog, path: str, query: Mapping[str, Sequence[str]], event_id: str
) -> None:
    """Whatever the values contain, and however long they are, the response is a success or a 4xx."""
    answer = log.read(path, query, {"event_id": event_id} if "{" in path else None)
    assert answer["statusCode"] < 500, answer["body"]
    answer["body"].encode()


@examples(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from([*EQUALITIES, "q", "tz", "view", "cursor", "sort", "from"]), value=ANYTHING)
def test_no_value_makes_a_search_fail(log: TenantLog, name: str, value: str) -> None:
    """Each parameter alone, so that no other one is refused before it is read."""
    assert log.read(query={name: value})["statusCode"] in (200, 400)
