"""How a drain changes the state of its destination. The drain stores the changes under its claim."""

from dataclasses import replace

from daybook.clock import MINUTE, SECOND
from daybook.delivery.attempt import Outcome
from daybook.delivery.backlog import BROKEN_EVERY_MS
from daybook.delivery.destination import ACTIVE, FAILING, MAX_BACKOFF_MS, Destination, backoff_ms
from daybook.delivery.slowness import SLOW_STREAM, after_drain

_FIRST_WAIT_MS = SECOND
_MAX_WAIT_MS = MINUTE
"""Waits of a stream that is only throttled are shorter than those of a failing one, and double as well."""


def after_call(before: Destination, outcome: Outcome, now_ms: int) -> Destination:
    """The destination after one call of its drain, and when to go on if the call was the turn's last.

    A stream that takes anything is active: one that takes less than a whole call at once gets its backlog part by part.
    Throughput says nothing against a stream. Nor does a failure of our own, which has no error.
    """
    after = after_drain(before, outcome.calls_ms, now_ms, timed_out=outcome.timed_out)
    if outcome.taken or outcome.refused:
        after = replace(
            after,
            status=ACTIVE,
            failing_since_ms=None,
            last_error=SLOW_STREAM if after.is_slow else None,
            last_delivered_ms=now_ms if outcome.taken else after.last_delivered_ms,
            backoff_step=0,
        )
        return replace(after, drain_due_ms=now_ms + (_FIRST_WAIT_MS if outcome.error else 0))
    if outcome.error is not None and not outcome.throttled:
        return failed(after, outcome.error, now_ms)
    if outcome.left:
        wait_ms = min(_FIRST_WAIT_MS << min(after.backoff_step, 10), _MAX_WAIT_MS)
        return replace(after, drain_due_ms=now_ms + wait_ms, backoff_step=after.backoff_step + 1)
    return replace(after, drain_due_ms=now_ms)  # no event was asked for


def failed(before: Destination, error: str, now_ms: int) -> Destination:
    step = before.backoff_step + 1 if before.is_failing else 0
    return replace(
        before,
        status=FAILING,
        failing_since_ms=before.failing_since_ms if before.is_failing else now_ms,
        last_error=error,
        backoff_step=step,
        drain_due_ms=now_ms + backoff_ms(step),
    )


def emptied(before: Destination, now_ms: int) -> Destination:
    """The destination when nothing is parked but broken events.

    A slow or failing stream stays in the index of those that want a drain, where its state is counted.
    """
    due_ms = before.broken_due_ms
    if due_ms is None and before.parks:
        due_ms = now_ms + MAX_BACKOFF_MS
    return replace(before, drain_due_ms=due_ms, drain_idle=due_ms is not None, parked_since_ms=None)


def with_broken(before: Destination, now_ms: int) -> Destination:
    """There are events of which no record can be made."""
    return before if before.broken_due_ms is not None else replace(before, broken_due_ms=now_ms + BROKEN_EVERY_MS)
