"""The work of an export: matching events through a CSV or NDJSON writer into a file in S3, with flat memory.

By time it writes as it reads. In another order it first gathers sorted runs, and merges them into longer ones where
there are many, then all of them into the file. A step ends with a run, or its time; its checkpoint holds all that it
takes to go on, so whatever a killed worker did since the last one is done again, and stands once in the file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import SECOND, Clock
from daybook.crypto.keys import DeploymentKeys
from daybook.errors import UnknownTenant
from daybook.jobs.export import MEDIA_TYPES, Ask, Outcome, Question, open_question, places_of
from daybook.jobs.job import Job, JobFailed, Step
from daybook.jobs.runner import HAND_OVER_SECONDS
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader
from daybook.search.merge import EventIndex
from daybook.search.search import Groups
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings
from exports.checkpoint import Reached, progress, reached_by
from exports.checksum import READ_A_SECOND, Checksum, read_back
from exports.external_sort import Sorting, run_growth
from exports.lines import Lines
from exports.manifest import manifest
from exports.multipart import PART_BYTES, Content, Files, Growing, Grown, Growth, complete, grow, pieces
from exports.rows import BATCH, Matches
from exports.sorted_runs import MAX_MERGED, Line, full_level

STEP_MS = 20 * SECOND
INDEX_LAG_MS = 2 * SECOND
"""Indexes follow the timeline within about a second; an export reads them only when they hold all that was there."""

RUN_BYTES = 4 * 1024 * 1024


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


@dataclass
class Exporting:
    control: Control
    catalogues: Catalogues
    index: EventIndex
    identities: IdentityReader
    groups: Groups
    person_keys: PersonKeys
    keys: DeploymentKeys
    files: Files
    clock: Clock
    pause: Callable[[float], None]
    step_ms: int = STEP_MS
    run_bytes: int = RUN_BYTES
    part_bytes: int = PART_BYTES
    batch: int = BATCH
    max_merged: int = MAX_MERGED
    _checksum: Checksum = field(default_factory=Checksum, init=False)

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        reached = self._current(job, reached_by(job))
        match reached.phase:
            case "begin":
                self._begin(job, reached)
            case "write":
                self._write(job, reached)
            case "gather":
                self._gather(job, reached)
            case "merge":
                self._merge(job, reached)
            case "complete":
                self._complete(job, reached)
            case "verify":
                if remaining_seconds() < HAND_OVER_SECONDS + reached.bytes / READ_A_SECOND:
                    return Step(msgspec.to_builtins(reached), reached.rows, job.progress, hand_over=True)
                reached.sha256 = read_back(self.files, places_of(job).file, reached.bytes)
                reached.phase = "end"
            case _:
                return self._end(job, reached)
        return Step(msgspec.to_builtins(reached), reached.rows, progress(job, reached))

    def tidy(self, job: Job) -> None:
        reached, places = reached_by(job), places_of(job)
        self._abort(job, reached)
        self._delete_temporary(job, reached)
        self.files.delete([places.file, places.manifest])

    def _abort(self, job: Job, reached: Reached) -> None:
        for growth, grown in ((_file(job), reached.grown), (run_growth(places_of(job), reached.made), reached.longer)):
            if grown.upload is not None:
                self.files.abort(growth.place, grown.upload)

    def _current(self, job: Job, reached: Reached) -> Reached:
        """Where the retention was shortened since, an export that is being written begins anew: of what it hides now
        nothing may stand in the file, and the manifest says from when on the file is complete.
        """
        if reached.phase not in ("write", "gather", "merge"):
            return reached
        if self._edge_ms(job, msgspec.convert(job.ask, Ask)) <= reached.edge_ms:
            return reached
        self._abort(job, reached)
        return Reached(made=reached.made + 1)  # a step that was not saved may have begun that one

    def _edge_ms(self, job: Job, ask: Ask) -> int:
        return max(ask.edge_ms, self._settings(job.tenant).retention_edge(ask.asked_ms))

    def _begin(self, job: Job, reached: Reached) -> None:
        ask, question = self._asked(job)
        wait_ms = ask.asked_ms + INDEX_LAG_MS - self.clock()
        if wait_ms > 0:
            self.pause(wait_ms / SECOND)
        reached.edge_ms = self._edge_ms(job, ask)
        reached.oldest_ms, reached.newest_ms = self._matches(job, ask, question, reached).moments()
        reached.phase = "write" if question.parameters.order.by_time else "gather"

    def _write(self, job: Job, reached: Reached) -> None:
        ask, question = self._asked(job)
        matches = self._matches(job, ask, question, reached)
        lines = self._lines(question, ask, matches)

        def contents() -> Iterator[Content]:
            head = b"" if reached.grown.bytes else lines.head
            for batch in matches.batches(reached.last, newest_first=question.parameters.order.descending):
                reached.rows += len(batch.events)
                reached.last = batch.last
                yield head + b"".join([lines.line(native)[0] for _, native in batch.events]), batch.ended
                head = b""

        self._grow_file(job, reached, contents())

    def _gather(self, job: Job, reached: Reached) -> None:
        """One more run; where there are as many of one level as a merge takes, these become one instead."""
        ask, question = self._asked(job)
        sorting = self._sorting(job, question)
        if level := full_level(reached.runs, self.max_merged):
            sorting.lengthen(reached, level, self._grow)
            return
        matches = self._matches(job, ask, question, reached)
        lines = self._lines(question, ask, matches)
        gathered: list[Line] = []
        size = 0
        until_ms = self.clock() + self.step_ms
        for batch in matches.batches(reached.last, newest_first=True):
            for identifier, native in batch.events:
                line, value = lines.line(native)
                gathered.append(Line(value, identifier.encode(), line))
                size += len(line) + len(value)
            reached.last = batch.last
            if batch.ended:
                reached.phase = "merge"
            if batch.ended or size >= self.run_bytes or self.clock() >= until_ms:
                break
        reached.rows += len(gathered)
        if gathered:
            sorting.put(reached, gathered)

    def _merge(self, job: Job, reached: Reached) -> None:
        ask, question = self._asked(job)
        head = b""
        if not reached.grown.bytes:
            head = self._lines(question, ask, self._matches(job, ask, question, reached)).head
        self._grow_file(job, reached, self._sorting(job, question).lines(reached.runs, head))

    def _grow_file(self, job: Job, reached: Reached, contents: Iterable[Content]) -> None:
        hashed = self._checksum.go_on(job.id, reached.grown)

        def counted() -> Iterator[Content]:
            for content, ended in contents:
                if hashed is not None:
                    hashed.update(content)
                yield content, ended

        reached.grown = self._grow(_file(job), reached.grown, counted())
        reached.bytes = reached.grown.bytes
        self._checksum.keep(job.id, reached.grown, hashed)
        if reached.grown.ended:
            reached.phase = "complete"

    def _grow(self, growth: Growth, grown: Grown, contents: Iterable[Content]) -> Grown:
        return grow(Growing(self.files, growth, grown, self.part_bytes), contents, self.clock, self.step_ms)

    def _complete(self, job: Job, reached: Reached) -> None:
        complete(self.files, _file(job), reached.grown)
        hashed = self._checksum.go_on(job.id, reached.grown)
        reached.sha256 = None if hashed is None else hashed.hexdigest()
        reached.phase = "verify" if hashed is None else "end"

    def _end(self, job: Job, reached: Reached) -> Step:
        ask, question = self._asked(job)
        outcome = Outcome(reached.rows, reached.bytes, reached.sha256)
        told = manifest(
            job,
            ask,
            question,
            edge_ms=reached.edge_ms,
            completed_ms=self.clock(),
            **msgspec.structs.asdict(outcome),
        )
        content = msgspec.json.format(msgspec.json.encode(told))
        self.files.put(places_of(job).manifest, content, "application/json", f"{ask.filename}.manifest.json")
        self._delete_temporary(job, reached)
        return Step({"phase": "end", **msgspec.structs.asdict(outcome)}, reached.rows, 1.0, done=True)

    def _sorting(self, job: Job, question: Question) -> Sorting:
        descending = question.parameters.order.descending
        return Sorting(self.files, places_of(job), descending=descending, batch=self.batch)

    def _asked(self, job: Job) -> tuple[Ask, Question]:
        ask = msgspec.convert(job.ask, Ask)
        return ask, open_question(self.keys, job, ask)

    def _matches(self, job: Job, ask: Ask, question: Question, reached: Reached) -> Matches:
        settings = self._settings(job.tenant)
        return Matches(
            index=self.index,
            identities=self.identities,
            groups=self.groups,
            keys_of=self.person_keys.of,
            keys=self.keys,
            clock=self.clock,
            settings=settings,
            catalogue=self.catalogues.of(settings),
            ask=ask,
            question=question,
            edge_ms=reached.edge_ms,
            batch=self.batch,
        )

    def _settings(self, tenant: Tenant) -> TenantSettings:
        try:
            return self.control.settings(tenant)
        except UnknownTenant:
            raise JobFailed("The tenant is no more.") from None

    def _lines(self, question: Question, ask: Ask, matches: Matches) -> Lines:
        about = matches.catalogue.profile
        return Lines(question.parameters, ask.format, matches.settings.name, about)

    def _delete_temporary(self, job: Job, reached: Reached) -> None:
        # A step that was not saved may have begun one more.
        runs = [run_growth(places_of(job), number) for number in range(reached.made + 1)]
        growths = [_file(job), *runs]
        self.files.delete([*(run.place for run in runs), *(place for each in growths for place in pieces(each))])


def _file(job: Job) -> Growth:
    places = places_of(job)
    return Growth(places.file, places.part("piece-"), MEDIA_TYPES[job.ask["format"]], places.filename)
