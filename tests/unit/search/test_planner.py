"""The index that answers each filter, and the partitions to read."""

from typing import Any

import pytest

from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogue
from daybook.ids import lowest_id
from daybook.people.lookup import Named, ResolvedQuery
from daybook.search.parameters import Filters, Span
from daybook.search.planner import Plan, Planner
from daybook.tenants.settings import Layout
from tests.support.ingest import KEYS, code_for, settings

MIKE, JANE = "0b5c1a2e-7d3f-4c11-9a55-1f2e3d4c5b6a", "1b5c1a2e-7d3f-4c11-9a55-1f2e3d4c5b6a"
NAMED = {
    "mike": Named("mike", frozenset({MIKE})),
    "both": Named("both", frozenset({JANE, MIKE})),
    "nobody": Named("nobody"),
    "Unknown": Named("Unknown", types=frozenset({"unknown"}), is_certain=True),
    "System": Named("System", types=frozenset({"system"}), is_certain=True),
    MIKE: Named(MIKE, frozenset({MIKE}), is_certain=True),
    JANE: Named(JANE, frozenset({JANE}), is_certain=False, by_address=True),
}


CODE = code_for("acme")
ALWAYS = Span(None, None)
USER_SESSIONS = {"by_activity #user-session.started", "by_activity #user-session.ended"}
ONE_SHARD = (Layout(0, 1),)


def plan(
    *,
    span: Span = ALWAYS,
    edge_ms: int = 0,
    layouts: Any = ONE_SHARD,
    members: frozenset[str] | None = None,
    by_address: bool = False,
    unequal: Any = None,
    **equal: Any,
) -> Plan:
    filters = Filters({name: tuple(values) for name, values in equal.items()}, unequal=unequal or {})
    named = {text: NAMED.get(text, Named(text)) for text in filters.names}
    planner = Planner(settings("enate", layouts=layouts), "prod", Catalogue(profile("enate"), {}), KEYS.of(CODE))
    return planner.plan(filters, ResolvedQuery(named, members, by_address), span, edge_ms)


def keys(**equal: Any) -> set[str]:
    return {f"{source.index_name} {source.key.removeprefix(f'{CODE}#0#0')}" for source in plan(**equal).sources}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"timeline "}),
        ({"status": ["failure"], "component": ["Work Item"]}, {"timeline "}),
        ({"actor": ["mike"]}, {f"by_actor #{MIKE}"}),
        ({"actor": ["mike", MIKE, "both"]}, {f"by_actor #{MIKE}", f"by_actor #{JANE}"}),
        ({"actor": ["Unknown"]}, {"by_actor #unknown"}),
        ({"actor": ["nobody"]}, {"by_actor #system", "by_actor #api", "by_actor #operations"}),
        (
            {"actor": [JANE]},
            {"by_actor #system", "by_actor #api", "by_actor #operations", "by_actor #unknown", f"by_actor #{JANE}"},
        ),
        ({"actor": ["System"], "activity": ["a"]}, {"by_activity #a"}),
        ({"actor": ["System", "mike"], "category": ["user-sessions"]}, USER_SESSIONS),
        ({"actor": ["System"], "category": ["other"]}, {"by_actor #system"}),
        ({"actor": ["System"], "activity": ["a*"]}, {"by_actor #system"}),
        ({"actor": ["nobody"], "activity": ["a"]}, {"by_activity #a"}),
        ({"impersonator": ["mike"], "credential": ["k1"]}, {"timeline "}),
        ({"activity": ["a.*"]}, {"timeline "}),
        ({"activity": ["a.*", "b"], "category": ["user-sessions"]}, {"timeline "}),
        ({"activity": ["a.*"], "actor": ["mike"]}, {f"by_actor #{MIKE}"}),
        ({"unequal": {"actor": ("mike",), "target": ("doc:mike",), "activity": ("a",)}}, {"timeline "}),
        ({"unequal": {"actor": ("mike",)}, "activity": ["a"]}, {"by_activity #a"}),
        ({"target": ["User:mike"]}, {f"by_target #user#{MIKE}", f"by_within #user#{MIKE}"}),
        ({"actor": ["mike"], "activity": ["api.called"], "category": ["other"]}, {f"by_actor #{MIKE}"}),
        ({"activity": ["a", "b", "x" * 129]}, {"by_activity #a", "by_activity #b"}),
        ({"activity": ["x" * 129]}, set()),
        ({"activity": ["a"], "category": ["other"]}, {"by_activity #a"}),
        ({"category": ["User Sessions"]}, USER_SESSIONS),
        ({"category": ["user-sessions"]}, USER_SESSIONS),
        ({"category": ["user-sessions", "other"]}, {"timeline "}),
        ({"category": ["nothing"]}, set()),
        ({"target": ["user:mike"], "actor": ["nobody"]}, {f"by_target #user#{MIKE}", f"by_within #user#{MIKE}"}),
        ({"target": ["user:nobody"]}, set()),
        (
            {"actor": [f"somebody {number}" for number in range(65)]},
            {f"by_actor #{kind}" for kind in ("system", "api", "operations")},
        ),
        ({"activity": [f"a.{number}" for number in range(65)]}, {"timeline "}),
        ({"target": [f"doc:{number}" for number in range(17)]}, {"timeline "}),
    ],
)
def test_one_index_answers(filters: dict[str, list[str]], expected: set[str]) -> None:
    """The first of target, people as actors, activity, category and other actors that is given; else the timeline."""
    assert keys(**filters) == expected


