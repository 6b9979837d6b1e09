"""Writing an export whose order is that of time."""

from collections.abc import Iterator

from daybook.jobs.job import Step
from exports.multipart import Content, PartUpload
from exports.phases.phase import Phase
from exports.proven_rows import records, rows_target


class WriteByTime(Phase):
    """Writes events into the file in the order in which they are read."""

    def run(self) -> Step:
        export, checkpoint = self.export, self.checkpoint
        if not export.ask.evidence:
            export.file.extend(checkpoint, self._contents())
            return self.reached()
        rows = self.services.uploader.resume(rows_target(export.places), checkpoint.rows_file)
        export.file.extend(checkpoint, self._contents(rows))
        checkpoint.rows_file = rows.end() if checkpoint.file.ended else rows.park()
        return self.reached()

    def _contents(self, rows: PartUpload | None = None) -> Iterator[Content]:
        """Counts in the checkpoint what it passes on. `rows` takes what evidence needs of it."""
        export, checkpoint = self.export, self.checkpoint
        header = b"" if checkpoint.file.bytes else export.lines.header
        line = export.lines.line
        newest_first = export.question.parameters.order.descending
        for batch in export.events.batches(checkpoint.last, newest_first=newest_first):
            checkpoint.rows += len(batch.events)
            checkpoint.last = batch.last
            if rows is not None:
                rows.add(records(each.proof for each in batch.events if each.proof is not None))
            yield header + b"".join([line(each.native, each.alias)[0] for each in batch.events]), batch.is_last
            header = b""
