"""A running Daybook whose DynamoDB fails and whose functions are killed loses nothing that it acknowledged."""

from pathlib import Path

import pytest

from benchmarks.under_faults import under_faults


@pytest.mark.long
def test_nothing_is_lost_or_doubled_under_faults(tmp_path: Path) -> None:
    """30 % of the functions' calls to DynamoDB are throttled; others fail, get no answer or are slow. Whatever is
    answered 5xx says when to try again. `python -m benchmarks.under_faults` does this for ten minutes.
    """
    load, stored = under_faults(15, tmp_path)
    assert load.bad == []
    assert load.kills > 0
    assert load.acknowledged
    assert load.acknowledged - stored.keys() == set()
    assert {own_id: times for own_id, times in stored.items() if times != 1} == {}
