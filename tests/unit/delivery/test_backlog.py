"""Rows of parked events: the same keys give the same rows. And how a drain changes its destination."""

from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import SECOND
from daybook.delivery.attempt import Outcome
from daybook.delivery.backlog import KEYS_A_ROW, in_events_table, rows_of
from daybook.delivery.destination import Destination, backoff_ms
from daybook.delivery.drain import after_call, emptied
from daybook.delivery.slowness import SLOW_STREAM
from daybook.events.item import partition
from tests.support.streams import destination

KEYS = st.lists(st.integers(0, 3_000).map("0#{:036}".format), max_size=1_200)
OUTCOMES = st.builds(
    Outcome,
    taken=st.integers(0, 3),
    left=st.lists(st.just("0#1"), max_size=1),
    refused=st.integers(0, 1),
    error=st.none() | st.just("AccessDenied"),
    throttled=st.booleans(),
    timed_out=st.booleans(),
    calls_ms=st.lists(st.integers(0, 6_000), max_size=4),
)
NOW = 10**9


@given(KEYS, st.randoms())
def test_the_same_keys_make_the_same_rows(keys: list[str], chance: object) -> None:
    """In any order and with repeated keys. So a redelivered batch parks nothing twice."""
    again = [*keys, *keys[:7]]
    chance.shuffle(again)  # type: ignore[attr-defined]
    made = list(rows_of(keys, 5))
    assert [row.name for row in made] == [row.name for row in rows_of(again, 5)]
    assert {key for row in made for key in row.keys} == set(keys)
    assert all(0 < len(row.keys) <= KEYS_A_ROW for row in made)
    assert {row.name for row in made}.isdisjoint(row.name for row in rows_of(keys, 6))


def test_rows_sort_by_time_until_the_year_2286() -> None:
    names = [row.name for first_ms in (5, 10**11, NOW, 10**13 - 1) for row in rows_of(["0#1"], first_ms)]
    assert sorted(names) == [names[place] for place in (0, 2, 1, 3)]


def test_keys_lead_to_the_events() -> None:
    """A key that was parked twice is read once: DynamoDB refuses it twice in one call."""
    environment = destination().environment
    assert in_events_table(environment, ["12#a", "0#b", "12#a"]) == [
        (partition(environment, 12), "a"),
        (partition(environment, 0), "b"),
    ]


def test_waits_double_from_5_seconds_to_15_minutes() -> None:
    assert [backoff_ms(step) // SECOND for step in (0, 1, 2, 7, 8, 100)] == [5, 10, 20, 640, 900, 900]


@given(
    st.sampled_from(["active", "failing"]),
    st.booleans(),
    st.lists(OUTCOMES, min_size=1, max_size=30),
)
def test_a_drain_always_knows_when_to_go_on(status: str, slow: bool, outcomes: list[Outcome]) -> None:
    """Within 15 minutes. Only an error of the stream with nothing taken makes it failing, and anything taken active."""
    now: Destination = destination(
        status=status, slow_since_ms=NOW if slow else None, last_error=SLOW_STREAM if slow else None
    )
    for outcome in outcomes:
        before, now = now, after_call(now, outcome, NOW)
        assert now.drain_due_ms is not None
        assert 0 <= now.drain_due_ms - NOW <= 15 * 60 * SECOND
        progress = outcome.taken or outcome.refused
        if progress:
            assert (now.status, now.backoff_step, now.failing_since_ms) == ("active", 0, None)
        elif outcome.error is None or outcome.throttled:
            assert now.status == before.status
        else:
            assert (now.status, now.last_error) == ("failing", "AccessDenied")
            assert now.failing_since_ms == (before.failing_since_ms if before.is_failing else NOW)
        assert now.is_slow or now.last_error != SLOW_STREAM


def test_an_empty_backlog_wants_no_drain() -> None:
    """Unless there are broken events, or the stream is in trouble and must stay in sight."""
    assert emptied(destination(drain_due_ms=5), NOW).drain_due_ms is None
    broken = emptied(destination(drain_due_ms=5, broken_due_ms=NOW + 7), NOW)
    assert (broken.drain_due_ms, broken.drain_idle) == (NOW + 7, True)
    for trouble in (destination(drain_due_ms=5, slow_since_ms=5), destination(drain_due_ms=5, status="failing")):
        seen = emptied(trouble, NOW)
        assert (seen.drain_due_ms, seen.drain_idle) == (NOW + 15 * 60 * SECOND, True)
