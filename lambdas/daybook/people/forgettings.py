"""How many people of an environment were forgotten.

The count rises in the transaction that deletes a person's key. So a key that was read between two reads of the same
count existed at the second one: nobody was forgotten in between. Who writes down what a person's key opened can tell by
that, for one read, whether it may stay.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol
from zlib import crc32

from daybook.people.identities import Row
from daybook.tenant import EnvironmentKey

_PREFIX = "forgotten#"
_ROWS = 16  # of two transactions that change one row at the same time, DynamoDB refuses one

COUNT = "count"
"""The attribute of a row: a number."""


class RowReader(Protocol):
    def read(self, environment: EnvironmentKey, sort_keys: Iterable[str]) -> Mapping[str, Row]:
        """The rows that exist, by sort key; strongly consistent."""


def count_row(guid: str) -> str:
    """The sort key of the row that counts this person."""
    return f"{_PREFIX}{crc32(guid.encode()) % _ROWS:02}"


def forgotten_people(people: RowReader, environment: EnvironmentKey) -> int:
    """The count. Its rows only rise, so that two equal sums are of the same rows. Raises `Throttled`."""
    rows = people.read(environment, [f"{_PREFIX}{number:02}" for number in range(_ROWS)])
    return sum(int(row[COUNT]) for row in rows.values())
