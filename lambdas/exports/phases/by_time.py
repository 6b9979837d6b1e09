"""Writing an export whose order is that of time."""

from collections.abc import Iterator

from daybook.jobs.job import Step
from exports.multipart import Content
from exports.phases.phase import Phase


class WriteByTime(Phase):
    """Writes events into the file in the order in which they are read."""

    def run(self) -> Step:
        self.export.file.extend(self.checkpoint, self._contents())
        return self.reached()

    def _contents(self) -> Iterator[Content]:
        """Counts in the checkpoint what it passes on."""
        export, checkpoint = self.export, self.checkpoint
        header = b"" if checkpoint.file.bytes else export.lines.header
        line = export.lines.line
        newest_first = export.question.parameters.order.descending
        for batch in export.events.batches(checkpoint.last, newest_first=newest_first):
            checkpoint.rows += len(batch.events)
            checkpoint.last = batch.last
            yield header + b"".join([line(each.native, each.alias)[0] for each in batch.events]), batch.is_last
            header = b""
