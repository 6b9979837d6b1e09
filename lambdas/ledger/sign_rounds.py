"""When logs are signed: in the deployment's rhythm where they have grown, and when somebody asks, once a minute."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from daybook.batching import batched
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
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            grown = (request for some in threads.map(self._grown, self.codes()) for request in some)
            for requests in batched(grown, _REQUESTS_AT_ONCE):
                self.queue.send(requests, 0)

    def _grown(self, code: TenantCode) -> Sequence[SignRequest]:
        """None of a tenant whose rows can't be read now: it must not hold up the others until the next tick."""
        try:
            return [
                SignRequest(log.key.environment, log.key.visibility, size)
                for log in current(self.logs.of(code))
                if (size := self._grown_to(log)) is not None
            ]
        except Throttled:
            logger.warning("logs could not be looked at", extra={"code": code})
            return []

    def _grown_to(self, log: Log) -> int | None:
        """The log's size. None: it has not grown, or was signed a short time ago."""
        newest = self.checkpoints.newest(log)
        # Half of the rhythm: ticks are not exact, and a log that was signed just behind one must not miss the next.
        if newest is not None and 0 <= self.clock() - newest.at_ms < self.checkpoint_ms // 2:
            return None
        size = self.appends.head(log).size
        return size if size > (0 if newest is None else newest.size) else None

    def answer(self, request: SignRequest) -> None:
        """Raises `Throttled`."""
        log = self.logs.current(LogKey(request.environment, request.visibility))
        if log is None:
            return
        newest = self.checkpoints.newest(log)
        if newest is not None:
            if newest.size >= request.size:
                return
            every_ms = min(ASKED_EVERY_MS, self.checkpoint_ms)
            wait_ms = newest.at_ms + every_ms - self.clock()
            # A signer's clock that was ahead must not stop the log for as long: its time is not waited for.
            if 0 < wait_ms <= every_ms:
                self.queue.send([request], min(-(-wait_ms // SECOND), ASKED_EVERY_MS // SECOND))
                return
        self.signer.sign(log)
