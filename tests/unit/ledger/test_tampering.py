"""What is a re-stamp, an expiry, and what is tampering."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.clock import DAY, HOUR, MINUTE, SECOND
from daybook.ledger.tampering import Times, What, is_by_ttl, modified, moment_of, removed
from tests.support.ingest import settings

NOW = 1_000 * DAY
TIMES = Times(NOW, NOW + 5)
KEPT = settings(retention_days=30)
DUE = 31 * DAY  # a day behind the retention's edge


def image(expires_at: int | None = None, **changed: Any) -> dict[str, Any]:
    stored = {"pk": {"S": "000000#0#0"}, "sk": {"S": "0" * 36}, "z": {"B": "AQ=="}, "by_actor": {"S": "000000#0#0#api"}}
    stamp = {} if expires_at is None else {"expires_at": {"N": str(expires_at)}}
    return {**stored, **stamp, **changed}


FIRST = image((NOW + DUE) // SECOND)


@pytest.mark.parametrize("name", ["z", "f", "by_actor", "by_target", "made_up"])
def test_nothing_but_the_stamp_may_change(name: str) -> None:
    """Neither the content, nor an index key, nor an attribute that was not there; whatever becomes of the stamp."""
    for stamp in (None, (NOW + DUE) // SECOND, (NOW + 2 * DUE) // SECOND):
        assert modified(FIRST, image(stamp, **{name: {"S": "other"}}), TIMES, KEPT) is What.CHANGED
    without = {key: value for key, value in FIRST.items() if key != "by_actor"}
    assert modified(FIRST, without, TIMES, KEPT) is What.CHANGED


@given(st.integers(-400, 400))
def test_a_stamp_may_be_as_early_as_the_retention_allows(days: int) -> None:
    new = image((NOW + DUE + days * DAY) // SECOND)
    assert (modified(FIRST, new, TIMES, KEPT) is None) is (days >= 0)
    assert modified(FIRST, image(), TIMES, KEPT) is None


def test_a_second_too_early_is_too_early() -> None:
    assert modified(image(), image((NOW + DUE) // SECOND - 1), TIMES, KEPT) is What.EXPIRES_EARLY
    assert modified(image(), image((NOW + DUE) // SECOND), TIMES, KEPT) is None


@pytest.mark.parametrize("stamp", [{"S": "soon"}, {"N": "1e3"}, {}, {"NULL": True}])
def test_a_stamp_that_is_none_is_no_restamp(stamp: dict[str, Any]) -> None:
    """A re-stamp writes whole seconds or nothing."""
    assert modified(FIRST, image() | {"expires_at": stamp}, TIMES, KEPT) is What.EXPIRES_EARLY


def test_every_setting_since_counts_and_none_from_before() -> None:
    """A shorter retention that was in force for an hour still explains its stamps when the stream is a day late. One
    that had ended before the event was stored explains nothing.
    """
    hour = KEPT.with_retention(5, NOW + 10 * DAY).with_retention(30, NOW + 10 * DAY + HOUR)
    stamp = image((NOW + 11 * DAY) // SECOND)
    assert modified(FIRST, stamp, TIMES, hour) is None
    assert modified(FIRST, image((NOW + 11 * DAY) // SECOND - 1), TIMES, hour) is What.EXPIRES_EARLY
    before = KEPT.with_retention(5, NOW - 2 * DAY).with_retention(30, NOW - HOUR)
    assert modified(FIRST, image((NOW + 6 * DAY) // SECOND), TIMES, before) is What.EXPIRES_EARLY
    just = KEPT.with_retention(5, NOW - 2 * DAY).with_retention(30, NOW - MINUTE // 2)
    assert modified(FIRST, image((NOW + 6 * DAY) // SECOND), TIMES, just) is None


def test_under_a_hold_no_stamp_is_early_enough() -> None:
    """What a hold keeps has no time of deletion but for those that the settings gave before it."""
    for_ever = settings(retention_days=None)
    held = for_ever.with_hold("sealed", NOW - DAY)
    assert modified(image(), FIRST, TIMES, held) is What.EXPIRES_EARLY
    assert modified(image(), FIRST, TIMES, for_ever) is What.EXPIRES_EARLY
    assert modified(FIRST, image(), TIMES, held) is None


def test_only_ttl_removes_and_only_what_may_be_gone() -> None:
    due = NOW + DUE
    assert removed(TIMES, KEPT, due, by_ttl=True) is None
    assert removed(TIMES, KEPT, due - 1, by_ttl=True) is What.REMOVED
    assert removed(TIMES, KEPT, 2 * due, by_ttl=False) is What.REMOVED
    assert removed(TIMES, KEPT.with_hold("sealed", NOW + DAY), due, by_ttl=True) is What.REMOVED


@pytest.mark.parametrize(
    ("who", "by_ttl"),
    [
        ({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, True),
        ({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, True),
        ({"type": "Service", "principalId": "replication.dynamodb.amazonaws.com"}, False),
        ({"type": "AssumedRole", "principalId": "dynamodb.amazonaws.com"}, False),
        (None, False),
    ],
)
def test_a_record_says_whether_ttl_made_it(who: Any, by_ttl: bool) -> None:
    record = {"dynamodb": {"ApproximateCreationDateTime": 1_795_365_067.0}, "userIdentity": who}
    assert is_by_ttl(record) is by_ttl
    assert moment_of(record) == 1_795_365_067_000
