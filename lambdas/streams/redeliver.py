"""Drains what is parked for customers' streams, the oldest events first.

A drain claims its destination, so that no two of them deliver the same events. After its turn of a few seconds, or of
one call to a slow stream, it asks for another one behind the other tenants' messages. Of a failing stream a drain is
the probe: one call whose result sets the state and the next wait. What fails on our side is tried again later and
leaves the stream's state alone.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from daybook import observability
from daybook.batching import batched
from daybook.clock import DAY, MINUTE, SECOND, Clock
from daybook.delivery.backlog import OVERDUE_MS, DrainRequest, Queue, Waiting, request_of
from daybook.delivery.destination import Destination
from daybook.observability import logger
from daybook.tenant import code_of
from streams.drain_turn import Turn, TurnServices

CLAIM_MS = 28 * SECOND + MINUTE
"""The function's timeout, and a minute by which clocks may differ."""
AGAIN_MS = 30 * SECOND
"""The wait when Daybook itself failed."""
_LATE_MS = 2 * MINUTE
"""A drain that is so late was asked for by the schedule at least once, a minute ago, and has not begun."""
_AT_ONCE = 10
_REQUESTS_A_CALL = 10  # the queue's own limit: one that fails leaves the others alone


class Drains(Protocol):
    def claim(self, request: DrainRequest, claim: str, now_ms: int, until_ms: int) -> Destination | None: ...

    def waiting(self) -> Iterable[Waiting]: ...


@dataclass(frozen=True)
class Redeliver:
    drains: Drains
    turns: TurnServices
    queue: Queue
    gauge: Callable[[str, int], None]
    clock: Clock
    new_claim: Callable[[], str]

    def drain_all(self, requests: Iterable[DrainRequest]) -> None:
        """Raises nothing: what goes wrong leaves its drain due, and the schedule asks for it again."""
        work = list(dict.fromkeys(requests))
        list(map(self.drain, work) if len(work) < 2 else _threads().map(self.drain, work))

    def drain(self, request: DrainRequest) -> None:
        """Does nothing if no drain is due: the message came twice or too late, or somebody drains already."""
        try:
            now_ms = self.clock()
            claimed = self.drains.claim(request, self.new_claim(), now_ms, now_ms + CLAIM_MS)
            if claimed is not None:
                self._drain(claimed)
        except Exception:
            logger.exception("parked events were not delivered", extra={"code": code_of(request.environment)})

    def wake(self) -> None:
        """Asks for the drains that are overdue, and tells the operators how many destinations are in which state."""
        now_ms = self.clock()
        waiting = list(self.drains.waiting())
        oldest_ms = min((each.parked_since_ms for each in waiting if each.parked_since_ms is not None), default=now_ms)
        self.gauge(
            observability.DRAINS_OVERDUE, sum(each.due_ms <= now_ms - _LATE_MS for each in waiting if not each.is_idle)
        )
        self.gauge(observability.STREAMS_FAILING, sum(each.is_failing for each in waiting))
        self.gauge(
            observability.STREAMS_FAILING_A_DAY,
            sum(each.failing_since_ms is not None and each.failing_since_ms <= now_ms - DAY for each in waiting),
        )
        self.gauge(observability.STREAMS_SLOW, sum(each.is_slow for each in waiting))
        self.gauge(observability.OLDEST_PARKED, max(0, now_ms - oldest_ms) // SECOND)
        overdue = (each.request for each in waiting if each.due_ms <= now_ms - (0 if each.is_idle else OVERDUE_MS))
        for some in batched(overdue, _REQUESTS_A_CALL):
            try:
                self.queue.send(some, 0)
            except Exception:
                logger.exception("overdue drains were not asked for")

    def _drain(self, claimed: Destination) -> None:
        turn = Turn(self.turns, claimed)
        try:
            is_empty = turn.deliver()
        except Exception:
            # Mostly a transient error of our own store.
            logger.exception("parked events were not delivered", extra={"code": code_of(claimed.environment)})
            turn.wait(AGAIN_MS)
            is_empty = False
        due_ms = turn.end(is_empty=is_empty)
        if due_ms is not None:
            self.queue.send([request_of(claimed)], max(0, -(-(due_ms - self.clock()) // SECOND)))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "destination")
