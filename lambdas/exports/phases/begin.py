"""The first step of an export."""

from daybook.clock import SECOND
from daybook.jobs.job import Step
from exports.phases.phase import Phase

INDEX_LAG_MS = 2 * SECOND
"""Indexes follow the timeline within about a second. An export waits until they hold all that it asks for."""


class Begin(Phase):
    """Waits for the indexes, and finds out between which moments the events lie."""

    def run(self) -> Step:
        export, checkpoint = self.export, self.checkpoint
        wait_ms = export.ask.asked_ms + INDEX_LAG_MS - self.services.clock()
        if wait_ms > 0:
            self.services.pause(wait_ms / SECOND)
        checkpoint.edge_ms = export.edge_ms
        checkpoint.oldest_ms, checkpoint.newest_ms = export.events.moments()
        checkpoint.phase = "write" if export.question.parameters.order.by_time else "gather"
        return self.reached()
