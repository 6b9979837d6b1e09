"""Whatever happens, every event that `record` returned from is stored, and stored once."""

from pathlib import Path

import pytest

from tests.support.client_faults import faults_of

QUICK = 100
ALL = 1000


def test_random_schedules_lose_and_double_nothing(tmp_path: Path) -> None:
    """Kills, outages, lost and half answers, pages of proxies, jumps of the clock, two processes: 100 schedules."""
    assert not [fault for seed in range(QUICK) if (fault := faults_of(seed, tmp_path))]


@pytest.mark.long
def test_the_other_schedules_lose_and_double_nothing(tmp_path: Path) -> None:
    """With those above, 1,000."""
    assert not [fault for seed in range(QUICK, ALL) if (fault := faults_of(seed, tmp_path))]
