"""The ledger's rows that a fold writes: roots of tiles, and counts."""

from typing import Any

import pytest

from daybook.aws.ledger_table.counts import CountTable
from daybook.aws.ledger_table.nodes import NodeTable
from daybook.aws.wiring import Tables
from daybook.clock import DAY, HOUR
from daybook.ledger.counts import Addition, CountRow, Family, Interval, RowKey, add, read
from daybook.ledger.delta import Counted
from daybook.ledger.fold import Folded
from daybook.ledger.questions import Range
from daybook.ledger.tiles import Tile
from tests.support.ledger import log_of

pytestmark = pytest.mark.every_store

LOGIN = Counted(20_000 * DAY, "user.login", "Access", "User", "success", "system", "system")


@pytest.fixture
def table(dynamodb: Any, tables: Tables) -> CountTable:
    return CountTable(dynamodb, tables.ledger)


def test_roots_of_tiles_are_read_in_order(dynamodb: Any, tables: Tables) -> None:
    """Of one level and log, 256 in one call, and as many as there are. What was written first stays."""
    nodes, log = NodeTable(dynamodb, tables.ledger), log_of()
    roots = {Tile(0, index): bytes([index % 256]) * 32 for index in (*range(300), 10**12)}
    nodes.put(log, roots)
    nodes.put(log, {Tile(0, 1): b"other", Tile(1, 0): b"above"})
    nodes.put(log_of(seed=2), {Tile(0, 300): b"of another log"})
    assert nodes.read(log, 0, 0, 256) == [roots[Tile(0, index)] for index in range(256)]
    assert nodes.read(log, 0, 256, 256) == [roots[Tile(0, index)] for index in range(256, 300)]
    assert nodes.read(log, 0, 10**12, 1) == [roots[Tile(0, 10**12)]]
    assert nodes.read(log, 1, 0, 256) == [b"above"]
    assert nodes.read(log, 2, 0, 256) == []


def test_counts_and_their_place_move_together(table: CountTable) -> None:
    """Of two folds that begin at the same place the second changes nothing."""
    log = log_of()
    nothing = table.folded(log)
    assert (nothing.size, nothing.rows) == (0, frozenset())
    first = add([LOGIN] * 2, {})
    assert table.move(log, nothing, Folded(2, 1_000), first)
    assert not table.move(log, nothing, Folded(3, 2_000), add([LOGIN] * 3, {}))
    folded = table.folded(log)
    assert (folded.size, folded.at_ms, len(folded.rows)) == (2, 1_000, 4)
    rows = table.rows(log, [row.key for row in first.rows])
    assert rows == {row.key: row for row in first.rows}
    assert table.move(log, folded, Folded(3, 2_000), add([LOGIN], rows))
    (row,) = table.read(log, Family.KINDS, Range(Interval.DAY, 20_000, 20_000))
    assert list(read(Family.KINDS, row.data).values()) == [3]
    assert (row.at, row.name in table.folded(log).rows) == (3, True)
    assert table.folded(log_of(seed=2)).size == 0


def test_a_step_is_done_bit_by_bit(table: CountTable) -> None:
    """Each bit once, and the rows say how many entries were counted when they were written."""
    log = log_of()
    begun, later = Folded(0, 0, 9, 2, 4), Folded(0, 0, 9, 5, 8)
    assert table.move(log, table.folded(log), begun, add([LOGIN] * 2, {}))
    folded = table.folded(log)
    assert folded._replace(rows=frozenset()) == begun
    assert table.move(log, folded, later, add([LOGIN] * 3, {}))
    assert not table.move(log, folded, later, add([LOGIN] * 3, {}))
    (row,) = table.read(log, Family.KINDS, Range(Interval.DAY, 20_000, 20_000))
    assert row.at == table.folded(log).counted == 5


def test_rows_that_were_put_aside_are_read_with_the_others(table: CountTable) -> None:
    """A range holds all rows of its hours, and none of other hours, days and families."""
    log = log_of()
    kinds = [CountRow(RowKey(Family.KINDS, Interval.HOUR, number), b"%d" % number, 2) for number in range(9)]
    others = [
        CountRow(RowKey(Family.KINDS, Interval.DAY, 3), b"day"),
        CountRow(RowKey(Family.ACTORS, Interval.HOUR, 3), b"actors"),
    ]
    aside = [kinds[3]._replace(data=b"first", aside=1), kinds[3]._replace(data=b"second")]
    assert table.move(log, table.folded(log), Folded(1, 0), Addition([*kinds, *others], aside))
    found = table.read(log, Family.KINDS, Range(Interval.HOUR, 3, 4))
    assert [row.data for row in found] == [b"3", b"first", b"second", b"4"]
    assert {row.name.key.number for row in found} == {3, 4}
    assert table.rows(log, [kinds[3].key]) == {kinds[3].key: kinds[3]}


def test_a_range_may_have_several_pages(table: CountTable) -> None:
    """A page of the table holds 1 MB."""
    log = log_of()
    keys = [RowKey(Family.ACTORS, Interval.DAY, number) for number in range(8)]
    for size, key in enumerate(keys, 1):
        assert table.move(log, table.folded(log), Folded(size, 0), Addition([CountRow(key, bytes(300_000))], []))
    found = table.read(log, Family.ACTORS, Range(Interval.DAY, 0, 9))
    assert [row.name.key for row in found] == keys


def test_counts_are_deleted_with_what_retention_lets_go(table: CountTable) -> None:
    """Hours and days that end by then, also rows that were put aside. Statistics know from when on they are whole."""
    log, noon = log_of(), 20_000 * DAY + 12 * HOUR
    rows = [
        CountRow(RowKey(family, interval, noon // interval.milliseconds + step), b"", 1)
        for family in Family
        for interval in Interval
        for step in (-1, 0, 1)
    ]
    assert table.move(log, table.folded(log), Folded(1, 0), Addition(rows, rows[:1]))
    assert table.prune(log, noon) == 5
    assert table.folded(log).counted_from_ms == noon
    assert {row.key for row in rows if row.key in table.rows(log, [each.key for each in rows])} == {
        row.key for row in rows if (row.key.number + 1) * row.key.interval.milliseconds > noon
    }
    assert table.prune(log, noon - DAY) == 0
    assert table.move(
        log, table.folded(log), Folded(2, 0), Addition([CountRow(RowKey(Family.KINDS, Interval.DAY, 0), b"")], [])
    )
    assert table.prune(log, DAY) == 1
    assert table.folded(log).counted_from_ms == noon


def test_as_many_rows_as_a_fold_may_write(table: CountTable) -> None:
    """99, and the place."""
    log = log_of()
    rows = [CountRow(RowKey(Family.KINDS, Interval.HOUR, number), b"x") for number in range(99)]
    assert table.move(log, table.folded(log), Folded(1, 0), Addition(rows, []))
    assert len(table.rows(log, [row.key for row in rows])) == 99