def test_a_target_is_queried_as_text_as_hash_and_by_person() -> None:
    """Its id may be a name, contain one, or contain none. The keys differ, and none contains a name."""
    found = keys(target=["doc:mike"])
    assert {key for key in found if "^" not in key} == {
        f"{index} #doc#{part}" for index in ("by_target", "by_within") for part in ("mike", MIKE)
    }
    assert len([key for key in found if "#doc#^" in key]) == 2


def test_an_id_that_contains_a_guid_is_an_ordinary_id() -> None:
    """Products use such ids; they are no reason to read the whole log."""
    assert plan(target=[f"doc:urn-{MIKE}"]).index_name == "by_target"


def test_each_shard_is_read_from_the_moment_it_may_hold_events() -> None:
    """From that millisecond on; within the span, never before the retention's edge, up to but not including `to`."""
    layouts = (Layout(0, 1), Layout(5_000, 3), Layout(9_000, 4))
    sources = plan(span=Span(2_000, 9_001), edge_ms=3_000, layouts=layouts).sources
    assert [source.key for source in sources] == [f"{CODE}#0#{shard}" for shard in range(4)]
    assert [source.low for source in sources] == [lowest_id(low) for low in (3_000, 5_000, 5_000, 9_000)]
    assert {source.high for source in sources} == {lowest_id(9_000)[:10] + "7" + "Z" * 25}
    assert len(plan(span=Span(2_000, 9_000), edge_ms=3_000, layouts=layouts).sources) == 3
    assert plan(span=Span(None, 3_000), edge_ms=3_000, layouts=layouts).sources == ()
    assert plan(span=Span(None, 0)).sources == ()


def test_a_small_group_is_queried_by_its_members() -> None:
    """After target and actor. An empty group has no partition. A nameless member is among the unknown, so activity
    comes before such a group.
    """
    activity = {"activity": ["user.login"]}
    assert keys(members=frozenset({MIKE, JANE}), **activity) == {f"by_actor #{MIKE}", f"by_actor #{JANE}"}
    assert keys(members=frozenset({JANE}), by_address=True) == {f"by_actor #{JANE}", "by_actor #unknown"}
    assert keys(members=frozenset({JANE}), by_address=True, **activity) == {"by_activity #user.login"}
    assert keys(members=frozenset({JANE}), actor=["mike"]) == {f"by_actor #{MIKE}"}
    assert keys(members=frozenset({JANE}), actor=["System"]) == {f"by_actor #{JANE}"}
    assert plan(members=frozenset({JANE}), target=["doc:x"]).index_name == "by_target"
    assert plan(members=frozenset()).sources == ()
    assert plan(members=frozenset(map(str, range(64)))).index_name == "by_actor"
    assert plan(members=frozenset(map(str, range(65)))).index_name == "timeline"
