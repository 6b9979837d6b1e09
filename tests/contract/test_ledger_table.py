"""The ledger's rows: what is written once, and what is found again over several pages."""

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from daybook.aws.ledger_table.appends import AppendTable
from daybook.aws.ledger_table.registry import LogTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, SECOND
from daybook.ledger.entries import ENTRY_BYTES
from daybook.ledger.log import MAX_ENTRIES, NOTHING, Stored
from daybook.ledger.logs import current
from daybook.tenant import TenantCode
from tests.support.ledger import RECEIVED, append_of, delta_of, log_key, log_of, stored

pytestmark = pytest.mark.every_store


@pytest.fixture
def logs(dynamodb: Any, tables: Tables) -> LogTable:
    return LogTable(dynamodb, tables.ledger)


@pytest.fixture
def appends(dynamodb: Any, tables: Tables) -> AppendTable:
    return AppendTable(dynamodb, tables.ledger)


def test_of_two_that_begin_a_log_one_counts(logs: LogTable) -> None:
    """A log that is begun anew comes behind it, and only it is current."""
    assert logs.current(log_key()) is None
    first, second = log_of(seed=1), log_of(seed=2)
    assert [logs.begin(first), logs.begin(second)] == [first, first]
    assert logs.current(log_key()) == first
    others = [log_of(log_key(number=11)), log_of(log_key(visibility="operations")), log_of(log_key("ABC124"))]
    assert [logs.begin(log) for log in others] == others
    successor = log_of(seed=3, previous=first)
    assert logs.begin(successor) == successor
    assert (successor.generation, successor.previous) == (2, first.name)
    assert logs.current(log_key()) == successor
    of_tenant = logs.of(TenantCode("ABC123"))
    assert {*of_tenant} == {first, successor, *others[:2]}
    assert {*current(of_tenant)} == {successor, *others[:2]}


def test_an_append_is_written_once(dynamodb: Any, tables: Tables, appends: AppendTable) -> None:
    """Of two that come behind the same head the first counts. The delta of the other means nothing, and expires."""
    log, events = log_of(), [stored(1), stored(2, RECEIVED + 7)]
    assert appends.head(log) == NOTHING
    made = append_of(NOTHING, events)
    assert appends.put(log, made, delta_of(events))
    other = append_of(NOTHING, [stored(3)], nonce="other")
    assert not appends.put(log, other, delta_of([stored(3)]))
    assert appends.head(log) == made.head
    assert list(appends.read(log, 0, 9)) == [(0, events[0].entry), (1, events[1].entry)]
    assert appends.delta(log, made) == delta_of(events)
    assert appends.delta(log, replace(made, nonce="expired")) is None
    rows = dynamodb.scan(TableName=tables.ledger, ConsistentRead=True)["Items"]
    ends = {row["sk"]["S"].partition("#")[0]: row["expires_at"]["N"] for row in rows if "expires_at" in row}
    assert ends == {"delta": str((RECEIVED + 40 * DAY) // SECOND)}


def test_entries_are_read_from_any_index_on(appends: AppendTable) -> None:
    """Over several appends and pages. A page of the table holds 1 MB, which is 13 full appends."""
    log, head, numbers = log_of(), NOTHING, iter(range(10**6))
    for size in (1, 2, *[MAX_ENTRIES] * 15, 3):
        events = [stored(next(numbers)) for _ in range(size)]
        made = append_of(head, events)
        assert appends.put(log, made, delta_of(events))
        head = made.head
    assert appends.head(log) == head
    assert head.size == 15_006
    every = [(index, stored(index).entry) for index in range(head.size)]
    for start, stop in (
        (0, 1),
        (0, 20_000),
        (2, 4),
        (1_002, 1_004),
        (1_500, 14_900),
        (15_005, 15_006),
        (15_006, 16_000),
    ):
        assert list(appends.read(log, start, stop)) == every[start:stop]
    assert [each.start for each in appends.appends(log, 1_500, 3_004)] == [1_003, 2_003, 3_003]
    assert not list(appends.read(log, 5, 5))
    assert not list(appends.read(log_of(seed=2), 0, 10))


def test_appends_of_the_times_in_between_are_not_read(dynamodb: Any, tables: Tables, appends: AppendTable) -> None:
    """An import has one each few seconds, and a page of the sweep some events of all of it."""
    log, head, all_events = log_of(), NOTHING, []
    for number in range(12):
        events = [stored(number, RECEIVED + number * 20 * SECOND)]
        made = append_of(head, events)
        assert appends.put(log, made, delta_of(events))
        head = made.head
        all_events += events
    client = Mock(wraps=dynamodb)
    wanted = [event.key for event in all_events[::4]]
    assert AppendTable(client, tables.ledger).find(log, wanted) == dict(zip(wanted, (0, 4, 8), strict=True))
    asked = [call.kwargs["RequestItems"][tables.ledger]["Keys"] for call in client.batch_get_item.call_args_list]
    assert [len(keys) for keys in asked] == [3]


def test_entries_are_found_by_id_and_receipt(appends: AppendTable) -> None:
    """Those of one time may be in several appends, and those of one append of several times. A pointer whose append
    does not exist says nothing.
    """
    log, head = log_of(), NOTHING
    groups: list[list[Stored]] = [
        [stored(1), stored(2, RECEIVED + 10 * SECOND), stored(3, RECEIVED - 400 * DAY)],
        [stored(4), stored(1, RECEIVED + 1)],
    ]
    for events in groups:
        made = append_of(head, events)
        assert appends.put(log, made, delta_of(events))
        head = made.head
    lost = append_of(NOTHING, [stored(5)], nonce="lost")
    assert not appends.put(log, lost, delta_of([stored(5)]))
    asked = [each.key for each in (*groups[0], *groups[1], stored(5), stored(3))]
    for _ in range(2):  # the second time from memory
        assert appends.find(log, asked) == {
            **{each.key: index for index, each in enumerate(groups[0])},
            **{each.key: 3 + index for index, each in enumerate(groups[1])},
        }
    assert appends.found(log, [stored(4).key]) == {stored(4).key: (3, stored(4).entry)}
    assert appends.find(log, []) == {}
    assert appends.find(log_of(seed=2), asked) == {}
    assert ENTRY_BYTES * MAX_ENTRIES == 75_000
