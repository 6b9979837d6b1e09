"""When logs are signed: in the deployment's rhythm where they have grown, and when somebody asks, once a minute."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from typing import Protocol

from daybook.clock import SECOND, Clock
from daybook.errors import Throttled
from daybook.ledger.log import Appends
from daybook.ledger.logs import Log, LogKey, Logs, current
from daybook.ledger.signing import ASKED_EVERY_MS, Checkpoints, SignQueue, SignRequest
from daybook.observability import logger
from daybook.tenant import TenantCode

_AT_ONCE = 8
_REQUESTS_AT_ONCE = 10  # of one call to SQS


class Signs(Protocol):
    def sign(self, log: Log) -> None: ...


@dataclass(frozen=True)
class Rounds:
    codes: Callable[[], Iterable[TenantCode]]
    """Of all tenants."""
    logs: Logs
    appends: Appends
    checkpoints: Checkpoints
    signer: Signs
    queue: SignQueue
    clock: Clock
    checkpoint_ms: int

    def wake(self) -> None:
        """Asks for a checkpoint of each log that has grown, as they are found.

        The queue gives a log that fails another try alone.
        """
        now = self.clock()
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            grown = (log for some in threads.map(self._grown, self.codes()) for log in some)
            for logs in batched(grown, _REQUESTS_AT_ONCE, strict=False):
                self.queue.send([SignRequest(log.key.environment, log.key.visibility, now) for log in logs], 0)

    def _grown(self, code: TenantCode) -> Sequence[Log]:
        """None of a tenant whose rows can't be read now: it must not hold up the others until the next tick."""
        try:
            return [log for log in current(self.logs.of(code)) if self._has_grown(log)]
        except Throttled:
            logger.warning("logs could not be looked at", extra={"code": code})
            return []

    def _has_grown(self, log: Log) -> bool:
        newest = self.checkpoints.newest(log)
        if newest is None:
            return self.appends.head(log).size > 0
        # Half of the rhythm: ticks are not exact, and a log that was signed just behind one must not miss the next.
        is_due = newest.at_ms <= self.clock() - self.checkpoint_ms // 2
        return is_due and self.appends.head(log).size > newest.size

    def answer(self, request: SignRequest) -> None:
        """Raises `Throttled`."""
        log = self.logs.current(LogKey(request.environment, request.visibility))
        if log is None:
            return
        newest = self.checkpoints.newest(log)
        if newest is not None:
            # Its time is later than its head was read, so one since then may lack what was asked for.
            if newest.at_ms >= request.asked_ms and self.appends.head(log).size <= newest.size:
                return
            wait_ms = newest.at_ms + min(ASKED_EVERY_MS, self.checkpoint_ms) - self.clock()
            if wait_ms > 0:
                self.queue.send([request], min(-(-wait_ms // SECOND), ASKED_EVERY_MS // SECOND))
                return
        self.signer.sign(log)
