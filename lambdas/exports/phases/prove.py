"""Writing the evidence of an export: the log's entries are sorted, and merged with the rows of the file."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from msgspec import structs

from daybook.batching import batched
from daybook.clock import SECOND, format_time
from daybook.events.item import partition_of
from daybook.events.reader import content_of
from daybook.ids import occurred_ms
from daybook.jobs.claiming import CLOCKS_APART_SECONDS
from daybook.jobs.job import JobFailed, Step
from daybook.ledger.entries import Entry
from daybook.ledger.merkle import EMPTY
from daybook.search.parameters import parse_parameters
from exports.entry_runs import IndexedRow, indexed, run_line
from exports.evidence import (
    SealedEvent,
    disclosed_line,
    end_line,
    entries_lines,
    head_line,
    row_line,
)
from exports.multipart import GONE, Content, UploadProgress, UploadTarget
from exports.phases.finish import succeeded
from exports.phases.phase import Phase
from exports.phases.record import NOT_SEALED, AwaitSeal, RecordCompletion, SealPhase, entry_key
from exports.proven_rows import evidence_target, read_rows, rows_target
from exports.question import Question
from exports.sorted_runs import Line, full_level

RETENTION_CHANGED = "audit-log.retention-changed"

MAX_ROUNDS = 3
"""How often rows may lack an entry under a checkpoint that covers the record, which was appended after them."""


MAX_MANIFEST_BYTES = 4 * 1024 * 1024
"""More than any manifest has: a request's body is smaller."""


class SortEntries(SealPhase):
    """Writes one more sorted run of entries; where a level is full, merges its runs into one instead."""

    def run(self) -> Step:
        if level := full_level(self.checkpoint.runs, self.services.max_merged):
            self.export.runs.merge_level(self.checkpoint, level)
        elif self.seal.sorted < self.seal.size:
            lines = self._gather()
            if lines:
                self.export.runs.put(self.checkpoint, lines)
        else:
            self.checkpoint.phase = "prove"
        return self.reached()

    def _gather(self) -> list[Line]:
        """Of the entries that a row may have, as many as a run takes, or as there is time for."""
        services, seal = self.services, self.seal
        lines: list[Line] = []
        size = 0
        until_ms = services.clock() + services.step_ms
        entries = self.export.stores.appends.read(self.log, seal.sorted, seal.size)
        for index, entry in entries:
            seal.sorted = index + 1
            if self._may_be_row(entry):
                line = run_line(index, entry)
                lines.append(line)
                size += len(line.line) + len(line.value)
            if size >= services.run_bytes or services.clock() >= until_ms:
                break
        seal.expected += len(lines)
        return lines

    def _may_be_row(self, entry: Entry) -> bool:
        """Whether the entry is of an event of the span, and was received in time."""
        export = self.export
        to_ms = export.question.parameters.span.to_ms
        moment_ms = occurred_ms(entry.id)
        in_span = export.from_ms <= moment_ms and (to_ms is None or moment_ms < to_ms)
        return in_span and entry.received_ms <= export.ask.asked_ms and entry.id != export.ask.record


