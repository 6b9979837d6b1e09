"""Sorted runs and their merge, against sorting all at once."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.event_id import event_id
from daybook.jobs import JobFailed
from export.runs import Line, merged, order, packed

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
    """By value, ties newest first; stopped every few lines, and gone on from where each run was."""
    bounds = [0, *sorted(cuts), len(lines)]
    key = order(descending=descending)
    runs = [packed(sorted(lines[low:high], key=key, reverse=descending)) for low, high in pairwise(bounds)]
    starts = [0] * len(runs)
    found: list[bytes] = []

    def read(run: int, start: int, length: int) -> bytes:
        return runs[run][start : start + min(length, 70)]  # S3 may answer less than it was asked for

    while len(found) < len(lines):
        for number, line in enumerate(merged(read, [len(run) for run in runs], starts, descending=descending), 1):
            found.append(line.line)
            starts[line.run] = line.end
            if number == stops:
                break
    newest_first = sorted(lines, key=lambda line: line.id, reverse=True)
    in_order = sorted(newest_first, key=lambda line: line.value.decode(), reverse=descending)
    assert found == [line.line for line in in_order]


@pytest.mark.parametrize("left", [0, 3, 30])
def test_a_run_that_is_gone_or_cut_short_fails_the_job(left: int) -> None:
    run = packed([Line(b"a", event_id(1, bytes(16)).encode(), b"line")])

    def read(_: int, start: int, length: int) -> bytes:
        return run[:left][start : start + length]

    with pytest.raises(JobFailed):
        list(merged(read, [len(run)], [0], descending=False))
