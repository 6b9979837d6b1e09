"""Rules of an event's form that concern several fields at once."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from daybook.events.rules import broken_rules, surely_keeps_rules
from daybook.events.schema import SentEvent

IDS = st.text("ab\u0301\u0958", min_size=1, max_size=3) | st.sampled_from(
    ["x" * 42, "x" * 43, "x" * 128, "x" * 129, "\u0958" * 100]
)
NAMED = {"id": IDS, "username": st.just("kim"), "name": st.just("Kim"), "email": st.just("k@x")}
TYPES = st.sampled_from(["user", "User", "case"])
ACTOR = st.fixed_dictionaries(
    {"type": st.sampled_from(["user", "unknown", "api", "system"])},
    optional={
        **NAMED,
        "id": st.just("u-1"),
        "impersonator": st.fixed_dictionaries({}, optional={"name": st.just("Lee")}),
    },
)
TARGET = st.fixed_dictionaries(
    {"type": TYPES},
    optional={
        "id": IDS,
        "username": st.just("kim"),
        "name": st.just("Kim"),
        "within": st.fixed_dictionaries({"type": TYPES, "id": IDS}),
    },
)
EVENT = st.fixed_dictionaries(
    {"activity": st.just("a.b"), "actor": ACTOR},
    optional={
        "id": st.just("e-1"),
        "occurred_at": st.just("2026-11-22T16:31:07.123Z"),
        "target": TARGET,
        "people": st.lists(
            st.fixed_dictionaries({}, optional={"name": st.just("Jo"), "id": st.just("u-2")}), min_size=1
        ),
    },
)


@given(EVENT)
def test_what_the_cheap_check_passes_breaks_no_rule(sent: dict[str, Any]) -> None:
    """So it can only make an ordinary event cheaper."""
    if surely_keeps_rules(msgspec.convert(sent, SentEvent)):
        assert not list(broken_rules(sent))