class WriteEvidence(SealPhase):
    """Writes the evidence. Where a row has no entry yet, it waits for a newer checkpoint and begins anew."""

    def run(self) -> Step:
        export, seal = self.export, self.seal
        target = evidence_target(export.places, export.ask.filename)
        try:
            seal.file = self.services.uploader.extend(target, seal.file, self._contents())
        except _NotSealed:
            return self._begin_anew(target)
        if seal.file.ended:
            self.checkpoint.phase = "proven"
        return self.reached()

    def _begin_anew(self, target: UploadTarget) -> Step:
        seal = self.seal
        self.services.uploader.abort(target, seal.file)
        seal.rounds += 1
        if seal.rounds >= MAX_ROUNDS:
            raise JobFailed(NOT_SEALED)
        for run in self.checkpoint.runs:
            run.merged = 0
        seal.file, seal.rows, seal.rows_read = UploadProgress(piece=seal.file.piece), 0, 0
        return self.waited("seal")

    def _contents(self) -> Iterator[Content]:
        """Counts in the checkpoint what it passes on."""
        seal = self.seal
        if not seal.file.bytes:
            yield self._head(), False
        yield from self._rows()
        if not seal.disclosed:
            seal.disclosed = True
            yield disclosed_line(self._disclosed()), False
        for line, count in entries_lines(self._entries()):
            seal.entries += count
            yield line, False
        yield end_line(seal.rows, seal.size - seal.since), True

    def _head(self) -> bytes:
        export, seal, log = self.export, self.seal, self.log
        checkpoints = export.stores.checkpoints
        checkpoint = checkpoints.at(log, seal.size)
        since = checkpoints.at(log, seal.since) if seal.since else None
        if checkpoint is None or (seal.since and since is None):
            raise JobFailed(GONE)
        return head_line(
            manifest=self.services.files.read(export.places.manifest, 0, MAX_MANIFEST_BYTES),
            completion=SealedEvent(seal.completion_index, self.completion),
            checkpoint=checkpoint.note,
            since=None if since is None else since.note,
            edge=EMPTY if since is None else since.edge,
        )

    def _rows(self) -> Iterator[Content]:
        export, seal, services = self.export, self.seal, self.services
        target = rows_target(export.places)

        def read(start: int, length: int) -> bytes:
            return services.files.read(target.place, start, length)

        descending = export.question.parameters.order.descending
        rows = read_rows(read, seal.rows_read, self.checkpoint.rows_file.bytes)
        entries = export.runs.merged(self.checkpoint.runs)
        for some in batched(indexed(rows, entries, descending=descending), services.batch):
            lines = [row_line(_index(each), each.read.row) for each in some]
            seal.rows += len(lines)
            seal.rows_read = some[-1].read.end
            yield b"".join(lines), False

    def _disclosed(self) -> list[SealedEvent]:
        """Why entries of the span have no row: one is the record of the request, and the retention was shorter once."""
        export, seal = self.export, self.seal
        if not export.ask.complete:
            return []
        disclosed = [self._record()]
        if seal.expected > seal.rows:
            disclosed += self._retention_changes()
        events = {entry_key(content_of(packed)): packed for packed in disclosed}
        found = export.stores.appends.find(self.log, list(events))
        return sorted(SealedEvent(index, events[key]) for key, index in found.items() if index < seal.size)

    def _record(self) -> bytes:
        export, record = self.export, self.export.ask.record
        return self.stored((partition_of(export.settings, export.ask.environment, record, occurred_ms(record)), record))

    def _retention_changes(self) -> Iterator[bytes]:
        """The records of them from the span's beginning to the request, as they are stored. No later one is needed: the
        span begins at the latest edge that there was while the file was written.
        """
        export = self.export
        query = {"activity": [RETENTION_CHANGED], "from": [format_time(export.from_ms)]}
        until_ms = export.ask.asked_ms + CLOCKS_APART_SECONDS * SECOND  # its moment is by another process's clock
        ask = structs.replace(export.ask, asked_ms=until_ms, groups={}, record="")
        events = replace(export.events, ask=ask, question=Question(parse_parameters(query), {}))
        for batch in events.batches("", newest_first=False):
            yield from (each.proof.packed for each in batch.events if each.proof is not None)

    def _entries(self) -> Iterator[Entry]:
        for _, entry in self.export.stores.appends.read(self.log, self.seal.entries, self.seal.size):
            yield entry


class CompleteEvidence(SealPhase):
    """Also deletes what only the job needed."""

    def run(self) -> Step:
        export = self.export
        self.services.uploader.complete(evidence_target(export.places, export.ask.filename), self.seal.file)
        return succeeded(export)


class _NotSealed(Exception):  # noqa: N818  a fact, not a failure
    """A row of the file has no entry under the checkpoint."""


def _index(row: IndexedRow) -> int:
    if row.entry is None:
        raise _NotSealed
    return row.entry


PHASES: Mapping[str, type[Phase]] = {
    "record": RecordCompletion,
    "seal": AwaitSeal,
    "sort": SortEntries,
    "prove": WriteEvidence,
    "proven": CompleteEvidence,
}
