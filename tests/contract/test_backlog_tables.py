"""Parked events and their drains in the control table: the conditions, the order of the rows and the sparse index."""

from dataclasses import replace
from typing import Any

import pytest

from daybook.aws.control_table.destinations import DestinationTable
from daybook.aws.control_table.drains import DrainTable
from daybook.aws.control_table.parked import ParkedTable
from daybook.aws.wiring import Tables
from daybook.clock import MINUTE, SECOND
from daybook.delivery.backlog import Asked, DrainRequest, ParkedRow, request_of, rows_of
from daybook.delivery.destination import Destination
from daybook.delivery.drain import emptied, failed
from tests.support.streams import destination

NOW = 1_750_000_000_000

pytestmark = pytest.mark.every_store


@pytest.fixture
def destinations(dynamodb: Any, tables: Tables) -> DestinationTable:
    return DestinationTable(dynamodb, tables.control)


@pytest.fixture
def drains(dynamodb: Any, tables: Tables) -> DrainTable:
    return DrainTable(dynamodb, tables.control)


@pytest.fixture
def parked(dynamodb: Any, tables: Tables) -> ParkedTable:
    return ParkedTable(dynamodb, tables.control)


@pytest.fixture
def made(destinations: DestinationTable) -> Destination:
    assert destinations.create(destination())
    return destination()


def claimed(drains: DrainTable, of: Destination, claim: str = "one", at: int = NOW) -> Destination:
    found = drains.claim(request_of(of), claim, at, at + MINUTE)
    assert found
    return found


def test_of_several_that_park_one_sends_the_message(drains: DrainTable, made: Destination) -> None:
    assert drains.ask(made, NOW, NOW - 5) is Asked.FIRST
    assert drains.ask(made, NOW + 7, NOW - 9) is Asked.ALREADY
    found = claimed(drains, made)
    assert (found.parkings, found.parked_since_ms, found.drain_claim) == (2, NOW - 5, "one")
    assert drains.ask(made, NOW, NOW) is Asked.ALREADY, "a drain is at work and will see it"


def test_a_former_subscription_asks_for_nothing(drains: DrainTable, made: Destination) -> None:
    """Nor does anybody drain for it."""
    former = replace(made, subscription="former")
    assert drains.ask(former, NOW, NOW) is Asked.GONE
    drains.ask(made, NOW, NOW)
    assert drains.claim(request_of(former), "one", NOW, NOW + MINUTE) is None
    assert drains.claim(DrainRequest(destination("nobody").environment, "s"), "one", NOW, NOW + MINUTE) is None


def test_one_drains_at_a_time(drains: DrainTable, made: Destination) -> None:
    """Not before it is due, but for two seconds, and not while another one may be at work."""
    request = request_of(made)
    drains.ask(made, NOW, NOW)
    assert drains.claim(request, "early", NOW - 2 * SECOND - 1, NOW + MINUTE) is None
    assert claimed(drains, made, "one", NOW - 2 * SECOND).drain_due_ms == NOW - 2 * SECOND + MINUTE
    assert drains.claim(request, "two", NOW, NOW + MINUTE) is None
    assert drains.claim(request, "two", NOW + MINUTE, NOW + 2 * MINUTE) is not None


def test_a_drain_stores_what_it_changed_and_nothing_else(
    destinations: DestinationTable, drains: DrainTable, made: Destination
) -> None:
    """Live delivery changes the same row meanwhile."""
    drains.ask(made, NOW, NOW)
    before = claimed(drains, made)
    destinations.delivered(made, NOW + 5)
    destinations.gave_up(made, 3)
    after = replace(failed(before, "AccessDenied", NOW), drain_claim=None)
    assert drains.store(before, after)
    assert destinations.one(made.environment) == replace(after, last_delivered_ms=NOW + 5, given_up=3)


def test_a_frozen_worker_changes_nothing(
    destinations: DestinationTable, drains: DrainTable, parked: ParkedTable, made: Destination
) -> None:
    """Its claim has ended and another drain has begun, or the stream was changed. Nor does it replace a row."""
    (row,) = rows_of(["0#a", "0#b"], NOW)
    (rest,) = rows_of(["0#a"], NOW)
    parked.put(made, [row])
    drains.ask(made, NOW, NOW)
    frozen = claimed(drains, made)
    other = claimed(drains, made, "two", NOW + MINUTE)
    assert not drains.store(frozen, failed(frozen, "Late", NOW))
    assert not parked.replace(frozen, row, [rest], given_up=1)
    assert destinations.one(made.environment) == other
    assert list(parked.rows(made)) == [row]
    changed = destinations.choose(other, other.chosen, "g-2")
    assert changed
    assert not drains.store(other, failed(other, "Late", NOW))
    assert destinations.one(made.environment) == changed


