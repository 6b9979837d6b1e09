"""The rows of signed checkpoints and of the keys that signed them: written once, found by size and by time."""

from typing import Any

import pytest

from daybook.aws.ledger_table.checkpoints import CheckpointTable
from daybook.aws.ledger_table.keys import PublishedKeyTable
from daybook.aws.wiring import Tables
from daybook.ledger.merkle import EMPTY, leaf_hash
from daybook.ledger.notes import parse_key
from daybook.ledger.signing import PublishedKey, SignedCheckpoint, key_lines
from tests.support.ledger import log_of

pytestmark = pytest.mark.every_store

TIMES = {1: 5_000, 2: 5_000, 7: 9_000, 300: 12_000, 70_000: 40_000}
"""By size, in milliseconds. Some sizes are far apart, and two have one time."""


def checkpoint(size: int, note: str = "note\n") -> SignedCheckpoint:
    edge = EMPTY.extended([leaf_hash(b"x")] * size)
    return SignedCheckpoint(size, note, edge, TIMES[size])


def test_checkpoints_are_found_by_size_and_by_time(dynamodb: Any, tables: Tables) -> None:
    """Also where sizes are far apart. Other logs of the tenant have their own."""
    table, log = CheckpointTable(dynamodb, tables.ledger), log_of()
    assert [table.newest(log), table.at(log, 1), table.covering(log, 0), table.before(log, 10**15)] == [None] * 4
    kept = {size: checkpoint(size) for size in TIMES}
    for each in kept.values():
        table.keep(log, each)
    assert table.newest(log) == kept[70_000]
    assert [table.at(log, size) for size in (1, 3, 300)] == [kept[1], None, kept[300]]
    assert [table.covering(log, index) for index in (0, 69_999, 70_000)] == [kept[70_000], kept[70_000], None]
    moments = (4_999, 5_000, 8_999, 9_000, 11_999, 12_000, 39_999, 40_000, 10**15)
    found = [table.before(log, moment) for moment in moments]
    assert [each and each.size for each in found] == [None, 2, 2, 7, 7, 300, 300, 70_000, 70_000]
    assert table.newest(log_of(seed=2)) is None


def test_of_one_size_the_first_checkpoint_stays(dynamodb: Any, tables: Tables) -> None:
    """So two signers show one note, whichever was first."""
    table, log = CheckpointTable(dynamodb, tables.ledger), log_of()
    table.keep(log, checkpoint(7))
    table.keep(log, checkpoint(7, "another note\n"))
    assert table.newest(log) == checkpoint(7)


def test_keys_stay_published_as_they_were_first(dynamodb: Any, tables: Tables) -> None:
    """Each log has lines of its own: a key that signs heads is named as the log is. One that signs times has a name."""
    table, log = PublishedKeyTable(dynamodb, tables.ledger), log_of()
    later, time, first = (
        PublishedKey(name, bytes([number]) * 32, cosigner, since_ms)
        for number, (name, cosigner, since_ms) in enumerate((("a", None, 9), ("b", "daybook/time", 5), ("c", None, 5)))
    )
    assert table.published() == []
    for key in (later, time, first, later._replace(since_ms=1), time._replace(cosigner="other")):
        table.publish(key)
    assert table.published() == [time, first, later]
    lines = [parse_key(line) for line in key_lines(log, table.published())]
    assert [(key.name, key.key_type, key.public) for key in lines] == [
        (log.origin, 1, first.public),
        (log.origin, 1, later.public),
        ("daybook/time", 4, time.public),
    ]
