"""How many exports of a tenant run at a time, and how many wait."""

from collections.abc import Sequence

from daybook.jobs.job import Job

LANES = 2
"""Exports of one tenant that run at a time."""

COMPLETE_LANE = LANES
"""Complete exports wait before they read. They have a lane of their own, so that no other export waits with them."""

EVIDENCE_LANE = LANES + 1
"""Exports with evidence wait even longer, until the ledger has sealed their events."""

MAX_ACTIVE = LANES + 10


def lane_for(active: Sequence[Job], chance: int, *, complete: bool, evidence: bool) -> int:
    """One of the lanes with the fewest jobs. `chance` picks it: simultaneous requests don't see each other's jobs."""
    if evidence:
        return EVIDENCE_LANE
    if complete:
        return COMPLETE_LANE
    waiting = [sum(job.lane == lane for job in active) for lane in range(LANES)]
    fewest = [lane for lane in range(LANES) if waiting[lane] == min(waiting)]
    return fewest[chance % len(fewest)]
