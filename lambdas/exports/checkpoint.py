"""How far an export is."""

import msgspec
from msgspec import Struct

from daybook.ids import occurred_ms
from daybook.jobs.job import Job
from exports.multipart import Grown
from exports.sorted_runs import Run

_GATHERED = 0.7  # of the progress of a sorted export: what is left is merging


class Reached(Struct):
    """All that it takes to go on; small, however large the export."""

    phase: str = "begin"
    """`begin`, then `write`, or `gather` and `merge`; `complete`, `verify`, `end`."""
    rows: int = 0
    last: str = ""
    """The id to go on after."""
    oldest_ms: int = 0
    newest_ms: int = 0
    edge_ms: int = 0
    """Of the retention, under which all of it was read."""
    grown: Grown = msgspec.field(default_factory=Grown)
    bytes: int = 0
    """Of the file."""
    runs: list[Run] = []
    made: int = 0
    """Runs so far, by which the next one is numbered."""
    longer: Grown = msgspec.field(default_factory=Grown)
    """The next run, where those of a level are being merged into it."""
    sha256: str | None = None


def reached_by(job: Job) -> Reached:
    return msgspec.convert(job.checkpoint or {}, Reached)


def progress(job: Job, reached: Reached) -> float:
    """By the time gone through, and by what is merged."""
    if reached.phase in ("complete", "verify", "end"):
        return 0.99
    if reached.phase == "merge":
        merged_bytes, all_bytes = sum(run.at for run in reached.runs), sum(run.bytes for run in reached.runs)
        return _GATHERED + (0.99 - _GATHERED) * merged_bytes / max(1, all_bytes)
    if not reached.last or reached.newest_ms <= reached.oldest_ms:
        return job.progress
    ascending = job.ask["query"]["sort"][0] == "occurred_at"
    gone_ms = occurred_ms(reached.last) - reached.oldest_ms
    share = gone_ms / (reached.newest_ms - reached.oldest_ms)
    share = min(1.0, max(0.0, share if ascending else 1 - share))
    return share * (_GATHERED if reached.phase == "gather" else 0.99)
