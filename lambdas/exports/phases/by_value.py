"""Writing an export that is sorted by a field: events are gathered in sorted runs, and the runs are merged."""

from daybook.jobs.job import Step
from exports.phases.phase import Phase
from exports.sorted_runs import Line, full_level


class GatherRuns(Phase):
    """Writes one more sorted run; where a level is full, merges its runs into one instead."""

    def run(self) -> Step:
        if level := full_level(self.checkpoint.runs, self.services.max_merged):
            self.export.runs.merge_level(self.checkpoint, level)
        else:
            lines = self._gather()
            self.checkpoint.rows += len(lines)
            if lines:
                self.export.runs.put(self.checkpoint, lines)
        return self.reached()

    def _gather(self) -> list[Line]:
        """As many lines as a run takes, or as there is time for. After the last ones the phase is `merge`."""
        export, checkpoint, services = self.export, self.checkpoint, self.services
        lines: list[Line] = []
        size = 0
        until_ms = services.clock() + services.step_ms
        for batch in export.events.batches(checkpoint.last, newest_first=True):
            for each in batch.events:
                line, value = export.lines.line(each.native, each.alias)
                lines.append(Line(value, each.id.encode(), line))
                size += len(line) + len(value)
            checkpoint.last = batch.last
            if batch.is_last:
                checkpoint.phase = "merge"
            if batch.is_last or size >= services.run_bytes or services.clock() >= until_ms:
                break
        return lines


class MergeRuns(Phase):
    """Merges all runs into the file."""

    def run(self) -> Step:
        header = b"" if self.checkpoint.file.bytes else self.export.lines.header
        self.export.file.extend(self.checkpoint, self.export.runs.lines(self.checkpoint.runs, header))
        return self.reached()
