"""When a stream is too slow for live delivery, and when it is quick again.

Other tenants' events wait for the slowest stream of their batch. So a slow stream's events are parked at once and
delivered from the backlog, where nobody waits for them. Only the stream's own time counts, without connecting.
"""

from collections.abc import Sequence
from dataclasses import replace

from daybook.clock import MINUTE
from daybook.delivery.destination import Destination

SLOW_STREAM = "SlowStream"
"""The `last_error` of a slow stream. Its status stays active."""
SLOW_MS = 500
SLOW_CALLS = 3
"""So many slow calls within `WINDOW_MS` make a stream slow. One call without an answer in time does so alone. A call
that was answered never does: a function that is short of CPU may be what took the time.
"""
WINDOW_MS = MINUTE
QUICK_MS = 250
QUICK_CALLS = 5
"""So many quick calls in a row make a slow stream quick again, after `LEAST_MS`."""
LEAST_MS = 5 * MINUTE


def after_live(destination: Destination, calls_ms: Sequence[int], now_ms: int, *, timed_out: bool) -> Destination:
    """The destination after these calls of live delivery. Unchanged, if none of them was slow."""
    slow = [now_ms for each in calls_ms if each > SLOW_MS]
    if destination.is_slow or not (slow or timed_out):
        return destination
    # The moments may come from instances whose clocks differ a little.
    moments = sorted(each for each in destination.slow_calls if abs(now_ms - each) < WINDOW_MS) + slow
    if timed_out or len(moments) >= SLOW_CALLS:
        return replace(destination, slow_since_ms=now_ms, slow_calls=(), quick_calls=0, last_error=SLOW_STREAM)
    return replace(destination, slow_calls=tuple(moments))


def after_drain(destination: Destination, calls_ms: Sequence[int], now_ms: int, *, timed_out: bool) -> Destination:
    """The destination after these calls from the backlog. Unchanged, unless it is slow."""
    if destination.slow_since_ms is None:
        return destination
    quick = destination.quick_calls
    for each in calls_ms:
        quick = quick + 1 if each < QUICK_MS else 0
    quick = 0 if timed_out else min(quick, QUICK_CALLS)
    if quick == QUICK_CALLS and now_ms - destination.slow_since_ms >= LEAST_MS:
        error = None if destination.last_error == SLOW_STREAM else destination.last_error
        return replace(destination, slow_since_ms=None, quick_calls=0, last_error=error)
    return replace(destination, quick_calls=quick)
