"""The last steps of an export: its file is completed, its checksum known, its manifest written."""

import msgspec

from daybook.jobs.export import Outcome
from daybook.jobs.job import Step
from daybook.jobs.runner import HAND_OVER_SECONDS
from exports.checksum import READ_A_SECOND, read_back
from exports.cleanup import delete_temporary
from exports.manifest import manifest
from exports.phases.phase import Phase


class CompleteFile(Phase):
    def run(self) -> Step:
        self.export.file.complete(self.checkpoint)
        self.checkpoint.phase = "verify" if self.checkpoint.sha256 is None else "end"
        return self.reached()


class ReadChecksum(Phase):
    """Reads a file that several processes wrote. That can't be resumed, so it may need an invocation of its own."""

    def run(self) -> Step:
        checkpoint = self.checkpoint
        if self.remaining_seconds() < HAND_OVER_SECONDS + checkpoint.bytes / READ_A_SECOND:
            return self.reached(hand_over=True)
        checkpoint.sha256 = read_back(self.services.files, self.export.places.file, checkpoint.bytes)
        checkpoint.phase = "end"
        return self.reached()


class WriteManifest(Phase):
    """Also deletes what only the job needed. Its checkpoint is what is shown of the export from then on."""

    def run(self) -> Step:
        export, checkpoint = self.export, self.checkpoint
        outcome = msgspec.structs.asdict(Outcome(checkpoint.rows, checkpoint.bytes, checkpoint.sha256))
        content = manifest(
            export.job,
            export.ask,
            export.question,
            tenant=export.settings.tenant,
            edge_ms=checkpoint.edge_ms,
            completed_ms=self.services.clock(),
            **outcome,
        )
        self.services.files.put(
            export.places.manifest,
            msgspec.json.format(msgspec.json.encode(content)),
            "application/json",
            f"{export.ask.filename}.manifest.json",
        )
        delete_temporary(export)
        return Step({"phase": "end", **outcome}, checkpoint.rows, 1.0, done=True)
