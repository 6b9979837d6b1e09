"""Times as products write them."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daybook_client.importing.times import time

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-22T16:31:07Z", "2026-11-22T16:31:07.000Z"),
        ("2026-11-22T16:31:07.123987654Z", "2026-11-22T16:31:07.123Z"),
        ("2026-11-22 16:31:07,5+0100", "2026-11-22T15:31:07.500Z"),
        ("2026-11-22T16:31:07-05:30", "2026-11-22T22:01:07.000Z"),
        ("2026/11/22 16:31:07 UTC", "2026-11-22T16:31:07.000Z"),
        ("2026-11-22 16:31", "2026-11-22T16:31:00.000Z"),
        ("20261122T163107Z", "2026-11-22T16:31:07.000Z"),
        ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000Z"),
        ("Aug 18, 2021 @ 17:57:09.636", "2021-08-18T17:57:09.636Z"),
        ("August 18, 2021 5:57 PM", "2021-08-18T17:57:00.000Z"),
        ("Wed Aug 18 17:57:09 2021", "2021-08-18T17:57:09.000Z"),
        ("Wed, 18 Aug 2021 17:57:09 +0200", "2021-08-18T15:57:09.000Z"),
        ("18/Aug/2021:12:57:09 +0000", "2021-08-18T12:57:09.000Z"),
        (1_629_309_429, "2021-08-18T17:57:09.000Z"),
        (1_629_309_429.6364, "2021-08-18T17:57:09.636Z"),
        (1_629_309_429_636, "2021-08-18T17:57:09.636Z"),
        ("1629309429636", "2021-08-18T17:57:09.636Z"),
        (1_629_309_429_636_123, "2021-08-18T17:57:09.636Z"),
        (1_629_309_429_636_123_456, "2021-08-18T17:57:09.636Z"),
        (0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_read_whatever_its_product_spells(written: Any, read: str) -> None:
    """The result is in UTC, cut to milliseconds."""
    assert time(written) == read


@pytest.mark.parametrize("written", ["2026-11-22 16:31:07", "Nov 22, 2026 @ 16:31:07.000"])
def test_a_time_without_a_zone_is_in_the_users(written: str) -> None:
    """An export that says no zone was made in the zone of whoever made it."""
    assert time(written, BERLIN) == "2026-11-22T15:31:07.000Z"
    assert time("2026-11-22T16:31:07Z", BERLIN) == "2026-11-22T16:31:07.000Z"


def test_a_doubled_hour_is_its_first() -> None:
    """When clocks go back, 02:30 comes twice."""
    assert time("2026-10-25 02:30:00", BERLIN) == "2026-10-25T00:30:00.000Z"


@pytest.mark.parametrize(
    "written",
    [
        *("", "yesterday", "22/11/2026 10:00", "2026-02-30T10:00:00Z", "2026-11-22T25:00:00Z", "1969-12-31T23:59:59Z"),
        *("2026-11-22", "2026-11-22T10:00:61Z", "Foo 18, 2021 @ 17:57:09", "9" * 20),
        *(-1, float("nan"), 1e30, True, None, []),
    ],
)
def test_what_is_no_time_or_could_be_two_gives_none(written: Any) -> None:
    """Nobody can tell 3/4 from 4/3: the record is rejected, not stored at a time that is guessed."""
    assert time(written) is None
