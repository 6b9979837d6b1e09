"""Imports files: reads records, maps them, sends the events in batches, and counts what becomes of each.

An import may be repeated, broken off and taken up, or overlap another one: each record has the same id every time, and
Daybook keeps one event of an id.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daybook_client.importing.fitting import imported
from daybook_client.importing.identity import Identities
from daybook_client.importing.json_stream import Read
from daybook_client.importing.making import Maker, RejectedRecord
from daybook_client.importing.mapping import Mapping
from daybook_client.importing.records import read_records
from daybook_client.importing.rejects import Rejects
from daybook_client.importing.report import Progress, Report, count
from daybook_client.importing.texts import TextFile

Send = Callable[[list[dict[str, Any]]], Sequence[dict[str, Any]]]
"""Sends 1 to 500 events and gives Daybook's `results`, in order. Called from several threads at a time. Tries again by
itself after a 429, a 5xx or no answer; raises where that is hopeless.
"""

MAX_EVENTS = 500
MAX_BYTES = 2_900_000  # of the 3 MB that a call may have, without what stands between the events
MAX_PEOPLE = 900  # of 1,000 distinct people in a call; equal ones count each time here

NEEDS_WHAT_A_RECORD_LACKS = frozenset(
    ("role_required", "actor_required", "invalid_adjustment", "variant_needed", "id_conflict")
)
"""Codes of events whose activity has a meaning in the tenant's catalogue: they are sent again beside it.

`id_conflict` is the answer where an earlier import stored the event beside it: Daybook looks for the id first.
"""

_PROGRESS_EVERY = 500  # records


@dataclass(frozen=True)
class Options:
    """`zone` is an IANA name, for times that name none (default UTC). `environment` overrides the mapping's.

    `rejects` is the path of the file of rejects, by default the first file's name with `.rejects.ndjson` behind it.
    `skip` leaves out so many records at the beginning: `Report.confirmed` of an import that stopped. `parallel` is the
    number of calls at a time.
    """

    zone: str | None = None
    environment: str | None = None
    rejects: Path | None = None
    skip: int = 0
    parallel: int = 4


@dataclass
class DryRun:
    """`events` are the first ones as they would be sent. `rejects` are the first rejected records, as in the file."""

    report: Report
    events: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)


class ImportStopped(Exception):  # noqa: N818  it says what happened
    """An import that ended before its files did: its `__cause__` says why, `report` what was done until then."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"The import stopped. {report.confirmed} records are settled.")
        self.report = report


class _Made(NamedTuple):
    number: int
    """Of the record in the whole import, from 1."""
    file: str
    read: Read
    event: dict[str, Any]
    size: int


class _Reject(NamedTuple):
    file: str
    read: Read
    code: str
    errors: list[dict[str, Any]]


class _Answered(NamedTuple):
    made: _Made
    result: dict[str, Any]
    renamed: str | None
    """The activity before it was renamed, if it was."""


