"""How many events there are of each kind, and of each actor, in an hour and in a day.

Two families of rows, because a question needs one of them, and they grow for different reasons:

- kinds: activity, category, component, status and type of the actor, all at once, so that every question about these is
  answered from one row;
- actors: the actor and the status.

Each has one row an hour and one a day. Sums do not care in which row a number stands. So a row that would become too
long is put aside, and goes on empty: an hour with very many actors has more rows, each of them small enough to be
written again and again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from daybook.clock import DAY, HOUR
from daybook.ledger.delta import Counted, deflated, inflated, packed_actors, read_actors

ROW_BYTES = 64 * 1024
"""A row that has more is put aside. Each fold writes whole rows, which costs two write units a KB."""

MAX_ROW_BYTES = 350_000
"""The most that one fold may put into a row, whose item has at most 409,600 bytes."""

MAX_ROWS = 99
"""Rows of one fold. A transaction has at most 100 actions, and one of them moves `folded`."""

MAX_BYTES = 3_500_000
"""Bytes of one fold. A transaction has at most 4 MB."""


class Interval(StrEnum):
    HOUR = "h"
    DAY = "d"

    @property
    def milliseconds(self) -> int:
        return HOUR if self is Interval.HOUR else DAY


class Family(StrEnum):
    KINDS = "kinds"
    ACTORS = "actors"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of `Counted` that its rows tell apart, in this order."""
        if self is Family.KINDS:
            return "activity", "category", "component", "status", "actor_type"
        return "actor", "status"

    def values(self, counted: Counted) -> tuple[str, ...]:
        if self is Family.KINDS:
            return counted.activity, counted.category, counted.component, counted.status, counted.actor_type
        return counted.actor, counted.status


Numbers = Mapping[tuple[str, ...], int]
"""How many events have these values of a family's fields."""


class RowKey(NamedTuple):
    """The row of a family for one hour or day, counted since 1970."""

    family: Family
    interval: Interval
    number: int


class CountRow(NamedTuple):
    """A row that is added to. `aside`: how many rows of this key were put aside before."""

    key: RowKey
    data: bytes
    aside: int = 0


class RowName(NamedTuple):
    """`aside` 0: the row that is added to; else the number of one that was put aside."""

    key: RowKey
    aside: int


class ReadRow(NamedTuple):
    """A row as it is read, also one that was put aside."""

    name: RowName
    data: bytes
    at: int
    """How many entries were counted when it was last written."""


class Addition(NamedTuple):
    """What a fold writes: the rows as they become, and those that it puts aside, which never change again."""

    rows: Sequence[CountRow]
    put_aside: Sequence[CountRow]
    """Each under the number that is in its `aside`, from 1."""

    @property
    def fits(self) -> bool:
        """Whether one transaction takes it."""
        sizes = [len(row.data) for row in (*self.rows, *self.put_aside)]
        return len(sizes) <= MAX_ROWS and sum(sizes) <= MAX_BYTES and max(sizes, default=0) <= MAX_ROW_BYTES


class _Kinds(msgspec.Struct, array_like=True):
    kinds: list[tuple[str, str, str, str, str]]
    numbers: list[int]


class _Actors(msgspec.Struct, array_like=True):
    guids: bytes
    """16 bytes each."""
    others: list[str]
    statuses: list[str]
    numbers: list[int]
    """For each actor, a number for each status."""


_encoder = msgspec.msgpack.Encoder()
_kinds_decoder = msgspec.msgpack.Decoder(_Kinds)
_actors_decoder = msgspec.msgpack.Decoder(_Actors)


def keys_of(counted: Counted) -> tuple[RowKey, ...]:
    """The rows in which an event is counted."""
    return tuple(
        RowKey(family, interval, counted.occurred_ms // interval.milliseconds)
        for family in Family
        for interval in Interval
    )


def tally(counted: Iterable[Counted]) -> dict[RowKey, Counter[tuple[str, ...]]]:
    """What these events add to each row."""
    hours: dict[tuple[Family, int], Counter[tuple[str, ...]]] = {}
    for each in counted:
        for family in Family:
            hours.setdefault((family, each.occurred_ms), Counter())[family.values(each)] += 1
    added: dict[RowKey, Counter[tuple[str, ...]]] = {}
    for (family, moment_ms), numbers in hours.items():
        for interval in Interval:
            added.setdefault(RowKey(family, interval, moment_ms // interval.milliseconds), Counter()).update(numbers)
    return added


def add(counted: Iterable[Counted], rows: Mapping[RowKey, CountRow]) -> Addition:
    """The rows after these events. `rows`: those of them that exist."""
    after: list[CountRow] = []
    aside: list[CountRow] = []
    for key, numbers in tally(counted).items():
        row = rows.get(key, CountRow(key, b""))
        data = written(key.family, Counter(read(key.family, row.data)) + numbers)
        if row.data and len(data) > ROW_BYTES:
            row = row._replace(aside=row.aside + 1)
            aside.append(row)
            data = written(key.family, numbers)
        after.append(row._replace(data=data))
    return Addition(after, aside)


def written(family: Family, numbers: Numbers) -> bytes:
    if family is Family.KINDS:
        return deflated(_encoder.encode((list(numbers), list(numbers.values()))))
    guids, others = packed_actors(actor for actor, _ in numbers)
    statuses = list(dict.fromkeys(status for _, status in numbers))
    actors = read_actors(guids, others)
    of_each = [numbers.get((actor, status), 0) for actor in actors for status in statuses]
    return deflated(_encoder.encode(_Actors(guids, others, statuses, of_each)))


def read(family: Family, data: bytes) -> Numbers:
    """Nothing where there is no row. Raises `UnknownFormat` for another first byte: a newer release wrote it."""
    if not data:
        return {}
    encoded = inflated(data)
    if family is Family.KINDS:
        kinds = _kinds_decoder.decode(encoded)
        return dict(zip(kinds.kinds, kinds.numbers, strict=True))
    columns = _actors_decoder.decode(encoded)
    actors = read_actors(columns.guids, columns.others)
    keys = ((actor, status) for actor in actors for status in columns.statuses)
    return {key: number for key, number in zip(keys, columns.numbers, strict=True) if number}


def fitting(counted: Iterable[Counted]) -> int:
    """How many of these events, from the first on, are counted in the rows of one fold, where it puts none aside."""
    keys: set[RowKey] = set()
    place = 0
    for place, each in enumerate(counted, 1):
        keys.update(keys_of(each))
        if len(keys) > MAX_ROWS:
            return place - 1
    return place
