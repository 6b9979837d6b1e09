"""Metrics as CloudWatch reads them from the log."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from daybook.observability import GIVEN_UP, NAMESPACE, OLDEST_PARKED, count, gauge


def values(text: str) -> list[float]:
    """The values of a metric's lines, each of which is a document of the embedded metric format of its own."""
    found: list[float] = []
    for line in map(json.loads, text.splitlines()):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive == {
            "Namespace": NAMESPACE,
            "Dimensions": [[]],
            "Metrics": [{"Name": GIVEN_UP, "Unit": "Count"}],
        }
        found += line[GIVEN_UP]
    return found


def test_a_count_is_one_line_without_dimensions(capsys: pytest.CaptureFixture[str]) -> None:
    """The alarm on the metric names no dimension either."""
    count(GIVEN_UP, 3)
    assert values(capsys.readouterr().out) == [3.0]


def test_a_gauge_says_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    """The one metric that is no count is in seconds."""
    gauge(OLDEST_PARKED, 90)
    (metric,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert metric == {"Name": OLDEST_PARKED, "Unit": "Seconds"}


def test_counts_of_many_threads_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    """No value is lost or counted twice."""
    with ThreadPoolExecutor(32) as threads:
        list(threads.map(lambda _: count(GIVEN_UP, 1), range(2_000)))
    assert sum(values(capsys.readouterr().out)) == 2_000
