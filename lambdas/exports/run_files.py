"""The sorted runs of one export, which lie in the bucket while the job runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from daybook.jobs.export import Places
from exports.checkpoint import Checkpoint
from exports.files import Files
from exports.multipart import BINARY, Content, Uploader, UploadProgress, UploadTarget
from exports.sorted_runs import Line, MergedLine, Run, merged, packed, sort_key


@dataclass(frozen=True)
class RunFiles:
    files: Files
    uploader: Uploader
    places: Places
    descending: bool
    batch: int
    """How many lines a merge passes on at once."""

    def put(self, checkpoint: Checkpoint, lines: list[Line]) -> None:
        """Writes one more run, of lines in any order."""
        lines.sort(key=sort_key(descending=self.descending), reverse=self.descending)
        content = packed(lines)
        self.files.put(run_target(self.places, checkpoint.runs_made).place, content, BINARY)
        checkpoint.runs.append(Run(checkpoint.runs_made, len(content)))
        checkpoint.runs_made += 1

    def merge_level(self, checkpoint: Checkpoint, level: Sequence[Run]) -> None:
        """One step of merging the last runs, which are of one level, into one of the next."""
        target = run_target(self.places, checkpoint.runs_made)
        if not checkpoint.merged_run.ended:
            contents = self._merge(level, lambda line: packed([line]))
            checkpoint.merged_run = self.uploader.extend(target, checkpoint.merged_run, contents)
            return
        self.uploader.complete(target, checkpoint.merged_run)
        merged_run = Run(checkpoint.runs_made, checkpoint.merged_run.bytes, level[0].level + 1)
        checkpoint.runs[-len(level) :] = [merged_run]
        checkpoint.runs_made += 1
        checkpoint.merged_run = UploadProgress()

    def merged(self, runs: Sequence[Run]) -> Iterator[MergedLine]:
        """The lines that are left of all runs, in order. The caller counts in each run's `merged` what is done."""
        return merged(self._read, runs, descending=self.descending)

    def lines(self, runs: Sequence[Run], header: bytes) -> Iterator[Content]:
        """The file's header and lines that are still to be written, merged from all runs."""
        return self._merge(runs, lambda line: line.line, header)

    def _merge(self, runs: Sequence[Run], form: Callable[[Line], bytes], header: bytes = b"") -> Iterator[Content]:
        """Counts in each run's `merged` what was passed on."""
        content = [header]
        for number, each in enumerate(merged(self._read, runs, descending=self.descending), 1):
            content.append(form(each.line))
            each.run.merged = each.end
            if number % self.batch == 0:
                yield b"".join(content), False
                content.clear()
        yield b"".join(content), True

    def _read(self, run: int, start: int, length: int) -> bytes:
        return self.files.read(run_target(self.places, run).place, start, length)


def run_target(places: Places, number: int) -> UploadTarget:
    return UploadTarget(places.part(f"run-{number}"), places.part(f"run-{number}-piece-"))
