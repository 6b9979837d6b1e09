"""The work of an export: matching events go through a CSV or NDJSON writer into a file in S3, with flat memory.

The phases, by their names in checkpoints:

- `begin`: waits for the indexes, and finds out between which moments the events lie.
- `write`, where the order is that of time: writes events into the file as it reads them.
- `gather` and `merge`, in any other order: writes sorted runs, then merges them into the file.
- `complete`: makes the file of its parts.
- `verify`, where several processes wrote the file: reads it for its checksum.
- `end`: writes the manifest, and deletes the runs.

Instead of `end`, where evidence was asked for:

- `record`: writes the manifest, and inserts the event that holds the hashes of both files.
- `seal`: waits until the ledger has a signed checkpoint that covers this event.
- `sort`: writes sorted runs of the log's entries.
- `prove`: merges them with the rows of the file, and writes the evidence.
- `proven`: makes the evidence of its parts, and deletes the runs.

Any of them may be followed by `begin`: see `exports.restart`.

One call is one step of the phase that the checkpoint names. The checkpoint holds all that the next step needs. A worker
that is killed loses what it did since the last checkpoint; the next one does that again, and the file is the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from daybook.errors import UnknownFormat
from daybook.jobs.job import Job, JobFailed, Step
from exports.checkpoint import Checkpoint, checkpoint_of
from exports.checksum import ChecksumCache
from exports.cleanup import abort_uploads, delete_temporary
from exports.context import ExportContext, ExportServices
from exports.phases.begin import Begin
from exports.phases.by_time import WriteByTime
from exports.phases.by_value import GatherRuns, MergeRuns
from exports.phases.finish import CompleteFile, ReadChecksum, WriteManifest
from exports.phases.phase import Phase
from exports.restart import restarted

PHASES: Mapping[str, type[Phase]] = {
    "begin": Begin,
    "write": WriteByTime,
    "gather": GatherRuns,
    "merge": MergeRuns,
    "complete": CompleteFile,
    "verify": ReadChecksum,
    "end": WriteManifest,
}


def _phase(name: str) -> type[Phase]:
    if name in PHASES:
        return PHASES[name]
    from exports.phases import prove  # noqa: PLC0415  a fifteenth more modules, only where evidence is asked for

    return prove.PHASES[name]


@dataclass(frozen=True)
class ExportWork:
    """The `Work` of jobs of kind `export`."""

    services: ExportServices
    _checksum: ChecksumCache = field(default_factory=ChecksumCache, init=False)

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        export = self._export(job, checkpoint_of(job))
        if (checkpoint := restarted(export)) is not None:
            export = self._export(job, checkpoint)
        try:
            return _phase(export.checkpoint.phase)(export, remaining_seconds).run()
        except UnknownFormat:
            raise JobFailed("An event has a newer format than this release of Daybook can read.") from None

    def tidy(self, job: Job) -> None:
        export = self._export(job, checkpoint_of(job))
        abort_uploads(export)
        delete_temporary(export)
        places = export.places
        self.services.files.delete([places.file, places.manifest, places.evidence])

    def _export(self, job: Job, checkpoint: Checkpoint) -> ExportContext:
        return ExportContext(self.services, job, checkpoint, self._checksum)
