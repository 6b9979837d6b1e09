"""Shards and retention, from a tenant's settings."""

from itertools import zip_longest
from unittest.mock import patch

from hypothesis import assume, example, given
from hypothesis import strategies as st

from daybook.clock import DAY, HOUR, SECOND
from daybook.events.item import partition, partition_of
from daybook.tenants.settings import Hold, Layout, Rule, TenantSettings
from tests.support.ingest import settings

LAYOUTS = st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 5)), max_size=4).map(
    lambda steps: tuple(
        Layout(sum(wait for wait, _ in steps[:count]), 1 + sum(more for _, more in steps[:count]))
        for count in range(len(steps) + 1)
    )
)


@given(LAYOUTS, st.integers(0, 5000))
def test_the_layout_in_force_is_the_last_that_has_begun(layouts: tuple[Layout, ...], moment: int) -> None:
    """By the event's own time, so that a retry has the same shard as the first try."""
    begun = [layout for layout in layouts if layout.from_ms <= moment]
    assert settings(layouts=layouts).shards_at(moment) == begun[-1].shards


@given(LAYOUTS, st.integers(0, 5000))
def test_a_shard_is_read_from_when_it_can_hold_anything(layouts: tuple[Layout, ...], moment: int) -> None:
    """Every shard that may hold an event of a moment is among those read for that moment."""
    tenant = settings(layouts=layouts)
    ranges = tenant.shard_ranges()
    assert len(ranges) == layouts[-1].shards
    assert [shard for shard, since in enumerate(ranges) if since <= moment] == list(range(tenant.shards_at(moment)))


def test_a_later_layout_moves_nothing() -> None:
    """An event from before the layout keeps its shard."""
    before, after = settings(), settings(layouts=(Layout(0, 1), Layout(2_000, 16)))
    identifier = "0000000000" + "7" * 26
    assert partition_of(after, "prod", identifier, 1_999) == partition_of(before, "prod", identifier, 1_999)
    assert partition_of(after, "prod", identifier, 2_000) == partition(after.environment_key("prod"), 7)


def test_an_event_may_be_deleted_a_day_after_it_leaves_retention() -> None:
    """In whole seconds and never early. Events are kept for ever if there is no number of days."""
    assert settings(retention_days=1).expires_at(1) == 2 * DAY // 1000 + 1
    assert settings(retention_days=1).expires_at(0) == 2 * DAY // 1000
    assert settings(retention_days=1).retention_edge(DAY + 5) == 5
    assert settings(retention_days=400).retention_edge(DAY) == 0
    assert (settings(retention_days=None).expires_at(1), settings(retention_days=None).retention_edge(DAY)) == (None, 0)


def test_an_event_that_a_change_hides_may_be_deleted_a_day_after_the_change() -> None:
    """So it is never in the far past, and a change by mistake can be undone."""
    shorter = settings(retention_days=None).with_retention(30, 4_000 * DAY)
    assert shorter.expires_at(10 * DAY) == 4_001 * DAY // 1000
    assert shorter.with_retention(20, 4_010 * DAY).expires_at(10 * DAY) == 4_001 * DAY // 1000
    assert shorter.expires_at(3_980 * DAY) == 4_011 * DAY // 1000
    lifted = settings(retention_days=30).with_hold("sealed", 100 * DAY).without_hold(300 * DAY)
    assert lifted.expires_at(100 * DAY) == 301 * DAY // 1000


def test_under_a_hold_reads_begin_at_its_edge_and_stay() -> None:
    """However much time passes, even if the retention was lengthened meanwhile, which shows what is left."""
    held = settings(retention_days=90).with_hold("sealed", 200 * DAY)
    assert held.retention_edge(200 * DAY) == held.retention_edge(500 * DAY) == 110 * DAY
    assert held.with_retention(95, 300 * DAY).retention_edge(500 * DAY) == 110 * DAY
    assert held.with_retention(150, 210 * DAY).retention_edge(500 * DAY) == 60 * DAY
    assert held.with_retention(None, 210 * DAY).retention_edge(500 * DAY) == 0
    assert held.with_retention(150, 210 * DAY).without_hold(400 * DAY).retention_edge(500 * DAY) == 350 * DAY
    assert settings(retention_days=None).with_hold("sealed", 200 * DAY).retention_edge(500 * DAY) == 0


def test_a_lifted_hold_is_put_back_as_it_was_within_half_a_day() -> None:
    """A longer retention in between still reaches further back."""
    lifted = settings(retention_days=90).with_hold("one", 200 * DAY).without_hold(300 * DAY)
    again = lifted.with_hold("two", 300 * DAY + 12 * HOUR - 1).hold
    assert again == Hold(300 * DAY + 12 * HOUR - 1, 110 * DAY, "two")
    assert lifted.with_hold("two", 300 * DAY + 12 * HOUR).retention_edge(0) == 210 * DAY + 12 * HOUR
    longer = lifted.with_retention(250, 300 * DAY + HOUR)
    assert longer.with_hold("two", 300 * DAY + 2 * HOUR).retention_edge(0) == 50 * DAY + 2 * HOUR


def test_the_history_tells_every_change_and_nothing_else() -> None:
    """The same value again, and another reason for a hold, add nothing. Its moments never fall."""
    changed = settings(retention_days=90).with_retention(90, 1).with_hold("one", 5).with_hold("two", 6)
    changed = changed.with_retention(90, 7).without_hold(8).without_hold(9).with_retention(30, 3)
    assert [(each.until_ms, *each.rule) for each in changed.history] == [(5, 90, None), (8, 90, 0), (8, 90, None)]
    assert changed.rule == (30, None)


