"""The planner against a brute-force model: random logs, filters, page sizes and bounds, on both stores.

`DAYBOOK_MODEL_EXAMPLES` is the number of searches for each store; `make nightly` sets it to 10,000.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from daybook.aws.wiring import Tables
from daybook.clock import format_time
from daybook.events.store import Append
from daybook.search.merge import Bounds
from daybook.search.parameters import ORDERS
from tests.conftest import Store
from tests.support.calls import answered
from tests.support.model.loaded_log import EVENTS, Loaded
from tests.support.model.reference_model import ALIASES, CATALOGUE, Happened
from tests.support.model.world import (
    ACTIVITIES_OF_USERS,
    ADDRESSES,
    ENVIRONMENTS,
    GROUPS,
    MOMENTS,
    OWN_CATEGORIES,
    PEOPLE,
    SERVICE_ID,
    SESSIONS,
    TARGET_IDS,
)
from tests.support.tenant_log import Reader
from tests.support.wiring import wiring_over

EXAMPLES = int(os.environ.get("DAYBOOK_MODEL_EXAMPLES", "40"))
LOGS = max(4, EXAMPLES // 40)


def _spellings(category: str) -> tuple[str, str]:
    """A category's label and its slug."""
    return category, category.lower().replace(" ", "-")


NAMES = [name for _, names, _ in PEOPLE for name in (*names, *(name.upper() for name in names))]
CLIENT_IDS = [client_id for client_id, _, _ in PEOPLE if client_id is not None]
NOBODY = ["nobody", "mike", "a#", "#", "~", "ci-bot", "CI-BOT", "k1", SERVICE_ID, SERVICE_ID.upper(), "ü" * 300]
NUMBERS = st.integers(0, EVENTS - 1)
SOMEBODY = NUMBERS.map(lambda number: f"guid {number}")
"""Placeholder for a GUID of the log's people, unknown until it is loaded; others below stand for other values in it."""

ACTORS = st.one_of(
    st.sampled_from([*NAMES, *CLIENT_IDS]),
    st.sampled_from(NOBODY),
    st.sampled_from([*ALIASES.values(), "system", "UNKNOWN"]),
    SOMEBODY,
    NUMBERS.map(lambda number: f"of {number}"),
)
TARGETS = st.one_of(
    NUMBERS.map(lambda number: f"of {number}"),
    NUMBERS.map(lambda number: f"within {number}"),
    st.builds(
        lambda kind, text: f"{kind}:{text}",
        st.sampled_from(["doc", "work-item", "user", "nothing"]),
        st.sampled_from([*TARGET_IDS, *NAMES, *CLIENT_IDS, "nobody", "D-2", "mike.mars/repor"]) | SOMEBODY,
    ),
)
LABELS = [*(entry[0] for entry in CATALOGUE.values()), *OWN_CATEGORIES]
CATEGORIES = ["nothing", *(spelling for label in LABELS for spelling in _spellings(label))]
BLOCKS = ["203.0.113.0/24", "::ffff:203.0.113.0/120", "203.0.113.7/32", "0.0.0.0/0", "2001:db8::/32", "::/0"]
VALUES: dict[str, st.SearchStrategy[str]] = {
    "actor": ACTORS,
    "impersonator": ACTORS,
    "credential": st.sampled_from(["k1", "K1", "nothing"]),
    "target": TARGETS,
    "activity": st.sampled_from(
        [*ACTIVITIES_OF_USERS, "work-item.*", "custom*", "rec*", "*", "nothing", "x" * 200, "#", "audit-log.searched"]
    ),
    "category": st.sampled_from(CATEGORIES),
    "component": st.sampled_from(["Work Item", "Record", "Remade", "custom", "custom.deep", "nothing"]),
    "group": st.sampled_from(sorted(GROUPS)),
    "variant": st.sampled_from(["default", "one", "two"]),
    "status": st.sampled_from(["success", "failure"]),
    "actor_type": st.sampled_from(["user", *ALIASES]),
    "user_type": st.sampled_from(["Admin", "Member", "nothing"]),
    "source_type": st.sampled_from(["ADMIN", "portal", "nothing"]),
    "origin": st.sampled_from(["user", "system"]),
    "ip": st.sampled_from([*ADDRESSES, *BLOCKS, "203.0.113.0"]),
    "session_id": st.sampled_from([*SESSIONS, "nothing"]),
    "request_id": st.sampled_from(["r1", "a#b", "nothing"]),
    "caused_by": st.just("something outside") | NUMBERS.map(lambda number: f"event {number}"),
    "q": st.sampled_from(
        [
            "mike",
            "MARS",
            "ÜBER",
            "strasse",
            "d-1",
            "report",
            "bot",
            "unknown",
            "item",
            "~",
            "o\nW",
            "CAFE\N{COMBINING ACUTE ACCENT}",
        ]
    ),
}
NAMES_OF_FILTERS = [*VALUES, *(f"{name}!" for name in VALUES if name != "q")]
MANY: dict[str, st.SearchStrategy[list[str]]] = {
    "actor": st.just([*NAMES[:4], *(f"somebody {number}" for number in range(70))]),
    "target": st.just([*(f"doc:{text}" for text in TARGET_IDS), *(f"work-item:{number}" for number in range(40))]),
    "activity": st.just([*ACTIVITIES_OF_USERS, *(f"activity.{number}" for number in range(70))]),
}


