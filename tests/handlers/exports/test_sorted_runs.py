"""Merging sorted runs gives the same as sorting everything at once."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.ids import event_id
from daybook.jobs.job import JobFailed
from exports.sorted_runs import Line, Run, full_level, merged, packed, sort_key

LINES = st.lists(
    st.builds(
        lambda value, number, line: Line(value.encode(), event_id(number, bytes(16)).encode(), line),
        st.sampled_from(["", "a", "b", "ü", "\U0001f600", "￿"]),
        st.integers(0, 2**50 - 1),
        st.binary(max_size=50),
    ),
    max_size=40,
    unique_by=lambda line: line.id,
)


@given(lines=LINES, cuts=st.lists(st.integers(0, 40), max_size=6), descending=st.booleans(), stops=st.integers(1, 20))
def test_runs_merge_to_what_sorting_gives(lines: list[Line], cuts: list[int], descending: bool, stops: int) -> None:
    """By value, equal values newest first. The merge stops every few lines and resumes from the runs' positions."""
    bounds = [0, *sorted(cuts), len(lines)]
    key = sort_key(descending=descending)
    runs = [packed(sorted(lines[low:high], key=key, reverse=descending)) for low, high in pairwise(bounds)]
    reached = [Run(number, len(run)) for number, run in enumerate(runs)]
    found: list[bytes] = []

    def read(run: int, start: int, length: int) -> bytes:
        return runs[run][start : start + min(length, 70)]  # S3 may answer less than it was asked for

    while len(found) < len(lines):
        for number, each in enumerate(merged(read, reached, descending=descending), 1):
            found.append(each.line.line)
            each.run.merged = each.end
            if number == stops:
                break
    newest_first = sorted(lines, key=lambda line: line.id, reverse=True)
    in_order = sorted(newest_first, key=lambda line: line.value.decode(), reverse=descending)
    assert found == [line.line for line in in_order]


@pytest.mark.parametrize("left", [0, 3, 30])
def test_a_missing_or_shortened_run_fails_the_job(left: int) -> None:
    run = packed([Line(b"a", event_id(1, bytes(16)).encode(), b"line")])

    def read(_: int, start: int, length: int) -> bytes:
        return run[:left][start : start + length]

    with pytest.raises(JobFailed):
        list(merged(read, [Run(0, len(run))], descending=False))


@given(st.integers(0, 200), st.integers(2, 5))
def test_levels_keep_the_runs_few(runs: int, max_merged: int) -> None:
    """Of each level there are fewer runs than are merged at once. The longest come first. Nothing is lost."""
    there: list[Run] = []
    for number in range(runs):
        there.append(Run(number, 1))
        while level := full_level(there, max_merged):
            there[-len(level) :] = [Run(number, sum(run.bytes for run in level), level[0].level + 1)]
    levels = [run.level for run in there]
    assert levels == sorted(levels, reverse=True)
    assert all(levels.count(level) < max_merged for level in levels)
    assert [run.bytes for run in there] == [max_merged**level for level in levels]
    assert sum(run.bytes for run in there) == runs
