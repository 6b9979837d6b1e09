"""The work of an export: matching events through a CSV or NDJSON writer into a file in S3, with flat memory.

By time it writes as it reads. In another order it first gathers sorted runs, then merges them in one pass.
A step ends with a part, a run, or its time; its checkpoint holds all that it takes to go on, so whatever a killed
worker did since the last one is done again, and stands once in the file.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from daybook.caller import Tenant
from daybook.clock import SECOND, Clock, format_time
from daybook.derivation import DeploymentKeys
from daybook.event_id import occurred_ms
from daybook.exports import MEDIA_TYPES, Ask, NoSuchUpload, Places, Question, open_question, places_of, whom
from daybook.jobs import Job, JobFailed, Step
from daybook.reading import recorded
from daybook.reading.merge import EventIndex
from daybook.reading.people import IdentityReader
from daybook.reading.person_keys import PersonKeys
from daybook.reading.search import Groups
from daybook.tenant_catalogue import Catalogues
from daybook.tenants import TenantSettings, UnknownTenant
from export.growing import GONE, PART_BYTES, Files, Growing, Grown, piece_place
from export.lines import Lines
from export.matches import BATCH, Matches
from export.runs import Line, merged, order, packed

STEP_MS = 20 * SECOND
INDEX_LAG_MS = 2 * SECOND
"""Indexes follow the timeline within about a second; an export reads them only when they hold all that was there."""

RUN_BYTES = 16 * 1024 * 1024
_GATHERED = 0.7  # of the progress of a sorted export: what is left is merging
_HASHED_AT_ONCE = 8 * 1024 * 1024
_HASHED_A_SECOND = 40_000_000  # bytes, what S3 gives one connection at the least


class Control(Protocol):
    def settings(self, tenant: Tenant) -> TenantSettings:
        """Raises `UnknownTenant`."""


class Reached(Struct):
    """A checkpoint."""

    phase: str = "begin"
    """`begin`, then `write`, or `gather` and `merge`; `complete`, `verify`, `end`."""
    rows: int = 0
    last: str = ""
    """The id to go on after."""
    oldest_ms: int = 0
    newest_ms: int = 0
    edge_ms: int = 0
    """The latest edge of the retention under which any of it was read."""
    grown: Grown = msgspec.field(default_factory=Grown)
    runs: list[int] = []
    """The bytes of each."""
    starts: list[int] = []
    """How far the merge is in each."""
    merged_rows: int = 0
    bytes: int = 0
    sha256: str | None = None


class _Hashed(NamedTuple):
    """The hash of a file as far as this very worker has written it."""

    job_id: str
    grown: Grown
    hash: Any


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
    _hashed: _Hashed | None = field(default=None, init=False)

    def step(self, job: Job, remaining_seconds: Callable[[], float]) -> Step:
        reached = _reached(job)
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
                if remaining_seconds() < 60 + reached.bytes / _HASHED_A_SECOND and not _has_all(remaining_seconds):
                    return Step(job.checkpoint or {}, reached.rows, job.progress, hand_over=True)
                self._verify(job, reached)
            case _:
                return self._end(job, reached)
        return Step(msgspec.to_builtins(reached), reached.rows, self._progress(job, reached))

    def tidy(self, job: Job) -> None:
        reached, places = _reached(job), places_of(job)
        if reached.grown.upload is not None:
            self.files.abort(places.file, reached.grown.upload)
        # A step that was not saved may have gone one further.
        self._delete_temporary(places, len(reached.runs) + 1)
        self.files.delete([places.file, places.manifest])

    def _begin(self, job: Job, reached: Reached) -> None:
        ask, question = self._asked(job)
        wait_ms = ask.asked_ms + INDEX_LAG_MS - self.clock()
        if wait_ms > 0:
            self.pause(wait_ms / SECOND)
        reached.oldest_ms, reached.newest_ms = self._matches(job, ask, question, reached).moments()
        reached.phase = "write" if question.parameters.order.by_time else "gather"

    def _write(self, job: Job, reached: Reached) -> None:
        ask, question = self._asked(job)
        matches = self._matches(job, ask, question, reached)
        lines = self._lines(question, ask, matches)
        growing = self._growing(job, ask, reached)
        hashed = self._hash_of(job, reached.grown)
        if not reached.last and not reached.rows:
            _add(growing, hashed, lines.head)
        until_ms = self.clock() + self.step_ms
        for batch in matches.batches(reached.last, newest_first=question.parameters.order.descending):
            content = b"".join([lines.line(native)[0] for _, native in batch.events])
            _add(growing, hashed, content)
            reached.rows += len(batch.events)
            reached.last = batch.last
            if batch.ended:
                self._ended(reached, growing)
                break
            if growing.is_full:
                reached.grown = growing.part()
                break
            if self.clock() >= until_ms:
                reached.grown = growing.park()
                break
        self._keep_hash(job, reached, hashed)

    def _gather(self, job: Job, reached: Reached) -> None:
        ask, question = self._asked(job)
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
            descending = question.parameters.order.descending
            gathered.sort(key=order(descending=descending), reverse=descending)
            run = packed(gathered)
            self.files.put(_run(places_of(job), len(reached.runs)), run, "application/octet-stream")
            reached.runs.append(len(run))
            reached.starts.append(0)

    def _merge(self, job: Job, reached: Reached) -> None:
        ask, question = self._asked(job)
        growing = self._growing(job, ask, reached)
        hashed = self._hash_of(job, reached.grown)
        if not any(reached.starts):
            head = self._lines(question, ask, self._matches(job, ask, question, reached)).head
            _add(growing, hashed, head)
        places = places_of(job)
        until_ms = self.clock() + self.step_ms

        def read(run: int, start: int, length: int) -> bytes:
            return self.files.read(_run(places, run), start, length)

        for line in merged(read, reached.runs, reached.starts, descending=question.parameters.order.descending):
            _add(growing, hashed, line.line)
            reached.starts[line.run] = line.end
            reached.merged_rows += 1
            if growing.is_full:
                reached.grown = growing.part()
                break
            if reached.merged_rows % self.batch == 0 and self.clock() >= until_ms:
                reached.grown = growing.park()
                break
        else:
            self._ended(reached, growing)
        self._keep_hash(job, reached, hashed)

    def _ended(self, reached: Reached, growing: Growing) -> None:
        reached.grown = growing.end()
        reached.bytes = reached.grown.bytes
        reached.phase = "complete"

    def _complete(self, job: Job, reached: Reached) -> None:
        """Done already where an earlier try got through without being saved."""
        places = places_of(job)
        hashed = self._hash_of(job, reached.grown)
        if reached.grown.upload is not None:
            try:
                self.files.complete(places.file, reached.grown.upload, reached.grown.tags)
            except NoSuchUpload:
                raise JobFailed(GONE) from None
        reached.phase = "verify" if hashed is None else "end"
        reached.sha256 = None if hashed is None else hashed.hexdigest()

    def _verify(self, job: Job, reached: Reached) -> None:
        """The hash of a file of which other workers wrote parts: by reading it."""
        whole = hashlib.sha256()
        read = 0
        while read < reached.bytes:
            content = self.files.read(places_of(job).file, read, _HASHED_AT_ONCE)
            if not content:
                raise JobFailed(GONE)
            whole.update(content)
            read += len(content)
        reached.sha256 = whole.hexdigest()
        reached.phase = "end"

    def _end(self, job: Job, reached: Reached) -> Step:
        ask, question = self._asked(job)
        places = places_of(job)
        manifest = msgspec.json.format(msgspec.json.encode(self._manifest(job, ask, question, reached)))
        self.files.put(places.manifest, manifest, "application/json", f"{ask.filename}.manifest.json")
        self._delete_temporary(places, len(reached.runs))
        outcome = {"phase": "end", "rows": reached.rows, "bytes": reached.bytes, "sha256": reached.sha256}
        return Step(outcome, reached.rows, 1.0, done=True)

    def _manifest(self, job: Job, ask: Ask, question: Question, reached: Reached) -> dict[str, Any]:
        span, parameters = question.parameters.span, question.parameters
        return {
            "version": 1,
            "export": job.id,
            "tenant": job.tenant,
            "environment": ask.environment,
            "asked_by": {"credential": ask.credential, "role": ask.role},
            "asked_at": format_time(ask.asked_ms),
            "recorded_as": ask.record,
            "filters": _filters(ask, question),
            "from": format_time(max(span.from_ms or 0, reached.edge_ms)),
            "to": None if span.to_ms is None else format_time(span.to_ms),
            "received_until": format_time(ask.asked_ms),
            "sort": ask.query["sort"][0],
            "view": parameters.view,
            "tz": parameters.zone.key,
            "format": ask.format,
            "filename": ask.filename,
            "rows": reached.rows,
            "bytes": reached.bytes,
            "sha256": reached.sha256,
            "profile": ask.profile,
            "catalogue_version": ask.catalogue_version,
            "completed_at": format_time(self.clock()),
        }

    def _asked(self, job: Job) -> tuple[Ask, Question]:
        ask = msgspec.convert(job.ask, Ask)
        return ask, open_question(self.keys, job, ask)

    def _matches(self, job: Job, ask: Ask, question: Question, reached: Reached) -> Matches:
        try:
            settings = self.control.settings(job.tenant)
        except UnknownTenant:
            raise JobFailed("The tenant is no more.") from None
        reached.edge_ms = max(reached.edge_ms, ask.edge_ms, settings.retention_edge(ask.asked_ms))
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

    def _lines(self, question: Question, ask: Ask, matches: Matches) -> Lines:
        about = matches.catalogue.profile
        return Lines(question.parameters, ask.format, matches.settings.name, about)

    def _growing(self, job: Job, ask: Ask, reached: Reached) -> Growing:
        return Growing(self.files, places_of(job), MEDIA_TYPES[ask.format], reached.grown, self.part_bytes)

    def _hash_of(self, job: Job, grown: Grown) -> Any:
        """To go on with; None where this worker has not written the file from its first byte on."""
        if grown.bytes == 0 and not grown.tags:
            return hashlib.sha256()
        kept = self._hashed
        return kept.hash.copy() if kept is not None and kept[:2] == (job.id, grown) else None

    def _keep_hash(self, job: Job, reached: Reached, hashed: Any) -> None:
        self._hashed = None if hashed is None else _Hashed(job.id, reached.grown, hashed)

    def _progress(self, job: Job, reached: Reached) -> float:
        """By the time gone through, and by the rows merged."""
        if reached.phase in ("complete", "verify", "end"):
            return 0.99
        if reached.phase == "merge":
            return _GATHERED + (1 - _GATHERED) * reached.merged_rows / max(1, reached.rows)
        if not reached.last or reached.newest_ms <= reached.oldest_ms:
            return job.progress
        ascending = job.ask["query"]["sort"][0] == "occurred_at"
        gone_ms = occurred_ms(reached.last) - reached.oldest_ms
        share = gone_ms / (reached.newest_ms - reached.oldest_ms)
        share = min(1.0, max(0.0, share if ascending else 1 - share))
        return share * (_GATHERED if reached.phase == "gather" else 0.99)

    def _delete_temporary(self, places: Places, runs: int) -> None:
        pieces = [piece_place(places, number) for number in (0, 1)]
        self.files.delete([*pieces, *(_run(places, number) for number in range(runs))])


def _reached(job: Job) -> Reached:
    return msgspec.convert(job.checkpoint or {}, Reached)


def _filters(ask: Ask, question: Question) -> list[str]:
    """A target's id that names nobody stands as it was asked for."""
    named = question.named
    query = {"target": [f"{kind}:{text}" for kind, text in question.parameters.filters.targets]}
    people = frozenset(text for text, one in named.items() if one.guids or one.aliases)
    targets = recorded.filter_texts(query, lambda text: whom(named[text]), people)
    others = [each for each in ask.filters if not each.startswith("target=")]
    return sorted([*others, *targets], key=lambda each: each.partition("=")[0])


def _run(places: Places, number: int) -> str:
    return places.part(f"run-{number}")


def _add(growing: Growing, hashed: Any, content: bytes) -> None:
    growing.add(content)
    if hashed is not None:
        hashed.update(content)


def _has_all(remaining_seconds: Callable[[], float]) -> bool:
    """Whether the invocation has only begun: another one would have no more time."""
    return remaining_seconds() > 800
