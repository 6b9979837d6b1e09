"""Which events a night's sweep reads, and what it may delete."""

from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import DAY, HOUR, MINUTE
from daybook.jobs.job import LEDGER_SWEEP, Job, new_job
from ledger.sweep_plan import NIGHTS, RECENT_MS, deletable_before, next_span, spans
from tests.support.ingest import settings
from tests.support.wiring import seeded_bytes

NOW = 20_000 * DAY + 3 * HOUR


def job(night: int) -> Job:
    return new_job(
        tenant=settings().code,
        kind=LEDGER_SWEEP,
        ask={},
        now_ms=NOW + night * DAY,
        random_bytes=seeded_bytes(),
    )


@given(st.integers(0, 100 * DAY), st.integers(0, 5), st.integers(0, 60 * MINUTE))
def test_each_moment_is_swept_in_thirty_nights_and_the_last_two_days_in_each(
    age_ms: int, first_night: int, late_ms: int
) -> None:
    """Whatever the retention's edge, and though the nights do not begin at the same minute."""
    moment_ms = NOW + first_night * DAY - age_ms
    covering = []
    for night in range(first_night, first_night + NIGHTS):
        covered = [
            span for span in spans(job(night), moment_ms - 3 * DAY) if span.from_ms <= moment_ms + late_ms < span.to_ms
        ]
        assert len(covered) <= 1, "no event is read twice in a night"
        covering += [night] * len(covered)
    recent = [
        night
        for night in range(first_night, first_night + NIGHTS)
        if NOW + night * DAY - RECENT_MS <= moment_ms + late_ms
    ]
    assert covering
    assert set(recent) - set(covering) <= {first_night}, "only a moment that has not come is left out"
    assert len(covering) <= len(recent) + 1


@given(st.integers(0, 40), st.integers(0, 100 * DAY))
def test_the_next_span_begins_where_it_is_asked_for(night: int, age_ms: int) -> None:
    """A sweep that goes on from any moment reads what is left of the spans, and ends."""
    first_ms = NOW - age_ms
    left = [span for span in spans(job(night), first_ms) if span.from_ms < span.to_ms]
    found, at_ms = [], first_ms
    while (span := next_span(job(night), at_ms)) is not None:
        found.append(span)
        at_ms = span.to_ms
    assert found == left


@given(
    st.sampled_from([1, 30, 400, None]),
    st.lists(st.tuples(st.integers(1, 50), st.sampled_from([1, 30, 45, None, "hold", "lift"])), max_size=5),
)
def test_what_is_deleted_is_due_and_what_is_kept_is_not(days: int | None, changes: list[tuple[int, object]]) -> None:
    """As the settings' history has it, for events: after a retention that was shortened by mistake, a day later."""
    now = settings(retention_days=days)
    at_ms = NOW
    for wait, change in changes:
        at_ms += wait * HOUR
        if change == "hold":
            now = now.with_hold("sealed", at_ms)
        elif change == "lift":
            now = now.without_hold(at_ms)
        else:
            now = now.with_retention(change if isinstance(change, int) else None, at_ms)
    before_ms = deletable_before(now, at_ms)
    if before_ms:
        due_s = now.expires_at(before_ms - 1)
        assert due_s is not None
        assert due_s * 1000 <= at_ms
    due_s = now.expires_at(before_ms)
    assert due_s is None or due_s * 1000 > at_ms or before_ms >= now.retention_edge(at_ms)
