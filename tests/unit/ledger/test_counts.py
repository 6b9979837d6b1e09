"""Rows of counts, and which of them answer a question."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import DAY, HOUR
from daybook.errors import UnknownFormat
from daybook.ledger.counts import MAX_ROWS, Family, Interval, RowKey, add, fitting, keys_of, read, tally, written
from daybook.ledger.delta import Counted
from daybook.ledger.questions import CannotCount, Question, plan, ranges
from daybook.people.lookup import Named

ANNA, BORIS = (f"0f8fad5b-d9cb-469f-a165-70867728950{digit}" for digit in "ab")
LOGIN = Counted(20_400 * DAY, "user.login", "User access", "User", "success", ANNA, "user")
NAMED = {
    "anna": Named("anna", frozenset({ANNA})),
    "System": Named("System", types=frozenset({"system"}), is_certain=True),
    "nobody": Named("nobody"),
    BORIS: Named(BORIS, frozenset({BORIS}), by_address=True),
    "by address": Named("by address", frozenset({BORIS}), is_certain=True, by_address=True),
}

TEXTS = st.text(max_size=8)
HOURS = st.integers(0, 200)
NUMBERS: dict[Family, st.SearchStrategy[dict[Any, int]]] = {
    Family.KINDS: st.dictionaries(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), st.integers(1, 2**40)),
    Family.ACTORS: st.dictionaries(st.tuples(TEXTS | st.uuids().map(str), TEXTS), st.integers(1, 2**40)),
}


@pytest.mark.parametrize("family", Family)
@given(st.data())
def test_numbers_that_are_written_are_read(family: Family, data: st.DataObject) -> None:
    """Whatever texts they belong to."""
    numbers = data.draw(NUMBERS[family])
    assert read(family, written(family, numbers)) == numbers


def test_a_newer_row_is_not_read() -> None:
    """Another first byte is a newer release's."""
    with pytest.raises(UnknownFormat):
        read(Family.KINDS, b"\2" + written(Family.KINDS, {})[1:])


@given(st.lists(HOURS, max_size=60))
def test_each_row_counts_what_occurred_in_its_time(hours: list[int]) -> None:
    """Each event in four rows; adding in two steps is adding at once."""
    events = [LOGIN._replace(occurred_ms=hour * HOUR) for hour in hours]
    for key, numbers in tally(events).items():
        within = [hour for hour in hours if hour * HOUR // key.interval.milliseconds == key.number]
        assert numbers == {key.family.values(LOGIN): len(within)}
    assert {key for each in events for key in keys_of(each)} == tally(events).keys()
    first = {row.key: row for row in add(events[::2], {}).rows}
    later = first | {row.key: row for row in add(events[1::2], first).rows}
    assert {key: Counter(read(key.family, row.data)) for key, row in later.items()} == tally(events)


def test_a_transaction_takes_what_fits() -> None:
    """Each event may need four rows."""
    apart = [LOGIN._replace(occurred_ms=day * DAY) for day in range(100)]
    number = fitting(apart)
    assert 0 < number < 100
    assert len(tally(apart[:number])) <= MAX_ROWS < len(tally(apart[: number + 1]))
    assert fitting([LOGIN] * 5_000) == 5_000


@given(HOURS, HOURS, st.sampled_from([None, *Interval]))
def test_a_span_is_covered_once(first: int, length: int, interval: Interval | None) -> None:
    """Each hour by one row, by few ranges, and by hours where the answer has hours."""
    last = first + length
    found = ranges(interval, first * HOUR, last * HOUR)
    hours = [
        number * each.interval.milliseconds // HOUR + hour
        for each in found
        for number in range(each.first, each.last + 1)
        for hour in range(each.interval.milliseconds // HOUR)
    ]
    assert hours == list(range(first, last))
    assert len(found) <= 3
    if interval is Interval.HOUR:
        assert {each.interval for each in found} <= {Interval.HOUR}
    else:
        assert sum(each.last - each.first + 1 for each in found if each.interval is Interval.HOUR) < 48
    for each in found:
        assert each.covers(RowKey(Family.KINDS, each.interval, each.first))
        assert not each.covers(RowKey(Family.KINDS, each.interval, each.last + 1))


@pytest.mark.parametrize(
    ("by", "equal", "unequal", "bucket"),
    [
        ((), {}, {}, ()),
        (("activity",), {}, {}, ("user.login",)),
        (("status", "component"), {"category": ("user-access",)}, {}, ("success", "User")),
        (("actor_type",), {"activity": ("user.*",)}, {"status": ("failure",)}, ("user",)),
        (("actor", "status"), {}, {}, (ANNA, "success")),
        ((), {"actor": ("System", "anna")}, {}, ()),
        (("status",), {}, {"actor": ("System", BORIS)}, ("success",)),
        ((), {"activity": ("user",)}, {}, None),
        ((), {"activity": ("user.login",)}, {"category": ("User access",)}, None),
        ((), {"actor": ("System",)}, {}, None),
        ((), {}, {"actor": ("anna",)}, None),
        ((), {"component": ("user",)}, {}, None),
    ],
)
def test_a_question_counts_what_it_asks_for(
    by: tuple[str, ...],
    equal: dict[str, tuple[str, ...]],
    unequal: dict[str, tuple[str, ...]],
    bucket: tuple[str, ...] | None,
) -> None:
    """By the same rules as a search: prefixes of activities, categories by label or slug, aliases as types."""
    planned = plan(Question(by, equal, unequal), NAMED)
    assert planned.bucket(planned.family.values(LOGIN)) == bucket


@pytest.mark.parametrize(
    ("by", "equal", "reason"),
    [
        (("activity", "category"), {}, "by one field, or by status"),
        (("status", "status"), {}, "by one field, or by status"),
        (("activity", "status", "actor"), {}, "by one field, or by status"),
        (("actor",), {"activity": ("user.login",)}, "not with activity"),
        (("component",), {"actor": ("anna",)}, "not with component"),
        ((), {"actor": ("nobody",)}, "may be of another kind"),
        ((), {"actor": ("by address",)}, "known by an address alone"),
    ],
)
def test_what_no_count_answers_is_refused(by: tuple[str, ...], equal: dict[str, tuple[str, ...]], reason: str) -> None:
    """With the reason."""
    for question in (Question(by, equal, {}), Question(by, {}, equal)):
        with pytest.raises(CannotCount, match=reason):
            plan(question, NAMED)
