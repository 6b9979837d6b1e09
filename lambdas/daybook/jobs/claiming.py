"""How a worker gets the job of a message, and how long the message waits where it does not."""

import math
from collections.abc import Callable

from daybook.clock import SECOND, Clock
from daybook.errors import Throttled
from daybook.ids import occurred_ms
from daybook.jobs.job import Job, JobBusy, UnknownJob
from daybook.jobs.message import Postponed, Received
from daybook.jobs.store import JobStore

CLOCKS_APART_SECONDS = 60
"""A claim lasts so much longer than its worker can. So two workers never have one job where their clocks differ by as
much.
"""

ROW_WITHIN_MS = 30 * SECOND
"""A job's row is put after its message is sent, by a request that lasts 28 s at most."""

ROW_SECONDS = (2, 4, 8, 16)
"""How long a message without a row waits before it is received again. They add up to `ROW_WITHIN_MS`. So a message that
was received once more can be dropped, though the worker's clock be ahead of the sender's.
"""

MAX_WAIT_SECONDS = 900
"""SQS's longest delay of a message."""

_ROW_PAUSES = (0.1, 0.2, 0.4, 0.8)
_FIRST_RETRY_SECONDS = 30


def retry_seconds(receives: int) -> int:
    """30 seconds after a message's first receive, four times as long after each further one, 15 minutes at most."""
    return min(_FIRST_RETRY_SECONDS << 2 * min(receives - 1, 5), MAX_WAIT_SECONDS)


def seconds_until(moment_ms: int | None, now_ms: int) -> int:
    """Whole seconds, rounded up; 0 where the moment has passed or there is none."""
    return 0 if moment_ms is None else max(0, math.ceil((moment_ms - now_ms) / SECOND))


def claimed_job(  # noqa: PLR0913  two of them by name
    store: JobStore,
    received: Received,
    claim: str,
    remaining_seconds: Callable[[], float],
    *,
    clock: Clock,
    pause: Callable[[float], None],
) -> Job:
    """Waits a moment for the row of a job whose message came first. Raises `Postponed`, `UnknownJob`, `StaleMessage`.

    A job that has ended is returned without a claim.
    """
    last = received.receives > len(ROW_SECONDS)
    sure_ms = ROW_WITHIN_MS + (0 if last else CLOCKS_APART_SECONDS * SECOND)
    for seconds in (*_ROW_PAUSES, None):
        now_ms = clock()
        # A worker can't outlive its invocation, so its claim need not either.
        until_ms = now_ms + int((remaining_seconds() + CLOCKS_APART_SECONDS) * SECOND)
        try:
            return store.claim(received, claim, now_ms, until_ms)
        except JobBusy as busy:
            raise Postponed(seconds_until(busy.until_ms, now_ms)) from None
        except Throttled:
            raise Postponed(retry_seconds(received.receives)) from None
        except UnknownJob:
            if now_ms >= occurred_ms(received.message.job) + sure_ms:
                raise
        if seconds is not None:
            pause(seconds)
    raise Postponed(ROW_SECONDS[-1 if last else received.receives - 1])