STEP = HOUR // 2
"""Settings change at even steps and events occur at odd ones, so that nothing happens at the edge itself."""
DAY_STEPS = DAY // STEP
CHANGES = st.lists(
    st.tuples(
        st.integers(1, 120).map(lambda steps: 2 * steps),
        st.sampled_from([1, 2, 3, 5, None, "hold", "lift"]),
    ),
    max_size=6,
)


def changed_by(change: int | str | None, now: TenantSettings, now_ms: int) -> TenantSettings:
    if change == "hold":
        return now.with_hold("sealed", now_ms)
    if change == "lift":
        return now.without_hold(now_ms)
    assert not isinstance(change, str)
    return now.with_retention(change, now_ms)


@given(st.sampled_from([1, 3, None]), CHANGES, st.integers(0, 300).map(lambda step: 2 * step + 1), st.integers(0, 100))
@example(1, [(98, 5)], 1, 99).via("stored after it was shown again")
def test_what_may_be_gone_when_follows_from_what_reads_show(
    days: int | None, changes: list[tuple[int, int | str | None]], occurred: int, later: int
) -> None:
    """Against a model that goes through time: an event may be deleted a day after reads have ceased to show it, unless
    they had shown it again for half a day by then. What must still be there has no time of deletion that is over.
    """
    now, timeline = settings(retention_days=days), [settings(retention_days=days)]
    for wait, change in changes:
        timeline += [now] * (wait - 1)
        now = changed_by(change, now, len(timeline) * STEP)
        timeline.append(now)
    timeline += [now] * 12 * DAY_STEPS
    stored = min(occurred + later, len(timeline) - 1)
    shown = [occurred * STEP > each.retention_edge(step * STEP) for step, each in enumerate(timeline)]
    assume(shown[stored])

    gone, left, back = None, [], []
    for step in range(stored + 1, len(timeline)):
        if shown[step - 1] and not shown[step]:
            left.append(step)
        if shown[step] and not shown[step - 1]:
            back.append(step)
        stamps_end = [step + DAY_STEPS // 2 for step in back]
        due = [begin + DAY_STEPS for begin in left]
        if gone is None and any(at <= step < end for at, end in zip_longest(due, stamps_end, fillvalue=step + 1)):
            gone = step
    earliest = now.may_be_gone_from(occurred * STEP, stored * STEP)
    assert (earliest if gone is None else gone * STEP) == earliest
    assert gone is not None or earliest is None or earliest >= len(timeline) * STEP
    if not shown[-1]:
        assert now.expires_at(occurred * STEP) == (left[-1] + DAY_STEPS) * STEP // SECOND


@given(st.sampled_from([1, 3, None]), CHANGES, st.integers(0, 300), st.integers(-10, 400))
def test_the_earliest_expiry_is_that_of_some_rule_in_force(
    days: int | None, changes: list[tuple[int, int | str | None]], occurred: int, since: int
) -> None:
    """Of the settings at any moment since then, also where several changes share a moment."""
    now, step = settings(retention_days=days), 0
    in_force = {-1: [now]}
    for wait, change in changes:
        step += wait % 4
        now = changed_by(change, now, step * STEP)
        in_force.setdefault(step, []).append(now)
    until = [*sorted(in_force)[1:], 10**9]
    stamps = [
        each.expires_at(occurred * STEP)
        for (begin, several), end in zip(sorted(in_force.items()), until, strict=True)
        for number, each in enumerate(several)
        if (end if number == len(several) - 1 else begin) > since
    ]
    expected = min((stamp for stamp in stamps if stamp is not None), default=None)
    assert now.earliest_expiry(occurred * STEP, since * STEP) == expected


def test_the_earliest_expiry_takes_one_pass() -> None:
    """A re-stamp asks for each event, and a tenant may have 500 rules."""
    now = settings(retention_days=30)
    for number in range(500):
        now = now.without_hold(number * HOUR) if number % 2 else now.with_hold("sealed", number * HOUR)
    with patch.object(Rule, "leaves_at", autospec=True, side_effect=Rule.leaves_at) as asked:
        now.earliest_expiry(0, 0)
    assert asked.call_count == 501


@given(st.sampled_from([1, 3, None]), CHANGES, st.integers(0, 300).map(lambda step: 2 * step + 1), st.integers(0, 100))
def test_a_merged_history_is_on_the_safe_side(
    days: int | None, changes: list[tuple[int, int | str | None]], occurred: int, later: int
) -> None:
    """What may have been deleted still counts as such, what is shown keeps its time of deletion, and what is hidden was
    due or keeps it too. No hold is another one.
    """
    whole = short = settings(retention_days=days)
    step = 0
    for wait, change in changes:
        step += wait
        whole = changed_by(change, whole, step * STEP)
        with patch("daybook.tenants.settings.MAX_HISTORY", 1):
            short = changed_by(change, short, step * STEP)
        if len(short.history) > 1 and short.history[-1].until_ms == step * STEP:
            assert short.history[1].until_ms > step * STEP - 2 * DAY
    assert (short.rule, short.hold) == (whole.rule, whole.hold)
    occurred_ms, now_s = occurred * STEP, step * STEP // SECOND
    gone = whole.may_be_gone_from(occurred_ms, (occurred + later) * STEP)
    supposed = short.may_be_gone_from(occurred_ms, (occurred + later) * STEP)
    assert gone is None or (supposed is not None and supposed <= gone)
    due, supposed_due = whole.expires_at(occurred_ms), short.expires_at(occurred_ms)
    assert due == supposed_due or (due and supposed_due and max(due, supposed_due) <= now_s)