def import_files(
    paths: Sequence[str | Path],
    mapping: Mapping,
    send: Send,
    options: Options | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Report:
    """Imports the files in order, and gives the counts. `report` is called about every 500 records.

    Files are CSV, NDJSON or JSON, each also packed with gzip. Memory does not grow with them. Raises ImportStopped if
    `send` raises, if a file can't be opened or read, and at Ctrl-C; OSError before anything is sent if a file is
    missing or the rejects can't be written. ZoneInfoNotFoundError for an unknown zone.
    """
    return _Import([Path(path) for path in paths], mapping, options or Options(), report).run(send)


def dry_run(
    paths: Sequence[str | Path],
    mapping: Mapping,
    options: Options | None = None,
    first: int = 10,
    report: Callable[[Progress], None] | None = None,
) -> DryRun:
    """Reads all the files and sends nothing: the first events as they would stand, and all counts."""
    return _Import([Path(path) for path in paths], mapping, options or Options(), report).try_out(first)


class _Import:
    def __init__(
        self, paths: list[Path], mapping: Mapping, options: Options, tell: Callable[[Progress], None] | None
    ) -> None:
        self._paths = paths
        self._mapping = mapping
        self._options = options
        self._tell = tell
        self.report = Report()
        zone = _zone(options.zone) if options.zone else None
        self._maker = Maker(mapping, self.report, zone=zone, environment=options.environment)
        self._total = sum(path.stat().st_size for path in paths)
        self._before = 0  # bytes of the files that are read

    def try_out(self, first: int) -> DryRun:
        result = DryRun(self.report)
        for each in self._events():
            if isinstance(each, _Reject):
                self._count_reject(each.code)
                if len(result.rejects) < first:
                    file, read, code, errors = each
                    shown = {"file": file, "line": read.line, "code": code, "errors": errors, "record": read.record}
                    result.rejects.append(shown)
            else:
                self.report.mapped += 1
                if len(result.events) < first:
                    result.events.append(each.event)
        return result

    def run(self, send: Send) -> Report:
        options = self._options
        path = options.rejects or Path(f"{self._paths[0]}.rejects.ndjson")
        self._rejects = Rejects(path, self._paths, goes_on=options.skip > 0)
        flying: deque[tuple[Future[list[_Answered]], int]] = deque()
        pool = ThreadPoolExecutor(options.parallel, thread_name_prefix="daybook-import")

        def settle_first() -> None:
            future, last = flying.popleft()
            self._settle(future.result(), last)

        try:
            for batch, last in self._batches():
                while len(flying) > options.parallel:  # one more than there are threads, so that none waits
                    settle_first()
                flying.append((pool.submit(_sent, send, batch), last))
            while flying:
                settle_first()
            self.report.confirmed = self.report.records
        except (Exception, KeyboardInterrupt) as error:
            for future, _ in flying:
                future.cancel()
            raise ImportStopped(self._closed(pool)) from error
        return self._closed(pool)

    def _closed(self, pool: ThreadPoolExecutor) -> Report:
        pool.shutdown(wait=True)
        settled = self.report
        counted = settled.stored + settled.passed_over + sum(settled.skipped.values()) + settled.rejections
        settled.mapped = max(settled.records - counted, 0)
        settled.rejects = str(self._rejects.path) if self._rejects.close() else None
        return settled

    def _batches(self) -> Iterator[tuple[list[_Made], int]]:
        """Batches in order, each with the number of the last record that it settles."""
        batch: list[_Made] = []
        size = people = 0
        for each in self._events():
            if isinstance(each, _Reject):
                self._reject(each)
                continue
            named = _people_in(each.event)
            full = len(batch) >= MAX_EVENTS or size + each.size > MAX_BYTES or people + named > MAX_PEOPLE
            if batch and full:
                yield batch, batch[-1].number
                batch, size, people = [], 0, 0
            batch.append(each)
            size += each.size + 1
            people += named
        if batch:
            yield batch, self.report.records

    def _events(self) -> Iterator[_Made | _Reject]:
        for path in self._paths:
            with TextFile(path) as file:
                yield from self._of_file(str(path), file)
                count(self.report.encodings, file.encoding)
                self.report.windows_1252_lines += file.windows_1252_lines
                self._before += file.size
        self._progress(self._before)

    def _of_file(self, name: str, file: TextFile) -> Iterator[_Made | _Reject]:
        report = self.report
        identities = Identities(self._mapping.name, self._mapping.id)
        first_time = last_time = ""
        for read in read_records(file, self._mapping, report):
            report.records += 1
            if report.records % _PROGRESS_EVERY == 0:
                self._progress(self._before + file.bytes_read)
            if report.records <= self._options.skip:
                report.passed_over += 1
                _count_on(identities, read)
                continue
            made = self._made(name, read, identities)
            if isinstance(made, _Made):
                last_time = made.event["occurred_at"]
                first_time = first_time or last_time
            if made is not None:
                yield made
        report.repeats += identities.repeats
        if name == str(self._paths[0]):
            report.newest_first = last_time < first_time

    def _made(self, name: str, read: Read, identities: Identities) -> _Made | _Reject | None:
        """None: the record is no event, by the mapping."""
        if read.fault is not None:
            return _Reject(name, read, "unreadable", [{"path": "", "message": read.fault}])
        if not isinstance(read.record, dict):
            return _Reject(name, read, "unreadable", [{"path": "", "message": "a record is an object"}])
        try:
            reason = self._maker.skip_reason(read.record)
            event_id = identities.of(read.record)
            if reason is not None:
                count(self.report.skipped, reason)
                return None
            event, size = self._maker.make(read.record, event_id)
        except RejectedRecord as error:
            return _Reject(name, read, error.code, error.errors)
        except RecursionError:
            return _Reject(name, read, "too_deep", [{"path": "", "message": "the record is nested too deep"}])
        return _Made(self.report.records, name, read, event, size)

    def _settle(self, answered: list[_Answered], last: int) -> None:
        for made, result, renamed in answered:
            if renamed is not None:
                count(self.report.renamed_activities, renamed)
            if result.get("status") == "stored":
                self.report.stored += 1
            else:
                code = str(result.get("code") or result.get("status") or "unexpected_answer")
                self._reject(_Reject(made.file, made.read, code, list(result.get("errors") or [])))
        self.report.confirmed = last

    def _reject(self, reject: _Reject) -> None:
        self._count_reject(reject.code)
        self._rejects.add(reject.file, reject.read.line, reject.code, reject.errors, reject.read.record)

    def _count_reject(self, code: str) -> None:
        count(self.report.rejected, code)

    def _progress(self, bytes_read: int) -> None:
        if self._tell is not None:
            report = self.report
            self._tell(Progress(report.records, report.stored, report.rejections, bytes_read, self._total))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as error:  # a path out of the zones' folder, or a folder in it
        raise ZoneInfoNotFoundError(f"No time zone found with key {name}") from error


def _count_on(identities: Identities, read: Read) -> None:
    """A record that is passed over counts all the same for equal ones behind it."""
    if read.fault is None and isinstance(read.record, dict):
        with suppress(RecursionError):  # nested too deep: it had no id the first time either
            identities.of(read.record)


def _sent(send: Send, batch: list[_Made]) -> list[_Answered]:
    """Sends a batch, and once more, under a name beside it, what has an activity whose meaning it can't fulfil.

    The second event has the id of the first, so a repeated import ends with the same one.
    """
    answered = [_Answered(made, result, None) for made, result in _answers(send, batch)]
    lacking = [
        place
        for place, (made, result, _) in enumerate(answered)
        if result.get("code") in NEEDS_WHAT_A_RECORD_LACKS and result.get("status") == "rejected"
    ]
    if lacking:
        beside = [_beside(answered[place].made) for place in lacking]
        for place, (made, result) in zip(lacking, _answers(send, beside)):
            renamed = answered[place].made.event["activity"] if result.get("status") == "stored" else None
            answered[place] = _Answered(made, result, renamed)
    return answered


def _answers(send: Send, batch: list[_Made]) -> list[tuple[_Made, dict[str, Any]]]:
    results = send([made.event for made in batch])
    if len(results) != len(batch):
        raise ValueError(f"{len(results)} results for {len(batch)} events")
    return list(zip(batch, results))


def _beside(made: _Made) -> _Made:
    return made._replace(event={**made.event, "activity": imported(made.event["activity"])})


def _people_in(event: dict[str, Any]) -> int:
    """At most so many people are in the event."""
    actor = event["actor"]
    named = ("id" in actor or "username" in actor) + ("impersonator" in actor) + ("target" in event)
    in_params = sum(isinstance(value, dict) for value in event.get("params", {}).values())
    return named + len(event.get("people", ())) + in_params
