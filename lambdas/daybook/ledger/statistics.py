"""Answers a question about statistics: the folded counts, and the deltas of what is not folded yet.

The sums are those of one moment. Rows and `folded` are not read at once, so each row says how many entries were counted
when it was written, and `folded` says which rows the last transaction wrote. If a row is ahead of `folded`, or one of
those that the last transaction wrote is behind it, a fold is at work, and all is read again. Appends never change, so
what was read of them stays true.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daybook.clock import HOUR
from daybook.errors import Contended
from daybook.ledger import counts
from daybook.ledger.counts import Family, Interval, ReadRow
from daybook.ledger.delta import Counted
from daybook.ledger.fold import Folded, uncounted
from daybook.ledger.log import Append, Appends
from daybook.ledger.logs import Log
from daybook.ledger.questions import Plan, Range, Values, ranges

MAX_ROW_BYTES = 10 * 1024 * 1024
"""Of packed rows for one question: 90 days with 5,000 actors each. Unpacking them takes about a second."""

MAX_UNFOLDED = 20_000
"""A fold follows 1,000 to 10,000 entries behind the log."""

_TRIES = 5
_END = 10**15


class TooMuchToCount(Exception):  # noqa: N818  a fact about the question
    """The rows that answer the question have more than `MAX_ROW_BYTES`."""


class NotCountedYet(Exception):  # noqa: N818  a fact about the log
    """The fold is more than `MAX_UNFOLDED` entries behind."""


class CountReader(Protocol):
    """Strongly consistent. Raises `Throttled`."""

    def folded(self, log: Log) -> Folded: ...

    def read(self, log: Log, family: Family, over: Range) -> Iterable[ReadRow]:
        """All rows of these hours or days, also those that were put aside."""


class Asked(NamedTuple):
    """`from_ms` and `to_ms` are whole hours, and whole intervals where retention does not begin within one.

    `interval` None: the whole span is one.
    """

    plan: Plan
    interval: Interval | None
    from_ms: int
    to_ms: int


class Place(NamedTuple):
    """What a number belongs to."""

    number: int | None
    """The hour or day since 1970; None: the whole span."""
    values: Values
    """Of the fields by which is counted."""


class Sums(NamedTuple):
    from_ms: int
    """The whole hour at which they begin: later than asked for where earlier counts may have been deleted."""
    numbers: Counter[Place]


@dataclass(frozen=True)
class Statistics:
    appends: Appends
    counts: CountReader

    def sums(self, logs: Sequence[Log], asked: Asked) -> Sums:
        """Over several logs. Raises `Throttled`, `Contended`, `TooMuchToCount`, `NotCountedYet`."""
        begin_ms = asked.from_ms
        while True:
            sums = [self._of_log(log, asked._replace(from_ms=begin_ms)) for log in logs]
            latest_ms = max((each.from_ms for each in sums), default=begin_ms)
            if all(each.from_ms == latest_ms for each in sums):
                return Sums(latest_ms, sum((each.numbers for each in sums), Counter()))
            begin_ms = latest_ms

    def _of_log(self, log: Log, asked: Asked) -> Sums:
        for _ in range(_TRIES):
            folded = self.counts.folded(log)
            begin_ms = max(asked.from_ms, -(-folded.counted_from_ms // HOUR) * HOUR)
            whole = asked._replace(from_ms=min(begin_ms, asked.to_ms))
            over = ranges(whole.interval, whole.from_ms, whole.to_ms)
            rows = list(self._rows(log, whole.plan.family, over))
            if _agree(rows, folded, whole.plan.family, over):
                return Sums(begin_ms, _of_rows(rows, whole) + _of_events(self._uncounted(log, folded), whole))
        raise Contended(log.partition)

    def _rows(self, log: Log, family: Family, over: Sequence[Range]) -> Iterator[ReadRow]:
        read = 0
        for each in over:
            for row in self.counts.read(log, family, each):
                read += len(row.data)
                if read > MAX_ROW_BYTES:
                    raise TooMuchToCount
                yield row

    def _uncounted(self, log: Log, folded: Folded) -> Iterator[Counted]:
        appends: list[Append] = []
        for append in self.appends.appends(log, folded.size, _END):
            appends.append(append)
            if append.stop - folded.counted > MAX_UNFOLDED:
                raise NotCountedYet
        if not appends:
            return iter(())
        deltas = self.appends.deltas(log, appends[0].start, _END)
        return uncounted(log, appends, deltas, folded, _END)


def _agree(rows: Iterable[ReadRow], folded: Folded, family: Family, over: Sequence[Range]) -> bool:
    """Whether all of them are as the last transaction left them."""
    last = {name for name in folded.rows if name.key.family is family and any(each.covers(name.key) for each in over)}
    at = {row.name: row.at for row in rows}
    return all(size <= folded.counted for size in at.values()) and all(at.get(name) == folded.counted for name in last)


def _of_rows(rows: Iterable[ReadRow], asked: Asked) -> Counter[Place]:
    sums: Counter[Place] = Counter()
    for row in rows:
        number = _number(row.name.key.number * row.name.key.interval.milliseconds, asked)
        for values, count in counts.read(row.name.key.family, row.data).items():
            bucket = asked.plan.bucket(values)
            if bucket is not None:
                sums[Place(number, bucket)] += count
    return sums


def _of_events(events: Iterable[Counted], asked: Asked) -> Counter[Place]:
    sums: Counter[Place] = Counter()
    for event in events:
        if asked.from_ms <= event.occurred_ms < asked.to_ms:
            bucket = asked.plan.bucket(asked.plan.family.values(event))
            if bucket is not None:
                sums[Place(_number(event.occurred_ms, asked), bucket)] += 1
    return sums


def _number(moment_ms: int, asked: Asked) -> int | None:
    return None if asked.interval is None else moment_ms // asked.interval.milliseconds
