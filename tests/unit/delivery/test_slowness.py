"""When a stream counts as slow and when as quick again."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import MINUTE, SECOND
from daybook.delivery.destination import Destination
from daybook.delivery.slowness import SLOW_STREAM, after_drain, after_live
from tests.support.streams import destination

MOMENTS = st.integers(0, 2 * MINUTE)
MILLISECONDS = st.sampled_from([0, 20, 249, 250, 500, 501, 999, 1_000, 1_900])
CALLS = st.lists(MILLISECONDS, max_size=4)
STEP = st.tuples(MOMENTS, CALLS, st.sampled_from([False, False, False, True]))


class Model:
    """The rules as they are promised, over everything that ever happened."""

    def __init__(self) -> None:
        self.slow_since: int | None = None
        self.slow_calls: list[int] = []
        self.drained: list[bool] = []
        """Whether each call from the backlog was quick, since the stream became slow."""

    def live(self, now: int, calls: list[int], timed_out: bool) -> None:
        self.slow_calls += [now for each in calls if each > 500]
        recent = [each for each in self.slow_calls if now - each < 60_000]
        anything = timed_out or any(each > 500 for each in calls)
        if timed_out or (anything and len(recent) >= 3):
            self.slow_since, self.slow_calls, self.drained = now, [], []

    def drain(self, now: int, calls: list[int], timed_out: bool) -> None:
        assert self.slow_since is not None
        self.drained += [each < 250 for each in calls] + [False] * timed_out
        if now - self.slow_since >= 300_000 and len(self.drained) >= 5 and all(self.drained[-5:]):
            self.slow_since = None


@given(st.lists(STEP, max_size=60))
def test_it_follows_the_promised_rules(steps: list[tuple[int, list[int], bool]]) -> None:
    """For any sequence of calls: live ones while the stream is quick, and calls from the backlog while it is slow."""
    model, stream, now = Model(), destination(), 10 * MINUTE
    for wait, calls, timed_out in steps:
        now += wait
        if model.slow_since is None:
            model.live(now, calls, timed_out)
            stream = after_live(stream, calls, now, timed_out=timed_out)
        else:
            assert after_live(stream, calls, now, timed_out=timed_out) == stream, "live delivery no longer counts"
            model.drain(now, calls, timed_out)
            stream = after_drain(stream, calls, now, timed_out=timed_out)
        assert stream.slow_since_ms == model.slow_since
        assert stream.parks == (model.slow_since is not None)
        assert (stream.last_error == SLOW_STREAM) == stream.is_slow
        assert len(stream.slow_calls) < 3, "the row stays small"


def slowed(*calls: tuple[int, int]) -> Destination:
    """After calls given as moment and duration."""
    stream = destination()
    for now, milliseconds in calls:
        stream = after_live(stream, [milliseconds], now, timed_out=False)
    return stream


def test_three_slow_calls_within_a_minute() -> None:
    """Not two, not calls of half a second, and not calls that are spread over more than a minute."""
    assert slowed((0, 501), (1, 501), (59_999, 501)).slow_since_ms == 59_999
    assert not slowed((0, 501), (1, 501)).is_slow
    assert not slowed((0, 500), (1, 500), (2, 500)).is_slow
    assert not slowed((0, 501), (1, 501), (60_000, 501)).is_slow


def test_one_time_out_is_enough() -> None:
    """An answer is not, however late it was noticed: the function itself may have been short of CPU."""
    assert after_live(destination(), [], 7, timed_out=True).slow_since_ms == 7
    assert not slowed((7, 1_000)).is_slow


def test_clocks_that_differ_by_minutes_lead_to_no_lasting_count() -> None:
    """A moment that lies far ahead is dropped."""
    ahead = replace(destination(), slow_calls=(10 * MINUTE, 10 * MINUTE))
    assert after_live(ahead, [600], 0, timed_out=False).slow_calls == (0,)


def test_it_is_quick_again_after_five_minutes_and_five_quick_calls() -> None:
    """A slow call in between starts the count again."""
    slow = after_live(destination(), [], 0, timed_out=True)
    early = after_drain(slow, [20] * 9, 5 * MINUTE - SECOND, timed_out=False)
    assert early.is_slow
    assert not after_drain(early, [20], 5 * MINUTE, timed_out=False).is_slow
    assert after_drain(early, [20, 250, 20, 20, 20, 20], 5 * MINUTE, timed_out=False).quick_calls == 4
    assert after_drain(early, [], 5 * MINUTE, timed_out=True).quick_calls == 0


def test_an_error_that_came_later_stays_visible() -> None:
    slow = replace(destination(), slow_since_ms=0, last_error="AccessDeniedException", quick_calls=4)
    assert after_drain(slow, [20], 5 * MINUTE, timed_out=False).last_error == "AccessDeniedException"
