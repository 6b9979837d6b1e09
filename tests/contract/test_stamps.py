"""The events' stamps in their table, held beside their likeness in memory."""

from typing import Any

import pytest

from daybook.aws.events_table.stamps import StampTable
from daybook.aws.wiring import Tables
from daybook.errors import Throttled
from daybook.ids import event_id, neighbour
from daybook.jobs.restamp import Restamp
from tests.support.retention import MemoryStamps

PLACE, OTHER = "acme#prod#0", "acme#prod#1"
IDS = [event_id(moment, bytes(16)) for moment in (1_000, 2_000, 3_000, 4_000)]
GONE = event_id(2_500, bytes(16))
STAMPS = {IDS[0]: 10, IDS[1]: None, IDS[2]: 30, IDS[3]: None}

pytestmark = pytest.mark.every_store


@pytest.fixture(params=["table", "memory"])
def stamps(request: pytest.FixtureRequest, dynamodb: Any, tables: Tables) -> Any:
    in_memory = MemoryStamps()
    for place in (PLACE, OTHER):
        for identifier, expires_at in STAMPS.items():
            in_memory.store(place, identifier, expires_at)
            stamp = {} if expires_at is None else {"expires_at": {"N": str(expires_at)}}
            item = {"pk": {"S": place}, "sk": {"S": identifier}, "z": {"B": b"z"}, **stamp}
            dynamodb.put_item(TableName=tables.events, Item=item)
    return in_memory if request.param == "memory" else StampTable(dynamodb, tables.events)


def test_a_page_lies_behind_one_id_and_up_to_another(stamps: Any) -> None:
    """Oldest first, of one partition; fewer than asked for at the end only."""
    every = list(STAMPS.items())
    assert stamps.page(PLACE, "", 10) == every
    assert stamps.page(PLACE, "", 3) == every[:3]
    assert stamps.page(PLACE, IDS[1], 10) == every[2:]
    assert stamps.page(PLACE, neighbour(IDS[1], -1), 10, IDS[2]) == every[1:3]
    assert stamps.page(PLACE, IDS[2], 10, IDS[2]) == []
    assert stamps.page("acme#prod#2", "", 10) == []


def test_a_stamp_is_changed_where_it_is_the_one_that_was_seen(stamps: Any) -> None:
    """Put on, changed, taken off; whether all were."""
    restamps = {IDS[0]: Restamp(10, None), IDS[1]: Restamp(None, 20), IDS[2]: Restamp(30, 31)}
    assert stamps.stamp(PLACE, restamps, lambda: 1.0)
    assert dict(stamps.page(PLACE, "", 10)) == {IDS[0]: None, IDS[1]: 20, IDS[2]: 31, IDS[3]: None}
    assert dict(stamps.page(OTHER, "", 10)) == STAMPS
    assert not stamps.stamp(PLACE, {**restamps, IDS[3]: Restamp(None, 40)}, lambda: 1.0)
    assert dict(stamps.page(PLACE, "", 10)) == {IDS[0]: None, IDS[1]: 20, IDS[2]: 31, IDS[3]: 40}


@pytest.mark.parametrize("restamp", [Restamp(None, 25), Restamp(25, None), Restamp(25, 26)])
def test_what_is_gone_stays_gone(stamps: Any, restamp: Restamp) -> None:
    assert not stamps.stamp(PLACE, {GONE: restamp}, lambda: 1.0)
    assert dict(stamps.page(PLACE, "", 10)) == STAMPS


def test_when_time_is_up_nothing_is_written(stamps: Any) -> None:
    with pytest.raises(Throttled):
        stamps.stamp(PLACE, {IDS[0]: Restamp(10, 11)}, lambda: 0.0)
    assert dict(stamps.page(PLACE, "", 10)) == STAMPS
