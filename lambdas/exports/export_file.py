"""The file of an export while it is written: its upload, and its SHA-256 along with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daybook.jobs.export import MEDIA_TYPES, places_of
from daybook.jobs.job import Job
from exports.checkpoint import Checkpoint
from exports.checksum import ChecksumCache
from exports.multipart import Content, Uploader, UploadTarget


@dataclass(frozen=True)
class ExportFile:
    job: Job
    uploader: Uploader
    checksum: ChecksumCache

    def extend(self, checkpoint: Checkpoint, contents: Iterable[Content]) -> None:
        """Adds what a step has time for; then the phase is `complete` where it was all."""
        sha256 = self.checksum.resume(self.job.id, checkpoint.file)

        def hashed() -> Iterator[Content]:
            for content, is_last in contents:
                if sha256 is not None:
                    sha256.update(content)
                yield content, is_last

        checkpoint.file = self.uploader.extend(file_target(self.job), checkpoint.file, hashed())
        checkpoint.bytes = checkpoint.file.bytes
        self.checksum.keep(self.job.id, checkpoint.file, sha256)
        if checkpoint.file.ended:
            checkpoint.phase = "complete"

    def complete(self, checkpoint: Checkpoint) -> None:
        """Its SHA-256 stays None where other processes wrote parts of the file."""
        self.uploader.complete(file_target(self.job), checkpoint.file)
        sha256 = self.checksum.resume(self.job.id, checkpoint.file)
        checkpoint.sha256 = None if sha256 is None else sha256.hexdigest()


def file_target(job: Job) -> UploadTarget:
    places = places_of(job)
    return UploadTarget(places.file, places.part("piece-"), MEDIA_TYPES[job.ask["format"]], places.filename)
