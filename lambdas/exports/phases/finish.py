"""The last steps of an export: its file is completed, its checksum known, its manifest written."""

import msgspec

from daybook.jobs.export import Outcome
from daybook.jobs.job import Step
from daybook.jobs.runner import HAND_OVER_SECONDS
from exports.checksum import READ_A_SECOND, read_back
from exports.cleanup import delete_temporary
from exports.context import ExportContext
from exports.manifest import put_manifest
from exports.phases.phase import Phase
from exports.proven_rows import rows_target


def after_file(export: ExportContext) -> str:
    """The phase that follows once the file's checksum is known."""
    return "record" if export.ask.evidence else "end"


class CompleteFile(Phase):
    def run(self) -> Step:
        export, checkpoint = self.export, self.checkpoint
        export.file.complete(checkpoint)
        self.services.uploader.complete(rows_target(export.places), checkpoint.rows_file)
        checkpoint.phase = "verify" if checkpoint.sha256 is None else after_file(export)
        return self.reached()


class ReadChecksum(Phase):
    """Reads a file that several processes wrote. That can't be resumed, so it may need an invocation of its own."""

    def run(self) -> Step:
        checkpoint = self.checkpoint
        if self.remaining_seconds() < HAND_OVER_SECONDS + checkpoint.bytes / READ_A_SECOND:
            return self.reached(hand_over=True)
        checkpoint.sha256 = read_back(self.services.files, self.export.places.file, checkpoint.bytes)
        checkpoint.phase = after_file(self.export)
        return self.reached()


class WriteManifest(Phase):
    """Its checkpoint is what is shown of the export from then on."""

    def run(self) -> Step:
        put_manifest(self.export, self.services.clock())
        return succeeded(self.export)


def succeeded(export: ExportContext) -> Step:
    """Deletes what only the job needed."""
    checkpoint = export.checkpoint
    delete_temporary(export)
    outcome = msgspec.structs.asdict(Outcome(checkpoint.rows, checkpoint.bytes, checkpoint.sha256))
    return Step({"phase": "end", **outcome}, checkpoint.rows, 1.0, done=True)
