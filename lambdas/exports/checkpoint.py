"""How far an export is."""

import msgspec
from msgspec import Struct

from daybook.ids import occurred_ms
from daybook.jobs.job import Job
from exports.multipart import UploadProgress
from exports.sorted_runs import Run

_GATHERED = 0.7  # the share of a sorted export's progress that is gathering; merging is the rest
_WRITTEN = 0.99
_AFTER_WRITING = frozenset({"complete", "verify", "record", "seal", "sort", "prove", "proven", "end"})


class Seal(Struct):
    """How far the evidence of an export is."""

    completed_ms: int = 0
    """When the file was complete; 0 before that."""
    log: str = ""
    """The name of the log."""
    completion: tuple[str, str] | None = None
    """Partition and id of the event that records it."""
    completion_index: int = 0
    waits_since_ms: int = 0
    """Since when it waits for the ledger; 0 where it does not."""
    rounds: int = 0
    """How often a row had no entry yet."""
    since: int = 0
    """The index of the first entry of the evidence."""
    size: int = 0
    """Of the checkpoint that it is against: the index behind the last entry."""
    sorted: int = 0
    """Entries before this index are in the runs."""
    expected: int = 0
    """How many of them a row of an export without filters may have."""
    file: UploadProgress = msgspec.field(default_factory=UploadProgress)
    rows: int = 0
    """Written so far."""
    rows_read: int = 0
    """How many bytes of the rows' file are done."""
    disclosed: bool = False
    """Whether what explains missing rows is written."""
    entries: int = 0
    """Entries before this index are written."""


class Checkpoint(Struct):
    """All that the next worker needs to go on; small, however large the export.

    Some fields have another name where they are stored. It must stay: a job may be under way while it is deployed.
    """

    phase: str = "begin"
    """See `exports.phases`."""
    rows: int = 0
    last: str = ""
    """The id of the last event that was looked at."""
    oldest_ms: int = 0
    newest_ms: int = 0
    """The oldest and the newest event that may match; 0 where there is none."""
    edge_ms: int = 0
    """The edge of the retention that was in force when the events were read."""
    forgotten: int = 0
    """How many people of the environment were forgotten when the events began to be read."""
    restarts: int = 0
    """How often it began anew because somebody was forgotten."""
    waits_until_ms: int = 0
    """Reading begins no sooner."""
    file: UploadProgress = msgspec.field(default_factory=UploadProgress, name="grown")
    bytes: int = 0
    """The file's size so far."""
    runs: list[Run] = []
    """Sorted runs that are not merged into another one."""
    runs_made: int = msgspec.field(default=0, name="made")
    """How many runs were written so far; the number of the next one."""
    merged_run: UploadProgress = msgspec.field(default_factory=UploadProgress, name="longer")
    """The next run, where the runs of a full level are being merged into it."""
    sha256: str | None = None
    rows_file: UploadProgress = msgspec.field(default_factory=UploadProgress)
    """The rows that evidence is about, beside the file: `exports.proven_rows`."""
    seal: Seal = msgspec.field(default_factory=Seal)


def checkpoint_of(job: Job) -> Checkpoint:
    return msgspec.convert(job.checkpoint or {}, Checkpoint)


def progress(job: Job, checkpoint: Checkpoint) -> float:
    """Reading counts by the time span that is done, merging by bytes."""
    if checkpoint.phase in _AFTER_WRITING:
        return _WRITTEN
    if checkpoint.phase == "merge":
        merged_bytes, all_bytes = sum(run.merged for run in checkpoint.runs), sum(run.bytes for run in checkpoint.runs)
        return _GATHERED + (_WRITTEN - _GATHERED) * merged_bytes / max(1, all_bytes)
    if not checkpoint.last or checkpoint.newest_ms <= checkpoint.oldest_ms:
        return job.progress
    ascending = job.ask["query"]["sort"][0] == "occurred_at"
    passed_ms = occurred_ms(checkpoint.last) - checkpoint.oldest_ms
    share = passed_ms / (checkpoint.newest_ms - checkpoint.oldest_ms)
    share = min(1.0, max(0.0, share if ascending else 1 - share))
    return share * (_GATHERED if checkpoint.phase == "gather" else _WRITTEN)
