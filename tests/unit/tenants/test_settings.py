"""Shards and retention, from a tenant's settings."""

from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import DAY
from daybook.events.item import partition, partition_of
from daybook.tenants.settings import Layout
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


def test_retention_ends_in_whole_seconds_and_never_early() -> None:
    """Events are kept for ever if there is no number of days."""
    assert settings(retention_days=1).expires_at(1) == DAY // 1000 + 1
    assert settings(retention_days=1).expires_at(0) == DAY // 1000
    assert settings(retention_days=1).retention_edge(DAY + 5) == 5
    assert settings(retention_days=400).retention_edge(DAY) == 0
    assert (settings(retention_days=None).expires_at(1), settings(retention_days=None).retention_edge(DAY)) == (None, 0)


def test_under_a_hold_reads_begin_at_its_edge_and_stay() -> None:
    """However much time passes, even if the retention was lengthened meanwhile, which shows what is left."""
    held = settings(retention_days=90).with_hold("sealed", 200 * DAY, again=False)
    assert held.retention_edge(200 * DAY) == held.retention_edge(500 * DAY) == 110 * DAY
    assert held.with_retention(95, 300 * DAY).retention_edge(500 * DAY) == 110 * DAY
    assert held.with_retention(150, 210 * DAY).retention_edge(500 * DAY) == 60 * DAY
    assert held.with_retention(None, 210 * DAY).retention_edge(500 * DAY) == 0
    assert held.with_retention(150, 210 * DAY).without_hold(400 * DAY).retention_edge(500 * DAY) == 350 * DAY
    assert settings(retention_days=None).with_hold("sealed", 200 * DAY, again=False).retention_edge(500 * DAY) == 0


def test_a_hold_is_put_back_as_it_was() -> None:
    """If `again` says that nothing has expired since. A longer retention in between still reaches further back."""
    lifted = settings(retention_days=90).with_hold("one", 200 * DAY, again=False).without_hold(300 * DAY)
    again = lifted.with_hold("two", 310 * DAY, again=True).hold
    assert again is not None
    assert (again.since_ms, again.edge_ms, again.sealed_reason) == (310 * DAY, 110 * DAY, "two")
    assert lifted.with_hold("two", 310 * DAY, again=False).retention_edge(0) == 220 * DAY
    assert lifted.with_retention(250, 310 * DAY).with_hold("two", 310 * DAY, again=True).retention_edge(0) == 60 * DAY