@st.composite
def queries(draw: st.DrawFn) -> dict[str, list[str]]:
    """Filters, span and order of one search. Half of them use one event's own values, so that they find it."""
    # The first filter matters most: the planner chooses the index by it.
    names = draw(
        st.sampled_from([[], ["actor"], ["actor"], ["target"], ["target"], ["activity"], ["category"], ["group"]])
    )
    others = draw(st.lists(st.sampled_from(NAMES_OF_FILTERS), max_size=draw(st.sampled_from([0, 0, 1, 3]))))
    one = draw(st.none() | NUMBERS)
    query = {}
    for name in dict.fromkeys([*names, *others]):
        query[name] = draw(st.lists(VALUES[name.removesuffix("!")], min_size=one is None or "!" in name, max_size=3))
        # What excludes the event itself finds the others.
        if one is not None and ("!" not in name or draw(st.booleans())):
            query[name].append(f"of {one}")
            # A target and what contains it: two partitions of an index lead to one event.
            query[name] += [f"within {one}"] if name == "target" else []
    if draw(st.integers(0, 9)) == 0:
        name = draw(st.sampled_from(sorted(MANY)))
        query[name] = draw(MANY[name])
    match draw(st.sampled_from(["", "", "", "span", "range"])):
        case "span":
            query |= draw(_spans())
        case "range":
            query["range"] = [draw(st.sampled_from(["7d", "30d", "12m"]))]
    if draw(st.integers(0, 3)) == 0:
        query["environment"] = [draw(st.sampled_from(ENVIRONMENTS))]
    if draw(st.booleans()):
        field = draw(st.sampled_from(["occurred_at", "occurred_at", *ORDERS]))
        query["sort"] = [draw(st.sampled_from(["", "-"])) + field]
    return query


@st.composite
def _spans(draw: st.DrawFn) -> dict[str, list[str]]:
    moments = st.sampled_from([moment + step for moment in MOMENTS for step in (0, 1)])
    low, high = sorted(draw(st.lists(moments, min_size=2, max_size=2, unique=True)))
    span = {"from": [format_time(low)], "to": [format_time(high)]}
    for left_out in draw(st.sampled_from(["", "from", "to"])).split():
        del span[left_out]
    return span


class DiscardedRecords:
    """Discards the records of reads, which would otherwise become part of the log under test."""

    def append(self, events: Sequence[Any], _remaining_seconds: Any) -> Mapping[tuple[str, str], Append]:
        return {(event.partition, event.id): Append.STORED for event in events}


class Logs:
    """The logs of one store, each loaded on first use."""

    def __init__(self, dynamodb: Any, tables_for: Callable[[int], Tables]) -> None:
        self._dynamodb = dynamodb
        self._tables_for = tables_for
        self._loaded: dict[int, Loaded] = {}

    def log(self, seed: int) -> Loaded:
        if seed not in self._loaded:
            self._loaded[seed] = Loaded(self._dynamodb, self._tables_for(seed), seed)
        return self._loaded[seed]

    def reader(self, log: Loaded, role: str, bounds: Bounds) -> Reader:
        wiring = wiring_over(self._dynamodb, log.tables, events=DiscardedRecords(), search_bounds=bounds)
        return Reader(wiring, log.tenant, role)


