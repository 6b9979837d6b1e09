"""Merging sorted sources: in order, each id once, no more than needed, within the bound."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from daybook.events.reader import Row
from daybook.ids import HIGHEST_ID, event_id
from daybook.search.merge import BOUNDS, Bound, Bounds, Merge, Page
from daybook.search.planner import Source

IDS = [event_id(number // 3, number.to_bytes(16, "big")) for number in range(60)]


class Index:
    """Sources of ids, by key. Counts the rows that it returned."""

    def __init__(self, *sources: Sequence[int]) -> None:
        self._ids = {str(number): sorted({IDS[each] for each in source}) for number, source in enumerate(sources)}
        self.sources = [Source("timeline", key, "", HIGHEST_ID) for key in self._ids]
        self.given = 0

    def pages(self, sources: Sequence[Source], limit: int, *, newest_first: bool) -> list[Page]:
        return [self._page(source, limit, newest_first=newest_first) for source in sources]

    def _page(self, source: Source, limit: int, *, newest_first: bool) -> Page:
        left = [each for each in self._ids[source.key] if source.low <= each <= source.high]
        page = (left[::-1] if newest_first else left)[:limit]
        self.given += len(page)
        # Like DynamoDB: a full page may be the last one without saying so.
        return Page([Row(each, b"") for each in page], ended=len(page) < limit)


def bound(bounds: Bounds = BOUNDS, clock: Sequence[int] = (0,)) -> Bound:
    ticks = iter(clock)
    last = clock[-1]
    return Bound(lambda: next(ticks, last), bounds)


def read_as_unpacking_to(unpacked_bytes: int, merge: Merge) -> list[str]:
    """The ids of all rows, each counted with this size."""
    found = []
    for row in merge:
        merge.bound.count(unpacked_bytes)
        found.append(row.id)
    return found


SOURCES = st.lists(st.lists(st.integers(0, len(IDS) - 1), max_size=40), max_size=6)


@given(SOURCES, st.booleans(), st.integers(1, 70))
def test_all_sources_are_read_as_one(sources: list[list[int]], newest_first: bool, wanted: int) -> None:
    """Every id of any source, once, in order. Then the merge is complete."""
    index = Index(*sources)
    merge = Merge(index, index.sources, bound(), newest_first=newest_first, wanted=wanted)
    assert [row.id for row in merge] == sorted(
        {IDS[each] for source in sources for each in source}, reverse=newest_first
    )
    assert merge.complete


@given(SOURCES, st.booleans(), st.integers(1, 70), st.integers(1, 20_000))
def test_a_bound_ends_a_merge_early_but_never_before_it_made_progress(
    sources: list[list[int]], newest_first: bool, wanted: int, read_bytes: int
) -> None:
    """The result is the beginning of all rows, without gaps. Only all of them count as complete. It ends within a page
    too, after the row that reaches the bound.
    """
    index = Index(*sources)
    bounds = Bounds(read_bytes=read_bytes)
    merge = Merge(index, index.sources, bound(bounds), newest_first=newest_first, wanted=wanted)
    rows = read_as_unpacking_to(1_000, merge)
    everything = sorted({IDS[each] for source in sources for each in source}, reverse=newest_first)
    assert rows == everything[: len(rows)]
    assert rows or not everything
    assert len(rows) <= -(-read_bytes // 1_000)
    if merge.complete:
        assert rows == everything


def test_the_deadline_ends_a_merge() -> None:
    """Also within a page, but never before the first row."""
    index = Index(range(60))
    for clock, rows in (((0, 3_000), 1), ((0, 1_000, 2_000, 2_999, 3_000), 4)):
        merge = Merge(index, index.sources, bound(clock=clock), newest_first=True, wanted=9)
        assert len(list(merge)) == rows
        assert not merge.complete


def test_a_page_of_one_source_costs_one_row_more() -> None:
    """The one that shows whether there is another page."""
    index = Index(range(60))
    rows = iter(Merge(index, index.sources, bound(), newest_first=True, wanted=20))
    for _ in range(20):
        next(rows)
    assert index.given == 21


def test_sources_are_read_only_as_far_as_needed() -> None:
    """Only the source whose rows are used up is read on."""
    index = Index(range(30, 60), range(10))
    rows = iter(Merge(index, index.sources, bound(), newest_first=True, wanted=9))
    for _ in range(15):
        next(rows)
    assert index.given == 5 + 5 + 10
