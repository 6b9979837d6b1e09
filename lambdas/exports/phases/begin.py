"""The first step of an export."""

from math import ceil

from daybook.clock import SECOND
from daybook.jobs.claiming import CLOCKS_APART_SECONDS
from daybook.jobs.job import Step
from exports.phases.phase import Phase

INDEX_LAG_MS = 2 * SECOND
"""Indexes follow the timeline within about a second. An export waits until they hold what it asks for."""

SETTLED_MS = (28 + CLOCKS_APART_SECONDS) * SECOND
"""An event is received as its request begins, and stored before the request ends, within 28 seconds. The moment of its
receipt is by the clock of that request, the wait's end by the worker's: so it lasts as much longer as they may differ.
Reading that begins later finds all that had been received when it was asked for.
"""

_LONGEST_PAUSE_MS = 3 * SECOND
"""A longer wait is not spent in the worker."""


class Begin(Phase):
    """Waits until the events can be read, and finds out between which moments they lie."""

    def run(self) -> Step:
        export, checkpoint = self.export, self.checkpoint
        settled_ms = export.ask.asked_ms + (SETTLED_MS if export.ask.complete or export.ask.evidence else INDEX_LAG_MS)
        wait_ms = max(settled_ms, checkpoint.waits_until_ms) - self.services.clock()
        if wait_ms > _LONGEST_PAUSE_MS:
            return self.reached(wait_seconds=ceil(wait_ms / SECOND))
        if wait_ms > 0:
            self.services.pause(wait_ms / SECOND)
        checkpoint.edge_ms = export.edge_ms
        checkpoint.forgotten = export.forgotten
        checkpoint.oldest_ms, checkpoint.newest_ms = export.events.moments()
        checkpoint.phase = "write" if export.question.parameters.order.by_time else "gather"
        return self.reached()
