"""Appends a batch of the events table's stream to the logs of its tenants. No log waits for another."""

import base64
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, Protocol

from daybook.errors import Throttled
from daybook.events.item import environment_of
from daybook.events.store import Key
from daybook.ledger.appender import Appended, Appender
from daybook.ledger.log import Head, Stored
from daybook.ledger.logs import Log, LogKey
from daybook.ledger.reading import stored_event
from daybook.observability import LEDGER_PARKED, LEDGER_POISON, logger
from daybook.tenant import code_of

BUDGET_SECONDS = 20.0
"""What is not appended by then is parked. An append takes some 20 ms."""
JUDGING_SECONDS = 10.0
"""What is not judged by then is kept for operators. A judgement takes less than a millisecond, a finding some 50."""
FOLD_SECONDS = 2.0
"""So long a batch waits for the folds behind it. Each ends after a second, and may be late by a call."""
_PAUSES = (0.2, 0.8, 2.0)
"""Seconds before a change is judged again, where a store is throttled."""
_AT_ONCE = 32
_NO_EVENT = "the record is no event"

Record = Mapping[str, Any]
"""A record of the table's stream, as Lambda passes it."""


class Poison(Protocol):
    def keep(self, record: Record) -> None:
        """Keeps a record that can't be read or judged, for operators. Raises where it may not have been kept."""


class Parked(Protocol):
    def park(self, keys: Sequence[Key]) -> None:
        """Has the events of these keys appended later. Raises where they may not have been parked."""


class Tampering(Protocol):
    def judge_of_batch(self) -> Callable[[Record], object]:
        """Judges a change or a removal of an event, and tells of tampering. Raises `Throttled` where another try may
        succeed; anything else for a record that can't be read.
        """


class Arrived(NamedTuple):
    place: int
    """In the batch."""
    key: Key
    stored: Stored


Share = Sequence[Arrived]
"""The events of a batch that belong to one log."""


@dataclass(frozen=True)
class StreamAppends:
    appender: Appender
    parked: Parked
    poison: Poison
    tampering: Tampering
    fold_if_due: Callable[[Log, Head], None]
    """A fold that fails holds nobody up: a later one goes on where it stopped."""
    count: Callable[[str, int], None]
    _folding: set[str] = field(default_factory=set, init=False)
    """The logs whose fold, begun behind an earlier batch, may still run."""

    def append(self, records: Sequence[Record], budget_seconds: float = BUDGET_SECONDS) -> int | None:
        """Returns the first place whose record is neither appended nor parked nor kept; None if there is none."""
        shares, changes, failed = self._read(records)
        appended, late = self._appended(shares, budget_seconds)
        failed += self._park(late)
        failed += self._judged(records, changes, min(budget_seconds, JUDGING_SECONDS))
        self._fold(appended)
        return min(failed, default=None)

    def _read(self, records: Sequence[Record]) -> tuple[Mapping[LogKey, Share], list[int], list[int]]:
        """The inserts by their logs, the places of other records, and of those that can be neither read nor kept."""
        shares: dict[LogKey, list[Arrived]] = defaultdict(list)
        changes: list[int] = []
        failed: list[int] = []
        for place, record in enumerate(records):
            try:
                if record["eventName"] == "INSERT":
                    key, arrived = _arrived(place, record)
                    shares[key].append(arrived)
                else:
                    changes.append(place)
            except Exception:
                logger.exception(_NO_EVENT, extra={"event_id": record.get("eventID")})
                if not self._is_kept(record):
                    failed.append(place)
        return shares, changes, failed

    def _judged(self, records: Sequence[Record], changes: Sequence[int], seconds: float) -> list[int]:
        """Returns the places of what was neither judged nor kept. What was told once is told again as the same.

        One tenant's rows that are throttled hold up no other's records.
        """
        judge = self.tampering.judge_of_batch()

        def judged(place: int) -> bool:
            for pause in (*_PAUSES, None):
                try:
                    judge(records[place])
                except Throttled:
                    if pause is not None:
                        time.sleep(pause)
                except Exception:
                    logger.exception(_NO_EVENT, extra={"event_id": records[place].get("eventID")})
                    return False
                else:
                    return True
            return False

        work: dict[Future[bool], int] = {_threads().submit(judged, place): place for place in changes}
        late = wait(work, seconds).not_done
        for future in late:
            future.cancel()
        left = [place for future, place in work.items() if future in late or not future.result()]
        if not left:
            return []
        with ThreadPoolExecutor(_AT_ONCE) as threads:  # the other threads may still be at work on what is late
            kept = threads.map(self._is_kept, [records[place] for place in left])
        return [place for place, is_kept in zip(left, kept, strict=True) if not is_kept]

    def _is_kept(self, record: Record) -> bool:
        """A failure would hold up the shard, and all tenants in it, for a day."""
        self.count(LEDGER_POISON, 1)
        return self._keep(record)

    def _keep(self, record: Record) -> bool:
        try:
            self.poison.keep(record)
        except Exception:
            logger.exception("the record was not kept", extra={"event_id": record.get("eventID")})
            return False
        return True

    def _appended(self, shares: Mapping[LogKey, Share], budget_seconds: float) -> tuple[list[Appended], list[Arrived]]:
        """Returns the logs, and what was not appended, or not in time. An append that ends later does no harm: parked
        events are appended only where they are not in the log.
        """
        work: dict[Future[Appended | None], Share] = {
            _threads().submit(self._append, key, share): share for key, share in shares.items()
        }
        done, late = wait(work, budget_seconds)
        for future in late:
            future.cancel()
        appended = {future: log for future in done if (log := future.result()) is not None}
        return [*appended.values()], [one for future, share in work.items() if future not in appended for one in share]

    def _append(self, key: LogKey, share: Share) -> Appended | None:
        try:
            return self.appender.append(key, [one.stored for one in share])
        except Exception:
            logger.exception("events were not appended", extra={"code": code_of(key.environment)})
            return None

    def _fold(self, appended: Iterable[Appended]) -> None:
        """Once the batch is safe. Never two folds of one log at once: they would only contend."""
        idle = [each for each in appended if each.log.partition not in self._folding]
        self._folding.update(each.log.partition for each in idle)
        work = {_threads().submit(self._fold_log, *each): each.log for each in idle}
        for future in wait(work, FOLD_SECONDS).not_done:
            if future.cancel():
                self._folding.discard(work[future].partition)

    def _fold_log(self, log: Log, head: Head) -> None:
        try:
            self.fold_if_due(log, head)
        except Exception:
            logger.exception("the log was not folded", extra={"code": code_of(log.key.environment)})
        finally:
            self._folding.discard(log.partition)

    def _park(self, late: Sequence[Arrived]) -> list[int]:
        """Returns the places of what could not be parked."""
        if not late:
            return []
        self.count(LEDGER_PARKED, len(late))
        try:
            self.parked.park([one.key for one in late])
        except Exception:
            logger.exception("events were not parked")
            return [one.place for one in late]
        return []


def _arrived(place: int, record: Record) -> tuple[LogKey, Arrived]:
    image = record["dynamodb"]["NewImage"]
    partition, identifier = image["pk"]["S"], image["sk"]["S"]
    key, stored = stored_event(environment_of(partition), identifier, base64.b64decode(image["z"]["B"]))
    return key, Arrived(place, (partition, identifier), stored)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "log")
