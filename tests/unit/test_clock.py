"""Times as they are read and written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import LAST_MS, format_time, parse_time

MOMENTS = st.integers(0, LAST_MS)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@given(MOMENTS)
def test_what_is_written_is_read(moment: int) -> None:
    """To the millisecond, in 24 characters that sort as the moments do."""
    written = format_time(moment)
    assert parse_time(written) == moment
    assert len(written) == 24
    assert (written < format_time(LAST_MS)) == (moment < LAST_MS)


@given(MOMENTS, OFFSETS, st.integers(0, 9), st.integers(0, 10**9 - 1), st.sampled_from("Tt"))
def test_any_offset_and_any_precision(moment: int, offset: int, digits: int, nanoseconds: int, between: str) -> None:
    """Cut to the millisecond, never rounded."""
    zone = timezone(timedelta(minutes=offset))
    try:
        local = datetime.fromtimestamp(moment // 1000, UTC).astimezone(zone)
    except OverflowError:
        return  # beyond the calendar there
    fraction = f".{nanoseconds:09d}"[: digits + 1] if digits else ""
    sign = "-" if offset < 0 else "+"
    written = f"{local:%m-%dT%H:%M:%S}{fraction}{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    written = f"{local.year:04d}-{written}".replace("T", between)
    cut = nanoseconds // 10 ** (9 - digits) * 10 ** (9 - digits) if digits else 0
    assert parse_time(written) == moment // 1000 * 1000 + cut // 1_000_000


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("2026-11-22T16:31:07Z", "2026-11-22T16:31:07.000Z"),
        ("2026-11-22t16:31:07.1239999z", "2026-11-22T16:31:07.123Z"),
        ("2026-11-22T18:01:07.123+01:30", "2026-11-22T16:31:07.123Z"),
        ("2026-11-22T16:31:07.123-00:00", "2026-11-22T16:31:07.123Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_forms_of_rfc_3339(text: str, same_as: str) -> None:
    """A leap second is the second that follows."""
    assert format_time(parse_time(text)) == same_as


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T16:31:07",
        "2026-11-22 16:31:07Z",
        "2026-11-22T16:31Z",
        "2026-11-22T16:31:07.Z",
        "2026-11-22T16:31:07,5Z",
        "2026-11-22T16:31:07+0100",
        "2026-11-22T16:31:07+24:00",
        "2026-11-22T24:00:00Z",
        "2026-11-22T16:60:00Z",
        "2026-11-22T16:31:61Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:30:00+01:00",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "12026-11-22T16:31:07Z",
        "2026-11-22T16:31:07Z\n",
        "\uff12\uff10\uff12\uff16-11-22T16:31:07Z",
        "1795365067",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Times that no calendar has included."""
    with pytest.raises(ValueError, match="must"):
        parse_time(text)