@pytest.fixture
def logs(store: Store, dynamodb: Any, tables: Tables, definitions: dict[str, dict[str, Any]]) -> Logs:
    """In DynamoDB Local all logs share tables. moto scans every item for each query, so there each log has its own."""

    def own_tables(seed: int) -> Tables:
        names = {field: f"{getattr(tables, field)}-{seed}" for field in definitions}
        for field, definition in definitions.items():
            dynamodb.create_table(TableName=names[field], **definition)
        return Tables(**names)

    return Logs(dynamodb, own_tables if store.name == "moto" else lambda _: tables)


BOUNDS = st.builds(
    Bounds,
    read_bytes=st.sampled_from([1, 3_000, 10_000_000]),
    milliseconds=st.sampled_from([0, 3_000, 3_000]),
    answer_bytes=st.sampled_from([1, 2_500, 3_000_000, 3_000_000]),
)


@examples(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(1, LOGS),
    drawn=queries(),
    role=st.sampled_from(["auditor", "auditor", "operations"]),
    bounds=BOUNDS,
    limits=st.lists(st.sampled_from([1, 3, 7, 13, 50, 500]), min_size=1, max_size=4),
    arriving=st.integers(0, 3),
    regrouping=st.booleans(),
)
def test_all_pages_together_equal_the_model(  # noqa: PLR0917  hypothesis draws them by name
    logs: Logs,
    seed: int,
    drawn: dict[str, list[str]],
    role: str,
    bounds: Bounds,
    limits: list[int],
    arriving: int,
    regrouping: bool,
) -> None:
    """Every event of the first page's moment appears exactly once, in order, and no event appears twice.

    This holds whatever arrives meanwhile, and whatever happens to the groups in the query. Events use the catalogue of
    their day, which changes twice while a log is loaded.
    """
    log = logs.log(seed)
    query = {name: [_known(log, name, value) for value in values] for name, values in drawn.items()}
    order = query.get("sort", ["-occurred_at"])[0]
    by_time = order.removeprefix("-") == "occurred_at"
    # Other orders must read everything. Other tests cover the response if they cannot.
    read = logs.reader(log, role, bounds if by_time else Bounds(answer_bytes=bounds.answer_bytes))
    groups = list(dict.fromkeys([*query.get("group", []), *query.get("group!", [])])) if regrouping else []
    environment = query.get("environment", ["prod"])[0]
    arrived: list[Happened] = []
    found: list[str] = []
    try:
        for number, page in enumerate(_pages(read, query, limits)):
            found += page
            if number == 0 and arriving:
                arrived = log.arrive(arriving)
            if number == 0:
                log.regroup(environment, groups)
        later = set(log.expected(query, role, arrived=arrived)) if arrived else set()
        # By time, new events may appear, each in its place. In other orders they must not appear.
        assert [each for each in found if not by_time or each not in later] == log.expected(query, role)
        if by_time:
            assert found == sorted(set(found), reverse=order.startswith("-"))
    finally:
        log.remove(arrived)
        log.restore(environment, groups)


def _pages(read: Reader, query: Mapping[str, list[str]], limits: Sequence[int]) -> Iterator[list[str]]:
    """The ids of each page, to the end. The limit differs from page to page."""
    cursor: dict[str, str] = {}
    for number in range(5 * EVENTS):
        limit = limits[number % len(limits)]
        answer = read(query={**query, "limit": str(limit), **cursor})
        assert answer["statusCode"] == 200, answer["body"]
        page = answered(answer)
        assert len(page["events"]) <= limit
        yield [event["id"] for event in page["events"]]
        if page["next_cursor"] is None:
            return
        assert {"cursor": page["next_cursor"]} != cursor
        cursor = {"cursor": page["next_cursor"]}
    raise AssertionError("the pages never end")


def _known(log: Loaded, name: str, value: str) -> str:
    """The value in the log that a placeholder stands for."""
    kind, colon, text = value.rpartition(":")
    what, _, digits = text.rpartition(" ")
    number = int(digits) if digits.isdecimal() else 0
    event = log.events[number % EVENTS]
    match what:
        case "guid":
            guids = sorted(guid for people in log.people.values() for guid in people.guids.values())
            guid = guids[number % len(guids)]
            return f"{kind}{colon}{guid.upper() if number % 3 == 0 else guid}"
        case "event":
            return event.id
        case "within":
            return event.place(event.sent.get("target", {}).get("within", {}))
        case "of":
            return event.value(name.removesuffix("!"))
        case _:
            return value