def test_the_end_is_the_end_only_if_nothing_was_parked_meanwhile(
    destinations: DestinationTable, drains: DrainTable, made: Destination
) -> None:
    drains.ask(made, NOW, NOW)
    before = claimed(drains, made)
    drains.ask(made, NOW, NOW)
    empty = replace(emptied(before, NOW), drain_claim=None)
    assert not drains.store(before, empty, is_empty=True)
    assert drains.store(before, replace(before, drain_claim=None, drain_due_ms=NOW))
    before = claimed(drains, made)
    assert drains.store(before, replace(emptied(before, NOW), drain_claim=None), is_empty=True)
    found = destinations.one(made.environment)
    assert found
    assert (found.drain_due_ms, found.parked_since_ms, found.parkings) == (None, None, 2)
    assert drains.ask(made, NOW, NOW) is Asked.FIRST


def test_what_is_parked_moves_an_idle_drain(
    destinations: DestinationTable, drains: DrainTable, made: Destination
) -> None:
    """It was due in a quarter of an hour, to look at broken events. One of those that park sends the message."""
    drains.ask(made, NOW, NOW, NOW + 15 * MINUTE)
    before = claimed(drains, made)
    assert before.broken_due_ms == NOW + 15 * MINUTE
    assert drains.store(before, replace(emptied(before, NOW), drain_claim=None), is_empty=True)
    assert drains.ask(made, NOW + SECOND, NOW) is Asked.FIRST
    assert drains.ask(made, NOW + SECOND, NOW) is Asked.ALREADY
    found = destinations.one(made.environment)
    assert found
    assert (found.drain_due_ms, found.drain_idle) == (NOW + SECOND, False)


def test_the_index_holds_those_that_wait(destinations: DestinationTable, drains: DrainTable, made: Destination) -> None:
    """The most overdue first, over several pages, and nobody else."""
    others = [destination(f"t-{number}", slow_since_ms=NOW if number == 3 else None) for number in range(12)]
    for number, other in enumerate(others):
        assert destinations.create(other)
        drains.ask(other, NOW + (number * 5) % 12, NOW - number)
    assert [each.due_ms - NOW for each in drains.waiting()] == list(range(12))
    assert {each.request for each in drains.waiting()} == {request_of(other) for other in others}
    assert [each.request for each in drains.waiting() if each.is_slow] == [request_of(others[3])]
    drains.hurry(made, NOW)
    before = claimed(drains, others[0])
    failing = replace(failed(before, "AccessDenied", NOW), drain_claim=None)
    assert drains.store(before, failing)
    assert [each.request for each in drains.waiting() if each.is_failing] == [request_of(others[0])]
    destinations.remove(others[0].environment)
    assert len(list(drains.waiting())) == 11


def test_rows_come_oldest_first_over_several_pages(parked: ParkedTable, made: Destination) -> None:
    """Only those of the subscription and environment; broken ones apart."""
    rows = [row for number in range(250) for row in rows_of([f"0#{number:036}"], NOW + (number * 7) % 250)]
    parked.put(made, rows)
    parked.put(replace(made, subscription="s-acme-2"), rows[:3])
    parked.put(destination(environment="test", subscription=made.subscription), rows[:2])
    (broken,) = rows_of(["0#x"], NOW, broken=True)
    parked.put(made, [broken, broken])
    assert list(parked.rows(made)) == sorted(rows)
    assert list(parked.rows(made, broken=True)) == [broken]
    assert parked.pending(made) == (251, True)
    parked.remove(made, rows[:200])
    parked.remove(made, rows[:200])
    assert list(parked.rows(made)) == sorted(rows[200:])


def test_of_two_that_give_a_row_up_one_counts(
    destinations: DestinationTable, drains: DrainTable, parked: ParkedTable, made: Destination
) -> None:
    drains.ask(made, NOW, NOW)
    before = claimed(drains, made)
    row = ParkedRow(NOW, ("0#a", "0#b"))
    parked.put(made, [row])
    (rest,) = rows_of(["0#b"], NOW, broken=True)
    assert parked.replace(before, row, [rest], given_up=1)
    assert not parked.replace(before, row, [rest], given_up=1)
    found = destinations.one(made.environment)
    assert found
    assert (found.given_up, list(parked.rows(made)), list(parked.rows(made, broken=True))) == (1, [], [rest])
